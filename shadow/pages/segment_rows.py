"""segment_rows(): the parts of the requests in which a signal that the verdict rests on differs most; pure.

Rule: a part is shown only where the signal differs at least twice as often in it as elsewhere, and beyond the noise of the
reference in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from shadow.findings.finding import FindingState
from shadow.pages.page_address import address
from shadow.report.evident_signals import evident_signals
from shadow.report.figures import Scorecard, SegmentLine
from shadow.report.identity_lines import stands_out

MOST = 8
"""Rows of one provider and model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRow:
    """One signal in one part of the requests, and the address of the pairs that differ there."""

    line: SegmentLine
    address: str


def segment_rows(card: Scorecard, lines: Iterable[SegmentLine], since: str) -> tuple[SegmentRow, ...]:
    """The rows of one card, the largest share first."""
    key, signals = (card.provider, card.model, card.reference), evident_signals(card)
    own = [line for line in lines if (line.provider, line.model, line.reference) == key and line.signal in signals]
    found = sorted((line for line in own if line.beyond_noise and stands_out(line)), key=lambda line: -line.share)
    return tuple(SegmentRow(line=line, address=_address(line, since)) for line in found[:MOST])


def _address(line: SegmentLine, since: str) -> str:
    wanted = {"provider": line.provider, "model": line.model, "signal": line.signal, "state": FindingState.DIFFER.value}
    return address("/pairs", {**wanted, "segment": f"{line.segment}={line.value}", "since": since})
