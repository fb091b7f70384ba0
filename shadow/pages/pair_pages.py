"""Renders the list of pairs, one pair's answers side by side, and the other pages, as HTML documents without any script.

All stored text is hostile: the template engine escapes it, invisible characters are shown by name, and its length is
bounded. Reading and rendering block, so the admin port calls these in a thread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

import orjson
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from shadow.findings.finding import FindingState, Signal
from shadow.identity.request_shape import SEGMENTS
from shadow.pages.overview import OverviewPage
from shadow.pages.runbook import runbook
from shadow.presentation import visible_text
from shadow.presentation.alignment import Aligned, TextPiece, align_texts
from shadow.presentation.call_tables import CallTable, call_tables
from shadow.presentation.exchange_view import ExchangeFact, ExchangeView, exchange_view, facts, timeline_path, timeline_position
from shadow.presentation.request_view import RequestView, request_view
from shadow.privacy.privacy_policy import row_of
from shadow.reading.parsed_request import parse_request
from shadow.reading.parsed_response import parse_response
from shadow.records import exchange as exchange_of
from shadow.report.identity_lines import identity_lines, template_lines
from shadow.report.signal_names import CHECK_IDS, EVERY, signal_of
from shadow.settings.config_errors import quoted
from shadow.settings.top_level_config import Config
from shadow.verdict.phrases import moment, named
from storage.rows import AnswerFilter, ExchangeRow, FindingRow, PairFilter, PairRow
from storage.store import Reader

SYMBOLS = {
    FindingState.MATCH.value: ("✓", "match"),
    FindingState.DIFFER.value: ("≠", "differ"),
    FindingState.NOT_COMPARABLE.value: ("⊘", "not comparable"),
    FindingState.NOT_MEASURED.value: ("?", "not measured"),
}
PER_PAGE = 50
SEGMENT_NAMES = tuple(f"{division}={value}" for division, values in SEGMENTS.items() for value in values)


class FilterError(Exception):
    """The address names an unknown filter value; the message lists the known ones."""


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
class FindingLine:
    """One signal: the provider against the reference (`cross`), and the reference against its control (`own`), if any."""

    signal: str
    cross: FindingRow | None
    own: FindingRow | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PairView:
    """Everything that the page of one pair shows."""

    pair: PairRow
    alterations: tuple[str, ...]
    columns: tuple[ExchangeColumn, ...]
    same_text: bool
    marked: bool
    note: str
    calls: tuple[CallTable, ...]
    calls_note: str
    signals: tuple[FindingLine, ...]
    facts: tuple[ExchangeFact, ...]
    request: RequestView | None
    missing: tuple[str, ...]


class PairPages:
    """Renders pages from a reader of the store."""

    def __init__(self, reader: Reader, config: Config) -> None:
        self._reader = reader
        self._jinja = environment()
        self.overview = OverviewPage(reader, self._jinja).page
        self.reload(config)

    def __repr__(self) -> str:
        return f"<PairPages providers={len(self._providers)}>"

    def reload(self, config: Config) -> None:
        """Offer the providers of `config` as filters from the next page on."""
        self._providers = tuple(config.proxy.providers)

    def index(self, query: Mapping[str, str]) -> str:
        """The list of pairs, newest first; FilterError for a signal, a state or a segment that does not exist."""
        wanted = _wanted(query)
        found = self._reader.pairs(replace(wanted, limit=PER_PAGE + 1))
        older = _link(wanted, found[PER_PAGE - 1].pair.id) if len(found) > PER_PAGE else ""
        newest = _link(wanted, "") if wanted.before_id else ""
        return self._jinja.get_template("pairs.html").render(
            summaries=found[:PER_PAGE],
            wanted=wanted,
            older=older,
            newest=newest,
            providers=self._providers,
            signals=[signal.value for signal in Signal],
            segments=SEGMENT_NAMES,
        )

    def pair(self, pair_id: str) -> str | None:
        """The page of one pair, None when there is no such pair."""
        row = self._reader.pair(pair_id)
        return None if row is None else self._jinja.get_template("pair.html").render(view=pair_view(self._reader, row))

    def answers(self, query: Mapping[str, str]) -> str:
        """The live answers that failed a check, sampled or not, newest first; FilterError for a check that does not exist."""
        wanted = AnswerFilter(
            provider=query.get("provider", ""),
            model=query.get("model", ""),
            signal=_signal_id(query.get("signal") or query.get("check", ""), CHECK_IDS),
            before_id=query.get("before", ""),
            limit=PER_PAGE + 1,
        )
        found = self._reader.faulty_answers(wanted)
        older = _answers_link(wanted, found[PER_PAGE - 1].id) if len(found) > PER_PAGE else ""
        return self._jinja.get_template("answers.html").render(
            answers=found[:PER_PAGE],
            wanted=wanted,
            older=older,
            newest=_answers_link(wanted, "") if wanted.before_id else "",
            providers=self._providers,
            checks=sorted(CHECK_IDS),
        )

    def serving(self) -> str:
        """The serving identities, and what prompt tokens reveal about the chat templates, over all records."""
        identities, templates = identity_lines(self._reader, 0.0, 0.0), template_lines(self._reader, 0.0, 0.0)
        return self._jinja.get_template("serving.html").render(identities=identities, templates=templates)

    def runbook(self) -> str:
        """The runbook: for each alert what it means and what to do."""
        return self._jinja.get_template("runbook.html").render(entries=runbook())

    def message(self, title: str, text: str) -> str:
        """A page with one message."""
        return self._jinja.get_template("message.html").render(title=title, text=text)


def pair_view(reader: Reader, pair: PairRow) -> PairView:
    """One pair as the page shows it, read from the store."""
    roles = (("provider", pair.subject_id), ("reference", pair.reference_id), ("control", pair.control_id))
    rows = {title: (exchange_id, row_of(reader, exchange_id)) for title, exchange_id in roles if exchange_id}
    answers = [_answer(reader, title, row) for title, (_, row) in rows.items() if row is not None]
    complete = [each.title for each in answers][:2] == ["provider", "reference"]
    columns, note = _columns(answers, complete=complete)
    calls, calls_note = call_tables(answers) if complete else ((), "")
    subject = answers[0].row if answers and answers[0].title == "provider" else None
    return PairView(
        pair=pair,
        alterations=_sentences(pair.alterations),
        columns=columns,
        same_text=complete and bool(answers[0].text) and answers[0].text == answers[1].text,
        marked=any(piece.only for column in columns for piece in (*column.text, *column.reasoning)),
        note=note,
        calls=calls,
        calls_note=calls_note,
        signals=_signals(reader.findings(pair_id=pair.id)),
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


def _signals(findings: Sequence[FindingRow]) -> tuple[FindingLine, ...]:
    cross = {finding.signal: finding for finding in findings if finding.comparison == "cross"}
    own = {finding.signal: finding for finding in findings if finding.comparison == "self"}
    order = [FindingState.DIFFER, FindingState.MATCH, FindingState.NOT_COMPARABLE, FindingState.NOT_MEASURED]
    rank = {state.value: place for place, state in enumerate(order)}
    signals = [
        FindingLine(signal=signal, cross=cross.get(signal), own=own.get(signal)) for signal in dict.fromkeys((*cross, *own))
    ]
    return tuple(sorted(signals, key=lambda each: rank.get(each.cross.state, 9) if each.cross else 9))


def _sentences(text: str) -> tuple[str, ...]:
    try:
        loaded = orjson.loads(text or "[]")
    except orjson.JSONDecodeError:
        return (text,)
    return tuple(str(item) for item in loaded) if isinstance(loaded, list) else (text,)


def _wanted(query: Mapping[str, str]) -> PairFilter:
    state = query.get("state", "")
    if state and state not in set(FindingState):
        raise FilterError(f"There is no state {quoted(state)}. Known: {', '.join(FindingState)}.")
    segment = query.get("segment", "")
    if segment and segment not in SEGMENT_NAMES:
        raise FilterError(f"There is no segment {quoted(segment)}. Known: {', '.join(SEGMENT_NAMES)}.")
    return PairFilter(
        provider=query.get("provider", ""),
        model=query.get("model", ""),
        signal=_signal_id(query.get("signal") or query.get("aspect", ""), EVERY),
        state=query.get("state", ""),
        before_id=query.get("before", ""),
        segment=segment,
        limit=PER_PAGE,
    )


def _signal_id(text: str, signals: frozenset[Signal]) -> str:
    """The id of the signal that an address names; older addresses name it `aspect` or `check`."""
    found = signal_of(text, signals)
    if text and not found:
        raise FilterError(f"There is no signal {quoted(text)}. Known: {', '.join(sorted(signals))}.")
    return found.value if found else ""


def _link(wanted: PairFilter, before: str) -> str:
    chosen = {
        "provider": wanted.provider,
        "model": wanted.model,
        "signal": wanted.signal,
        "state": wanted.state,
        "segment": wanted.segment,
        "before": before,
    }
    return "/pairs?" + urlencode({key: value for key, value in chosen.items() if value}, errors="replace")


def _answers_link(wanted: AnswerFilter, before: str) -> str:
    chosen = {"signal": wanted.signal, "provider": wanted.provider, "model": wanted.model, "before": before}
    return "/answers?" + urlencode({key: value for key, value in chosen.items() if value}, errors="replace")


def environment() -> Environment:
    """The template environment: it escapes everything and shows invisible characters in every string by name."""
    made = Environment(
        loader=PackageLoader("shadow.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    made.filters |= {"visible": _visible, "utc": moment, "words": lambda label: str(label).replace("_", " ")}
    made.filters["signal"] = named
    made.globals |= {"symbols": SYMBOLS}
    return made


def _finalize(value: object) -> object:
    return visible_text.plain(value) if type(value) is str else value


def _visible(text: str) -> Markup:
    """The text escaped, each invisible character as a small tag with its name."""
    runs = (Markup('<span class="odd">{}</span>').format(run) if odd else escape(run) for odd, run in visible_text.pieces(text))
    return Markup("").join(runs)
