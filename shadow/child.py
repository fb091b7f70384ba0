"""Child: one process of the house, told its task on standard input, restarted with patience when it dies unasked."""

from __future__ import annotations

import asyncio
import os
from asyncio.subprocess import Process
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

from shadow.ahead import spawned

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

START_PATIENCE = 30.0
"""Seconds until a child must have said that it is ready; a cold disk may be slow."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0


@cache
def log() -> FilteringBoundLogger:
    """The parent's log, set up by the first word that is to be said: an orderly start says none, and is a third cheaper."""
    from structlog import get_logger  # noqa: PLC0415 - as above

    from shadow.logs import to_stderr  # noqa: PLC0415 - as above

    to_stderr()
    logger: FilteringBoundLogger = get_logger("sameweights.serve")
    return logger


class Child:
    """A Python module run as a process. Its standard input stays open as long as the parent lives: when that ends, so does it.

    `begun` is a process of this module that waits for its task already; it is taken for the first start.
    """

    def __init__(
        self, name: str, module: str, task: str, fds: Sequence[int], *, nice: int = 0, begun: Process | None = None
    ) -> None:
        self.name = name
        self._module = module
        self._task = task
        self._fds = tuple(fds)
        self._nice = nice
        self._begun = begun
        self._process: Process | None = None

    @property
    def pid(self) -> int:
        """The running process's id, 0 when there is none."""
        return self._process.pid if self._process and self._process.returncode is None else 0

    async def start(self) -> None:
        """Start the process and hand it its task; from the loading of its code on it stands back by `nice`."""
        self._process, self._begun = self._begun or await spawned(self._module, self._fds), None
        with suppress(ProcessLookupError):  # it may have ended already, which `ready` tells
            os.setpriority(os.PRIO_PROCESS, self._process.pid, os.getpriority(os.PRIO_PROCESS, 0) + self._nice)
        self.tell()

    def tell(self) -> None:
        """Hand the process its task."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(self._task.encode() + b"\n")

    def turn(self, task: str) -> None:
        """Give the running process another task, and every one that is started after it."""
        self._task = task
        if self.pid:
            self.tell()

    async def ready(self) -> bool:
        """Wait until it says so; False when it ended or stayed silent instead (it has said why on standard error)."""
        assert self._process is not None
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(START_PATIENCE):
                said = await self._process.stdout.readline()
                if not said:
                    await self._process.wait()
                return said == b"ready\n"
        except TimeoutError:
            log().error("process did not start", process=self.name, seconds=START_PATIENCE)
            return False

    async def keep_alive(self) -> None:
        """Restart the process whenever it ends, until cancelled; the pause grows while it does not stay up."""
        pause = FIRST_PAUSE
        while True:
            assert self._process is not None
            code = await self._process.wait()
            log().error("process ended, starting it anew", process=self.name, code=code, pause=pause)
            await asyncio.sleep(pause)
            await self.start()
            pause = FIRST_PAUSE if await self.ready() else min(pause * 2, LONGEST_PAUSE)

    async def stop(self, patience: float) -> None:
        """Ask it to end, and make it end after `patience` seconds."""
        if not self.pid or self._process is None:
            return
        self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), patience)
        except TimeoutError:
            log().warning("process did not stop in time", process=self.name, seconds=patience)
            self.kill()
            await self._process.wait()

    def kill(self) -> None:
        """End it at once."""
        if self.pid and self._process is not None:
            self._process.kill()
