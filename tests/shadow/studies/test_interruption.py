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


async def test_afterwards_a_signal_is_no_longer_the_studys():
    before = signal.getsignal(signal.SIGINT)
    with interruptible(lambda: None):
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == signal.default_int_handler
