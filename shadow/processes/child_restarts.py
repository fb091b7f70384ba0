"""SupervisedProcess: a child process that gets its task on standard input and is started again whenever it ends or hangs.

Supervision survives any error: a start that fails (no descriptors, no memory, no program) is tried again.
"""

from __future__ import annotations

import asyncio
import os
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from proxy.process.child_process import start_module
from proxy.process.parent_watchdog import READY, HeartbeatWatch
from shadow.processes.supervisor_log import SupervisorLog

START_PATIENCE = 30.0
"""Seconds until a child must report that it is ready, or a line is logged; a cold disk may be slow."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
LOOK_SECONDS = 1.0
"""Seconds between two checks of a child's heartbeats, which come once a second."""
REPORTED_AFTER = 5
"""Checks without a heartbeat after which a child is reported to hang."""


async def _nothing() -> None:
    """What is made before a start that needs nothing."""


class SupervisedProcess:
    """A Python module run as a process. Its standard input stays open as long as the parent lives, so it ends with the parent.

    `before` is done before each start but the first. `patience` is the number of looks, one a second, without a beat after which
    it is killed.
    """

    def __init__(
        self,
        name: str,
        module: str,
        task: str,
        fds: Sequence[int],
        *,
        nice: int = 0,
        patience: int,
        before: Callable[[], Awaitable[None]] = _nothing,
        log: SupervisorLog | None = None,
    ) -> None:
        self.name = name
        self._log = log or SupervisorLog()
        self._module = module
        self._task = task
        self._fds = tuple(fds)
        self._nice = nice
        self._begun: Process | None = None
        """A process that waits for its task; it serves the next start."""
        self._patience = patience
        self._before = before
        self._process: Process | None = None
        self._beats = 0
        self._listening: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<SupervisedProcess {self.name} process={self.pid or 'none'} heartbeats={self._beats}>"

    @property
    def pid(self) -> int:
        """The running process's id, 0 when there is none."""
        return self._process.pid if self._process and self._process.returncode is None else 0

    async def begin(self) -> None:
        """Start the process without its task, so that its code loads meanwhile; OSError when it cannot be started."""
        self._begun = await start_module(self._module, fds=self._fds)

    async def start(self, *, hurry: bool = False) -> None:
        """Start the process and hand it its task; OSError when it cannot be started.

        It runs at `nice` from the loading of its code on; with `hurry`, from when it is ready.
        """
        begun, self._process, self._begun = self._begun, None, None
        self._process = begun or await start_module(self._module, fds=self._fds)
        if not hurry:
            self._stand_back()
        self.send_task()

    def send_task(self) -> None:
        """Hand the process its task."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(self._task.encode() + b"\n")

    def reload(self, task: str) -> None:
        """Give the running process another task, and every one that is started after it."""
        self._task = task
        if self.pid:
            self.send_task()

    async def ready(self) -> bool:
        """True once the process is ready, after a log line if that takes long; False when it ended instead, and logged why."""
        assert self._process is not None
        reading = asyncio.ensure_future(self._first_line(self._process))
        try:
            if not (await asyncio.wait({reading}, timeout=START_PATIENCE))[0]:
                self._log.write("warning", "process_start_slow", process=self.name, seconds=START_PATIENCE)
            up = await reading
        finally:
            reading.cancel()
        self._stand_back()
        return up

    async def keep_alive(self) -> None:
        """Start the process again whenever it ends, cannot start or hangs, until cancelled.

        The pause before a start grows while it does not stay up.
        """
        pause = FIRST_PAUSE
        while True:
            try:
                why = await self._ended()
            except Exception as error:  # noqa: BLE001 - supervising goes on, whatever the error is
                why = f"it cannot be watched: {error}"
                self.kill()
            self._log.write("error", "process_ended", process=self.name, reason=why, restart_in=pause)
            await asyncio.sleep(pause)
            pause = FIRST_PAUSE if await self._started_again() else min(pause * 2, LONGEST_PAUSE)

    async def stop(self, patience: float) -> None:
        """Request its end, and kill it after `patience` seconds; at once where it has no task."""
        if self._begun is not None:
            with suppress(ProcessLookupError):  # because it may have ended already
                self._begun.kill()
            await self._begun.wait()
        if not self.pid or self._process is None:
            return
        self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), patience)
        except TimeoutError:
            self._log.write("warning", "process_killed", process=self.name, reason="did not stop in time", seconds=patience)
            self.kill()
            await self._process.wait()

    def kill(self) -> None:
        """End it at once."""
        if self.pid and self._process is not None:
            self._process.kill()

    def _stand_back(self) -> None:
        if not self.pid:
            return  # 0 would be this process
        with suppress(ProcessLookupError):  # because it may have ended already
            os.setpriority(os.PRIO_PROCESS, self.pid, os.getpriority(os.PRIO_PROCESS, 0) + self._nice)

    async def _first_line(self, process: Process) -> bool:
        assert process.stdout is not None
        line = await process.stdout.readline()
        if not line:
            await process.wait()
        elif line == READY:
            self._listening = asyncio.create_task(self._listen(process))
        return line == READY

    async def _listen(self, process: Process) -> None:
        """Count the heartbeats, until the process has ended."""
        assert process.stdout is not None
        with suppress(ValueError, OSError):  # because only a whole line is a heartbeat
            while await process.stdout.readline():
                self._beats += 1

    async def _ended(self) -> str:
        """Why the process ended: its code, or that it hung and was killed."""
        process = self._process
        if process is None:
            return "it could not be started"
        over = asyncio.ensure_future(process.wait())
        silence = HeartbeatWatch(self._beats)
        try:
            while not (await asyncio.wait({over}, timeout=LOOK_SECONDS))[0]:
                looks = silence.looks(self._beats)
                if looks == REPORTED_AFTER:
                    self._log.write("warning", "process_stalled", process=self.name, looks=looks, killed_after=self._patience)
                if looks == self._patience:
                    self.kill()
                    await over
                    return f"it stood still for {looks} looks and was killed"
            return f"it ended with {await over}"
        finally:
            over.cancel()

    async def _started_again(self) -> bool:
        """Whether it is up; an error is logged, and costs this attempt only."""
        try:
            await self._before()
            await self.start()
            return await self.ready()
        except Exception as error:  # noqa: BLE001 - no descriptors, no memory, no threads, no program: all may pass
            self._process = self._process if self.pid else None
            self._log.write("error", "process_start_failed", process=self.name, error=str(error), kind=type(error).__name__)
            return False
