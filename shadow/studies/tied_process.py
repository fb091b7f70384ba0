"""start_tied(): a child process in a group of its own, which ends with the study even when the study is killed.

A pipe ties them: only the study holds its writing end, and a watcher in the group kills the group once that end is closed.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

START = Path(__file__).with_name("tied_start.py")
_LINE = 2**16
"""Bytes that are buffered of its output, unless the caller sets another number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TiedProcess:
    """A process that was started, and the end of the pipe that ties it."""

    process: Process
    tie: int

    def signal(self, number: int) -> None:
        """Send a signal to the whole group, also when its leader has ended."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)

    def release(self) -> None:
        """Kill what is left of the group, and close the pipes; once, at the end."""
        self.signal(signal.SIGKILL)
        os.close(self.tie)
        transport = getattr(self.process, "_transport", None)  # no public way: a process that left its group holds the pipes
        if transport is not None:
            transport.close()


async def start_tied(
    command: Sequence[str],
    *,
    folder: Path,
    environ: Mapping[str, str],
    stdout: int | IO[bytes],
    stderr: int | IO[bytes],
    limit: int = _LINE,
) -> TiedProcess:
    """The process of `command` in `folder`, with exactly `environ`; OSError when it cannot be started."""
    watched, tie = os.pipe()
    failed, status = os.pipe()
    locale = f"={environ['LC_CTYPE']}" if "LC_CTYPE" in environ else ""
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", str(START), str(watched), str(status), locale, *command),
            stdin=PIPE,
            stdout=stdout,
            stderr=stderr,
            cwd=folder,
            env=dict(environ),
            pass_fds=(watched, status),
            start_new_session=True,
            limit=limit,
        )
    except BaseException:
        os.close(tie)
        os.close(failed)
        raise
    finally:
        os.close(watched)
        os.close(status)
    return await _begun(TiedProcess(process=process, tie=tie), failed, command[0])


async def _begun(tied: TiedProcess, failed: int, program: str) -> TiedProcess:
    """The process once it is the program's own."""
    try:
        number = await asyncio.to_thread(_all_of, failed)
        if number:
            await tied.process.wait()
    except BaseException:
        tied.release()
        raise
    if number:
        tied.release()
        raise OSError(int(number), os.strerror(int(number)), program)
    return tied


def _all_of(pipe: int) -> bytes:
    with os.fdopen(pipe, "rb") as file:
        return file.read()
