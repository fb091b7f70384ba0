"""Serves the admin port: metrics, health and pages. It checks Host and Origin, and its pages run no script but their own file.

The code of the pages is loaded with the first of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from aiohttp import web
from prometheus_client import CollectorRegistry

from shadow.pages.admin_access import AdminAccess
from shadow.pages.deferred_pages import DeferredPages
from shadow.pages.host_guard import add_headers, host_guard
from shadow.pages.metrics_endpoint import MetricsEndpoint
from shadow.pages.operator_actions import OperatorActions
from shadow.pages.page_threads import PageThreads
from shadow.pages.refused_requests import refusals
from shadow.pages.tenant_guard import tenant_guard
from shadow.settings.top_level_config import Config
from storage.store import Reader

Ready = Callable[[], str]
State = Callable[[], Iterable[str]]
RELOAD = web.AppKey[Callable[[Config], None]]("reload")
"""The function that applies another configuration to a running application."""
PAGES = {
    "/": "home",
    "/pairs": "pairs",
    "/pairs/{id}": "pair",
    "/pairs/{id}/report": "bug_report",
    "/providers/{name:.+}": "provider",
    "/answers": "answers",
    "/exchanges/{id}": "exchange",
    "/conversations/{id:.+}": "conversation",
    "/audit": "audit",
    "/choose": "choose",
    "/studies": "studies",
    "/live": "live",
    "/serving": "serving",
    "/exchanges/{id}/{side:request|response}": "raw",
    "/runbook": "runbook",
    "/static/{name}": "static",
    "/favicon.ico": "icon",
}
"""The handler of `AdminPages` by path, in the order in which they are tried."""
ADDRESSES = (
    *("/", "/pairs", "/pairs/ID", "/providers/NAME", "/answers", "/exchanges/ID", "/conversations/ID"),
    *("/audit", "/choose", "/studies", "/runbook", "/metrics", "/healthz", "/readyz"),
)
"""What a reader of an address that is not there may have meant, as the documentation writes it."""


def build_app(
    reader: Reader,
    registry: CollectorRegistry,
    ready: Ready,
    config: Config,
    *,
    state: Callable[[], Iterable[str]] = tuple,
    access: AdminAccess | None = None,
    scraped: Callable[[float], None] = lambda _: None,
    operator: OperatorActions | None = None,
) -> web.Application:
    """The application of the admin port. `ready` returns "" or why not, `state` the further lines of `/readyz`; `scraped` is
    called with the seconds of each scrape.

    `operator` takes the forms by which alarms are acknowledged and muted; without it the pages have none.
    """
    threads = PageThreads()
    pages = DeferredPages(reader, config, registry, threads, operator)
    scraping = MetricsEndpoint(registry, scraped)
    admin = _Admin(pages, threads, scraping, (ready, state))
    app = web.Application(
        middlewares=[
            host_guard(config.admin),
            refusals(ADDRESSES, pages.message),
            (access or AdminAccess()).middleware,
            tenant_guard(reader, threads),
        ]
    )
    app[RELOAD] = pages.reload
    app.on_response_prepare.append(add_headers)
    app.on_cleanup.append(admin.close)
    app.add_routes(
        [web.get("/metrics", scraping.response), web.get("/healthz", admin.healthz), web.get("/readyz", admin.readyz)]
        + [web.get(path, pages.handler(name)) for path, name in PAGES.items()]
    )
    if operator is not None:
        app.router.add_post("/providers/{name:.+}/actions", pages.handler("act"))
    return app


class _Admin:
    """The request handlers that are no pages."""

    def __init__(self, pages: DeferredPages, threads: PageThreads, scraping: MetricsEndpoint, ready: tuple[Ready, State]) -> None:
        self._pages, self._threads = pages, threads
        self._scraping = scraping
        self._ready, self._state = ready

    async def close(self, _: web.Application) -> None:
        self._scraping.close()
        self._pages.close()
        self._threads.close()

    async def healthz(self, _: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(self, _: web.Request) -> web.Response:
        why = self._ready()
        lines = [why or "ready", *self._state()]
        return web.Response(text="".join(f"{line}\n" for line in lines), status=503 if why else 200)
