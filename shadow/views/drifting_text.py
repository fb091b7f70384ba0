"""The state of drift as a table for a terminal: one line a group, the words first."""

from __future__ import annotations

from rich.table import Table

from shadow.drift.alarm import State
from shadow.verdict.phrases import named, percent
from shadow.views.drifting import DriftLine
from shadow.views.figures import Report
from shadow.views.tables import moment, sheet
from shadow.views.visible import plain

ROWS = 20
"""More groups than this stand in the JSON only."""
STYLES = {State.DRIFT.value: "red", State.SUSPECT.value: "yellow", State.NOT_MEASURED.value: "yellow"}


def drifting(report: Report) -> Table:
    """Each group with its state, since when, how large, and what to look at."""
    table = sheet("<provider", "<model", "<route", "<state", "pairs", "<")
    for line in sorted(report.drifting, key=lambda line: line.state not in STYLES)[:ROWS]:
        cells = (line.provider, plain(line.model), line.route, line.state, f"{line.pairs}", _told(line))
        table.add_row(*cells, style=STYLES.get(line.state, ""))
    return table


def _told(line: DriftLine) -> str:
    left = [f"clients left before the end in {percent(line.hung_up)} of the requests: the rest is selected"] * line.one_sided
    return "; ".join([*filter(None, [_found(line)]), *left])


def _found(line: DriftLine) -> str:
    if line.why or line.since is None or line.size is None or line.low is None or line.high is None:
        return line.why
    size = f"{line.size * 100:.0f} points [{line.low * 100:.0f} to {line.high * 100:.0f}]"
    told = f"{named(line.name)}, since {moment(line.since)} UTC, about {size}"
    if line.requests:
        told += f"; most in: {line.requests[0]}"
    if line.reference_suspected:
        told += "; other providers left this reference at the same time: look at the reference"
    return told if not line.pair_ids else f"{told}; for example pair {line.pair_ids[0]}"
