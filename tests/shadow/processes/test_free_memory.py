import asyncio
import re
from pathlib import Path

import pytest

from shadow.processes import free_memory as room
from shadow.processes.free_memory import keep_returning, return_free_memory
from tests.passing_clock import PassingAsyncio
from tests.running import until

MIB = 2**20


def resident() -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    return int(re.search(r"RssAnon:\s+(\d+)", status)[1]) * 1024


def test_memory_that_is_free_between_live_blocks_is_returned():
    return_free_memory()
    before = resident()
    blocks = [bytes([1]) * 2_000 for _ in range(40_000)]
    live = blocks[::500]
    del blocks
    kept = resident() - before
    return_free_memory()
    left = resident() - before
    assert kept > 40 * MIB
    assert left < 10 * MIB
    assert all(block == bytes([1]) * 2_000 for block in live)


def test_c_library_that_cannot_return_memory_is_left_alone(monkeypatch):
    monkeypatch.setattr(room.ctypes, "CDLL", lambda _name: object())
    return_free_memory()


async def test_memory_is_returned_again_and_again_off_the_loop(monkeypatch):
    loop, calls, twice = asyncio.get_running_loop(), [], asyncio.Event()

    def returned():
        with pytest.raises(RuntimeError):
            asyncio.get_running_loop()
        calls.append(None)
        if len(calls) == 2:
            loop.call_soon_threadsafe(twice.set)

    monkeypatch.setattr(room, "SECONDS", 0.0)
    monkeypatch.setattr(room, "return_free_memory", returned)
    task = asyncio.create_task(keep_returning())
    await twice.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_memory_is_returned_every_minute(monkeypatch):
    passing = PassingAsyncio()
    monkeypatch.setattr(room, "asyncio", passing)
    monkeypatch.setattr(room, "return_free_memory", lambda: None)
    returning = asyncio.create_task(room.keep_returning())
    await until(lambda: len(passing.pauses) > 1)
    returning.cancel()
    await asyncio.gather(returning, return_exceptions=True)
    assert {*passing.pauses} == {60.0}
