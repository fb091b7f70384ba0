"""The feed of newer evidence: what it sends, how many are open, and what the store is asked."""

import asyncio
from contextlib import AsyncExitStack
from types import SimpleNamespace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from shadow.pages import live_feed
from shadow.pages.live_feed import LiveFeed
from shadow.pages.page_threads import PageThreads
from shadow.pages.period_figures import PeriodFiguresCache
from tests.exchanges import said
from tests.pairs import keep_pair
from tests.running import until


class Counting:
    """A reader that counts the queries of the feed."""

    def __init__(self, reader) -> None:
        self.queries = reader.page_queries
        self.asked = 0

    @property
    def page_queries(self):
        self.asked += 1
        return self.queries


@pytest.fixture
async def opened(store):
    async with AsyncExitStack() as stack:

        async def client(feed: LiveFeed) -> TestClient:
            app = web.Application()
            app.router.add_get("/live", feed.answer)
            return await stack.enter_async_context(TestClient(TestServer(app, host="127.0.0.1")))

        yield client


def evident(store, number: int) -> None:
    keep_pair(store, said("one"), said("two"), said("two"), pair_id=f"{number:032}")


async def lines(answer, wanted: bytes) -> bytes:
    """What is sent up to the line that is wanted."""
    found = b""
    while wanted not in found:
        found += await answer.content.readline()
    return found


async def test_evidence_that_is_stored_later_is_counted(store, opened):
    client = await opened(LiveFeed(store, PageThreads(), poll=0.01))
    async with client.get("/live") as answer:
        assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        await lines(answer, b":")
        evident(store, 1)
        assert b"data: 1\n" in await lines(answer, b"data: 1")


async def test_evidence_of_before_the_feed_is_not_counted(store, opened):
    evident(store, 1)
    client = await opened(LiveFeed(store, PageThreads(), poll=0.01, longest=0.05))
    async with client.get("/live") as answer:
        assert b"data:" not in await answer.read()


async def test_eight_feeds_are_open_and_a_ninth_is_refused(store, opened):
    feed = LiveFeed(store, PageThreads(), poll=0.01)
    client = await opened(feed)
    async with AsyncExitStack() as stack:
        for _ in range(8):
            assert (await stack.enter_async_context(client.get("/live"))).status == 200
        async with client.get("/live") as refused:
            assert (refused.status, refused.headers["Retry-After"]) == (503, "60")
    await until(lambda: "open=0" in repr(feed))
    async with client.get("/live") as again:
        assert again.status == 200


async def test_feeds_share_a_query(store, opened):
    counting = Counting(store)
    client = await opened(LiveFeed(counting, PageThreads(), poll=60.0))
    async with AsyncExitStack() as stack:
        for _ in range(8):
            answer = await stack.enter_async_context(client.get("/live"))
            await lines(answer, b":")
    assert counting.asked == 1


async def test_feed_builds_no_verdicts_and_counts_nothing_before_they_are_built(store, opened):
    figures = PeriodFiguresCache(store)
    client = await opened(LiveFeed(store, PageThreads(), figures, poll=0.01, longest=0.05))
    evident(store, 1)
    async with client.get("/live") as answer:
        assert b"data:" not in await answer.read()
    figures.of("24h")  # the thread has ended all builds before it
    assert figures.known("all") is None


async def test_a_thousand_pairs_of_newer_evidence_are_counted_at_most(opened):
    asked = []
    queries = SimpleNamespace(newest_evidence=lambda most, standing: asked.append((most, standing)) or ())
    client = await opened(LiveFeed(SimpleNamespace(page_queries=queries), PageThreads(), poll=0.01, longest=0.02))
    async with client.get("/live") as answer:
        await answer.read()
    assert set(asked) == {(1_000, None)}


async def test_feed_looks_every_two_seconds_for_ten_minutes(opened, monkeypatch):
    moment, looks = [0.0], []

    async def pass_time(seconds):
        moment[0] += seconds
        await asyncio.sleep(0)

    monkeypatch.setattr(live_feed, "asyncio", SimpleNamespace(Lock=asyncio.Lock, sleep=pass_time))
    queries = SimpleNamespace(newest_evidence=lambda *_: looks.append(moment[0]) or ())
    client = await opened(LiveFeed(SimpleNamespace(page_queries=queries), PageThreads(), clock=lambda: moment[0]))
    async with client.get("/live") as answer:
        assert (await answer.read()).count(b":") == 300
    assert looks == [2.0 * place for place in range(300)]
