"""Formats single answers for a terminal: those that failed a check, and one in full; checks need no pair."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from shadow.presentation.exchange_view import ExchangeView
from shadow.presentation.safe_text import one_line, short_name
from shadow.presentation.visible_text import plain
from shadow.privacy.privacy_policy import row_of
from shadow.reading.parsed_exchange import parse_exchange
from shadow.reading.parsed_request import ParsedRequest
from shadow.records import exchange
from shadow.report.report_text import printed
from shadow.settings.config_errors import ConfigError, quoted
from shadow.terminal.pair_text import REASON, answers_table, columns_of, exchange_view_of, last_message
from shadow.verdict.phrases import moment, named, rfc3339
from storage.rows import FaultyAnswer
from storage.store import Reader

ANSWERS_SCHEMA, ANSWER_SCHEMA = "sameweights.answers/1", "sameweights.answer/1"
CANDIDATES = 5
"""Most pairs that are listed when a part of an id matches several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerView:
    """One answer without a pair: its request and its column."""

    request: ParsedRequest
    answer: ExchangeView


def answers_text(found: Sequence[FaultyAnswer], *, width: int, color: bool) -> str:
    """The list, newest first, with whole ids for `show`."""
    if not found:
        return "no answer matches; without filters: none that could be checked failed a check"
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="dim")
    for column in ("id", "when (UTC)", "provider", "model", "failed checks"):
        table.add_column(column, no_wrap=column in {"id", "when (UTC)"}, overflow="fold")
    for answer in found:
        checks = "; ".join(f"{named(check)}: {one_line(reason, REASON)}" for check, reason in answer.checks)
        sampled = "" if answer.pair_id else " (not sampled)"
        table.add_row(answer.id, moment(answer.started)[5:], plain(answer.provider), short_name(answer.model), checks + sampled)
    return printed([table], width=width, color=color)


def answers_json(found: Sequence[FaultyAnswer]) -> str:
    """The list as JSON; `checks` is a list of objects with the signal's id and its reason."""
    rows = [
        {
            **asdict(each),
            "started_time": rfc3339(each.started),
            "checks": [{"signal": check, "reason": reason} for check, reason in each.checks],
        }
        for each in found
    ]
    return json.dumps({"schema": ANSWERS_SCHEMA, "answers": rows}, indent=2)


def answer_view(reader: Reader, exchange_id: str) -> AnswerView | None:
    """The answer with this id; None when there is none."""
    row = row_of(reader, exchange_id)
    if row is None:
        return None
    parsed = parse_exchange(exchange(row))
    return AnswerView(request=parsed.request, answer=exchange_view_of(reader, row.provider, row, parsed.answer))


def answer_text(shown: AnswerView, *, width: int, color: bool) -> str:
    """One answer: its request, its text or calls, and the checks that it failed."""
    return printed(_parts(shown), width=width, color=color)


def _parts(shown: AnswerView) -> Iterator[RenderableType]:
    row = shown.answer.row
    heading = Text(row.id, style="bold")
    what = f"{short_name(row.model) or 'no model'} · route {row.route} · {plain(row.provider)}"
    yield heading.append(f"  {moment(row.started)} UTC · {what}", style="not bold dim")
    yield Text("not compared with a reference; only checked on its own", style="yellow")
    if request := last_message(shown.request):
        yield Text(f"request: {request}")
    yield ""
    yield answers_table([shown.answer])


def answer_json(shown: AnswerView) -> str:
    """One answer as JSON: its row, its calls, and every check."""
    calls = [asdict(call) for call in shown.answer.calls]
    checks = [finding._asdict() for finding in shown.answer.checks]
    return json.dumps(
        {"schema": ANSWER_SCHEMA, "exchange": columns_of(shown.answer.row), "tool_calls": calls, "checks": checks},
        indent=2,
        default=str,
    )


def id_error(reader: Reader, part: str) -> ConfigError:
    """The error for a part of an id that matches no pair, or several, which it lists."""
    candidates = reader.candidates(part, CANDIDATES)
    if not candidates:
        return ConfigError([f"no such pair: {quoted(part)}; `sameweights pairs` and `sameweights answers` list ids"])
    lines = [f"  {row.id}  {moment(row.started)} UTC  {plain(row.provider)}  {short_name(row.model)}" for row in candidates]
    return ConfigError([f"{quoted(part)} is the beginning or the end of several ids; use one of them in full:", *lines])
