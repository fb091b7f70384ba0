"""What would act on a screen, or hide from a reader, is named instead."""

import unicodedata

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
    ],
)
def test_a_dangerous_character_is_named(text, shown):
    assert plain(text) == shown


@pytest.mark.parametrize(
    "text",
    ["tab\tand\nnewline", "Grüße 今日 😀 \U0001f468\u200d\U0001f469\u200d\U0001f467", "\u0645\u06cc\u200c\u062e\u0648", ""],
)
def test_ordinary_text_is_left_alone(text):
    assert plain(text) == text


@given(st.text())
def test_the_runs_hold_every_character_once_and_no_control_survives(text):
    runs = list(pieces(text))
    assert sum(1 if odd else len(run) for odd, run in runs) == len(text)
    assert not [char for char in plain(text) if unicodedata.category(char) == "Cc" and char not in "\t\n"]
    plain(text).encode()
