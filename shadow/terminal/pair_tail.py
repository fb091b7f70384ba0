"""PairTail: the pairs that were recorded since the last look, oldest first, each once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from rich.text import Text

from shadow.presentation.safe_text import one_line, short_name
from shadow.report.evident_signals import EvidentSignals
from shadow.report.report_text import printed
from shadow.terminal.pair_list import ListedPair, evidence_of, pair_document, result_text
from shadow.verdict.phrases import moment
from storage.rows import PairFilter, PairSummary
from storage.store import Reader

TAIL_SCHEMA = "sameweights.tail/1"
LOOKED_AT = 500
"""Pairs that are read at once."""
REMEMBERED = 20_000
"""Pairs that are known as seen; of more, the earlier half is known by its time."""


class PairTail:
    """Follows the records of `reader`; pairs that are there already are not new, also where newer ones are deleted. `evident`
    returns what is evidence now.
    """

    def __init__(
        self, reader: Reader, *, provider: str, evidence: bool, evident: Callable[[], EvidentSignals | None] = lambda: None
    ) -> None:
        self._reader, self._evident = reader, evident
        self._wanted = PairFilter(provider=provider, evidence=evidence, limit=LOOKED_AT)
        there = reader.pairs(self._wanted)
        self._seen = {one.pair.id: one.pair.started for one in there}
        self._earliest = there[-1].pair.started if len(there) == LOOKED_AT else 0.0
        """Pairs that started before are old, whether they were seen or not."""

    def __repr__(self) -> str:
        return f"<PairTail seen={len(self._seen)}>"

    def lines(self) -> Iterator[ListedPair]:
        """The pairs that came since the last call."""
        for one in reversed(self._new()):
            line = ListedPair(summary=one, evidence=evidence_of(self._reader, one.pair, self._evident()))
            if line.evidence.found or not self._wanted.evidence:
                yield line

    def _new(self) -> list[PairSummary]:
        """They are remembered as seen; the newest first, as many as came."""
        found: list[PairSummary] = []
        wanted = self._wanted
        while True:
            page = self._reader.pairs(wanted)
            new = [one for one in page if one.pair.id not in self._seen and one.pair.started >= self._earliest]
            found += new
            if len(new) < LOOKED_AT:
                break
            wanted = replace(wanted, before_id=page[-1].pair.id)
        self._remember(found)
        return found

    def _remember(self, found: Iterable[PairSummary]) -> None:
        self._seen |= {one.pair.id: one.pair.started for one in found}
        if len(self._seen) > REMEMBERED:
            kept = sorted(self._seen.items(), key=lambda seen: seen[1])[len(self._seen) // 2 :]
            self._seen, self._earliest = dict(kept), kept[0][1]

    @staticmethod
    def pair_line_text(line: ListedPair, *, width: int, color: bool) -> str:
        """A pair in one line or two: time, id, provider, model, what it shows."""
        pair = line.summary.pair
        head = f"{moment(pair.started)[11:]}  {pair.id}  {one_line(pair.provider, 40)}  {short_name(pair.model)}  "
        return printed([Text(head, style="dim").append_text(result_text(line))], width=width, color=color)

    @staticmethod
    def as_json(line: ListedPair) -> str:
        """The pair as one line of JSON (`sameweights.tail/1`), with the members of `pairs --json`."""
        return json.dumps({"schema": TAIL_SCHEMA, **pair_document(line)})
