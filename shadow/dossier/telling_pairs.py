"""The pairs that show the most: evidence in the signal of the verdict first, then in the most signals, each conversation once."""

from __future__ import annotations

from collections.abc import Iterator

from shadow.presentation.pair_evidence import PairEvidence
from shadow.report.evident_signals import EvidentSignals
from shadow.terminal.pair_list import ListedPair, pair_lines
from storage.rows import PairFilter
from storage.store import Reader

MOST = 10
LOOKED_AT = 300
"""Newest pairs that are evidence among which the most telling are chosen."""


def telling_pairs(
    reader: Reader,
    provider: str,
    signals: tuple[str, ...],
    since: float,
    until: float,
    *,
    evident: EvidentSignals | None = None,
) -> tuple[ListedPair, ...]:
    """At most ten pairs; `signals` are those of the verdict, the worst first, `evident` what is evidence by the verdicts."""
    wanted = PairFilter(provider=provider, since=since, until=until, evidence=True, limit=LOOKED_AT)
    ranked = sorted(pair_lines(reader, wanted, evident), key=lambda line: _rank(line.evidence, signals))
    return tuple(_of_different_conversations(ranked))[:MOST]


def _rank(found: PairEvidence, signals: tuple[str, ...]) -> tuple[int, int]:
    own = {*(line.signal for line in found.evidence), *(row.signal for row in found.alone)}
    worst = next((place for place, signal in enumerate(signals) if signal in own), len(signals))
    return worst, -found.found


def _of_different_conversations(lines: list[ListedPair]) -> Iterator[ListedPair]:
    """Those of conversations that have none before them, then the rest."""
    seen: set[str] = set()
    again: list[ListedPair] = []
    for line in lines:
        conversation = line.summary.pair.conversation or line.summary.pair.id
        if conversation in seen:
            again.append(line)
        else:
            seen.add(conversation)
            yield line
    yield from again
