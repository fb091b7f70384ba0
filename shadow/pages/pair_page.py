"""Renders one pair: what it shows in a sentence, the request, the answers side by side, and its signals in four groups.

All stored text is hostile: the template engine escapes it, invisible characters are shown by name, and its length is bounded.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import orjson
from jinja2 import Environment

from shadow.pages.page_address import gone
from shadow.pages.pair_address import PairQuery, pair_query
from shadow.presentation.alignment import Aligned, TextPiece, align_texts
from shadow.presentation.call_tables import CallTable, call_tables
from shadow.presentation.exchange_view import ExchangeFact, ExchangeView, exchange_view, facts, timeline_path, timeline_position
from shadow.presentation.pair_evidence import PairEvidence, VerdictSignals, evidence_sentence, pair_evidence
from shadow.presentation.request_view import RequestView, request_view
from shadow.privacy.privacy_policy import row_of
from shadow.reading.parsed_request import parse_request
from shadow.reading.parsed_response import parse_response
from shadow.records import exchange as exchange_of
from shadow.report.bug_report import bug_report
from shadow.report.evident_signals import EvidentSignals
from shadow.report.text_search import SearchTime, search
from shadow.settings.config_errors import quoted
from shadow.settings.installed_version import installed_version
from storage.rows import ExchangeRow, PairFilter, PairRow, Standing
from storage.store import Reader

CANDIDATES = 5
"""Most ids that are named where an address has a part of several."""
SEARCH_SECONDS, WALL_SECONDS = 0.02, 1.0
"""Processor time, and time in all, for which the next pair with a text is searched, in each direction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeColumn:
    """One answer with its texts in pieces, and its chunk arrivals as ticks of a timeline."""

    answer: ExchangeView
    text: tuple[TextPiece, ...]
    reasoning: tuple[TextPiece, ...]
    ticks: str
    token_at: int | None
    end_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PairView:
    """Everything that the page of one pair shows."""

    pair: PairRow
    sentence: str
    evidence: PairEvidence
    alterations: tuple[str, ...]
    columns: tuple[ExchangeColumn, ...]
    same_text: bool
    marked: bool
    note: str
    calls: tuple[CallTable, ...]
    calls_note: str
    facts: tuple[ExchangeFact, ...]
    request: RequestView | None
    missing: tuple[str, ...]


class OnePairPage:
    """Renders the page; `evident` returns what is evidence by the verdicts of a period, `now` seconds since the epoch, `clock`
    the seconds of processor time that this thread has taken, `wall` monotonic seconds.
    """

    def __init__(
        self,
        reader: Reader,
        jinja: Environment,
        evident: Callable[[str], EvidentSignals],
        *,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.thread_time,
        wall: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reader, self._jinja, self._evident, self._now = reader, jinja, evident, now
        self._time = SearchTime(limits=((clock, SEARCH_SECONDS), (wall, WALL_SECONDS)))

    def __repr__(self) -> str:
        return f"<OnePairPage of {self._reader!r}>"

    def page(
        self,
        pair_id: str,
        query: Mapping[str, str] | None = None,
        evident: EvidentSignals | None = None,
        tenants: Iterable[str] = (),
    ) -> str | None:
        """The page of one pair within the list that `query` makes of the pairs of `tenants` (empty for all); None when there is
        no such pair, ConfigError as the list.
        """
        asked = pair_query(query or {}, now=self._now(), limit=1, tenants=tenants)
        row = self._reader.pair(pair_id)
        if row is None:
            return None
        evident = evident or self._evident(asked.period)
        older, newer = self._neighbours(asked, row.id, evident.standing if asked.wanted.evidence else None)
        return self._jinja.get_template("pair.html").render(
            view=pair_view(self._reader, row, evident.of(row)), asked=asked, older=older, newer=newer
        )

    def report(self, pair_id: str, evident: EvidentSignals) -> str | None:
        """The bug report about one pair, as Markdown; None when there is no such pair."""
        row = self._reader.pair(pair_id)
        return None if row is None else bug_report(self._reader, row, evident, version=installed_version("source"))

    def absent(self, part: str) -> str:
        """The sentence about a part of an id that belongs to no pair, or to several, of which it names some."""
        found = self._reader.candidates(part, CANDIDATES)
        if not found:
            return gone(part)
        return (
            f"{quoted(part)} is the beginning or the end of several ids; use one in full, as {', '.join(row.id for row in found)}"
        )

    def _neighbours(self, asked: PairQuery, pair_id: str, standing: Standing | None) -> tuple[str, str]:
        """The addresses of the older and the newer pair of the list, "" at its ends."""
        wanted = replace(asked.wanted, standing=standing)
        older, newer = replace(wanted, before_id=pair_id), replace(wanted, before_id="", after_id=pair_id)
        return self._next(asked, older), self._next(asked, newer)

    def _next(self, asked: PairQuery, wanted: PairFilter) -> str:
        """The address of the first pair; where a text was not found in time, that of the list: for older pairs from there on."""
        if asked.pattern is None:
            found = self._reader.pairs(wanted)
            return asked.pair(found[0].pair.id) if found else ""
        searched = search(self._reader, wanted, asked.pattern, rows=1, time=self._time)
        if searched.hits:
            return asked.pair(searched.hits[0].summary.pair.id)
        if searched.last is None or not searched.more:
            return ""
        return asked.page("" if wanted.after_id else searched.last.pair.id)


def pair_view(reader: Reader, pair: PairRow, verdict: VerdictSignals | None = None) -> PairView:
    """One pair as the page shows it, read from the store; `verdict` is what the verdict about its provider rests on."""
    roles = (("provider", pair.subject_id), ("reference", pair.reference_id), ("control", pair.control_id))
    rows = {title: (exchange_id, row_of(reader, exchange_id)) for title, exchange_id in roles if exchange_id}
    answers = [_answer(reader, title, row) for title, (_, row) in rows.items() if row is not None]
    complete = [each.title for each in answers][:2] == ["provider", "reference"]
    columns, note = _columns(answers, complete=complete)
    calls, calls_note = call_tables(answers) if complete else ((), "")
    subject = answers[0].row if answers and answers[0].title == "provider" else None
    checks = {each.title: each.checks for each in answers}
    evidence = pair_evidence(reader.findings(pair_id=pair.id), checks.get("provider", ()), checks.get("reference", ()), verdict)
    return PairView(
        pair=pair,
        sentence=evidence_sentence(evidence, pair.comparable),
        evidence=evidence,
        alterations=_sentences(pair.alterations),
        columns=columns,
        same_text=complete and bool(answers[0].text) and answers[0].text == answers[1].text,
        marked=any(piece.only for column in columns for piece in (*column.text, *column.reasoning)),
        note=note,
        calls=calls,
        calls_note=calls_note,
        facts=facts(answers),
        request=_request(subject) if subject else None,
        missing=tuple(title for title, (_, row) in rows.items() if row is None),
    )


def _answer(reader: Reader, title: str, row: ExchangeRow) -> ExchangeView:
    return exchange_view(
        title, row, parse_response(exchange_of(row)), reader.tool_calls(row.id), reader.findings(exchange_id=row.id)
    )


def _request(row: ExchangeRow) -> RequestView:
    exchange = exchange_of(row)
    request = exchange.request
    parsed = parse_request(request.target, request.headers, request.body, request.truncated)
    return request_view(parsed, kept=row.request_body is not None, size=row.request_size)


def _columns(answers: Sequence[ExchangeView], *, complete: bool) -> tuple[tuple[ExchangeColumn, ...], str]:
    """The answers, each text aligned with the reference's (the reference's with the provider's), and a note or ""."""
    longest = max((each.row.seconds for each in answers), default=0.0)
    columns, notes = [], []
    for index, each in enumerate(answers):
        other = answers[0 if index == 1 else 1] if complete else each
        text = _aligned(each.text, other.text)
        reasoning = _aligned(each.reasoning, other.reasoning)
        notes += [text.note, reasoning.note]
        marks = each.parsed.exchange.response.marks if each.parsed.exchange.response else ()
        columns.append(
            ExchangeColumn(
                answer=each,
                text=text.left,
                reasoning=reasoning.left,
                ticks=timeline_path(marks, longest),
                token_at=timeline_position(each.row.first_token, longest),
                end_at=timeline_position(each.row.seconds, longest),
            )
        )
    return tuple(columns), next((note for note in notes if note), "")


def _aligned(text: str | None, other: str | None) -> Aligned:
    """A text aligned with another; with itself when there is no other."""
    return align_texts(text or "", other or text or "")


def _sentences(text: str) -> tuple[str, ...]:
    try:
        loaded = orjson.loads(text or "[]")
    except orjson.JSONDecodeError:
        return (text,)
    return tuple(str(item) for item in loaded) if isinstance(loaded, list) else (text,)
