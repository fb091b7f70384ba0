"""Signals to a study: the first one ends it in order, the second one at once, and afterwards they mean what they did before."""

import asyncio
import os
import signal

import pytest

from shadow.studies.interruption import interruptible


async def test_the_first_signal_stops_and_the_second_cancels():
    stopped = asyncio.Event()

    async def study():
        with interruptible(stopped.set):
            os.kill(os.getpid(), signal.SIGINT)
            await stopped.wait()
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.Event().wait()

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(study())


async def test_a_terminal_that_closes_stops_and_one_that_nohup_ignores_does_not():
    stopped = asyncio.Event()
    with interruptible(stopped.set):
        os.kill(os.getpid(), signal.SIGHUP)
        await stopped.wait()
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruptible(lambda: None):
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


async def test_afterwards_a_signal_is_no_longer_the_studys():
    before = signal.getsignal(signal.SIGINT)
    with interruptible(lambda: None):
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == signal.default_int_handler
