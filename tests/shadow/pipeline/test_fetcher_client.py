"""Fetchers: a job gives the same exchange in either process, and in its own process only its own work affects its times."""

import asyncio
import os
import signal
import socket
import threading
import time

import pytest

from proxy.provider_config import Limits, Timeouts
from shadow.pipeline.fetcher_client import FetcherLostError, InProcessFetcher, SubprocessFetcher
from tests.fetch_jobs import fetch_job
from tests.running import until
from tests.wires import PATIENCE, ok, scripted

pytestmark = pytest.mark.slow


def apart_from_here(timeouts, limits):
    return SubprocessFetcher(timeouts, limits, 40_000_000)


@pytest.fixture(params=[InProcessFetcher, apart_from_here], ids=["here", "apart"])
async def fetcher(request):
    made = request.param(Timeouts(), Limits())
    yield made
    await made.close()


@pytest.fixture
async def apart():
    made = apart_from_here(Timeouts(), Limits())
    yield made
    await made.close()


async def test_concurrent_requests_to_the_fetcher_get_their_own_answers(fetcher):
    async with scripted(None, ok(b"yes")) as provider:
        found = await asyncio.gather(*(fetcher.fetch(fetch_job(provider.url, f"e{number}")) for number in range(3)))
    assert [(exchange.id, exchange.response.body) for exchange in found] == [(f"e{number}", b"yes") for number in range(3)]


async def test_a_question_of_thirty_two_mebibytes_reaches_the_reference_and_is_in_the_exchange(fetcher):
    body = b"q" * 33_554_432
    async with scripted(None, ok(b"yes")) as provider:
        found = await fetcher.fetch(fetch_job(provider.url, body=body, limit=len(body)))
        assert provider.requests[0].endswith(b"\r\n\r\n" + body)
    assert found.request.body == body
    assert (found.request.truncated, found.response.body) == (False, b"yes")


class Silent:
    """A reference that takes a question and never answers; shows when a request came, and when it was left."""

    def __init__(self):
        self.asked, self.left = asyncio.Event(), asyncio.Event()

    async def __call__(self, wire):
        await wire.request()
        self.asked.set()
        await wire.gone()
        self.left.set()


async def test_a_fetch_job_that_is_awaited_no_more_is_given_up(fetcher):
    silent = Silent()
    async with scripted(silent) as provider:
        asking = asyncio.create_task(fetcher.fetch(fetch_job(provider.url)))
        await asyncio.wait_for(silent.asked.wait(), PATIENCE)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await asyncio.wait_for(silent.left.wait(), PATIENCE)


async def test_a_process_that_dies_is_no_answer_and_the_next_fetch_job_has_another(apart):
    silent = Silent()
    async with scripted(silent) as nobody, scripted(None, ok(b"yes")) as provider:
        asking = asyncio.create_task(apart.fetch(fetch_job(nobody.url)))
        await asyncio.wait_for(silent.asked.wait(), PATIENCE)
        dead = apart.pid
        os.kill(dead, signal.SIGKILL)
        with pytest.raises(FetcherLostError):
            await asyncio.wait_for(asking, PATIENCE)
        assert (await apart.fetch(fetch_job(provider.url, "e2"))).response.body == b"yes"
        assert apart.pid not in {0, dead}


async def test_a_frame_of_the_process_that_is_too_long_ends_it_and_the_fetch_job_is_lost(logged):
    lines = logged("shadow.pipeline.fetcher_client")
    lost = SubprocessFetcher(Timeouts(), Limits(), 4_000)
    try:
        async with scripted(None, ok(b"x" * 5_000)) as provider:
            with pytest.raises(FetcherLostError):
                await asyncio.wait_for(lost.fetch(fetch_job(provider.url)), PATIENCE)
    finally:
        await lost.close()
    assert [line.kwargs["event"] for line in lines] == ["fetcher_output_malformed", "fetcher_ended"]


async def test_what_keeps_this_process_busy_is_not_in_the_times_of_an_answer(apart):
    asked = threading.Event()

    def answer(listening):
        link, _ = listening.accept()
        with link:
            link.recv(65536)
            asked.set()
            link.sendall(ok(b"at once"))
            link.recv(1)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = threading.Thread(target=answer, args=(listening,))
        serving.start()
        asking = asyncio.create_task(apart.fetch(fetch_job(f"http://127.0.0.1:{listening.getsockname()[1]}/v1")))
        await asyncio.to_thread(asked.wait, PATIENCE)
        time.sleep(2.0)  # noqa: ASYNC251 - this very process is kept busy, so that its loop cannot read
        exchange = await asking
        await apart.close()
        serving.join(PATIENCE)
    assert exchange.response.body == b"at once"
    assert exchange.seconds < 2.0


async def test_a_closed_courier_leaves_no_process(apart):
    async with scripted(None, ok(b"yes")) as provider:
        await apart.fetch(fetch_job(provider.url))
    pid = apart.pid
    await apart.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.fixture
async def kept(apart, monkeypatch):
    monkeypatch.setattr("shadow.pipeline.fetcher_client.LOOK_SECONDS", 0.02)
    keeping = asyncio.create_task(apart.keep())
    await until(lambda: apart._beats)
    yield apart
    assert not keeping.done()
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)


async def test_a_kept_process_is_there_before_the_first_fetch_job_and_again_when_it_has_died(kept):
    first = kept.pid
    os.kill(first, signal.SIGKILL)
    await until(lambda: kept.pid not in {0, first})


async def test_a_kept_process_that_stands_still_is_killed_and_its_fetch_jobs_are_lost(kept, monkeypatch):
    monkeypatch.setattr("shadow.pipeline.fetcher_client.FIRST_LOOKS", 1_000)
    monkeypatch.setattr("shadow.pipeline.fetcher_client.LOOKS", 100)
    silent = Silent()
    async with scripted(silent) as nobody:
        asking = asyncio.create_task(kept.fetch(fetch_job(nobody.url)))
        await asyncio.wait_for(silent.asked.wait(), PATIENCE)
        first = kept.pid
        os.kill(first, signal.SIGSTOP)
        with pytest.raises(FetcherLostError):
            await asyncio.wait_for(asking, PATIENCE)
    await until(lambda: kept.pid not in {0, first})


async def test_a_process_that_cannot_be_started_is_a_fetch_job_lost_and_tried_again(kept, monkeypatch):
    monkeypatch.setattr("proxy.process.child_process.sys.executable", "/no/such/python")
    os.kill(kept.pid, signal.SIGKILL)
    await until(lambda: kept.pid == 0)
    with pytest.raises(FetcherLostError, match="could not be started"):
        await kept.fetch(fetch_job("http://127.0.0.1:9/v1"))
    monkeypatch.undo()
    await until(lambda: kept.pid)
