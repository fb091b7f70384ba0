"""The three standard streams of a process: always open, an error stream that never raises and never waits, a checked output.

A log line that cannot be written at once (a closed pipe, a full disk, a reader that stands still) is dropped and counted;
before the next line that can be written stands how many were lost. What a command prints either reaches its reader or ends
the command with UnwritableError.
"""

from __future__ import annotations

import codecs
import errno
import io
import os
import select
import sys
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

PIECE = 4_096
"""Bytes of one write: a pipe that is ready for writing takes as many without waiting (POSIX, PIPE_BUF)."""
LONGEST_LINE = 1024 * 1024
"""Characters of a line that has not ended; beyond it, what there is of it is written."""
ESCAPES = "sameweights-escapes"


class UnwritableError(Exception):
    """Standard output took no more; `broken` when its reader has gone, as `head` does."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"standard output cannot be written: {error.strerror or error}")
        self.broken = error.errno == errno.EPIPE


class ErrorStream(io.TextIOBase):
    """Standard error as whole lines, from any thread; see the module's rule. `lost` lines have not been reported yet."""

    encoding = "utf-8"
    errors = "backslashreplace"

    def __init__(self, descriptor: int = 2, encoding: str = "utf-8") -> None:
        self._descriptor = descriptor
        self.encoding = encoding
        self.lost = 0
        self._begun = ""
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"<ErrorStream descriptor={self._descriptor} begun={len(self._begun)} lost={self.lost}>"

    def fileno(self) -> int:
        """The descriptor."""
        return self._descriptor

    def isatty(self) -> bool:
        """Whether a terminal shows it."""
        with suppress(OSError):
            return os.isatty(self._descriptor)
        return False

    def writable(self) -> bool:
        """Always: what is lost is counted."""
        return True

    def write(self, text: str, /) -> int:
        """Take `text`; its whole lines are written now, or lost."""
        with self._lock:
            *lines, self._begun = (self._begun + text).split("\n")
            for line in lines:
                self._put(f"{line}\n")
            if len(self._begun) > LONGEST_LINE:
                self._put(self._begun)
                self._begun = ""
        return len(text)

    def flush(self) -> None:
        """Write the beginning of a line too."""
        with self._lock:
            if self._begun:
                self._put(self._begun)
                self._begun = ""

    def _put(self, text: str) -> None:
        note = f"({self.lost} lines of this log could not be written)\n" if self.lost else ""
        self.lost = 0 if self._sent(note + text) else self.lost + 1

    def _sent(self, text: str) -> bool:
        rest = memoryview(text.encode(self.encoding, self.errors))
        try:
            while rest:
                if not _takes(self._descriptor):
                    return False
                rest = rest[os.write(self._descriptor, rest[:PIECE]) :]
        except OSError:
            return False
        return True


def install_streams() -> None:
    """Open what of the three streams is closed, and put the careful ones in their places, where a test has not put its own."""
    for descriptor, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        # closed, its number would go to the next file that is opened: the database would take what is written to the stream.
        # An output that was closed fails when it is written, as it does for other programs.
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, flags)
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - a descriptor, for the life of the process
    if sys.stderr is sys.__stderr__ or sys.stderr is None:
        sys.stderr = ErrorStream(encoding=_encoding(sys.stderr))
    if sys.stdout is sys.__stdout__ or sys.stdout is None:
        sys.stdout = _output(_encoding(sys.stdout))


def _takes(descriptor: int) -> bool:
    """Whether a piece can be written without waiting."""
    ready = select.poll()
    ready.register(descriptor, select.POLLOUT)
    return any(state & (select.POLLOUT | select.POLLERR | select.POLLNVAL) for _, state in ready.poll(0))


class _Checked(io.FileIO):
    """A descriptor whose errors are UnwritableError."""

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            written: int | None = super().write(data)
        except OSError as error:
            raise UnwritableError(error) from None
        if written is None:
            raise UnwritableError(BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN)))
        return written


def _output(encoding: str) -> io.TextIOWrapper:
    raw = _Checked(1, "wb", closefd=False)
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding=encoding, errors=ESCAPES, line_buffering=raw.isatty())


def _encoding(stream: object) -> str:
    """The encoding that the environment chose for a stream; UTF-8 where there is none, or one that is not known."""
    with suppress(LookupError, TypeError, AttributeError):
        return codecs.lookup(getattr(stream, "encoding", "utf-8")).name
    return "utf-8"


def _escaped(error: UnicodeError) -> tuple[str, int]:
    r"""What an encoding has no character for, as `\uXXXX`, which is also how JSON writes it."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2)), error.end


codecs.register_error(ESCAPES, _escaped)
