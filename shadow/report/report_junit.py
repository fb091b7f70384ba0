"""as_junit(): a report as JUnit XML for a CI: a case is one provider and model.

`differs` and `faulty` are failures, `not measured` and `waiting` errors, `undecided` is skipped with its sentence, so that a CI
never takes missing evidence for a pass.
"""

from __future__ import annotations

from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from shadow.presentation.safe_text import xml_text
from shadow.report.figures import UNMEASURED, Report, Scorecard
from shadow.verdict.verdict_value import VerdictWord


def as_junit(report: Report) -> str:
    """The verdicts as one XML document."""
    states = [_state(card) for card in report.cards]
    suite = ET.Element(
        "testsuite",
        name="sameweights report",
        tests=f"{len(states)}",
        failures=f"{states.count('failure')}",
        errors=f"{states.count('error')}",
        skipped=f"{states.count('skipped')}",
        time=f"{report.until - max(report.since, 0.0):.3f}",
        timestamp=datetime.fromtimestamp(report.until, UTC).strftime("%Y-%m-%dT%H:%M:%S"),
    )
    for card, state in zip(report.cards, states, strict=True):
        suite.append(_case(card, state))
    root = ET.Element("testsuites", name="sameweights")
    root.append(suite)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=False).join(('<?xml version="1.0" encoding="UTF-8"?>\n', "\n"))


def _case(card: Scorecard, state: str) -> ET.Element:
    name = f"{card.model or 'no model'} differs from {card.reference or 'no reference'} by no more than noise"
    case = ET.Element("testcase", name=xml_text(name), classname=xml_text(card.provider), time="0")
    if state:
        ET.SubElement(case, state, message=xml_text(card.verdict.sentence), type=card.verdict.word.value)
    else:
        ET.SubElement(case, "system-out").text = xml_text(card.verdict.sentence)
    return case


def _state(card: Scorecard) -> str:
    word = card.verdict.word
    if word.is_adverse:
        return "failure"
    if word in UNMEASURED:
        return "error"
    return "skipped" if word in {VerdictWord.UNDECIDED, VerdictWord.SUSPECT} else ""
