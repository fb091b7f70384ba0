"""A child is told its task, says when it is ready, is restarted when it dies, and ends when it is asked to."""

import asyncio
import os

import pytest

from shadow.child import Child
from tests.running import until

OBEDIENT = "import sys; sys.stdin.readline(); print('ready', flush=True); sys.stdin.read()"
STUBBORN = "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); sys.stdin.read()"


@pytest.fixture
def module(tmp_path, monkeypatch):
    def written(source: str) -> str:
        (tmp_path / "child_under_test.py").write_text(source, encoding="utf-8")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        return "child_under_test"

    return written


async def test_a_child_says_when_it_is_ready_and_ends_when_asked(module):
    child = Child("obedient", module(OBEDIENT), "{}", [])
    await child.start()
    assert await child.ready()
    assert child.pid
    await child.stop(10)
    assert child.pid == 0


async def test_a_child_that_ends_instead_of_starting_is_not_ready(module):
    child = Child("dead", module("import sys; sys.exit(2)"), "{}", [])
    await child.start()
    assert not await child.ready()


async def test_a_child_that_does_not_stop_is_made_to(module):
    child = Child("stubborn", module(STUBBORN), "{}", [])
    await child.start()
    assert await child.ready()
    await child.stop(0.1)
    assert child.pid == 0


async def test_a_child_that_dies_is_started_again(module):
    child = Child("mortal", module(OBEDIENT), "{}", [])
    await child.start()
    assert await child.ready()
    first = child.pid
    keeper = asyncio.create_task(child.keep_alive())
    os.kill(first, 9)
    await until(lambda: child.pid not in {0, first})
    keeper.cancel()
    await asyncio.gather(keeper, return_exceptions=True)
    await child.stop(10)


async def test_a_child_stands_back_as_far_as_it_was_made_to(module):
    child = Child("nice", module(OBEDIENT), "{}", [], nice=7)
    await child.start()
    assert await child.ready()
    assert os.getpriority(os.PRIO_PROCESS, child.pid) == min(os.getpriority(os.PRIO_PROCESS, 0) + 7, 19)
    await child.stop(10)
