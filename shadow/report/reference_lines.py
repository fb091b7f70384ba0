"""Findings about the references themselves, shown above the verdicts, because every verdict is relative to a reference."""

from __future__ import annotations

from collections.abc import Iterable

from shadow.drift.alarm_titles import REFERENCE_MOVED
from shadow.drift.attribution import Blame
from shadow.findings.number_words import number_of
from shadow.report.drift_lines import DriftLine
from shadow.report.figures import CheckLine, ReferenceLine, Scorecard
from shadow.verdict.coverage_shortfalls import refused_for
from shadow.verdict.evidence import EvidenceSide
from shadow.verdict.phrases import named

REFERENCE_CHECKS = frozenset({"broken_stream", "empty_answer"})
"""Checks that a working reference almost never fails, whatever the request."""
FEWEST = 50
MOST = 0.02
"""A reference that fails one of them in a larger share of at least `FEWEST` answers is faulty."""


def reference_lines(cards: Iterable[Scorecard], drifting: Iterable[DriftLine]) -> tuple[ReferenceLine, ...]:
    """A line for each finding about a reference, each once, sorted.

    A reference that mostly refuses is not also reported as failing, because its refusals are the failures.
    """
    cards = tuple(cards)
    faulty = {found for card in cards if card.reference for line in card.checks if (found := _faulty(card, line))}
    refusing = {found for card in cards if (found := _refusing(card))}
    known = {(line.reference, line.model) for line in refusing}
    states = {_state(line) for line in drifting if line.blame == Blame.REFERENCE}
    states = {line for line in states if line.state != "failing" or (line.reference, line.model) not in known} | refusing
    return tuple(sorted(faulty | states, key=lambda line: (line.reference, line.model, line.state, line.sentence)))


def _faulty(card: Scorecard, line: CheckLine) -> ReferenceLine | None:
    answers, faulty = line.reference_answers, line.reference_faulty
    if line.signal not in REFERENCE_CHECKS or answers < FEWEST or faulty <= MOST * answers:
        return None
    sentence = f"{named(line.signal)} in {faulty:,} of {number_of(answers, 'answer')}"
    return ReferenceLine(reference=card.reference, model=card.model, state="faulty", sentence=sentence)


def _refusing(card: Scorecard) -> ReferenceLine | None:
    """What the reference refuses for its content, where most lost pairs are lost by it, and more than 2 % of all pairs."""
    lost = [cause for cause in card.verdict.coverage.shortfalls if cause.side is EvidenceSide.REFERENCE]
    refused = [(about, cause.pairs) for cause in lost if (about := refused_for(cause.cause))]
    pairs = sum(number for _, number in refused)
    if not card.reference or pairs <= MOST * card.pairs or 2 * pairs < sum(cause.pairs for cause in lost):
        return None
    sentence = f"refuses {pairs / card.pairs:.0%} of your requests: {', '.join(about for about, _ in refused[:3])}"
    return ReferenceLine(reference=card.reference, model=card.model, state="refusing", sentence=sentence.replace("%", " %", 1))


def _state(line: DriftLine) -> ReferenceLine:
    moved = line.name == REFERENCE_MOVED
    state, sentence = ("moved", line.sentence) if moved else ("failing", line.why)
    return ReferenceLine(reference=line.reference, model=line.model, state=state, sentence=sentence)
