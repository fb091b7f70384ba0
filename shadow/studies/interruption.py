"""interruptible(): a first SIGINT, SIGTERM or SIGHUP ends a study after what is in flight, a second one at once."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def interruptible(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` at the first signal, and cancel this task at the next ones; a SIGHUP that is ignored, as by nohup, stays so."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    calls: Iterator[Callable[[], object]] = iter((stop, task.cancel))

    def signalled() -> None:
        next(calls, task.cancel)()

    hung_up = () if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else (signal.SIGHUP,)
    numbers = (signal.SIGINT, signal.SIGTERM, *hung_up)
    for number in numbers:
        loop.add_signal_handler(number, signalled)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
