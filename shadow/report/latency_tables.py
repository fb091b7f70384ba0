"""Latency, pace and the figures that verifiers publish, as tables for a terminal; they enter no verdict."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table

from shadow.drift.pace import PaceState
from shadow.drift.verifier_figures import Triggering
from shadow.presentation.safe_text import short_name
from shadow.presentation.text_tables import report_table
from shadow.report.figures import Report
from shadow.report.latency_lines import LatencyLine
from shadow.verdict.phrases import moment, named, percent
from storage.measured_times import MEASURES

ROWS = 20
"""Most rows of a table; the JSON has all."""
SHOWN = frozenset({PaceState.SLOWER.value, PaceState.RECOVERED.value})


def latency_table(report: Report, *, wide: bool = True) -> Table:
    """The times of each provider, and of each reference: one row each, or one a measure where the terminal is narrow."""
    columns = [named(measure) for measure in MEASURES] if wide else ["<measure", "p50 / p95, ratio"]
    table = report_table("<provider", "answers", *columns)
    for name, answers, times in latency_rows(report):
        if wide:
            table.add_row(name, f"{answers}", *times)
            continue
        for number, (measure, cell) in enumerate(zip(MEASURES, times, strict=True)):
            table.add_row("" if number else name, "" if number else f"{answers}", named(measure), cell)
    return table


def latency_rows(report: Report) -> Iterator[tuple[str, int, list[str]]]:
    """(side, answers, its times in the order of `MEASURES`: `median / 95 % in seconds, ratio to the reference`)."""
    for provider, role in sorted({(line.provider, line.role) for line in report.latency}, key=lambda name: (name[1], name[0])):
        lines = {line.measure: line for line in report.latency if (line.provider, line.role) == (provider, role)}
        name = provider if role == "provider" else f"{provider} (as reference)"
        yield name, max(line.answers for line in lines.values()), [_times(lines.get(measure)) for measure in MEASURES]


def _times(line: LatencyLine | None) -> str:
    if line is None:
        return "-"
    ratio = f"  {line.ratio:.1f}x" if line.ratio is not None else ""
    return f"{line.p50:.3f} / {line.p95:.3f}{ratio}"


def pace_table(report: Report) -> Table:
    """The paces that are slower or recovered; the JSON has all."""
    table = report_table("<provider", "<model", "<measure", "<pace", "<")
    for line in [line for line in report.paces if line.tempo in SHOWN][:ROWS]:
        details = ""
        if line.since is not None and line.share is not None and line.limit is not None:
            details = f"since {moment(line.since)} UTC {line.share:.0%} of the answers took longer than {line.limit:.3f} s"
        style = "yellow" if line.tempo == PaceState.SLOWER else ""
        table.add_row(line.provider, short_name(line.model), named(line.measure), line.tempo, details, style=style)
    return table


def trigger_table(report: Report) -> Table:
    """The verifiers' figures for requests with tools."""
    table = report_table("<provider", "<model", "pairs", "F1", "reference's F1", "difference", "kappa", "calls")
    for card in report.cards[:ROWS]:
        if card.triggering:
            table.add_row(card.provider, short_name(card.model), *_figures(card.triggering))
    return table


def _figures(found: Triggering) -> tuple[str, ...]:
    own = "-" if found.own_f1 is None else f"{percent(found.own_f1)} of {found.control_pairs}"
    difference = "-" if found.difference is None else f"{found.difference * 100:+.0f}"
    if found.low is not None and found.high is not None:
        difference += f" [{found.low * 100:.0f} to {found.high * 100:.0f}]"
    kappa = "-" if found.kappa is None else f"{found.kappa:.2f}"
    ratio = "-" if found.ratio is None else f"{found.ratio:.2f}x"
    return f"{found.pairs}", percent(found.f1), own, difference, kappa, ratio
