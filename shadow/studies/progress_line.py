"""ProgressLine: how far a study is, on standard error: one line written over on a terminal, else a line every ten seconds."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from shadow.presentation.visible_text import plain

EVERY_SECONDS = 10.0
ON_TERMINAL = 0.5
CLEAR = "\r\x1b[K"


class ProgressLine:
    """Writes what `text` returns until the block ends: `async with ProgressLine(text):`."""

    def __init__(self, text: Callable[[float], str], *, quiet: bool = False) -> None:
        """`text` is given the seconds since the start."""
        self._text = text
        self._quiet = quiet
        self._terminal = sys.stderr.isatty()
        self._task: asyncio.Task[None] | None = None
        self._begun = 0.0

    async def __aenter__(self) -> None:
        self._begun = time.monotonic()
        if not self._quiet:
            self._task = asyncio.create_task(self._write())

    async def __aexit__(self, *_: object) -> None:
        if self._task is None:
            return
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        if self._terminal:
            sys.stderr.write(CLEAR)

    async def _write(self) -> None:
        while True:
            await asyncio.sleep(ON_TERMINAL if self._terminal else EVERY_SECONDS)
            line = plain(self._text(time.monotonic() - self._begun))
            sys.stderr.write(f"{CLEAR}{line[:200]}" if self._terminal else f"{line}\n")
            sys.stderr.flush()


def duration(seconds: float) -> str:
    """Seconds in the largest unit that fits: `40 s`, `12 min`, `3.5 h`."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7_200 else f"{seconds / 3_600:.1f} h"
