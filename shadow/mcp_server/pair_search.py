"""The tool that finds a text in stored requests and answers: newest first, as far back as the time of one call allows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from shadow.mcp_server.inputs import check_recorded, id_before, instant, page_of, rows_wanted
from shadow.mcp_server.sampled_rows import SampledRows
from shadow.mcp_server.stored_text import recorded_name, stored_text
from shadow.mcp_server.tool_results import FoundPair, PairSearchPage
from shadow.report.filters import pair_filter
from shadow.report.text_search import READ_AT_ONCE, SearchTime, TextHit, how_far, search, searched_text
from shadow.settings.config_errors import ConfigError, quoted
from storage.rows import PairFilter
from storage.store import Reader

SEARCH_SECONDS = 0.7
"""Time after which a call reads no further pair."""


class PairSearch:
    """Searches `reader`; `now` returns seconds since the epoch, `clock` monotonic seconds; `rows` states how
    the rows are sampled. Safe from any thread.
    """

    def __init__(self, reader: Reader, now: Callable[[], float], clock: Callable[[], float], rows: SampledRows) -> None:
        self._reader = reader
        self._now = now
        self._rows = rows
        self._time = SearchTime(limits=((clock, SEARCH_SECONDS),))

    def search_pairs(self, *, text: str, provider: str, model: str, since: str, page: str, limit: int) -> PairSearchPage:
        """The newest pairs that hold the text, and how far was read; ConfigError for an argument that is wrong."""
        pattern, rows = searched_text("text", text), rows_wanted(limit)
        wanted = self._wanted(provider=provider, model=model, since=since, page=page)
        found = search(self._reader, wanted, pattern, rows=rows, time=self._time)
        if not found.read and not page:
            check_recorded(self._reader, provider=provider, model=model)
        last = found.last
        return PairSearchPage(
            pairs=[_found(hit) for hit in found.hits],
            searched=found.read,
            searched_back_to=instant(last.pair.started) if last else None,
            searched_without_text=found.silent,
            searched_in_part=found.cut,
            how_far=how_far(found),
            rows=self._rows.sentence(since),
            next_page=page_of(last.pair.id) if last and found.more else "",
        )

    def _wanted(self, *, provider: str, model: str, since: str, page: str) -> PairFilter:
        wanted = pair_filter(
            provider=provider, model=model, signal="", state="", since=since, limit=READ_AT_ONCE, now=self._now()
        )
        before = id_before(page)
        if before and self._reader.pair(before) is None:
            raise ConfigError([f"no such page: {quoted(page)}; its last pair was deleted: begin again without a page"])
        return replace(wanted, before_id=before)


def _found(hit: TextHit) -> FoundPair:
    pair = hit.summary.pair
    return FoundPair(
        id=pair.id,
        started=instant(pair.started),
        provider=pair.provider,
        reference=pair.reference,
        model=recorded_name(pair.model),
        differing=list(hit.summary.differing),
        side=hit.side,
        excerpt=stored_text(hit.excerpt, more=f"exchange://{pair.id}/{hit.side}"),
    )
