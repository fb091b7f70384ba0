"""A child that watches its parent ends when its parent does."""

import asyncio
import os
import sys
from types import SimpleNamespace

import pytest

from proxy.process import parent_watchdog as module
from proxy.process.parent_watchdog import HeartbeatWatch, ParentWatchdog, send_heartbeat

HOLDING = """
import asyncio
from proxy.process.parent_watchdog import ParentWatchdog, hold

async def main():
    ended = asyncio.Event()
    await hold(ended.set)
    print("holding", flush=True)
    await ended.wait()
    print("let go", flush=True)

asyncio.run(main())
"""

TAKING = """
import asyncio
import json
from proxy.process.parent_watchdog import hold, read_task

async def main(begun):
    ended = asyncio.Event()
    await hold(ended.set, lambda line: print("command", line.decode(), flush=True), begun=begun)
    await ended.wait()

task, begun = read_task()
print(len(json.loads(task)["text"]) if task else "none", flush=True)
asyncio.run(main(begun))
"""


async def child(stdin) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(sys.executable, "-c", HOLDING, stdin=stdin, stdout=asyncio.subprocess.PIPE)


async def test_the_end_of_standard_input_is_noticed():
    process = await child(asyncio.subprocess.PIPE)
    assert await process.stdout.readline() == b"holding\n"
    process.stdin.close()
    assert await process.stdout.readline() == b"let go\n"
    assert await process.wait() == 0


async def test_bytes_on_standard_input_do_not_end_the_process():
    process = await child(asyncio.subprocess.PIPE)
    assert await process.stdout.readline() == b"holding\n"
    process.stdin.write(b"anything\n" * 1_000)
    await process.stdin.drain()
    assert process.returncode is None
    process.stdin.close()
    assert await process.stdout.readline() == b"let go\n"
    assert await process.wait() == 0


async def test_a_process_without_a_parent_to_watch_goes_on():
    process = await child(asyncio.subprocess.DEVNULL)
    assert await process.stdout.readline() == b"holding\n"
    process.kill()
    await process.wait()


async def with_task(*pieces: bytes) -> list[bytes]:
    """The lines that a child writes which is given `pieces` on standard input, and then its end."""
    pipes = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE}
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", TAKING, **pipes)
    out, _ = await process.communicate(b"".join(pieces))
    assert process.returncode == 0
    return out.splitlines()


async def test_command_that_comes_with_the_task_is_taken():
    task, after = b'{"text": "a"}\n', [b"one\n", b"tw", b"o\n"]
    assert await with_task(task, *after) == [b"1", b"command one", b"command two"]


async def test_task_larger_than_a_pipe_holds_is_read_whole():
    assert await with_task(b'{"text": "', b"x" * 300_000, b'"}\n', b"one\n") == [b"300000", b"command one"]


@pytest.mark.parametrize("begun", [b"", b'{"text": "a"}'])
async def test_input_that_ends_before_a_line_does_is_no_task(begun):
    assert await with_task(begun) == [b"none"]


def test_orders_are_whole_lines_however_they_come():
    told = []
    line = ParentWatchdog(lambda: None, told.append)
    for piece in (b"on", b"e\ntw", b"o\n\nthree"):
        line.data_received(piece)
    assert told == [b"one", b"two", b""]


async def test_a_process_reports_that_it_is_ready_and_beats_until_it_is_ordered_not_to(monkeypatch):
    monkeypatch.setattr("proxy.process.parent_watchdog.BEAT_SECONDS", 0.001)
    reader, writer = os.pipe()
    beats = asyncio.create_task(send_heartbeat(writer))
    said = b""
    while said.count(b"\n") < 4:
        said += await asyncio.to_thread(os.read, reader, 100)
    assert said.startswith(b"ready\n.\n.\n.\n")
    assert not beats.done()
    os.close(reader)
    beats.cancel()
    os.close(writer)


@pytest.mark.slow
async def test_a_parent_that_does_not_read_is_never_waited_for(monkeypatch):
    monkeypatch.setattr("proxy.process.parent_watchdog.BEAT_SECONDS", 0)
    reader, writer = os.pipe()
    beats = asyncio.create_task(send_heartbeat(writer))
    for _ in range(40_000):  # more than the pipe holds
        await asyncio.sleep(0)
    assert not beats.done()
    os.close(reader)
    for _ in range(3):
        await asyncio.sleep(0)
    assert not beats.done()
    beats.cancel()
    os.close(writer)


def test_a_silence_is_counted_in_looks_and_ends_with_a_beat():
    silence = HeartbeatWatch(5)
    assert [silence.looks(beats) for beats in (5, 5, 6, 6, 9, 9, 9)] == [1, 2, 0, 1, 0, 1, 2]


def test_of_a_line_that_does_not_end_sixteen_mebibytes_are_kept():
    lines = []
    watch = ParentWatchdog(lambda: None, lines.append)
    watch.data_received(b"x" * 16_777_217)
    assert repr(watch) == "<ParentWatchdog begun=16777216>"
    watch.data_received(b"\n")
    assert [len(line) for line in lines] == [16_777_216]


def test_a_watch_shows_its_beats_and_the_looks_without_one():
    watch = HeartbeatWatch(5)
    watch.looks(5)
    assert repr(watch) == "<HeartbeatWatch beats=5 silent_looks=1>"


def test_of_a_line_of_sixteen_mebibytes_nothing_is_cut():
    lines = []
    watch = ParentWatchdog(lambda: None, lines.append)
    watch.data_received(b"x" * 16_777_216)
    watch.data_received(b"\n")
    assert [len(line) for line in lines] == [16_777_216]


def test_lines_that_nobody_waits_for_are_dropped_and_the_end_is_noticed():
    ends = []
    watch = ParentWatchdog(lambda: ends.append(1))
    watch.data_received(b"one\ntwo")
    watch.connection_lost(None)
    assert (repr(watch), ends) == ("<ParentWatchdog begun=3>", [1])


async def test_a_process_beats_once_a_second(monkeypatch):
    slept = []

    async def sleep(seconds):
        slept.append(seconds)
        if len(slept) == 3:
            raise asyncio.CancelledError

    monkeypatch.setattr(module, "asyncio", SimpleNamespace(sleep=sleep))
    reader, writer = os.pipe()
    with pytest.raises(asyncio.CancelledError):
        await send_heartbeat(writer)
    assert (os.read(reader, 100), slept) == (b"ready\n.\n.\n", [1.0, 1.0, 1.0])
    os.close(reader)
    os.close(writer)
