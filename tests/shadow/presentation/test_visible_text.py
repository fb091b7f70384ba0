"""What would act on a screen, or hide from a reader, is named instead."""

import ast
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.presentation.visible_text import pieces, plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "[ESC][31mred[ESC][0m"),
        ("a\x00b", "a[NUL]b"),
        ("\u202eevil\u202c", "[U+202E]evil[U+202C]"),
        ("\u2066x\u2069", "[U+2066]x[U+2069]"),
        ("ze\u200bro", "ze[U+200B]ro"),
        ("\ud83d", "[U+D83D]"),
        ("\U000e0041", "[U+E0041]"),
        ("line\u2028end", "line[U+2028]end"),
        ("\x9b31m", "[U+009B]31m"),
        ("a\r\nb", "a[CR]\nb"),
        ("a\u3164\uffa0", "a[U+3164][U+FFA0]"),
        ("\U0001f600\ufe0f\ufe01\ufe0e", "\U0001f600\ufe0f[U+FE01][U+FE0E]"),
        ("x\U000e0101", "x[U+E0101]"),
        ("葛\U000e0100\U000e0101", "葛\U000e0100[U+E0101]"),
    ],
)
def test_a_dangerous_character_is_named(text, shown):
    assert plain(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "tab\tand\nnewline",
        "Grüße 今日 😀 \U0001f468\u200d\U0001f469\u200d\U0001f467",
        "\u0645\u06cc\u200c\u062e\u0648",
        "❤\ufe0f 葛\U000e0100城市",
        "",
    ],
)
def test_ordinary_text_is_left_alone(text):
    assert plain(text) == text


@given(st.text())
def test_the_runs_hold_every_character_once_and_no_control_survives(text):
    runs = list(pieces(text))
    assert sum(1 if odd else len(run) for odd, run in runs) == len(text)
    assert not [char for char in plain(text) if unicodedata.category(char) == "Cc" and char not in "\t\n"]
    plain(text).encode()


SHADOW = Path(__file__).parents[3] / "shadow"
PRINTERS = {
    "tournament_text",
    "as_text",
    "pairs_text",
    "pair_text",
    "answers_text",
    "answer_text",
    "verdict_text",
    "pair_line_text",
}
"""Functions that print by `report_text.printed`, which cleans each text."""
JSON = {"dumps", "as_json", "pairs_json", "pair_json", "answers_json", "answer_json", "alarms_json", "status_json", "tenant_json"}
"""JSON escapes every control."""


def printing_calls() -> list[tuple[str, ast.expr]]:
    return [
        (f"{path.relative_to(SHADOW)}:{node.lineno}", node.args[0])
        for path in sorted(SHADOW.rglob("*.py"))
        if "typer.echo" in (text := path.read_text(encoding="utf-8"))
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "typer.echo"
    ]


def is_clean(argument: ast.expr) -> bool:
    if isinstance(argument, ast.IfExp):
        return is_clean(argument.body) and is_clean(argument.orelse)
    if isinstance(argument, ast.Call):
        name = ast.unparse(argument.func).rpartition(".")[2]
        return is_clean(argument.args[0]) if name == "wrapped" else name in {"plain", *PRINTERS, *JSON}
    return isinstance(argument, ast.Constant) or "installed_version(" in ast.unparse(argument)


def test_every_text_that_a_command_prints_is_cleaned_where_it_is_printed():
    calls = printing_calls()
    assert len(calls) > 20
    assert [place for place, argument in calls if not is_clean(argument)] == []
