"""The drift states as a table for a terminal, one line per group."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from shadow.drift.state_transitions import DriftState
from shadow.presentation.safe_text import short_name
from shadow.presentation.text_tables import report_table
from shadow.report.drift_lines import DriftLine
from shadow.report.figures import Report
from shadow.verdict.phrases import percent

ROWS = 20
"""Most groups in the table; the JSON has all."""
STYLES = {DriftState.DRIFT.value: "red", DriftState.SUSPECT.value: "yellow", DriftState.NOT_MEASURED.value: "yellow"}


def drift_table(report: Report) -> Table:
    """Each group with its state, pairs and details."""
    table = report_table("<provider", "<model", "<route", "<state", "pairs", "<")
    for line in drift_rows(report):
        cells = (
            line.party,
            short_name(line.model),
            line.route,
            line.state.replace("_", " "),
            f"{line.pairs}",
            drift_details(line),
        )
        table.add_row(*cells, style=STYLES.get(line.state, ""))
    return table


def drift_rows(report: Report) -> Sequence[DriftLine]:
    """The groups that are shown, those with a state to look at first."""
    return sorted(report.drifting, key=lambda line: line.state not in STYLES)[:ROWS]


def drift_details(line: DriftLine) -> str:
    """What is known of an alarm, why a group is not measured, and whether its pairs are a biased selection; "" for nothing."""
    left = [f"clients left before the end in {percent(line.hung_up)} of the requests: the other pairs are a biased selection"]
    return "; ".join([*filter(None, [_alarm(line)]), *left * line.one_sided])


def _alarm(line: DriftLine) -> str:
    if not line.sentence:
        return line.why
    if line.waits:
        return f"an alarm waits for a second look at the other providers: {line.sentence}"
    parts = [line.sentence]
    if line.low is not None and line.high is not None:
        parts.append(f"size [{line.low * 100:.0f} to {line.high * 100:.0f}]")
    parts += [f"most in: {line.requests[0]}"] if line.requests else []
    parts += [f"for example pair {line.pair_ids[0]}"] if line.pair_ids else []
    return "; ".join(parts)
