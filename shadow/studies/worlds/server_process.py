"""One MCP server as a child process: bounded lines, standard error in a file, and no process left when it or the study ends.

It runs in a process group of its own, which is killed even when its leader has ended, because a child of a server may survive it.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from shadow.studies.tied_process import TiedProcess, start_tied

LONGEST_LINE = 8 * 2**20
"""Bytes of one message of a server; a longer one ends the server."""
_GRACE = 2.0
"""Seconds to end after standard input closes, and again after SIGTERM (MCP 2025-11-25, lifecycle, shutdown)."""
_TAIL = 65_536
"""Bytes at the end of standard error in which the last line is looked for."""
_SHOWN = 200
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_SILENT_LINE = re.compile(r"[\s})\]^~]*|Node\.js v\S+|\s+at .*")


class ServerProcess:
    """A started server: its pipes, and how it is ended."""

    def __init__(self, tied: TiedProcess, errors: Path) -> None:
        self.fault = ""
        self._tied = tied
        self._process = tied.process
        self._errors = errors
        self._released = False

    def __repr__(self) -> str:
        return f"<ServerProcess pid={self._process.pid} exit={self._process.returncode} fault={self.fault!r}>"

    @classmethod
    async def start(
        cls, command: Sequence[str], *, folder: Path, environ: Mapping[str, str], errors: Path, talks: bool = True
    ) -> ServerProcess:
        """The process of `command` in `folder`, with exactly `environ`; OSError when there is no such program.

        `talks` means that its standard streams are the protocol's; else what it prints goes to the file of errors.
        """
        with errors.open("wb") as sink:
            tied = await start_tied(
                command,
                folder=folder,
                environ=environ,
                stdout=asyncio.subprocess.PIPE if talks else sink,
                stderr=sink,
                limit=LONGEST_LINE,
            )
        return cls(tied, errors)

    @property
    def has_ended(self) -> bool:
        """Whether the server's own process has ended; children of it may still run."""
        return self._process.returncode is not None

    async def write(self, line: bytes) -> None:
        """Write to standard input; OSError when the server no longer reads."""
        pipe = self._input()
        pipe.write(line)
        await pipe.drain()

    async def line(self) -> bytes:
        """The next line without its end, or b"" at the end of output, which a line over the bound also is."""
        output = self._process.stdout
        assert output is not None
        while True:
            try:
                line = await output.readuntil(b"\n")
            except asyncio.IncompleteReadError:
                return b""
            except asyncio.LimitOverrunError:
                self.fault = f"it sent a line of more than {LONGEST_LINE // 2**20} MiB"
                self.kill()
                return b""
            if stripped := line.strip():
                return stripped

    def last_error(self, shown: Callable[[str], str] = str) -> str:
        """The last line of standard error that says something, without control characters; "" without one.

        It is `shown` before it is cut, and a line that begins before what is read is none.
        """
        try:
            text = shown(_end_of(self._errors))
        except OSError:
            return ""
        lines = [plain for line in text.splitlines() if not _SILENT_LINE.fullmatch(plain := _CONTROL.sub("", line).rstrip())]
        return shown(lines[-1].strip())[:_SHOWN] if lines else ""

    def kill(self) -> None:
        """Kill the whole process group now."""
        self._tied.signal(signal.SIGKILL)

    async def end(self) -> None:
        """End the server: standard input closed, then SIGTERM, then SIGKILL, each after a bounded wait."""
        try:
            self._input().close()
            if not await self._exited(_GRACE):
                self._tied.signal(signal.SIGTERM)
                await self._exited(_GRACE)
        finally:
            await self.reap()

    async def reap(self) -> None:
        """Kill what is left of the group, wait until the server's exit is known, and close the pipes."""
        self.kill()
        try:
            await self._exited(_GRACE)
        finally:
            self._close()

    async def _exited(self, seconds: float) -> bool:
        """Whether the server ends within `seconds`; polled, because `wait` also waits for pipes that a child may hold."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while not self.has_ended and loop.time() < until:  # noqa: ASYNC110 - the event would be `wait`
            await asyncio.sleep(0.01)
        return self.has_ended

    def _input(self) -> asyncio.StreamWriter:
        assert self._process.stdin is not None
        return self._process.stdin

    def _close(self) -> None:
        self._input().close()
        if not self._released:
            self._released = True
            self._tied.release()


def _end_of(path: Path) -> str:
    """The last whole lines of a file."""
    with path.open("rb") as file:
        begin = max(0, os.fstat(file.fileno()).st_size - _TAIL)
        file.seek(begin)
        read = file.read(_TAIL)
    return (read.partition(b"\n")[2] if begin else read).decode(errors="replace")
