"""Formats one recorded pair for a terminal: what it shows, its request, and its answers side by side.

Control characters in stored text are shown by name, so that an answer cannot drive the terminal.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich import box
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from shadow.presentation.alignment import align_texts
from shadow.presentation.exchange_view import ExchangeView, exchange_view, facts
from shadow.presentation.pair_evidence import NO_RESULT, PairEvidence, SignalComparison, evidence_sentence
from shadow.presentation.safe_text import one_line, short_name
from shadow.presentation.visible_text import plain
from shadow.privacy.privacy_policy import row_of
from shadow.reading.parsed_exchange import parse_exchange
from shadow.reading.parsed_request import ParsedRequest
from shadow.reading.parsed_response import ParsedResponse
from shadow.records import exchange
from shadow.report.evident_signals import EvidentSignals
from shadow.report.report_text import printed
from shadow.terminal.pair_list import evidence_of, pair_members, provider_name
from shadow.verdict.phrases import moment, named, rfc3339
from storage.rows import ExchangeRow, FindingRow, PairRow
from storage.store import Reader

STATES = {
    "match": ("✓", "green"),
    "differ": ("✗", "bold red"),
    "not_comparable": ("-", "yellow"),
    "not_measured": ("?", "yellow"),
}
LINES = 40
"""Most lines of one text in the terminal; --json has all of it."""
CHARACTERS = 8_000
"""Most characters of one text or call in the terminal."""
REASON = 300
"""Most characters of a signal's reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairColumns:
    """One pair as it is shown: its request, two or three answers, and the findings."""

    pair: PairRow
    request: ParsedRequest
    answers: tuple[ExchangeView, ...]
    findings: tuple[FindingRow, ...]
    evidence: PairEvidence


def pair_columns(reader: Reader, pair_id: str, evident: EvidentSignals | None = None) -> PairColumns | None:
    """The pair with this id or beginning of an id; None when no pair matches, or more than one. `evident` as in `evidence_of`."""
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
    return PairColumns(
        pair=pair, request=parsed[0].request, answers=answers, findings=findings, evidence=evidence_of(reader, pair, evident)
    )


def exchange_view_of(reader: Reader, title: str, row: ExchangeRow, answer: ParsedResponse) -> ExchangeView:
    """One stored exchange as a column, with its calls and checks."""
    return exchange_view(plain(title), row, answer, reader.tool_calls(row.id), reader.findings(exchange_id=row.id))


def pair_text(shown: PairColumns, *, width: int, color: bool) -> str:
    """One pair: its request, the answers side by side, times and counts, and every signal."""
    return printed(_pair_parts(shown), width=width, color=color)


def _pair_parts(shown: PairColumns) -> Iterator[RenderableType]:
    pair = shown.pair
    heading = Text(pair.id, style="bold")
    what = f"{short_name(pair.model) or 'no model'} · route {pair.route} · {provider_name(pair)} against {pair.reference}"
    heading.append(f"  {moment(pair.started)} UTC · {what}", style="not bold dim")
    yield heading
    sentence = plain(evidence_sentence(shown.evidence, pair.comparable))
    yield Text(sentence, style="bold red" if shown.evidence.found else "yellow" if pair.comparable else "")
    for alteration in json.loads(pair.alterations or "[]"):
        yield Text(f"changed in the shadow request: {plain(alteration)}", style="dim")
    if request := last_message(shown.request):
        yield Text(f"request: {request}")
    yield ""
    yield answers_table(shown.answers)
    yield ""
    yield from _groups(shown.evidence)


def last_message(request: ParsedRequest) -> str:
    """The last message of a request, cut to 300 characters; "" without one."""
    content = request.messages[-1].get("content") if request.messages else None
    role = request.messages[-1].get("role") if request.messages else None
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False) if content else ""
    return plain(f"{role}: {text[:297]}{'...' if len(text) > 297 else ''}") if text else ""


def answers_table(answers: Sequence[ExchangeView]) -> Table:
    """The answers side by side: texts, calls, failed checks, times and counts."""
    table = Table(box=box.ROUNDED, expand=True, header_style="bold")
    table.add_column("", style="dim", no_wrap=True)
    for each in answers:
        table.add_column(f"{each.title}  {each.outcome}", ratio=1, overflow="fold")
    for name, cells in (
        ("text", _texts(answers)),
        ("calls", [_calls(each) for each in answers]),
        ("errors", _errors(answers)),
    ):
        if any(cell.plain for cell in cells):
            table.add_row(name, *cells, end_section=True)
    for fact in facts(answers):
        table.add_row(fact.name, *(Text(plain(cell)) for cell in fact.cells))
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
    if len(text) > CHARACTERS:
        text = text[:CHARACTERS].append(f" ... {len(text) - CHARACTERS:,} more characters: --json has them")
    lines = text.split("\n", allow_blank=True)
    return text if len(lines) <= LINES else Text("\n").join([*lines[:LINES], Text(f"... {len(lines) - LINES} more lines")])


def _calls(each: ExchangeView) -> Text:
    cell = Text()
    outcomes = (*each.outcomes, *("",) * len(each.calls))
    for call, outcome in zip(each.calls, outcomes, strict=False):
        cell.append(f"{one_line(call.name, REASON)}\n{_short(call.arguments)}\n")
        if outcome not in {"", "valid"}:
            cell.append(f"{outcome.replace('_', ' ')}\n", style="red")
    cell.rstrip()
    return cell


def _short(text: str) -> str:
    return (
        plain(text) if len(text) <= CHARACTERS else f"{plain(text[:CHARACTERS])} ... {len(text) - CHARACTERS:,} more characters"
    )


def _errors(answers: Sequence[ExchangeView]) -> list[Text]:
    found = []
    for each in answers:
        checks = [f"{named(check.signal)}: {check.reason}" for check in each.checks if check.state == "differ"]
        found.append(Text(plain("\n".join([*filter(None, [each.trouble]), *checks])), style="yellow"))
    return found


def _groups(found: PairEvidence) -> Iterator[RenderableType]:
    """The signals in four groups: evidence and noise one a line, the same and what was not measured by their names."""
    evidence = Table(box=None, show_header=False, pad_edge=False)
    for row in found.alone:
        evidence.add_row(_mark("differ"), named(row.signal), _reason(row.reason), style="red")
    for line in found.evidence:
        evidence.add_row(_mark("differ"), named(line.signal), f"{_reason(_of(line))}; {line.noise}", style="red")
    noise = Table(box=None, show_header=False, pad_edge=False)
    for row in found.shared:
        noise.add_row(Text("~"), named(row.signal), f"{_reason(row.reason)}; the reference's answer fails it too")
    for row in found.single:
        noise.add_row(Text("~"), named(row.signal), f"{_reason(row.reason)}; {found.why}")
    for line in found.noise:
        noise.add_row(Text("~"), named(line.signal), f"{_reason(_of(line))}; {line.noise}")
    unchecked = Table(box=None, show_header=False, pad_edge=False)
    for row in found.unchecked:
        unchecked.add_row(Text("?"), named(row.signal), f"{_reason(row.reason)}; {NO_RESULT}")
    for title, table in (("Evidence", evidence), ("Failed checks without an answer to compare", unchecked), ("Noise", noise)):
        if table.row_count:
            yield Text(f"{title} ({table.row_count})", style="bold")
            yield table
    if found.same:
        yield Text(f"Same ({len(found.same)})", style="bold").append(
            f"  {', '.join(named(line.signal) for line in found.same)}", style="not bold"
        )
    if found.unmeasured:
        yield Text(f"Not measured ({len(found.unmeasured)})", style="bold")
        for reason, names in _by_reason(found.unmeasured).items():
            yield Padding(Text(f"{', '.join(names)}{f': {reason}' if reason else ''}", style="dim"), (0, 0, 0, 2))


def _of(line: SignalComparison) -> str:
    return line.cross.reason if line.cross else ""


def _reason(text: str) -> str:
    return one_line(text, REASON)


def _mark(state: str) -> Text:
    mark, style = STATES[state]
    return Text(mark, style=style)


def _by_reason(lines: Sequence[SignalComparison]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in lines:
        found.setdefault(_reason(_of(line)), []).append(named(line.signal))
    return found


PAIR_SCHEMA = "sameweights.pair/1"


def pair_json(shown: PairColumns) -> str:
    """The pair as JSON (`sameweights.pair/1`): its row, every finding, and each answer with its bodies as text."""
    answers = [
        {"title": each.title, "exchange": columns_of(each.row), "tool_calls": [asdict(call) for call in each.calls]}
        for each in shown.answers
    ]
    document = {
        "schema": PAIR_SCHEMA,
        "pair": pair_members(shown.pair),
        "sentence": plain(evidence_sentence(shown.evidence, shown.pair.comparable)),
        "findings": [finding._asdict() for finding in shown.findings],
        "answers": answers,
    }
    return json.dumps(document, indent=2, default=str)


def columns_of(row: ExchangeRow) -> dict[str, object]:
    """The columns; bodies as text where they were kept, the packed chunk times left out."""
    columns: dict[str, Any] = row._asdict()
    del columns["marks"]
    columns["started_time"] = rfc3339(row.started)
    for body in ("request_body", "response_body"):
        columns[body] = None if columns[body] is None else columns[body].decode("utf-8", "replace")
    for headers in ("request_headers", "response_headers"):
        columns[headers] = json.loads(columns[headers] or "[]")
    return columns
