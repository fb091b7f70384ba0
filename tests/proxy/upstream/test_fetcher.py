"""proxy.upstream.fetcher: a process that returns an exchange for each job, cancels jobs, and ends with its input."""

import asyncio
import json
import os
import signal
import struct
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from proxy.exchange import FailureKind
from proxy.packing import EXCHANGE, frame, unpack
from proxy.provider_config import Limits, Timeouts
from proxy.upstream.fetch_job import pack
from proxy.upstream.fetcher import BEAT, GIVEN_UP, JOB
from tests.fetch_jobs import fetch_job
from tests.wires import PATIENCE, ok, scripted

pytestmark = pytest.mark.slow


@asynccontextmanager
async def fetcher():
    """`python -m proxy.upstream.fetcher` with its limits."""
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "proxy.upstream.fetcher"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    task = {"timeouts": Timeouts().model_dump(), "limits": Limits().model_dump(), "frame_limit": 1_000_000}
    running.stdin.write(json.dumps(task).encode() + b"\n")
    try:
        yield running
    finally:
        if running.returncode is None:
            running.kill()
        await running.communicate()


async def answer(running):
    kind, payload = BEAT, b""
    while kind == BEAT:
        size, kind = struct.unpack(">Ic", await asyncio.wait_for(running.stdout.readexactly(5), PATIENCE))
        payload = await asyncio.wait_for(running.stdout.readexactly(size - 1), PATIENCE)
    assert kind == EXCHANGE
    return unpack(payload)


async def test_fetch_jobs_run_beside_each_other_and_each_comes_back_under_its_name():
    first = asyncio.Event()

    async def late(wire):
        await wire.request()
        await asyncio.wait_for(first.wait(), PATIENCE)
        await wire.send(ok(b"late"))
        await wire.gone()

    async with scripted(late) as slow, scripted(None, ok(b"soon")) as quick, fetcher() as running:
        running.stdin.write(frame(JOB, pack(fetch_job(slow.url, "slow"))) + frame(JOB, pack(fetch_job(quick.url, "quick"))))
        soon = await answer(running)
        first.set()
        assert (soon.id, soon.response.body) == ("quick", b"soon")
        assert ((await answer(running)).response.body) == b"late"


async def test_a_provider_that_is_not_there_is_a_value():
    async with fetcher() as running:
        running.stdin.write(frame(JOB, pack(fetch_job("http://127.0.0.1:9/v1"))))
        assert (await answer(running)).failure.kind is FailureKind.CONNECT


async def test_a_fetch_job_that_a_fault_of_ours_ends_is_answered_as_that():
    """What sent it waits for its answer alone, and holds a place among the shadow requests meanwhile."""
    async with fetcher() as running:
        running.stdin.write(frame(JOB, pack(fetch_job("http://127.0.0.1:9/v1", fields=(("X-Title", "caf\u0113"),)))))
        got = await asyncio.wait_for(answer(running), PATIENCE)
        assert (got.id, got.failure.kind, got.response) == ("e1", FailureKind.INTERNAL, None)


async def test_a_fetch_job_that_is_given_up_leaves_the_reference_alone():
    asked, left = asyncio.Event(), asyncio.Event()

    async def silent(wire):
        await wire.request()
        asked.set()
        await wire.gone()
        left.set()

    async with scripted(silent) as provider, fetcher() as running:
        running.stdin.write(frame(JOB, pack(fetch_job(provider.url))))
        await asyncio.wait_for(asked.wait(), PATIENCE)
        running.stdin.write(frame(GIVEN_UP, b"e1") + frame(GIVEN_UP, b"nobody"))
        await asyncio.wait_for(left.wait(), PATIENCE)


@pytest.mark.parametrize("head", [struct.pack(">I", 1_000_002), struct.pack(">I", 0)])
async def test_a_fetcher_that_is_sent_a_frame_too_long_or_without_a_kind_ends(head):
    async with fetcher() as running:
        running.stdin.write(head + JOB)
        _, errors = await asyncio.wait_for(running.communicate(), PATIENCE)
        assert running.returncode == 1
        assert b"at most 1000000 are read" in errors


async def test_a_fetcher_whose_input_ends_exits_with_0_and_writes_no_error():
    async with fetcher() as running:
        running.stdin.close()
        _, errors = await asyncio.wait_for(running.communicate(), PATIENCE)
        assert (running.returncode, errors) == (0, b"")


PARENT = """
import json, subprocess, sys, time
from proxy.provider_config import Limits, Timeouts
child = subprocess.Popen([sys.executable, "-m", "proxy.upstream.fetcher"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
task = {"timeouts": Timeouts().model_dump(), "limits": Limits().model_dump(), "frame_limit": 99}
child.stdin.write(json.dumps(task).encode() + b"\\n")
child.stdin.flush()
child.stdout.read(5)
print(child.pid, flush=True)
time.sleep(60)
"""


def test_a_stopped_fetcher_whose_parent_is_killed_ends():
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE)
    pid = int(parent.stdout.readline())
    os.kill(pid, signal.SIGSTOP)
    parent.kill()
    parent.communicate()
    deadline = time.monotonic() + PATIENCE
    while Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]:
        assert time.monotonic() < deadline
