"""Compares how often checks fail in streams and in whole answers: servers use different code for the two.

Nothing is reported before there are 20 answers of both kinds; load, which may differ between them, is not known here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from rich.table import Table

from shadow.presentation.safe_text import short_name
from shadow.presentation.text_tables import report_table
from shadow.report.check_rates import wilson
from shadow.report.figures import Report, StreamLine
from shadow.report.identity_lines import APART, FEWEST
from shadow.verdict.phrases import named, percent
from storage.rows import SegmentCount
from storage.store import Reader

ANSWERS = 2_000
"""Newest answers of a period that are counted."""
ONE_KIND = frozenset({"stream_structure", "serving_change", "lost_space", "lumpy_calls", "broken_stream"})
"""Checks that only a stream can fail."""
ROWS = 20

Shares = tuple[int, int]
"""Faulty answers, and answers that were checked."""


def stream_lines(reader: Reader, since: float, until: float) -> tuple[StreamLine, ...]:
    """Every check that some answer failed, for streams and whole answers apart; the newest 2,000 answers of the period."""
    return tuple(_lines(reader.identity_queries.by_stream(since, until, ANSWERS)))


def _lines(counts: Iterable[SegmentCount]) -> Iterator[StreamLine]:
    sums: dict[tuple[str, str, str], Counter[tuple[str, str]]] = defaultdict(Counter)
    for count in counts:
        if count.signal not in ONE_KIND:
            sums[count.group.provider, count.group.model, count.signal][count.value, count.state] += count.count
    for key, found in sorted(sums.items()):
        streams, whole = ((found[kind, "differ"], found[kind, "differ"] + found[kind, "match"]) for kind in ("yes", "no"))
        if streams[0] or whole[0]:
            yield _line(key, streams, whole)


def _line(key: tuple[str, str, str], streams: Shares, whole: Shares) -> StreamLine:
    few = min(streams[1], whole[1]) < FEWEST
    return StreamLine(
        provider=key[0],
        model=key[1],
        signal=key[2],
        streamed_faulty=streams[0],
        streamed=streams[1],
        whole_faulty=whole[0],
        whole=whole[1],
        apart=not few and _apart(streams, whole),
        why=f"not measured until {FEWEST} answers of each kind: {streams[1]} in streams, {whole[1]} whole" if few else "",
    )


def _apart(one: Shares, other: Shares) -> bool:
    (low, high), (other_low, other_high) = wilson(*one, APART), wilson(*other, APART)
    return low > other_high or other_low > high


def stream_table(report: Report) -> Table:
    """The checks that fail more often in one kind of answer than in the other."""
    table = report_table("<provider", "<model", "<check", "in streams", "in whole answers")
    for line in [line for line in report.streaming if line.apart][:ROWS]:
        table.add_row(
            line.provider,
            short_name(line.model),
            named(line.signal),
            f"{percent(line.streamed_faulty / line.streamed)} of {line.streamed}",
            f"{percent(line.whole_faulty / line.whole)} of {line.whole}",
            style="red",
        )
    return table
