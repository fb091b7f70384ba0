"""What the references of a report do by themselves, told above all verdicts, since every verdict is measured against them."""

from __future__ import annotations

from collections.abc import Iterable

from shadow.drift.alarm_titles import REFERENCE_MOVED
from shadow.drift.attribution import Blame
from shadow.report.drift_lines import DriftLine
from shadow.report.figures import CheckLine, ReferenceLine, Scorecard
from shadow.verdict.coverage_shortfalls import refused_for
from shadow.verdict.evidence import EvidenceSide
from shadow.verdict.phrases import named

BY_ITSELF = frozenset({"broken_stream", "empty_answer"})
"""Checks that a good reference fails hardly ever, whatever it is asked."""
FEWEST = 50
MOST = 0.02
"""A reference that fails one of them in a larger share, of so many answers at least, is faulty by itself."""


def reference_lines(cards: Iterable[Scorecard], drifting: Iterable[DriftLine]) -> tuple[ReferenceLine, ...]:
    """A line for each thing that a reference does by itself, each once, sorted.

    One that mostly refuses is not also said to fail: its refusals are what it failed by.
    """
    cards = tuple(cards)
    faulty = {found for card in cards if card.reference for line in card.checks if (found := _faulty(card, line))}
    refusing = {found for card in cards if (found := _refusing(card))}
    told = {(line.reference, line.model) for line in refusing}
    states = {_state(line) for line in drifting if line.blame == Blame.REFERENCE}
    states = {line for line in states if line.state != "failing" or (line.reference, line.model) not in told} | refusing
    return tuple(sorted(faulty | states, key=lambda line: (line.reference, line.model, line.state, line.sentence)))


def _faulty(card: Scorecard, line: CheckLine) -> ReferenceLine | None:
    answers, faulty = line.reference_answers, line.reference_faulty
    if line.signal not in BY_ITSELF or answers < FEWEST or faulty <= MOST * answers:
        return None
    sentence = f"{named(line.signal)} in {faulty:,} of {answers:,} answers"
    return ReferenceLine(reference=card.reference, model=card.model, state="faulty", sentence=sentence)


def _refusing(card: Scorecard) -> ReferenceLine | None:
    """What the reference will not take as it is, where that is what most of the pairs are lost by, and 2 % of them at least."""
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
