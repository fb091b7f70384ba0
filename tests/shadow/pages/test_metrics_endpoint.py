"""Scrapes: in the requested format, one rendering at a time, and nothing waits for them."""

import asyncio
import gzip
import threading

import pytest
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import CounterMetricFamily

from shadow.pages.metrics_endpoint import MetricsEndpoint, accepts_gzip
from tests.running import PATIENCE, until


class Slow:
    """A collector that waits to be let on, and counts how often it was asked and by which threads."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.let_on = threading.Event()
        self.threads: list[str] = []

    def describe(self):
        return []

    def collect(self):
        self.threads.append(threading.current_thread().name)
        self.begun.set()
        assert self.let_on.wait(PATIENCE)
        yield CounterMetricFamily("slow", "help", value=1)


@pytest.fixture
def slow():
    return Slow()


@pytest.fixture
def scraping(slow):
    registry = CollectorRegistry()
    registry.register(slow)
    made = MetricsEndpoint(registry, lambda _: None)
    yield made
    slow.let_on.set()
    made.close()


@pytest.mark.parametrize(
    ("accept", "content_type", "part"),
    [
        ("", "text/plain", b"some_total 1\n"),
        ("application/openmetrics-text; version=1.0.0", "application/openmetrics-text", b"# EOF\n"),
    ],
)
async def test_metrics_follow_the_accept_header_and_report_their_seconds(accept, content_type, part):
    registry, told = CollectorRegistry(), []
    Counter("some", "help", registry=registry).inc()
    scraping = MetricsEndpoint(registry, told.append)
    body, headers = await scraping.page(accept)
    scraping.close()
    assert headers["Content-Type"].startswith(content_type)
    assert "Content-Encoding" not in headers
    assert part in body
    assert [seconds > 0 for seconds in told] == [True]


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        *(("gzip", True), ("GZIP", True), ("deflate, gzip;q=0.001", True), ("*", True), ("br, *;q=0.1", True)),
        *(("", False), ("identity", False), ("gzip;q=0", False), ("gzip; q=0.0", False), ("*, gzip;q=0.000", False)),
        *(("br, deflate", False), ("*;q=0", False)),
    ],
)
def test_gzip_is_accepted_by_name_or_by_star_with_a_weight_above_zero(header, accepted):
    assert accepts_gzip(header) == accepted


async def test_compressed_scrape_holds_the_same_text():
    registry = CollectorRegistry()
    Counter("some", "help", registry=registry).inc()
    scraping = MetricsEndpoint(registry, lambda _: None)
    (plain, _), (packed, headers) = [await scraping.page("", coding) for coding in ("", "gzip")]
    scraping.close()
    assert headers["Content-Encoding"] == "gzip"
    assert headers["Vary"] == "Accept, Accept-Encoding"
    assert gzip.decompress(packed) == plain


async def test_concurrent_scrapes_share_one_rendering_and_do_not_block_the_loop(scraping, slow):
    asking = [asyncio.create_task(scraping.page("")) for _ in range(50)]
    # the loop turns while the rendering stands still in its thread
    await until(slow.begun.is_set)
    slow.let_on.set()
    pages = await asyncio.gather(*asking)
    assert len({id(body) for body, _ in pages}) == 1
    assert len(slow.threads) == 1
    await scraping.page("")
    assert len(slow.threads) == 2, "and a later scrape gets new values"
    assert set(slow.threads) == {"sameweights-scrape_0"}


async def test_disconnected_scraper_does_not_cancel_the_shared_rendering(scraping, slow):
    leaving, staying = (asyncio.create_task(scraping.page("")) for _ in range(2))
    await until(slow.begun.is_set)
    leaving.cancel()
    slow.let_on.set()
    body, _ = await staying
    assert b"slow_total 1\n" in body
    assert leaving.cancelled()


async def test_failed_rendering_fails_one_scrape_only(scraping, slow, monkeypatch):
    monkeypatch.setattr(slow, "collect", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        await scraping.page("")
    monkeypatch.undo()
    slow.let_on.set()
    body, _ = await scraping.page("")
    assert b"slow_total" in body
