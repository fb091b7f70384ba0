from rich.table import Table

from shadow.presentation.text_tables import report_table
from shadow.report.report_text import printed


def test_marked_columns_are_left_aligned():
    made = report_table("<provider", "pairs", "<")
    assert isinstance(made, Table)
    assert [(column.header, column.justify) for column in made.columns] == [
        ("provider", "left"),
        ("pairs", "right"),
        ("", "left"),
    ]


def test_provider_name_stays_whole_in_a_narrow_terminal():
    made = report_table("<provider", "<signal", "differs", "noise", "excess", "<")
    made.add_row("reference", "finish reason", "100 % of 25", "0 %", "+100 [92 to 100]  25/0", "differs")
    assert "reference " in printed([made], width=62, color=False)
