"""A child that holds its lifeline ends when its parent does."""

import asyncio
import os
import sys

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
