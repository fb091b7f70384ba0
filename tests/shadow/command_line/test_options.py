"""The flags and streams that commands share."""

import io
import threading

import pytest

from shadow.command_line import options
from shadow.command_line.options import one_form, progress, repeated, same_period
from shadow.settings.config_errors import ConfigError
from tests.running import PATIENCE


def test_further_command_repeats_the_flags_as_a_shell_takes_them(tmp_path):
    assert repeated(None, None) == ""
    assert repeated(tmp_path / "a b.toml", "c d.db") == f" '{tmp_path}/a b.toml' --db 'c d.db'"
    assert repeated(tmp_path / "a.toml", None, flag="--config") == f" --config {tmp_path}/a.toml"


def test_period_is_repeated_where_it_is_not_the_usual_one():
    assert same_period("24h", "now", "24h") == ""
    assert same_period("24h", "now", "all") == " --since 24h"
    assert same_period("all", "2026-01-31 12:00", "24h") == " --since all --until '2026-01-31 12:00'"


class Terminal(io.StringIO):
    """A terminal that sets an event when something was written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written = threading.Event()

    def isatty(self) -> bool:
        return True

    def flush(self) -> None:
        self.written.set()


def test_progress_is_shown_while_it_takes_long_and_then_removed(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setattr(options, "EVERY", 0.001)
    with progress("reading the records"):
        assert terminal.written.wait(PATIENCE)
    assert "\r\x1b[Kreading the records ... 1 s" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_nothing_is_shown_without_a_terminal(monkeypatch):
    out = io.StringIO()
    monkeypatch.setattr("sys.stderr", out)
    with progress("reading"):
        pass
    assert out.getvalue() == ""


def test_two_forms_of_output_are_refused_by_the_names_of_their_flags():
    one_form(md=True, json=False)
    with pytest.raises(ConfigError, match="--raw and --json: one form of output at a time"):
        one_form(raw=True, curl=False, json=True)
