"""The width and the colours of standard output, and text wrapped to it."""

import io

import pytest

from shadow.terminal.screen import columns, is_colored, wrapped


def test_width_is_that_of_columns_and_100_without(monkeypatch):
    monkeypatch.setattr("sys.stdout", io.StringIO())
    monkeypatch.setenv("COLUMNS", "60")
    assert columns() == 60
    monkeypatch.delenv("COLUMNS")
    assert columns() == 100


def test_colour_is_off_where_no_color_is_set(monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert is_colored()
    monkeypatch.setenv("NO_COLOR", "1")
    assert not is_colored()


def test_text_is_wrapped_between_words_and_goes_on_behind_its_indent(monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    assert wrapped("  rows  one two three four", indent=8) == "  rows  one two\n        three four"
    # the name of a control is longer than the control, and no part of a line that the terminal breaks itself
    assert wrapped("one \x1b[2J \u202e three", indent=2) == "one [ESC][2J\n  [U+202E] three"
    assert wrapped("a-word-of-more-than-twenty-letters b") == "a-word-of-more-than-twenty-letters\nb"


@pytest.mark.parametrize(("terminal", "kind", "colored"), [(True, "xterm", True), (True, "dumb", False), (False, "xterm", False)])
def test_colour_is_on_at_a_terminal_that_is_not_dumb(monkeypatch, terminal, kind, colored):
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
    monkeypatch.setenv("TERM", kind)
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert is_colored() is colored


@pytest.mark.parametrize(("wide", "shown"), [("60", 60), ("", 100), ("x", 100)])
def test_columns_that_are_no_number_are_ignored(monkeypatch, wide, shown):
    monkeypatch.setattr("sys.stdout", io.StringIO())
    monkeypatch.setenv("COLUMNS", wide)
    assert columns() == shown
