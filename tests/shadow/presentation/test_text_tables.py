import pytest
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
    text = printed([made], width=62, color=False)
    assert text.split()[0] == "reference"
    assert "finish reason" in text


def drawn(width: int) -> str:
    made = report_table("<provider", "<model", "<route", "pairs", "<")
    made.add_row("spacer", "demo-7b", "route", "1,124", "makes invalid tool calls; disagrees in 303 conversations")
    return printed([made], width=width, color=False)


@pytest.mark.parametrize("width", [30, 40, 60, 80, 100])
def test_no_word_is_broken_and_no_line_is_too_long(width):
    text = drawn(width)
    assert max(map(len, text.split("\n"))) <= width
    assert {"spacer", "demo-7b", "invalid", "disagrees", "conversations"} <= set(text.replace(";", "").split())


def test_a_row_that_does_not_fit_stands_under_its_first_cell():
    assert drawn(40).split("\n")[:2] == ["spacer", "    model demo-7b · route route · pairs"]
    assert drawn(100).startswith("provider")


@pytest.mark.parametrize("length", [9, 10, 11, 200])
def test_column_with_a_most_is_folded_at_it_and_takes_no_room_of_the_others(length):
    made = Table(box=None, show_header=False, pad_edge=False)
    made.add_column(no_wrap=True)
    made.add_column(overflow="fold", max_width=10)
    made.add_column()
    made.add_row("!", "x" * length, "more")
    assert printed([made], width=20, color=False).split("\n")[0].split() == ["!", "x" * min(length, 10), "more"]


def test_answers_stay_side_by_side_while_their_words_fit():
    made = Table(expand=True)
    made.add_column("")
    made.add_column("spacer", ratio=1)
    made.add_column("official", ratio=1)
    made.add_row("text", "unbelievably", '{"city":"Aarhus","unit":"celsius","days":[1,2,3]}')
    assert "spacer" in printed([made], width=60, color=False).split("\n")[1]
    assert printed([made], width=24, color=False).split("\n")[0] == "text"
