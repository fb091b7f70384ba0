"""interruptible(): a first SIGINT or SIGTERM ends a study after what is in flight, a second one at once."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def interruptible(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` at the first signal, and cancel this task at the next ones."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    calls: Iterator[Callable[[], object]] = iter((stop, task.cancel))

    def signalled() -> None:
        next(calls, task.cancel)()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, signalled)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
