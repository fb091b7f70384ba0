"""Scraping: the series as text, one rendering at a time in a thread of its own, so that no number of scrapers holds anything up.

Rule: nothing waits for a scrape; who asks while one is being rendered is given the same.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

Encode = Callable[[CollectorRegistry], bytes]


class MetricsEndpoint:
    """Renders one registry; `took` is told the seconds of each rendering, in the thread that rendered."""

    def __init__(self, registry: CollectorRegistry, took: Callable[[float], None]) -> None:
        self._registry = registry
        self._took = took
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="sameweights-scrape")
        self._going_on: dict[str, asyncio.Future[bytes]] = {}

    async def page(self, accept: str) -> tuple[bytes, str]:
        """The body and its content type, in the form that the Accept header asks for."""
        encode, content_type = choose_encoder(accept)
        going_on = self._going_on.get(content_type)
        if going_on is None:
            going_on = asyncio.get_running_loop().run_in_executor(self._pool, self._render, encode)
            self._going_on[content_type] = going_on
            going_on.add_done_callback(lambda _: self._going_on.pop(content_type))
        # one scraper that hangs up must not take the others' answer away
        return await asyncio.shield(going_on), content_type

    def close(self) -> None:
        """Let the thread go; what it renders now is finished for nobody."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _render(self, encode: Encode) -> bytes:
        began = time.perf_counter()
        body = encode(self._registry)
        self._took(time.perf_counter() - began)
        return body
