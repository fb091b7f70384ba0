"""Formats the verdicts of a report in about ten lines for a terminal: who, state, worst finding, since when, pairs, what next.

`verdict_lines` is what `report` prints by default; `status_lines` has one line for each provider, for prompts and cron.
"""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from shadow.findings.number_words import number_of
from shadow.presentation.visible_text import plain
from shadow.report.figures import ReferenceLine, Scorecard
from shadow.report.report_text import STYLES, UNCERTAIN, printed
from shadow.report.verdict_rows import CARDS, VerdictRow, display_name, headline, unmeasured_lines, verdict_rows
from shadow.verdict.phrases import recent, rfc3339
from shadow.verdict.verdict_value import VerdictWord

NOTES = 1
"""Most notes of a provider, which decide nothing; `report PROVIDER` has all."""
READABLE = 30
"""Least width of the column of verdicts; beside a longer name it stands below it."""
STATUS_SCHEMA = "sameweights.status/1"


def verdict_text(
    cards: Sequence[Scorecard],
    references: Sequence[ReferenceLine] = (),
    *,
    period: str,
    sampled: str = "",
    now: float,
    width: int,
    color: bool,
    options: str = "",
    doctor_options: str = "",
) -> str:
    """The verdicts of `cards`, worst first; `period` states which, `sampled` how its rows are sampled. The options are those of
    the command that is printed last: of a further report of the same period, or of `doctor`.
    """
    following = _next(verdict_rows(cards), options, doctor_options)
    return printed(_parts(cards, references, period, now, _ending(sampled, following)), width=width, color=color)


def status_lines(
    cards: Sequence[Scorecard], *, now: float, sampled: str = "", everything: bool = False, options: str = ""
) -> tuple[str, ...]:
    """One line for each provider and model, worst first: mark, name, state, finding, since when, pairs; then `sampled`, how rows
    are. Without `everything` the rows beyond `CARDS` are counted, with the command and its `options` that prints them.
    """
    rows = verdict_rows(cards)
    shown, rest = (rows, ()) if everything else (rows[:CARDS], rows[CARDS:])
    lines = [
        plain(f"{row.mark} {display_name(row, rows)}: {_state(row, now)}{f'; {row.finding}' if row.finding else ''}")
        for row in shown
    ] or [headline(rows)]
    if rest:
        lines.append(f"and {len(rest):,} more ({_counts(rest)}): sameweights status --all{options}")
    return (*lines, plain(f"note: {sampled}")) if sampled else tuple(lines)


def short_status(cards: Sequence[Scorecard]) -> str:
    """The marks with their numbers in one word for a prompt, worst first: `✗2 ?1 ✓3`; `-` without a provider."""
    return _counts(verdict_rows(cards)) or "-"


def _counts(rows: Sequence[VerdictRow]) -> str:
    marks = Counter(row.mark for row in rows)
    return " ".join(f"{mark}{number}" for mark, number in marks.items())


def status_json(cards: Sequence[Scorecard], *, now: float, sampled: str = "") -> str:
    """The rows as JSON (`sameweights.status/1`); times are RFC 3339 in UTC."""
    rows = [
        {
            "provider": row.provider,
            "model": row.model,
            "reference": row.reference,
            "verdict": row.word.value,
            "state": row.state,
            "signal": row.signal,
            "finding": row.finding,
            "since": rfc3339(row.since),
            "pairs": row.pairs,
            "requests": row.requests,
        }
        for row in verdict_rows(cards)
    ]
    note = {"rows": sampled} if sampled else {}
    return json.dumps({"schema": STATUS_SCHEMA, "at": rfc3339(now), "providers": rows, **note}, indent=2)


def _parts(
    cards: Sequence[Scorecard], references: Sequence[ReferenceLine], period: str, now: float, ending: Sequence[Text]
) -> Iterator[RenderableType]:
    rows = verdict_rows(cards)
    yield Text(headline(rows), style="bold").append(f"  {period}", style="not bold dim")
    for line in references[:2]:
        yield Text(f"! {plain(line.headline)}", style="bold yellow")
    if rows:
        yield _table(rows, now)
    if len(rows) > CARDS:
        yield Text(f"and {len(rows) - CARDS:,} more: --json shows all")
    for missing in unmeasured_lines(cards):
        yield Text(f"Not measured: {plain(missing)}", style="dim")
    yield from ending


def _ending(sampled: str, following: str) -> Sequence[Text]:
    lines = [f"Note: {plain(sampled)}"] if sampled else []
    return [Text(line, style="dim") for line in (*lines, f"Next: {following}")]


def _table(rows: Sequence[VerdictRow], now: float) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", min_width=READABLE)
    for row in rows[:CARDS]:
        style = STYLES.get(row.word, UNCERTAIN)
        name = Text(f"{row.mark} ", style=style).append(plain(display_name(row, rows)), style="bold default")
        state = Text(_state(row, now), style=style)
        if row.finding:
            state.append("\n" if row.is_adverse else "; ", style="not bold default")
            state.append(plain(row.finding), style="not bold default")
        for note in row.notes[:NOTES]:
            state.append(f"\nnote: {plain(note)}", style="not bold dim default")
        table.add_row(name, state)
    return table


def _state(row: VerdictRow, now: float) -> str:
    since = "" if row.since is None or row.word is VerdictWord.NONE_SEEN else f" since {recent(row.since, now)}"
    pairs = f", {number_of(row.pairs, 'pair')}" if row.pairs else ""
    return f"{row.state}{since}{pairs}"


def _next(rows: Sequence[VerdictRow], options: str, doctor_options: str) -> str:
    worst = next((row for row in rows if row.is_adverse), None)
    if worst is not None:
        return f"sameweights report {shlex.quote(worst.provider)}{options}"
    if not rows or any(row.is_open for row in rows):
        return f"sameweights doctor{doctor_options}"
    return f"sameweights report --full{options}"
