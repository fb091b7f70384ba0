"""Identities, prompt tokens, token counts, segments and greedy pairs as tables for a terminal; empty without anything to show."""

from __future__ import annotations

from rich.table import Table

from shadow.identity.serving_identity import WARM_UP
from shadow.presentation.safe_text import short_name
from shadow.presentation.text_tables import report_table
from shadow.presentation.visible_text import plain
from shadow.report.count_lines import CountState
from shadow.report.figures import IdentityLine, Report
from shadow.report.identity_lines import stands_out
from shadow.verdict.phrases import moment, named, percent

ROWS = 20
"""Most rows of a table; the JSON has all."""
CHANGES = 3
"""Most changes of an identity in its row."""
NO_CAUSE = {"none", "too_few"}


def identity_table(report: Report) -> Table:
    """Each provider and model with its identity; changes of the period in red."""
    table = report_table("<provider", "<model", "identity", "<since (UTC)", "changes", "largest prompt", "<")
    for line in report.identities[:ROWS]:
        changes = "; ".join(plain(sentence) for sentence in line.latest[:CHANGES])
        style = "red" if line.changes else ""
        table.add_row(
            line.provider,
            short_name(line.model),
            line.identity,
            moment(line.since),
            f"{line.changes}",
            _largest(line),
            changes,
            style=style,
        )
    known = {(line.provider, line.model) for line in report.identities}
    for card in [card for card in report.cards if card.requests and (card.provider, card.model) not in known][:ROWS]:
        reason = f"not measured until {WARM_UP} answers"
        table.add_row(card.provider, short_name(card.model), "-", "-", "-", "-", reason, style="dim")
    return table


def _largest(line: IdentityLine) -> str:
    accepted = "-" if line.accepted_tokens is None else f"{line.accepted_tokens} tokens"
    return accepted if line.refused_bytes is None else f"{accepted}; refused from {line.refused_bytes} bytes"


def template_table(report: Report) -> Table:
    """The likely causes of different prompt tokens."""
    table = report_table("<provider", "<model", "pairs", "<")
    for line in [line for line in report.templates if not NO_CAUSE.issuperset(line.causes)][:ROWS]:
        table.add_row(line.provider, short_name(line.model), f"{line.samples}", line.sentence, style="red" if line.fault else "")
    return table


def count_table(report: Report) -> Table:
    """Whether more tokens are counted for the same words: those with more first and in yellow, the others dimmed."""
    table = report_table("<provider", "<model", "<")
    for line in sorted(report.token_counts, key=lambda line: line.state != CountState.MORE)[:ROWS]:
        style = "yellow" if line.state == CountState.MORE else "dim"
        table.add_row(line.provider, short_name(line.model), line.sentence, style=style)
    return table


def segment_table(report: Report) -> Table:
    """Signals that stand out in a segment: those beyond the reference's noise first and in red, the others dimmed."""
    table = report_table("<provider", "<signal", "<where", "differs", "noise", "elsewhere", "conversations")
    outstanding = sorted(
        (line for line in report.segments if stands_out(line)), key=lambda line: (not line.beyond_noise, -line.share)
    )
    for line in outstanding[:ROWS]:
        table.add_row(
            line.provider,
            named(line.signal),
            f"{line.segment}: {line.value}",
            f"{percent(line.share)} of {line.pairs}",
            "-" if line.noise is None else f"{percent(line.noise)} of {line.noise_pairs}",
            percent(line.elsewhere),
            f"{line.conversations}",
            style="red" if line.beyond_noise else "dim",
        )
    return table


def greedy_table(report: Report) -> Table:
    """The signals in which greedy pairs differ."""
    table = report_table("<provider", "<signal", "differs")
    for line in [line for line in report.greedy if line.differs][:ROWS]:
        table.add_row(line.provider, named(line.signal), f"{percent(line.differs / line.pairs)} of {line.pairs}")
    return table
