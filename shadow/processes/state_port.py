"""StatePort: the admin port of a process without pages: metrics, health, and how its parts stand."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Sequence

from aiohttp import web

from shadow.metrics.exposition import Collected
from shadow.metrics.observe import Metrics
from shadow.pages.admin_access import AdminAccess
from shadow.pages.connection_limiter import ConnectionLimiter
from shadow.pages.host_guard import add_headers, host_guard
from shadow.pages.metrics_endpoint import MetricsEndpoint
from shadow.pages.refused_requests import RefusedError, refusals
from shadow.processes.admin_certificate import AdminCertificate
from shadow.settings.top_level_config import AdminConfig

ADDRESSES = ("/", "/metrics", "/healthz", "/readyz")
CLOSE_SECONDS = 1.0
"""How long an answer may take when the port is closed."""


class StatePort:
    """`why_not` gives why this process is not ready, "" when it is, and `lines` a sentence for each part; `home` is its one page.
    With `pages_later` every page is refused for now, with `home` as the reason.
    """

    def __init__(
        self,
        settings: AdminConfig,
        access: AdminAccess,
        certificate: AdminCertificate,
        *,
        shown: Collected,
        metrics: Metrics,
        why_not: Callable[[], str],
        lines: Callable[[], Sequence[str]],
        home: str,
        pages_later: bool = False,
    ) -> None:
        self._why_not, self._lines, self._home = why_not, lines, home
        self._scraping = MetricsEndpoint(shown, metrics.scraped)
        self._limiter = ConnectionLimiter(most=settings.clients, refused=metrics.admin_refused, clock=time.monotonic)
        self._certificate = certificate
        app = web.Application(
            middlewares=[self._limiter.middleware, host_guard(settings), refusals(ADDRESSES), access.middleware]
        )
        app.on_response_prepare.append(add_headers)
        app.on_cleanup.append(self._close_scraping)
        app.add_routes(
            [
                web.get("/metrics", self._scraping.response),
                web.get("/healthz", self._healthz),
                web.get("/readyz", self._readyz),
                web.route("*", "/{path:.*}", self._later) if pages_later else web.get("/", self._page),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=CLOSE_SECONDS)
        self._server: asyncio.Server | None = None

    def __repr__(self) -> str:
        return f"<StatePort open={self._server is not None}>"

    async def open(self, listening: socket.socket) -> None:
        """Answer on this socket, which is closed with the port."""
        await self._runner.setup()
        assert self._runner.server is not None  # since `setup`
        factory = self._limiter.protocol_factory(self._runner.server)
        self._server = await asyncio.get_running_loop().create_server(factory, sock=listening, ssl=self._certificate.context)

    def renew_certificate(self) -> None:
        """Read the files of the certificate again."""
        self._certificate.renew()

    def close_idle(self) -> None:
        """End the connections that have sent nothing for long."""
        self._limiter.close_idle()

    async def close(self) -> None:
        """Answer no more."""
        if self._server is not None:
            self._server.close()
        await self._runner.cleanup()

    async def _close_scraping(self, _: web.Application) -> None:
        self._scraping.close()

    async def _healthz(self, _: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _readyz(self, _: web.Request) -> web.Response:
        why = self._why_not()
        text = "".join(f"{line}\n" for line in (why or "ready", *self._lines()))
        return web.Response(text=text, status=503 if why else 200)

    async def _page(self, _: web.Request) -> web.Response:
        return web.Response(text=self._home)

    async def _later(self, _: web.Request) -> web.Response:
        raise RefusedError(503, self._home, headers={"Retry-After": "1"})
