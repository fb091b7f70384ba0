"""start_module(): a Python module of ours as a process of its own; every process that sameweights starts is started here."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from typing import IO


async def start_module(
    module: str,
    *arguments: str,
    fds: Sequence[int] = (),
    stdout: int = PIPE,
    stderr: IO[bytes] | None = None,
    env: Mapping[str, str] | None = None,
) -> Process:
    """The started process: standard input is a pipe, `fds` are inherited under their numbers. OSError when it cannot start.

    It has a session of its own, so that a Ctrl-C at the terminal reaches the parent alone, which then ends it in order.
    """
    # -P: a folder named proxy or storage in the working directory must not be imported instead of ours
    command = (sys.executable, "-P", "-m", module, *arguments)
    return await asyncio.create_subprocess_exec(
        *command, stdin=PIPE, stdout=stdout, stderr=stderr, env=env, pass_fds=tuple(fds), start_new_session=True
    )
