"""Pages hold no thread of the audit, and one build serves all that wait for it."""

import asyncio
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from shadow.pages.admin_app import build_app
from shadow.pages.page_threads import PageThreads
from shadow.settings.top_level_config import Config
from tests.exchanges import said
from tests.pairs import keep_pair
from tests.running import until

ADDRESSES = [f"/?since={hours}.5h" for hours in range(1, 13)]


class HeldReader:
    """A store whose builds wait until they are released; it counts those that run at once, and those of a period."""

    def __init__(self, store) -> None:
        self.store, self.released = store, threading.Event()
        self.builds, self.running, self.most = 0, 0, 0

    def __getattr__(self, name: str):
        return getattr(self.store, name)

    def signal_counts(self, since: float, until: float):
        if threading.current_thread().name.startswith("sameweights-page"):
            raise AssertionError("a thread of the pages builds figures")
        self.builds += bool(since)  # without those of all records, for the lists of pairs, which end when they end
        self.running += 1
        self.most = max(self.most, self.running)
        self.released.wait()
        self.running -= 1
        return self.store.signal_counts(since, until)


class CountedThreads(ThreadPoolExecutor):
    """The loop's own threads, of which the audit has one here, and how many jobs they had."""

    def __init__(self) -> None:
        super().__init__(1)
        self.jobs = 0

    def submit(self, *given, **named):
        self.jobs += 1
        return super().submit(*given, **named)


@pytest.fixture
def held(sqlite_store):
    reader = HeldReader(sqlite_store)
    yield reader
    reader.released.set()


@pytest.fixture
async def loop_threads():
    threads = CountedThreads()
    asyncio.get_running_loop().set_default_executor(threads)
    return threads


@asynccontextmanager
async def port(reader):
    async with TestClient(TestServer(build_app(reader, CollectorRegistry(), lambda: "", Config()), host="127.0.0.1")) as client:
        yield client


async def statuses(client, *paths: str) -> list[int]:
    return [answer.status for answer in await asyncio.gather(*(client.get(path) for path in paths))]


@pytest.mark.slow
async def test_pages_of_twelve_periods_hold_up_neither_another_page_nor_a_step_of_the_audit(sqlite_store, held, loop_threads):
    pair = keep_pair(sqlite_store, said("Yes"), said("No"))
    async with port(held) as client:
        loading = asyncio.create_task(statuses(client, *ADDRESSES))
        await until(lambda: held.running)
        others = await statuses(client, f"/pairs/{pair}", "/pairs", "/studies", f"/exchanges/{pair}/request")
        step = await asyncio.to_thread(lambda: "judged")
        held.released.set()
        answered = Counter(await loading)
    assert (others, step) == ([200] * 4, "judged")
    assert (answered[200], answered[503]) == (held.builds, len(ADDRESSES) - held.builds)
    assert (held.most, loop_threads.jobs) == (1, 1)


async def test_pages_of_one_period_share_one_build_and_a_reader_who_leaves_does_not_cancel_it(held):
    async with port(held) as client:
        leaving = asyncio.create_task(client.get("/"))
        await until(lambda: held.running)
        leaving.cancel()
        loading = asyncio.create_task(statuses(client, "/", "/audit", "/", "/providers/near"))
        assert await statuses(client, "/studies") == [200]
        held.released.set()
        assert await loading == [200, 200, 200, 404]
    assert held.builds == 1


async def test_third_page_waits_while_two_are_read():
    threads, release, running = PageThreads(), threading.Event(), []
    jobs = [asyncio.create_task(threads.run(lambda: (running.append(1), release.wait()))) for _ in range(3)]
    await until(lambda: len(running) == 2)
    release.set()
    assert len(await asyncio.gather(*jobs)) == 3
    threads.close()
