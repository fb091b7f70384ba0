import pytest
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

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


def two_rows():
    made = report_table("<provider", "<signal", "pairs", "<")
    made.add_row("spacer", "kind of answer", "1,124", "makes invalid calls")
    made.add_row("b", "text", "7", "")
    return made


WHOLE = """\
provider   signal          pairs
─────────────────────────────────────────────────────
spacer     kind of answer  1,124  makes invalid calls
b          text                7"""
SHARED = """\
provider   signal         pairs
────────────────────────────────────────
spacer     kind of        1,124  makes
           answer                invalid
                                 calls
b          text               7"""
LEAST = """\
provider   signal  pairs
─────────────────────────────────
spacer     kind    1,124  makes
           of             invalid
           answer         calls
b          text        7"""
STACKED = """\
spacer
    signal kind of answer ·
    pairs 1,124 · makes invalid
    calls
b
    signal text · pairs 7"""


@pytest.mark.parametrize(("width", "text"), [(100, WHOLE), (53, WHOLE), (40, SHARED), (33, LEAST), (32, STACKED)])
def test_a_table_has_its_natural_width_then_its_columns_share_what_there_is_then_its_rows_are_stacked(width, text):
    """Words are wrapped first where lines are longest; below 33 columns the longest words no longer fit side by side."""
    assert printed([two_rows()], width=width, color=False) == text


@pytest.mark.parametrize(("width", "stacked"), [(38, False), (37, True)])
def test_a_table_in_a_padding_has_what_the_padding_leaves(width, stacked):
    """Two columns on the left and three on the right are taken of the 33 that it needs."""
    lines = printed([Padding(two_rows(), (1, 3, 0, 2))], width=width, color=False).split("\n")
    assert lines[:2] == ["", "  spacer" if stacked else "  provider   signal  pairs"]


def test_a_stacked_row_has_its_short_cells_on_a_line_and_each_longer_one_on_its_own():
    made = report_table("<provider", "<note", "<more\nthan", "<empty", "<")
    made.add_row("spacer", "x" * 40, "y" * 41, "", Text("two\nlines"))
    made.add_row("other", "", "", "", "")
    assert printed([made], width=60, color=False).split("\n") == [
        "spacer",
        f"    note {'x' * 40}",
        f"    more than {'y' * 41}",
        "    two",
        "    lines",
        "other",
    ]


def test_a_stacked_cell_keeps_the_style_of_its_row_and_its_header_alone_is_dim():
    made = report_table("<provider", "<note", "<")
    made.add_row("spacer", "word " * 9, "z" * 20, style="red")
    assert printed([made], width=24, color=True).split("\n")[:3] == [
        "\x1b[31mspacer\x1b[0m",
        f"    \x1b[31m{'z' * 20}\x1b[0m",
        "    \x1b[2mnote \x1b[0m\x1b[31mword word word \x1b[0m",
    ]


def test_a_stacked_table_without_a_header_has_no_names():
    made = Table(box=None, show_header=False)
    for name in ("mark", "sentence"):
        made.add_column(name)
    made.add_row("!", "unbelievably-long")
    assert printed([made], width=12, color=False).split("\n")[:2] == ["!", "    unbeliev"]


def beside(word, label="text", width=60, header="spacer"):
    made = Table(expand=True)
    made.add_column("")
    made.add_column(header, ratio=1)
    made.add_column("official", ratio=1)
    made.add_row(label, word, "brief")
    return printed([made], width=width, color=False).split("\n")[0] != label.split("\n")[0]


@pytest.mark.parametrize(
    ("word", "label", "width", "side_by_side"),
    [
        ("w" * 12, "text", 38, True),
        ("w" * 12, "text", 37, False),
        ("brief", "text", 37, False),
        ("w" * 13, "text", 39, False),
        ("w" * 13, "text", 40, True),
        ("1" * 40, "text", 38, True),
        ("w" * 12, "texts", 38, False),
        ("w" * 12, "text\nten", 38, True),
        ("w" * 6 + " " + "w" * 6, "text", 38, True),
        ("1 " * 9_994 + "w" * 13, "text", 38, True),
        ("1 " * 9_993 + "1" + "w" * 13, "text", 38, False),
        ("w" * 12, "l" * 30, 64, True),
        ("w" * 12, "l" * 30, 63, False),
    ],
)
def test_equal_columns_stand_side_by_side_where_each_has_twelve_places_and_holds_every_word_of_letters(
    word, label, width, side_by_side
):
    """The names take 4 columns, three borders with their blanks 10: of 38 columns each answer has 12."""
    assert beside(word, label, width) is side_by_side


@pytest.mark.parametrize(("letters", "side_by_side"), [(12, True), (13, False)])
def test_the_words_of_a_header_count_for_the_width_of_its_column(letters, side_by_side):
    assert beside("brief", width=38, header="h" * letters) is side_by_side


@pytest.mark.parametrize(("width", "stacked"), [(11, False), (10, True)])
def test_a_column_without_any_word_takes_no_place(width, stacked):
    """The provider's column has 9 places and the gap two."""
    made = report_table("<provider", "<")
    made.add_row("spacer", "")
    assert printed([made], width=width, color=False).startswith("spacer") is stacked


@pytest.mark.parametrize(("width", "side_by_side"), [(23, True), (22, False)])
def test_a_single_answer_has_the_whole_room(width, side_by_side):
    """The names take 4 columns, and the two borders with their blanks 7."""
    made = Table(expand=True)
    made.add_column("")
    made.add_column("spacer", ratio=1)
    made.add_row("text", "w" * 12)
    assert (printed([made], width=width, color=False).split("\n")[0] != "text") is side_by_side


def test_a_table_of_names_alone_stays_a_table():
    made = Table(expand=True)
    made.add_column("name")
    made.add_row("text")
    assert "text" in printed([made], width=40, color=False).split("\n")[3]


@pytest.mark.parametrize(("length", "below"), [(40, [f"    a {'x' * 40} · b y"]), (41, ["    b y", f"    a {'x' * 41}"])])
def test_a_cell_of_forty_characters_shares_its_line(length, below):
    made = report_table("<provider", "<a", "<b")
    made.add_row("spacer", "x" * length, "y")
    assert printed([made], width=53, color=False).split("\n")[1:] == below
