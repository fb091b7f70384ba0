"""as_junit(): a study as JUnit XML for a CI: a suite is the study, a case is one rule about one candidate.

FAIL is a failure, UNDECIDED skipped with its sentence, NOT MEASURED an error, so that a CI never takes "not measured" for a pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from shadow.presentation.safe_text import xml_text
from shadow.studies.outputs.study_report import StudyReport
from shadow.studies.verdicts.study_verdict import StudyVerdict, StudyWord


@dataclass(frozen=True, slots=True, kw_only=True)
class JUnitCase:
    """One rule: `state` is "", failure, skipped or error; `message` its sentence."""

    name: str
    state: str
    message: str


_STATES = {StudyWord.FAIL: "failure", StudyWord.UNDECIDED: "skipped", StudyWord.NOT_MEASURED: "error"}


def as_junit(report: StudyReport) -> str:
    """The study as one XML document."""
    facts = report.facts
    cases = [(verdict, case) for verdict in report.result.verdicts for case in junit_cases(verdict)]
    seconds = f"{(facts.ended or facts.began) - facts.began:.3f}"
    counts = {state: sum(case.state == state for _, case in cases) for state in ("failure", "error", "skipped")}
    suite = ET.Element(
        "testsuite",
        name=xml_text(f"{facts.kind} {facts.name}"),
        tests=f"{len(cases)}",
        failures=f"{counts['failure']}",
        errors=f"{counts['error']}",
        skipped=f"{counts['skipped']}",
        time=seconds,
        timestamp=datetime.fromtimestamp(facts.began, UTC).strftime("%Y-%m-%dT%H:%M:%S"),
    )
    for verdict, case in cases:
        element = ET.SubElement(suite, "testcase", name=xml_text(case.name), classname=xml_text(verdict.candidate), time="0")
        if case.state:
            ET.SubElement(element, case.state, message=xml_text(case.message))
        else:
            ET.SubElement(element, "system-out").text = xml_text(case.message)
    root = ET.Element("testsuites", name="sameweights", time=seconds)
    root.append(suite)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=False).join(('<?xml version="1.0" encoding="UTF-8"?>\n', "\n"))


def junit_cases(verdict: StudyVerdict) -> Iterator[JUnitCase]:
    """The rules about one candidate: its verdict, and that it fails no more often than the reference."""
    name = f"no lower than {verdict.reference} by more than allowed"
    yield JUnitCase(name=name, state=_STATES.get(verdict.word, ""), message=verdict.sentence)
    if verdict.pairs:
        counts = f"{verdict.figures.failed} of {verdict.figures.runs - verdict.figures.void} runs failed"
        state = "failure" if verdict.errors_worse and verdict.word is not StudyWord.COMPARED else ""
        yield JUnitCase(name=f"fails no more often than {verdict.reference}", state=state, message=counts)
