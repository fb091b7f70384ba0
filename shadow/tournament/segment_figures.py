"""segment_figures(): what a candidate shows in each segment of requests; where it is beyond the tolerance is a sentence.

The level of "same" is that of all requests together: in a segment nothing is called the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from shadow.choice.segment_evidence import SegmentEvidence
from shadow.drift.effect_phrases import points
from shadow.findings.number_words import number_of
from shadow.identity.request_shape import TAG
from shadow.tournament.tournament_figures import CandidateFigures, SegmentFigures
from shadow.verdict.phrases import named

STATEMENT = (
    'The level of "same" is that of all requests together. Of segments it is only claimed where a candidate is beyond the '
    "tolerance, falsely in at most one of twenty tournaments."
)
LISTED = 3
"""Most segments that a sentence lists."""


def segment_figures(evidence: SegmentEvidence) -> tuple[SegmentFigures, ...]:
    """The segments by name, each by the required signal that is beyond the tolerance, else by the one with the largest excess."""
    return tuple(
        SegmentFigures(
            segment=each.segment,
            requests=evidence.pairs(each.segment),
            conversations=each.conversations,
            signal=each.signal,
            excess=each.excess,
            low=each.low,
            high=each.high,
            beyond=each.beyond,
        )
        for each in evidence.worst()
    )


def segment_sentence(candidate: CandidateFigures) -> str:
    """Where a candidate is beyond the tolerance, the largest excess first; "" where it is nowhere shown to be."""
    beyond = sorted((each for each in candidate.segments if each.beyond), key=lambda each: -abs(each.excess))
    if not beyond:
        return ""
    more = f", and {len(beyond) - LISTED} more" if len(beyond) > LISTED else ""
    return f"{candidate.label} is beyond the tolerance in {', '.join(map(_sized, beyond[:LISTED]))}{more}."


def _sized(each: SegmentFigures) -> str:
    return f"{each.segment} ({named(each.signal)}, about {points(abs(each.excess))}, {number_of(each.requests, 'request')})"


def tag_rows(candidates: Iterable[CandidateFigures]) -> Iterator[tuple[CandidateFigures, SegmentFigures]]:
    """Each candidate with each segment of the configured tags."""
    return ((one, each) for one in candidates for each in one.segments if each.segment.startswith(f"{TAG}="))


def has_segments(candidates: Iterable[CandidateFigures]) -> bool:
    """Whether anything is shown of segments, so that the statement belongs beside it."""
    return any(each.beyond or each.segment.startswith(f"{TAG}=") for one in candidates for each in one.segments)
