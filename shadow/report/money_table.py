"""money_table(): what the answers of each provider cost, as a table for a terminal; it enters no verdict."""

from __future__ import annotations

from rich.table import Table

from shadow.presentation.text_tables import report_table
from shadow.report.figures import Report
from shadow.report.money_lines import money_name, with_a_cost

ROWS = 20
"""Most rows; the JSON has all."""


def money_table(report: Report) -> Table:
    """A row for each provider and use with a cost; yellow where the money is not known. Without any price it is empty."""
    table = report_table("<provider", "<")
    for line in list(with_a_cost(report.money))[:ROWS]:
        table.add_row(money_name(line), line.sentence, style="" if line.known else "yellow")
    return table
