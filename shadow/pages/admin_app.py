"""Serves the admin port: metrics, health and pages. It only reads, checks the Host header, and its pages hold no script.

Database reads, rendering and scrapes run in threads, because this event loop also receives the exchanges for the audit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from importlib.resources import files

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from prometheus_client import CollectorRegistry

from shadow.pages.admin_access import AdminAccess
from shadow.pages.allowed_hosts import AllowedHosts, is_same_origin
from shadow.pages.metrics_endpoint import MetricsEndpoint
from shadow.pages.pair_pages import FilterError, PairPages
from shadow.privacy.privacy_policy import row_of
from shadow.reading.body_decoding import decode
from shadow.reading.completion import Unread
from shadow.records import exchange as exchange_of
from shadow.settings.config_errors import ConfigError, quoted
from shadow.settings.top_level_config import AdminConfig, Config
from storage.store import Reader

Ready = Callable[[], str]
RELOAD = web.AppKey[Callable[[Config], None]]("reload")
"""The function that applies another configuration to a running application."""

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Server": "sameweights",
}
STATIC = {"style.css": "text/css", "icon.svg": "image/svg+xml"}
RAW_LIMIT = 16 * 1024 * 1024
"""Bytes of a raw body that are shown, after decompression."""


def build_app(
    reader: Reader,
    registry: CollectorRegistry,
    ready: Ready,
    config: Config,
    *,
    access: AdminAccess | None = None,
    scraped: Callable[[float], None] = lambda _: None,
) -> web.Application:
    """The application of the admin port. `ready` returns "" or why not; `scraped` is called with the seconds of each scrape."""
    admin = _Admin(reader, MetricsEndpoint(registry, scraped), ready, config)
    app = web.Application(middlewares=[_guard(config.admin), (access or AdminAccess()).middleware])
    app[RELOAD] = admin.reload
    app.on_response_prepare.append(_add_headers)
    app.on_cleanup.append(admin.close)
    app.add_routes(
        [
            web.get("/metrics", admin.metrics),
            web.get("/healthz", admin.healthz),
            web.get("/readyz", admin.readyz),
            web.get("/", admin.home),
            web.get("/pairs", admin.pairs),
            web.get("/pairs/{id}", admin.pair),
            web.get("/answers", admin.answers),
            web.get("/serving", admin.serving),
            web.get("/exchanges/{id}/{side:request|response}", admin.raw),
            web.get("/runbook", admin.runbook),
            web.get("/static/{name}", admin.static),
        ]
    )
    return app


class _Admin:
    """The request handlers."""

    def __init__(self, reader: Reader, scraping: MetricsEndpoint, ready: Ready, config: Config) -> None:
        self._reader = reader
        self._scraping = scraping
        self._ready = ready
        self._pages = PairPages(reader, config)
        self._runbook = self._pages.runbook()
        folder = files("shadow.pages") / "templates"
        self._static = {name: (folder / name).read_bytes() for name in STATIC}

    def reload(self, config: Config) -> None:
        """Apply `config` from the next page on."""
        self._pages.reload(config)

    async def metrics(self, request: web.Request) -> web.Response:
        accept, encoding = (",".join(request.headers.getall(name, [])) for name in ("Accept", "Accept-Encoding"))
        body, headers = await self._scraping.page(accept, encoding)
        return web.Response(body=body, headers=headers)

    async def close(self, _: web.Application) -> None:
        self._scraping.close()

    async def healthz(self, _: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(self, _: web.Request) -> web.Response:
        why = self._ready()
        return web.Response(text=f"{why or 'ready'}\n", status=503 if why else 200)

    async def home(self, request: web.Request) -> web.Response:
        return await self._list(self._pages.overview, request)

    async def pairs(self, request: web.Request) -> web.Response:
        return await self._list(self._pages.index, request)

    async def answers(self, request: web.Request) -> web.Response:
        return await self._list(self._pages.answers, request)

    async def _list(self, page: Callable[[Mapping[str, str]], str], request: web.Request) -> web.Response:
        try:
            return _page(await asyncio.to_thread(page, request.query))
        except (FilterError, ConfigError) as why:
            return _page(self._pages.message("No such filter", str(why)), status=400)

    async def pair(self, request: web.Request) -> web.Response:
        pair_id = request.match_info["id"]
        page = await asyncio.to_thread(self._pages.pair, pair_id)
        if page is None:
            text = f"Pair {quoted(pair_id)} is unknown or was deleted; records are deleted after storage.keep_days."
            return _page(self._pages.message("No such pair", text), status=404)
        return _page(page)

    async def serving(self, _: web.Request) -> web.Response:
        return _page(await asyncio.to_thread(self._pages.serving))

    async def raw(self, request: web.Request) -> web.Response:
        body = await asyncio.to_thread(self._body, request.match_info["id"], request.match_info["side"])
        if isinstance(body, str):
            return web.Response(text=f"{body}\n", status=404)
        return web.Response(body=body, content_type="text/plain", charset="utf-8")

    async def runbook(self, _: web.Request) -> web.Response:
        return _page(self._runbook)

    async def static(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in STATIC:
            raise web.HTTPNotFound
        return web.Response(body=self._static[name], content_type=STATIC[name], charset="utf-8")

    def _body(self, exchange_id: str, side: str) -> bytes | str:
        """The body of one side without its content-encoding, or a sentence why there is none."""
        row = row_of(self._reader, exchange_id)
        if row is None:
            return "This exchange is unknown or was deleted."
        if (row.request_body if side == "request" else row.response_body) is None:
            return "This exchange has no body, or its body was not kept."
        exchange = exchange_of(row)
        half = exchange.request if side == "request" else exchange.response
        if half is None:
            return "This exchange has no response."
        decoded = decode(half.headers, half.body, (), RAW_LIMIT)
        return half.body if isinstance(decoded, Unread) else decoded.body


def _page(html: str, status: int = 200) -> web.Response:
    return web.Response(text=html, status=status, content_type="text/html", charset="utf-8")


async def _add_headers(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)


def _guard(config: AdminConfig) -> Middleware:
    """Refuses what a foreign web page can make a browser send: an unknown Host (DNS rebinding) or a foreign Origin."""
    allowed = AllowedHosts(config.listen, config.hosts)

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        hosts = request.headers.getall("Host", [])
        if len(hosts) != 1 or not allowed.host(hosts[0]):
            raise web.HTTPMisdirectedRequest(text="421: unknown host name; add it to admin.hosts\n")
        origin = request.headers.get("Origin")
        if origin is not None and not is_same_origin(origin, hosts[0]):
            raise web.HTTPForbidden(text="403: requests from other sites are refused\n")
        return await handler(request)

    return guard
