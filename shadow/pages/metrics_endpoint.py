"""Renders the metrics for a scrape, one rendering at a time in a thread of its own.

Concurrent scrapes of one format share one rendering, so that the number of scrapers does not slow the audit.
"""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from aiohttp import web
from prometheus_client.exposition import choose_encoder

from shadow.metrics.exposition import Collected, Exposition
from shadow.pages.field_weights import field_weights

Encode = Callable[[], bytes]
GZIP_LEVEL = 6
OPENMETRICS = "application/openmetrics-text"


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether an Accept-Encoding header allows gzip, by its name or by `*`, with a weight above 0 (RFC 9110, 12.5.3)."""
    weights = field_weights(accept_encoding)
    return weights.get("gzip", weights.get("*", 0.0)) > 0


class MetricsEndpoint:
    """Renders one registry; `took` is called with the seconds of each rendering, in the rendering thread."""

    def __init__(self, registry: Collected, took: Callable[[float], None]) -> None:
        self._exposition = Exposition(registry)
        self._took = took
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="sameweights-scrape")
        self._renderings: dict[tuple[str, bool], asyncio.Future[bytes]] = {}

    def __repr__(self) -> str:
        return f"<MetricsEndpoint rendering={sorted(self._renderings)}>"

    async def page(self, accept: str, accept_encoding: str = "") -> tuple[bytes, dict[str, str]]:
        """The body and its headers, in the format and the coding that the two Accept headers select."""
        _, content_type = choose_encoder(accept)
        encode = self._exposition.openmetrics if content_type.startswith(OPENMETRICS) else self._exposition.text
        packed = accepts_gzip(accept_encoding)
        rendering = self._renderings.get((content_type, packed))
        if rendering is None:
            rendering = asyncio.get_running_loop().run_in_executor(self._pool, self._render, encode, packed)
            self._renderings[content_type, packed] = rendering
            rendering.add_done_callback(lambda _: self._renderings.pop((content_type, packed)))
        headers = {"Content-Type": content_type, "Vary": "Accept, Accept-Encoding"}
        # a scraper that disconnects must not cancel the rendering that others share
        return await asyncio.shield(rendering), headers | ({"Content-Encoding": "gzip"} if packed else {})

    async def response(self, request: web.Request) -> web.Response:
        """The page for a scrape."""
        accept, encoding = (",".join(request.headers.getall(name, [])) for name in ("Accept", "Accept-Encoding"))
        body, headers = await self.page(accept, encoding)
        return web.Response(body=body, headers=headers)

    def close(self) -> None:
        """Stop the thread after the rendering in progress, whose result is discarded."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _render(self, encode: Encode, packed: bool) -> bytes:
        began = time.perf_counter()
        body = encode()
        if packed:
            body = gzip.compress(body, GZIP_LEVEL, mtime=0)
        self._took(time.perf_counter() - began)
        return body
