"""PairTail: the pairs that were recorded since the last look, oldest first, each once."""

from __future__ import annotations

import json
from collections.abc import Iterator

from rich.text import Text

from shadow.presentation.safe_text import one_line, short_name
from shadow.report.report_text import printed
from shadow.terminal.pair_list import ListedPair, evidence_of, pair_document, result_text
from shadow.verdict.phrases import moment
from storage.rows import PairFilter
from storage.store import Reader

LOOKED_AT = 500
"""Newest pairs of one look; of a burst beyond it the oldest are left out."""


class PairTail:
    """Follows the records of `reader`; pairs that are there already are not new."""

    def __init__(self, reader: Reader, *, provider: str, evidence: bool) -> None:
        self._reader = reader
        self._wanted = PairFilter(provider=provider, evidence=evidence, limit=LOOKED_AT)
        self._seen = {one.pair.id for one in reader.pairs(self._wanted)}

    def __repr__(self) -> str:
        return f"<PairTail seen={len(self._seen)}>"

    def lines(self) -> Iterator[ListedPair]:
        """The pairs that came since the last call."""
        newest = self._reader.pairs(self._wanted)
        for one in reversed(newest):
            if one.pair.id not in self._seen:
                yield ListedPair(summary=one, evidence=evidence_of(self._reader, one.pair))
        self._seen = {one.pair.id for one in newest}

    @staticmethod
    def pair_line_text(line: ListedPair, *, width: int, color: bool) -> str:
        """A pair in one line or two: time, id, provider, model, what it shows."""
        pair = line.summary.pair
        head = f"{moment(pair.started)[11:]}  {pair.id}  {one_line(pair.provider, 40)}  {short_name(pair.model)}  "
        return printed([Text(head, style="dim").append_text(result_text(line))], width=width, color=color)

    @staticmethod
    def as_json(line: ListedPair) -> str:
        """The pair as one line of JSON, with the members of `pairs --json`."""
        return json.dumps(pair_document(line))
