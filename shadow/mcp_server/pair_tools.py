"""The tools about compared requests: a list, one whole, and where its answers differ."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Literal

from shadow.findings.finding import FindingState
from shadow.mcp_server.inputs import check_recorded, id_before, instant, page_of, rows_wanted
from shadow.mcp_server.sampled_rows import SampledRows
from shadow.mcp_server.stored_text import SHOWN_NAME, StoredText, recorded_name, stored_text
from shadow.mcp_server.tool_results import (
    AlignedWords,
    Answer,
    Call,
    PairDetail,
    PairDiff,
    PairLine,
    PairPage,
    SignalFinding,
    ValueDifference,
)
from shadow.presentation.alignment import Aligned, TextPiece, align_texts, differences, match_calls
from shadow.presentation.call_tables import CALLS
from shadow.presentation.exchange_view import ExchangeView
from shadow.reading.completion import ToolCall
from shadow.report.evident_signals import RenewedEvidence
from shadow.report.filters import pair_filter
from shadow.settings.config_errors import ConfigError, quoted
from shadow.terminal.pair_text import PairColumns, pair_columns
from shadow.verdict.phrases import named
from storage.rows import FindingRow, PairFilter, PairSummary
from storage.store import Reader

SIDES: tuple[Literal["provider", "reference", "control"], ...] = ("provider", "reference", "control")
RUNS = 200
"""Most runs of words in a comparison of two texts."""
_COMPARED = frozenset({FindingState.MATCH.value, FindingState.DIFFER.value})
PLACES = 50
"""Most differing places of arguments in a comparison."""


class PairTools:
    """Answers from `reader`; `now` returns seconds since the epoch, `rows` states how the rows are sampled. Safe from any
    thread.
    """

    def __init__(self, reader: Reader, now: Callable[[], float], rows: SampledRows) -> None:
        self._reader = reader
        self._now = now
        self._evident = RenewedEvidence(reader, now)
        self._rows = rows

    def list_divergent_pairs(
        self, *, provider: str, model: str, signal: str, since: str, page: str, limit: int, upstream: str = ""
    ) -> PairPage:
        """A page of the pairs that differ, newest first; ConfigError for an argument that is wrong."""
        rows = rows_wanted(limit)
        wanted = pair_filter(
            provider=provider,
            model=model,
            upstream=upstream,
            signal=signal,
            state=FindingState.DIFFER.value,
            since=since,
            limit=rows + 1,
            now=self._now(),
        )
        found = self._reader.pairs(self._after(wanted, page))
        shown = found[:rows]
        if not shown and not page:
            check_recorded(self._reader, provider=provider, model=model, upstream=wanted.upstream)
        return PairPage(
            pairs=[_line(each) for each in shown],
            rows=self._rows.sentence(since),
            next_page=page_of(shown[-1].pair.id) if len(found) > rows else "",
        )

    def get_pair(self, pair_id: str) -> PairDetail:
        """One pair whole; ConfigError when no pair, or more than one, has this id."""
        shown = self._columns(pair_id)
        pair = shown.pair
        cross = [row for row in shown.findings if row.comparison == "cross"]
        own = {row.signal: row.state for row in shown.findings if row.comparison == "self"}
        return PairDetail(
            id=pair.id,
            started=instant(pair.started),
            route=pair.route,
            upstream=recorded_name(pair.upstream),
            model=recorded_name(pair.model),
            conversation=recorded_name(pair.conversation),
            comparable=not pair.comparable,
            why_not=recorded_name(pair.comparable),
            request=stored_text(json.dumps(shown.request.messages, ensure_ascii=False), more=f"exchange://{pair.id}/request"),
            changed_in_the_shadow=[stored_text(each) for each in json.loads(pair.alterations or "[]")],
            answers=[_answer(side, view, pair.id) for side, view in zip(SIDES, shown.answers, strict=False)],
            differing=[_finding(row, own, self._evident().of(pair).signals) for row in cross if row.state == FindingState.DIFFER],
            matching=[row.signal for row in cross if row.state == FindingState.MATCH],
            not_measured={row.signal: stored_text(row.reason) for row in cross if row.state not in _COMPARED},
        )

    def diff_pair(self, pair_id: str, against: Literal["reference", "control"]) -> PairDiff:
        """Where the provider's answer differs from the reference's; ConfigError when the pair or that answer is not there."""
        shown = self._columns(pair_id)
        sides = dict(zip(SIDES, shown.answers, strict=False))
        if against not in sides:
            raise ConfigError([f"pair {quoted(shown.pair.id)} has no answer of the {against}; its answers: {', '.join(sides)}"])
        return _diff(shown.pair.id, sides["provider"], against, sides[against])

    def _after(self, wanted: PairFilter, page: str) -> PairFilter:
        before = id_before(page)
        if before and self._reader.pair(before) is None:
            raise ConfigError([f"no such page: {quoted(page)}; its last pair was deleted: begin again without a page"])
        return PairFilter(**{name: getattr(wanted, name) for name in PairFilter.__slots__} | {"before_id": before})

    def _columns(self, pair_id: str) -> PairColumns:
        shown = pair_columns(self._reader, pair_id)
        if shown is None:
            raise ConfigError([f"no such pair: {quoted(pair_id)}; list_divergent_pairs lists ids"])
        return shown


def _line(summary: PairSummary) -> PairLine:
    pair = summary.pair
    return PairLine(
        id=pair.id,
        started=instant(pair.started),
        provider=pair.provider,
        reference=pair.reference,
        model=recorded_name(pair.model),
        differing=list(summary.differing),
        matching=summary.matches,
        not_measured=summary.not_comparable + summary.not_measured,
    )


def _answer(side: Literal["provider", "reference", "control"], view: ExchangeView, pair_id: str) -> Answer:
    more = f"exchange://{pair_id}/{side}"
    row = view.row
    return Answer(
        side=side,
        server=row.provider,
        outcome=view.outcome,
        trouble=_optional(view.trouble or None, more),
        text=_optional(view.text, more),
        reasoning=_optional(view.reasoning, more),
        refusal=_optional(view.refusal, more),
        finish_reason=recorded_name(row.finish_reason),
        calls=_calls(view, more),
        calls_in_all=len(view.calls),
        failed_checks=[_finding(check, {}, frozenset()) for check in view.checks if check.state == FindingState.DIFFER],
        seconds=row.seconds,
        first_token_seconds=row.first_token,
        prompt_tokens=row.prompt_tokens,
        completion_tokens=row.completion_tokens,
    )


def _optional(text: str | None, more: str) -> StoredText | None:
    return None if text is None else stored_text(text, more=more)


def _calls(view: ExchangeView, more: str) -> list[Call]:
    outcomes = (*view.outcomes, *("",) * len(view.calls))
    return [
        Call(name=_name(call), arguments=stored_text(call.arguments, more=more), validity=outcome)
        for call, outcome in zip(view.calls[:CALLS], outcomes, strict=False)
    ]


def _name(call: ToolCall) -> StoredText:
    return stored_text(call.name, limit=SHOWN_NAME)


def _finding(row: FindingRow, own: dict[str, str], stands: frozenset[str]) -> SignalFinding:
    """A difference is beyond the noise only where the provider's verdict rests on its signal."""
    explained = {FindingState.DIFFER.value: True, FindingState.MATCH.value: False if row.signal in stands else None}
    return SignalFinding(
        signal=row.signal,
        name=named(row.signal),
        reason=stored_text(row.reason),
        explained_by_noise=explained.get(own.get(row.signal, "")),
    )


def _diff(pair_id: str, provider: ExchangeView, against: Literal["reference", "control"], reference: ExchangeView) -> PairDiff:
    aligned = align_texts(provider.text or "", reference.text or "")
    mine, theirs = provider.calls[:CALLS], reference.calls[:CALLS]
    matched = match_calls([(call.name, call.parsed) for call in mine], [(call.name, call.parsed) for call in theirs])
    places = [
        place
        for left, right in matched
        if left is not None and right is not None
        for place in _places(right, mine[left], theirs[right])
    ]
    return PairDiff(
        id=pair_id,
        against=against,
        provider_text=_runs(aligned.left, f"exchange://{pair_id}/provider"),
        reference_text=_runs(aligned.right, f"exchange://{pair_id}/{against}"),
        text_note=_text_note(aligned),
        calls_missing=[_name(theirs[right]) for left, right in matched if left is None and right is not None],
        calls_extra=[_name(mine[left]) for left, right in matched if right is None and left is not None],
        arguments=places[:PLACES],
        calls_note=_calls_note(max(len(provider.calls), len(reference.calls)), len(places)),
    )


def _text_note(aligned: Aligned) -> str:
    """What the two lists of runs leave out, "" for nothing."""
    longest = max(len(aligned.left), len(aligned.right))
    short = f"only the first {RUNS} of {longest:,} runs of words are listed" if longest > RUNS else ""
    return "; ".join(filter(None, (aligned.note, short)))


def _calls_note(calls: int, places: int) -> str:
    """What the lists of calls and of places leave out, "" for nothing."""
    few = f"only the first {CALLS} of {calls:,} calls were compared" if calls > CALLS else ""
    short = f"only the first {PLACES} places of arguments are listed" if places > PLACES else ""
    return "; ".join(filter(None, (few, short)))


def _runs(pieces: Sequence[TextPiece], more: str) -> list[AlignedWords]:
    return [AlignedWords(only=piece.only, text=stored_text(piece.text, more=more)) for piece in pieces[:RUNS]]


def _places(position: int, mine: ToolCall, theirs: ToolCall) -> list[ValueDifference]:
    return [
        ValueDifference(
            call=position,
            path=stored_text(place.path, limit=SHOWN_NAME),
            change=place.change.value,
            provider=_value(place.subject),
            reference=_value(place.reference),
        )
        for place in differences(mine.parsed, theirs.parsed, PLACES + 1)
    ]


def _value(value: object) -> StoredText:
    return stored_text(json.dumps(value, ensure_ascii=False, default=str))
