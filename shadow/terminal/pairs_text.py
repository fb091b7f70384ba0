"""Formats recorded pairs for a terminal: a list, or one pair with its answers side by side.

Control characters in stored text are shown by name, so that an answer cannot drive the terminal.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from shadow.presentation.alignment import align_texts
from shadow.presentation.exchange_view import ExchangeView, exchange_view, facts
from shadow.presentation.visible_text import plain
from shadow.privacy.privacy_policy import row_of
from shadow.reading.parsed_exchange import parse_exchange
from shadow.reading.parsed_request import ParsedRequest
from shadow.reading.parsed_response import ParsedResponse
from shadow.records import exchange
from shadow.report.report_text import printed
from shadow.verdict.phrases import moment, named
from storage.rows import ExchangeRow, FindingRow, PairRow, PairSummary
from storage.store import Reader

STATES = {
    "match": ("✓", "green"),
    "differ": ("✗", "bold red"),
    "not_comparable": ("-", "yellow"),
    "not_measured": ("?", "yellow"),
}
LINES = 40
"""Most lines of one text in the terminal; --json has all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairColumns:
    """One pair as it is shown: its request, two or three answers, and the findings."""

    pair: PairRow
    request: ParsedRequest
    answers: tuple[ExchangeView, ...]
    findings: tuple[FindingRow, ...]


def pair_columns(reader: Reader, pair_id: str) -> PairColumns | None:
    """The pair with this id or beginning of an id; None when no pair matches, or more than one."""
    pair = reader.pair(pair_id)
    if pair is None:
        return None
    named_rows = ((pair.provider, pair.subject_id), (pair.reference, pair.reference_id), ("reference again", pair.control_id))
    rows = [(title, row_of(reader, row_id)) for title, row_id in named_rows if row_id]
    kept = [(title, row) for title, row in rows if row is not None]
    parsed = [parse_exchange(exchange(row)) for _, row in kept]
    answers = tuple(exchange_view_of(reader, title, row, found.answer) for (title, row), found in zip(kept, parsed, strict=True))
    if not parsed:
        return None
    findings = tuple(reader.findings(pair_id=pair.id))
    return PairColumns(pair=pair, request=parsed[0].request, answers=answers, findings=findings)


def exchange_view_of(reader: Reader, title: str, row: ExchangeRow, answer: ParsedResponse) -> ExchangeView:
    """One stored exchange as a column, with its calls and checks."""
    return exchange_view(plain(title), row, answer, reader.tool_calls(row.id), reader.findings(exchange_id=row.id))


def pairs_text(pairs: Sequence[PairSummary], *, width: int, color: bool) -> str:
    """The list, newest first, with whole ids for `show`."""
    if not pairs:
        return "no pair matches; without filters this means that nothing was compared yet"
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="dim")
    for column in ("id", "when (UTC)", "provider", "model", "result"):
        table.add_column(column, no_wrap=column in {"id", "when (UTC)"}, overflow="fold")
    for summary in pairs:
        pair = summary.pair
        table.add_row(pair.id, moment(pair.started)[5:], plain(pair.provider), plain(pair.model), _result(summary))
    return printed([table], width=width, color=color)


def _result(summary: PairSummary) -> Text:
    if summary.pair.comparable:
        return Text(f"not comparable: {plain(summary.pair.comparable)}", style="yellow")
    if summary.differs:
        return Text(f"differs: {', '.join(named(signal) for signal in summary.differing)}", style="red")
    if summary.matches:
        return Text(f"no difference in {summary.matches} signals{_unmeasured(summary)}", style="green")
    return Text("not measured", style="yellow")


def _unmeasured(summary: PairSummary) -> str:
    unmeasured = summary.not_comparable + summary.not_measured
    return f", {unmeasured} not measured" if unmeasured else ""


def pairs_json(pairs: Sequence[PairSummary]) -> str:
    """The list as JSON, each pair with its counts."""
    return json.dumps([asdict(summary) for summary in pairs], indent=2)


def pair_text(shown: PairColumns, *, width: int, color: bool) -> str:
    """One pair: its request, the answers side by side, times and counts, and every signal."""
    return printed(_pair_parts(shown), width=width, color=color)


def _pair_parts(shown: PairColumns) -> Iterator[RenderableType]:
    pair = shown.pair
    heading = Text(pair.id, style="bold")
    what = f"{plain(pair.model) or 'no model'} · route {pair.route} · {pair.provider} against {pair.reference}"
    heading.append(f"  {moment(pair.started)} UTC · {what}", style="not bold dim")
    yield heading
    yield from _remarks(shown)
    yield ""
    yield answers_table(shown.answers)
    yield ""
    yield from _findings(shown.findings)


def _remarks(shown: PairColumns) -> Iterator[RenderableType]:
    pair = shown.pair
    if pair.comparable:
        yield Text(f"not comparable: {plain(pair.comparable)}", style="yellow")
    differing = [finding.signal for finding in shown.findings if (finding.comparison, finding.state) == ("cross", "differ")]
    if differing:
        yield Text(f"differs: {', '.join(named(signal) for signal in differing)}", style="bold red")
    elif not pair.comparable:
        yield Text("no signal differs", style="green")
    for alteration in json.loads(pair.alterations or "[]"):
        yield Text(f"changed in the shadow request: {plain(alteration)}", style="dim")
    if request := last_message(shown.request):
        yield Text(f"request: {request}")


def last_message(request: ParsedRequest) -> str:
    """The last message of a request, cut to 300 characters; "" without one."""
    content = request.messages[-1].get("content") if request.messages else None
    role = request.messages[-1].get("role") if request.messages else None
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False) if content else ""
    return plain(f"{role}: {text[:297]}{'...' if len(text) > 297 else ''}") if text else ""


def answers_table(answers: Sequence[ExchangeView]) -> Table:
    """The answers side by side: texts, calls, failed checks, times and counts."""
    table = Table(box=box.ROUNDED, expand=True, header_style="bold", show_lines=True)
    table.add_column("", style="dim", no_wrap=True)
    for each in answers:
        table.add_column(f"{each.title}  {each.outcome}", ratio=1, overflow="fold")
    for name, cells in (
        ("text", _texts(answers)),
        ("calls", [_calls(each) for each in answers]),
        ("errors", _errors(answers)),
    ):
        if any(cell.plain for cell in cells):
            table.add_row(name, *cells)
    figures = facts(answers)
    if figures:
        names = "\n".join(fact.name for fact in figures)
        table.add_row(names, *(Text("\n".join(plain(fact.cells[place]) for fact in figures)) for place in range(len(answers))))
    return table


def _texts(answers: Sequence[ExchangeView]) -> list[Text]:
    """The texts; words that only one of the first two has are highlighted."""
    texts = [each.text if each.text is not None else each.refusal or "" for each in answers]
    cells = [_cut(Text(plain(text))) for text in texts]
    if len(texts) > 1 and texts[0] and texts[1]:
        aligned = align_texts(texts[0], texts[1])
        for place, pieces in enumerate((aligned.left, aligned.right)):
            cell = Text()
            for piece in pieces:
                cell.append(plain(piece.text), style="bold red" if piece.only else "")
            cells[place] = _cut(cell)
    return cells


def _cut(text: Text) -> Text:
    lines = text.split("\n", allow_blank=True)
    return text if len(lines) <= LINES else Text("\n").join([*lines[:LINES], Text(f"... {len(lines) - LINES} more lines")])


def _calls(each: ExchangeView) -> Text:
    cell = Text()
    outcomes = (*each.outcomes, *("",) * len(each.calls))
    for call, outcome in zip(each.calls, outcomes, strict=False):
        cell.append(f"{plain(call.name)}({plain(call.arguments)})\n")
        if outcome not in {"", "valid"}:
            cell.append(f"{outcome.replace('_', ' ')}\n", style="red")
    cell.rstrip()
    return cell


def _errors(answers: Sequence[ExchangeView]) -> list[Text]:
    found = []
    for each in answers:
        checks = [f"{named(check.signal)}: {check.reason}" for check in each.checks if check.state == "differ"]
        found.append(Text(plain("\n".join([*filter(None, [each.trouble]), *checks])), style="yellow"))
    return found


def _findings(findings: Sequence[FindingRow]) -> Iterator[RenderableType]:
    """The signals that differ, one a line; then those that match or were not compared; then the reference against itself."""
    cross = [finding for finding in findings if finding.comparison == "cross"]
    own = [finding for finding in findings if finding.comparison == "self"]
    table = Table(box=None, show_header=False, pad_edge=False)
    for finding in cross:
        if finding.state == "differ":
            table.add_row(_mark("differ"), named(finding.signal), plain(finding.reason), style="red")
    if table.row_count:
        yield table
    for state, word in (("match", "matches"), ("not_comparable", "not comparable"), ("not_measured", "not measured")):
        for reason, names in _by_reason(cross, state).items():
            because = f" ({plain(reason)})" if reason else ""
            yield _mark(state).append(f" {word}: {', '.join(names)}{because}", style="not bold default")
    if own:
        differing = [named(finding.signal) for finding in own if finding.state == "differ"]
        matches = sum(1 for finding in own if finding.state == "match")
        yield Text(
            f"  the reference against itself: {matches} match, differs in {', '.join(differing) or 'nothing'}", style="dim"
        )


def _mark(state: str) -> Text:
    mark, style = STATES[state]
    return Text(mark, style=style)


def _by_reason(findings: Sequence[FindingRow], state: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for finding in findings:
        if finding.state == state:
            found.setdefault(finding.reason, []).append(named(finding.signal))
    return found


def pair_json(shown: PairColumns) -> str:
    """The pair as JSON: its row, every finding, and each answer with its bodies as text."""
    answers = [
        {"title": each.title, "exchange": columns_of(each.row), "tool_calls": [asdict(call) for call in each.calls]}
        for each in shown.answers
    ]
    tables = {"pair": asdict(shown.pair), "findings": [finding._asdict() for finding in shown.findings], "legs": answers}
    return json.dumps(tables, indent=2, default=str)


def columns_of(row: ExchangeRow) -> dict[str, object]:
    """The columns; bodies as text where they were kept, the packed chunk times left out."""
    columns = asdict(row)
    del columns["marks"]
    for body in ("request_body", "response_body"):
        columns[body] = None if columns[body] is None else columns[body].decode("utf-8", "replace")
    return columns
