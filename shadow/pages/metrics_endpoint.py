"""Renders the metrics for a scrape, one rendering at a time in a thread of its own.

Concurrent scrapes of one format share one rendering, so that the number of scrapers does not slow the audit.
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
    """Renders one registry; `took` is called with the seconds of each rendering, in the rendering thread."""

    def __init__(self, registry: CollectorRegistry, took: Callable[[float], None]) -> None:
        self._registry = registry
        self._took = took
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="sameweights-scrape")
        self._renderings: dict[str, asyncio.Future[bytes]] = {}

    def __repr__(self) -> str:
        return f"<MetricsEndpoint rendering={sorted(self._renderings)}>"

    async def page(self, accept: str) -> tuple[bytes, str]:
        """The body and its content type, in the format that the Accept header selects."""
        encode, content_type = choose_encoder(accept)
        rendering = self._renderings.get(content_type)
        if rendering is None:
            rendering = asyncio.get_running_loop().run_in_executor(self._pool, self._render, encode)
            self._renderings[content_type] = rendering
            rendering.add_done_callback(lambda _: self._renderings.pop(content_type))
        # a scraper that disconnects must not cancel the rendering that others share
        return await asyncio.shield(rendering), content_type

    def close(self) -> None:
        """Stop the thread after the rendering in progress, whose result is discarded."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _render(self, encode: Encode) -> bytes:
        began = time.perf_counter()
        body = encode(self._registry)
        self._took(time.perf_counter() - began)
        return body
