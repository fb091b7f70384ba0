"""Watches the parent of a child process by standard input, which the parent holds open: the first line is the task of the child,
the later ones are commands.

On standard output it writes a line when it is ready, and a beat a second afterwards: a loop that stands still writes none.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from contextlib import suppress

LONGEST = 16 * 1024 * 1024
"""Bytes of one order."""
CHUNK = 64 * 1024
READY, BEAT = b"ready\n", b".\n"
BEAT_SECONDS = 1.0


class ParentWatchdog(asyncio.Protocol):
    """Calls `ended` once when the other end of standard input is gone, and `on_line` with each whole line that comes before."""

    def __init__(self, ended: Callable[[], None], on_line: Callable[[bytes], None] | None = None) -> None:
        self._ended = ended
        self._on_line = on_line
        self._begun = b""

    def __repr__(self) -> str:
        return f"<ParentWatchdog begun={len(self._begun)}>"

    def data_received(self, data: bytes) -> None:
        """Part of an order, or several."""
        *lines, self._begun = (self._begun + data).split(b"\n")
        self._begun = self._begun[:LONGEST]
        if self._on_line is not None:
            for line in lines:
                self._on_line(line)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """The parent closed it, or has ended."""
        self._ended()


class HeartbeatWatch:
    """For how many looks a child has given no beat.

    Counted in checks, not in seconds, so that the time in which the whole machine was suspended does not count.
    """

    def __init__(self, beats: int) -> None:
        self._last_beats = beats
        self._looks = 0

    def __repr__(self) -> str:
        return f"<HeartbeatWatch beats={self._last_beats} silent_looks={self._looks}>"

    def looks(self, beats: int) -> int:
        """The looks without a beat up to this one, at which `beats` have come in all."""
        self._looks = self._looks + 1 if beats == self._last_beats else 0
        self._last_beats = beats
        return self._looks


def read_task() -> tuple[bytes, bytes]:
    """The task, the first line of standard input, and the bytes that came with it, for `hold`; no task where no whole line comes.

    Not by `sys.stdin.readline`, which reads on and keeps what it has read: a command of the parent in it would be lost.
    """
    begun = b""
    while b"\n" not in begun:
        data = os.read(sys.stdin.fileno(), CHUNK)
        if not data:
            return b"", b""
        begun += data
    line, _, rest = begun.partition(b"\n")
    return line, rest


async def hold(ended: Callable[[], None], on_line: Callable[[bytes], None] | None = None, *, begun: bytes = b"") -> None:
    """Watch standard input from now on, behind `begun`; where it is no pipe (a terminal, a file) there is no parent to watch."""
    watchdog = ParentWatchdog(ended, on_line)
    watchdog.data_received(begun)
    with suppress(ValueError, OSError):
        await asyncio.get_running_loop().connect_read_pipe(lambda: watchdog, sys.stdin)


async def send_heartbeat(descriptor: int = 1) -> None:
    """Write that this process is ready, and go on writing that its loop turns, until cancelled; never waits for the parent."""
    os.set_blocking(descriptor, False)
    line = READY
    while True:
        with suppress(OSError):  # the parent is not reading now, or has ended, which `hold` detects
            os.write(descriptor, line)
        line = BEAT
        await asyncio.sleep(BEAT_SECONDS)


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """What makes the event loop of a child: uvloop's, where it is installed."""
    try:
        import uvloop  # noqa: PLC0415 - absent on some platforms; plain asyncio costs a fifth more and nothing else
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
