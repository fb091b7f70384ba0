"""The first data-plane process, started before the configuration is read, so that its code loads while ours does."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
from asyncio.subprocess import Process
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

from proxy.process.child_process import start_module
from proxy.process.shared_counters import shared_memory

DATA_PLANE = "proxy.server"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrespawnedWorker:
    """A process that waits for its task, its event loop, and by family the unbound socket that the task may name."""

    runner: asyncio.Runner
    process: Process | None
    """None on a host that does not forward."""
    sockets: Mapping[socket.AddressFamily, socket.socket]
    board: int
    """The descriptor of the counts that all processes share."""


@contextmanager
def prespawned(*, forwarding: bool = True) -> Iterator[PrespawnedWorker]:
    """A data-plane process without a task, where this host forwards; it ends with the `with` at the latest."""
    allow_many_files()
    with ExitStack() as stack:
        sockets = {opened.family: stack.enter_context(opened) for opened in _unbound()}
        runner = stack.enter_context(asyncio.Runner())
        board = shared_memory()
        stack.callback(os.close, board)
        fds = [board, *(opened.fileno() for opened in sockets.values())]
        process = runner.run(start_module(DATA_PLANE, fds=fds)) if forwarding else None
        try:
            yield PrespawnedWorker(runner=runner, process=process, sockets=sockets, board=board)
        finally:
            if process is not None:
                runner.run(_ended(process))


def allow_many_files() -> None:
    """Raise the limit of file descriptors to the most that the system grants: a stream takes two, and the usual default is
    1,024.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):  # because some systems report "unlimited" and mean less
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _unbound() -> Iterator[socket.socket]:
    for family in (socket.AF_INET, socket.AF_INET6):
        with suppress(OSError):  # because a system without this family cannot listen on it either
            yield socket.socket(family, socket.SOCK_STREAM)


async def _ended(process: Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()
