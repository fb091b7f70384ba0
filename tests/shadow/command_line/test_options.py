"""The flags and streams that commands share."""

import io
import threading

from shadow.command_line import options
from shadow.command_line.options import progress, repeated


def test_further_command_repeats_the_flags_as_a_shell_takes_them(tmp_path):
    assert repeated(None, None) == ""
    assert repeated(tmp_path / "a b.toml", "c d.db") == f" --db 'c d.db' --config '{tmp_path}/a b.toml'"


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
        assert terminal.written.wait(20)
    assert "\r\x1b[Kreading the records ... 1 s" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_nothing_is_shown_without_a_terminal(monkeypatch):
    out = io.StringIO()
    monkeypatch.setattr("sys.stderr", out)
    with progress("reading"):
        pass
    assert out.getvalue() == ""
