"""The state of drift as a table for a terminal: one line a group, the words first."""

from __future__ import annotations

from rich.table import Table

from shadow.drift.states import DriftState
from shadow.presentation.text_tables import report_table
from shadow.presentation.visible_text import plain
from shadow.report.drift_lines import DriftLine
from shadow.report.figures import Report
from shadow.verdict.phrases import percent

ROWS = 20
"""More groups than this stand in the JSON only."""
STYLES = {DriftState.DRIFT.value: "red", DriftState.SUSPECT.value: "yellow", DriftState.NOT_MEASURED.value: "yellow"}


def drift_table(report: Report) -> Table:
    """Each group with its state, since when, how large, and what to look at."""
    table = report_table("<provider", "<model", "<route", "<state", "pairs", "<")
    for line in sorted(report.drifting, key=lambda line: line.state not in STYLES)[:ROWS]:
        cells = (line.provider, plain(line.model), line.route, line.state, f"{line.pairs}", _told(line))
        table.add_row(*cells, style=STYLES.get(line.state, ""))
    return table


def _told(line: DriftLine) -> str:
    left = [f"clients left before the end in {percent(line.hung_up)} of the requests: the rest is selected"] * line.one_sided
    return "; ".join([*filter(None, [_found(line)]), *left])


def _found(line: DriftLine) -> str:
    if not line.sentence:
        return line.why
    if line.waits:
        return f"an alarm waits for a second look at the other providers: {line.sentence}"
    told = [line.sentence]
    if line.low is not None and line.high is not None:
        told.append(f"size [{line.low * 100:.0f} to {line.high * 100:.0f}]")
    told += [f"most in: {line.requests[0]}"] if line.requests else []
    told += [f"for example pair {line.pair_ids[0]}"] if line.pair_ids else []
    return "; ".join(told)
