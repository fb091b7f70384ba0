"""The tool that finds a text in stored requests and answers: newest first, as far back as the time of one call allows.

Bodies are stored compressed, and a pseudonymised or absent one holds no text, so pairs are read one by one; a page says how far.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Literal

from shadow.mcp_server.inputs import id_before, instant, one_of, page_of, rows_wanted
from shadow.mcp_server.stored_text import recorded_name, stored_text
from shadow.mcp_server.tool_results import FoundPair, PairSearchPage
from shadow.presentation.found_text import TextPattern, answer_texts, request_texts, text_pattern
from shadow.privacy.privacy_policy import row_of
from shadow.reading.parsed_exchange import parse_exchange
from shadow.records import exchange
from shadow.report.filters import moment_of, pair_filter
from shadow.settings.config_errors import ConfigError, quoted
from storage.rows import PairFilter, PairSummary
from storage.store import Reader

SEARCH_SECONDS = 0.7
"""Time after which a call reads no further pair."""
SHORTEST, LONGEST = 2, 200
"""Characters of a text that is looked for."""
READ_AT_ONCE = 50
Side = Literal["request", "provider", "reference", "control"]


class PairSearch:
    """Searches `reader`; `now` returns seconds since the epoch, `clock` monotonic seconds. Safe from any thread."""

    def __init__(self, reader: Reader, now: Callable[[], float], clock: Callable[[], float]) -> None:
        self._reader = reader
        self._now = now
        self._clock = clock

    def search_pairs(self, *, text: str, provider: str, model: str, since: str, page: str, limit: int) -> PairSearchPage:
        """The newest pairs that hold the text, and how far was read; ConfigError for an argument that is wrong."""
        pattern, rows = _pattern(text), rows_wanted(limit)
        wanted = self._wanted(provider=provider, model=model, since=since, page=page)
        ends = self._clock() + SEARCH_SECONDS
        found: list[FoundPair] = []
        last: PairSummary | None = None
        read = 0
        more = False
        for summary in self._pairs(wanted):
            if len(found) == rows or (read and self._clock() >= ends):
                more = True
                break
            last, read = summary, read + 1
            if hit := self._hit(summary, pattern):
                found.append(hit)
        if not read and provider and not page:
            one_of("provider", provider, self._providers(since))
        back = instant(last.pair.started) if last else None
        return PairSearchPage(
            pairs=found, searched=read, searched_back_to=back, next_page=page_of(last.pair.id) if last and more else ""
        )

    def _wanted(self, *, provider: str, model: str, since: str, page: str) -> PairFilter:
        wanted = pair_filter(
            provider=provider, model=model, signal="", state="", since=since, limit=READ_AT_ONCE, now=self._now()
        )
        before = id_before(page)
        if before and self._reader.pair(before) is None:
            raise ConfigError([f"no such page: {quoted(page)}; its last pair was deleted: begin again without a page"])
        return replace(wanted, before_id=before)

    def _providers(self, since: str) -> set[str]:
        now = self._now()
        return {row.provider for row in self._reader.traffic(moment_of("since", since, now), now)}

    def _pairs(self, wanted: PairFilter) -> Iterator[PairSummary]:
        while found := self._reader.pairs(wanted):
            yield from found
            wanted = replace(wanted, before_id=found[-1].pair.id)

    def _hit(self, summary: PairSummary, pattern: TextPattern) -> FoundPair | None:
        for side, texts in self._texts(summary):
            if excerpt := pattern.excerpt(texts):
                return _found(summary, side, excerpt)
        return None

    def _texts(self, summary: PairSummary) -> Iterator[tuple[Side, Iterator[str]]]:
        pair = summary.pair
        sides: tuple[tuple[Side, str], ...] = (
            ("provider", pair.subject_id),
            ("reference", pair.reference_id),
            ("control", pair.control_id),
        )
        for side, exchange_id in sides:
            row = row_of(self._reader, exchange_id) if exchange_id else None
            if row is None or (row.request_body is None and row.response_body is None):
                continue
            parsed = parse_exchange(exchange(row))
            if side == "provider":
                yield "request", request_texts(parsed.request)
            yield side, answer_texts(parsed.answer)


def _pattern(text: str) -> TextPattern:
    plain = text.strip()
    if not SHORTEST <= len(plain) <= LONGEST:
        raise ConfigError([f"text: {len(plain)} characters are not between {SHORTEST} and {LONGEST}"])
    return text_pattern(plain)


def _found(summary: PairSummary, side: Side, excerpt: str) -> FoundPair:
    pair = summary.pair
    return FoundPair(
        id=pair.id,
        started=instant(pair.started),
        provider=pair.provider,
        reference=pair.reference,
        model=recorded_name(pair.model),
        differing=list(summary.differing),
        side=side,
        excerpt=stored_text(excerpt, more=f"exchange://{pair.id}/{side}"),
    )
