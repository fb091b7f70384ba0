"""Renders the list of pairs: those that are evidence first, narrowed by the parameters of the address."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from jinja2 import Environment

from shadow.findings.finding import TIMES, Signal
from shadow.identity.request_shape import NO_TAG, OTHER_TAG, TAG
from shadow.pages.page_address import stale
from shadow.pages.pair_address import PairQuery, pair_query
from shadow.presentation.found_text import SEARCHED
from shadow.report.evident_signals import EvidentSignals
from shadow.report.filters import SEGMENT_NAMES
from shadow.report.known_names import filter_names, unknown_names
from shadow.report.text_search import SearchTime, TextHit, TextSearch, search
from shadow.settings.top_level_config import Config
from storage.rows import PairFilter, PairSummary
from storage.store import Reader

PER_PAGE = 50
SEARCH_SECONDS, WALL_SECONDS = 0.06, 1.0
"""Processor time, and time in all, that a list reads texts for."""
SIGNALS = tuple(sorted(signal.value for signal in Signal))


@dataclass(frozen=True, slots=True, kw_only=True)
class PairListRow:
    """A pair of the list: its address, and the signals that it differs in; times are only counted. `hit` is where the text was
    found, if one was searched.
    """

    summary: PairSummary
    address: str
    signals: tuple[str, ...]
    times: int
    hit: TextHit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PairListPart:
    """What one page shows of a list: its rows, the pair after which the next page begins ("" at the end), and how far a text was
    searched, if one was.
    """

    rows: tuple[PairListRow, ...]
    last: str
    searched: TextSearch | None = None


class PairsPage:
    """Renders the list; `evident` returns what is evidence by the verdicts of a period, `now` seconds since the epoch, `clock`
    the seconds of processor time that this thread has taken, `wall` monotonic seconds.
    """

    def __init__(
        self,
        reader: Reader,
        jinja: Environment,
        config: Config,
        evident: Callable[[str], EvidentSignals],
        *,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.thread_time,
        wall: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reader, self._jinja, self._evident, self._now = reader, jinja, evident, now
        self._time = SearchTime(limits=((clock, SEARCH_SECONDS), (wall, WALL_SECONDS)))
        self.config = config

    def __repr__(self) -> str:
        return f"<PairsPage providers={len(self.config.proxy.providers)}>"

    def page(self, query: Mapping[str, str], evident: EvidentSignals | None = None, tenants: Iterable[str] = ()) -> str:
        """The list of `tenants` (empty for all), newest first, by `evident` or what it reads itself; ConfigError for a
        parameter, a signal, a state, a segment, a time or a place in the list that does not exist.
        """
        asked = pair_query(query, now=self._now(), limit=PER_PAGE, tenants=tenants)
        before = asked.wanted.before_id
        if before and ((last := self._reader.pair(before)) is None or last.id != before):
            raise stale(before)
        evident = evident or self._evident(asked.period)
        standing = evident.standing if asked.wanted.evidence else None
        part = self._part(asked, replace(asked.wanted, standing=standing))
        return self._jinja.get_template("pairs.html").render(
            rows=part.rows,
            searched=part.searched,
            searched_characters=SEARCHED,
            asked=asked,
            waiting=evident.waiting,
            absence=evident.absence(asked.words.get("provider", ""), asked.words.get("model", "")),
            compared=bool(part.rows) or self._any(asked),
            unknown=() if part.rows or before else self._unknown(asked),
            words=asked.words,
            older=asked.page(part.last) if part.last else "",
            newest=asked.page("") if "before" in asked.words else "",
            providers=tuple(self.config.proxy.providers),
            routes=_routes(self.config),
            signals=SIGNALS,
            segments=(*SEGMENT_NAMES, *_tags(self.config)),
        )

    def _part(self, asked: PairQuery, wanted: PairFilter) -> PairListPart:
        if asked.pattern is None:
            found = self._reader.pairs(replace(wanted, limit=PER_PAGE + 1))
            rows = tuple(_row(summary, asked) for summary in found[:PER_PAGE])
            return PairListPart(rows=rows, last=found[PER_PAGE - 1].pair.id if len(found) > PER_PAGE else "")
        searched = search(self._reader, wanted, asked.pattern, rows=PER_PAGE, time=self._time)
        rows = tuple(_row(hit.summary, asked, hit) for hit in searched.hits)
        return PairListPart(rows=rows, last=searched.last.pair.id if searched.last and searched.more else "", searched=searched)

    def _unknown(self, asked: PairQuery) -> Sequence[str]:
        wanted = asked.wanted
        return unknown_names(self._reader, filter_names(wanted), flag="", tenants=wanted.tenants)

    def _any(self, asked: PairQuery) -> bool:
        """Whether any pair fits the filter, evidence or not: without one there is nothing that could be evidence."""
        return bool(self._reader.pairs(replace(asked.wanted, evidence=False, limit=1)))


def _row(summary: PairSummary, asked: PairQuery, hit: TextHit | None = None) -> PairListRow:
    signals = tuple(signal for signal in summary.differing if signal not in TIMES and signal != Signal.FIRST_DIVERGENCE)
    return PairListRow(
        summary=summary,
        address=asked.pair(summary.pair.id),
        signals=signals,
        times=len(summary.differing) - len(signals),
        hit=hit,
    )


def _routes(config: Config) -> Sequence[str]:
    return tuple(dict.fromkeys((*(route.name for route in config.proxy.routes), "default", *config.proxy.providers)))


def _tags(config: Config) -> Sequence[str]:
    """The segments of the configured tags, as a filter names them."""
    known = config.shadow.tags
    return tuple(f"{TAG}={tag}" for tag in (*known, OTHER_TAG, NO_TAG)) if known else ()
