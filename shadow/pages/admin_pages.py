"""`AdminPages`: the handlers of the pages, over one store; `deferred_pages` imports this module when the first page is requested.

Database reads and rendering run in threads of their own, because this event loop also receives the exchanges for the audit,
whose steps use the loop's threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files

from aiohttp import web

from shadow.pages import audit_page, overview, provider_page
from shadow.pages.admin_access import GRANT
from shadow.pages.live_feed import LiveFeed
from shadow.pages.operator_actions import NotStoredError, OperatorActions
from shadow.pages.page_address import checked, gone, provider_address
from shadow.pages.page_set import PageSet
from shadow.pages.page_threads import PageThreads
from shadow.pages.period_figures import NotBuiltError, PeriodFigures
from shadow.pages.refused_requests import RefusedError
from shadow.report.evident_signals import BEING_BUILT, EvidentSignals, verdict_period
from shadow.settings.config_errors import ConfigError, quoted
from shadow.settings.top_level_config import Config
from storage.store import Reader, StoreError

Page = Callable[..., str | None]
Absent = Callable[[str], str]
"""Returns the sentence about a name of which there is no page."""
FORM = "application/x-www-form-urlencoded"
PATIENCE = 1.0
"""Seconds that a list of pairs waits for the verdicts of its period."""
TYPES = {"css": "text/css", "svg": "image/svg+xml", "js": "text/javascript"}
STATIC = {
    **dict.fromkeys(("style.css", "icon.svg", "pages.js", "course.js"), "templates"),
    **dict.fromkeys(("uplot.js", "uplot.css"), "vendor"),
}
"""The files of the pages by their folder."""


class AdminPages:
    """Each handler by the name of its page; `operator` takes the forms, None where there are none."""

    def __init__(self, reader: Reader, pages: PageSet, threads: PageThreads, operator: OperatorActions | None) -> None:
        self._pages, self._threads = pages, threads
        self._operator = operator
        self.live = LiveFeed(reader, threads, pages.figures).answer
        self._runbook = pages.runbook()
        self._static = {name: (files("shadow.pages") / folder / name).read_bytes() for name, folder in STATIC.items()}

    def __repr__(self) -> str:
        return f"<AdminPages {self._pages!r}>"

    def message(self, title: str, text: str) -> str:
        """A page with one message."""
        return self._pages.message(title, text)

    def reload(self, config: Config) -> None:
        """Apply `config` from the next page on."""
        self._pages.reload(config)

    def close(self) -> None:
        """Stop the builds of figures."""
        self._pages.figures.close()

    async def home(self, request: web.Request) -> web.Response:
        """`/`: the providers and their verdicts."""
        return await self._of_period(overview.PARAMETERS, request.query, self._pages.overview.page)

    async def pairs(self, request: web.Request) -> web.Response:
        """`/pairs`: the list of pairs."""
        evident = await self._evident(_list_period(request.query))
        return await self._rendered(self._pages.pairs.page, request.query, evident, _tenants(request))

    async def answers(self, request: web.Request) -> web.Response:
        """`/answers`: the list of answers."""
        return await self._rendered(self._pages.answers.page, request.query)

    async def audit(self, request: web.Request) -> web.Response:
        """`/audit`: the audit itself."""
        return await self._of_period(audit_page.PARAMETERS, request.query, self._pages.audit.page)

    async def choose(self, request: web.Request) -> web.Response:
        """`/choose`: the tournaments."""
        return await self._rendered(self._pages.choose.page, request.query)

    async def studies(self, request: web.Request) -> web.Response:
        """`/studies`: the studies."""
        return await self._without_filters(request, self._pages.studies.page)

    async def provider(self, request: web.Request) -> web.Response:
        """`/providers/NAME`: one provider."""
        name = request.match_info["name"]
        page, absent = self._pages.provider.page, self._pages.provider.absent
        return await self._of_period(provider_page.PARAMETERS, request.query, page, name, absent=absent)

    async def act(self, request: web.Request) -> web.Response:
        """Take the form of a provider's page; only a page of this port can send it (CSRF), whatever cookie comes with it."""
        if "Origin" not in request.headers:  # a foreign one is refused before
            raise web.HTTPForbidden(text="403: this form is sent from the page of the provider\n")
        assert self._operator is not None  # since the route is there
        name = request.match_info["name"]
        try:
            fields = await _form(request)
            await self._threads.run(self._operator.take, name, fields)
        except (ConfigError, StoreError) as why:
            raise RefusedError(400, str(why), title="Nothing was changed") from why
        except NotStoredError as why:
            raise RefusedError(500, str(why), title="Done, but not stored") from why
        raise web.HTTPSeeOther(provider_address(name, since="all"))

    async def pair(self, request: web.Request) -> web.Response:
        """`/pairs/ID`: one pair."""
        evident = await self._evident(_list_period(request.query))
        name = request.match_info["id"]
        page, absent = self._pages.pair.page, self._pages.pair.absent
        return await self._rendered(page, name, request.query, evident, _tenants(request), absent=absent)

    async def bug_report(self, request: web.Request) -> web.Response:
        """`/pairs/ID/report`: the report by the verdicts of the period of the page that leads to it."""
        name = request.match_info["id"]
        figures = await self._figures(checked(request.query, ("since",)).get("since") or "all")
        text = await self._threads.run(self._pages.pair.report, name, EvidentSignals(figures.cards))
        if text is None:
            raise RefusedError(404, await self._threads.run(self._pages.pair.absent, name))
        return web.Response(text=text, content_type="text/plain", charset="utf-8")

    async def exchange(self, request: web.Request) -> web.Response:
        """`/exchanges/ID`: one exchange."""
        return await self._without_filters(request, self._pages.exchange.page, request.match_info["id"])

    async def conversation(self, request: web.Request) -> web.Response:
        """`/conversations/ID`: one conversation."""
        return await self._without_filters(
            request, self._pages.conversation.page, request.match_info["id"], await self._evident("all")
        )

    async def serving(self, _: web.Request) -> web.Response:
        """`/serving`: an address of earlier versions."""
        raise web.HTTPFound("/")

    async def _of_period(
        self, known: Sequence[str], query: Mapping[str, str], page: Page, *given: object, absent: Absent = gone
    ) -> web.Response:
        """The page with the figures of its period: no thread waits for them, however many pages do."""
        figures = await self._figures(checked(query, known).get("since") or "24h")
        return await self._rendered(page, *given, query, figures, absent=absent)

    async def _without_filters(self, request: web.Request, page: Page, *given: object) -> web.Response:
        checked(request.query, ())
        return await self._rendered(page, *given)

    async def _evident(self, period: str) -> EvidentSignals:
        """What the verdicts of the period rest on; those built last, or none, where they are not built within a second."""
        waiting = BEING_BUILT
        try:
            figures: PeriodFigures | None = await asyncio.wait_for(self._built(period), PATIENCE)
        except TimeoutError:
            figures = self._pages.figures.known(period)
        except NotBuiltError as why:
            figures, waiting = None, str(why)
        return EvidentSignals(figures.cards) if figures else EvidentSignals((), built=False, waiting=waiting)

    async def _figures(self, since: str) -> PeriodFigures:
        """The figures of a period; 503 with the seconds to wait where they cannot be built yet."""
        try:
            return await self._built(since)
        except NotBuiltError as why:
            late = {"Retry-After": str(why.seconds)}
            raise RefusedError(503, str(why), title="Not built yet", headers=late) from why

    async def _built(self, since: str) -> PeriodFigures:
        # a reader who leaves must not cancel the build that others share
        return await asyncio.shield(asyncio.wrap_future(self._pages.figures.future(since)))

    async def _rendered(self, page: Page, *given: object, absent: Absent = gone) -> web.Response:
        """The page, or 404 with the sentence of `absent` for a name, the first that is given, that is not in the store."""
        html = await self._threads.run(page, *given)
        if html is None:
            raise RefusedError(404, await self._threads.run(absent, str(given[0])))
        return web.Response(text=html, content_type="text/html", charset="utf-8")

    async def raw(self, request: web.Request) -> web.Response:
        """`/exchanges/ID/SIDE`: a body as it was sent."""
        body = await self._threads.run(self._pages.exchange.body, request.match_info["id"], request.match_info["side"])
        if isinstance(body, str):
            raise RefusedError(404, body)
        return web.Response(body=body, content_type="text/plain", charset="utf-8")

    async def runbook(self, request: web.Request) -> web.Response:
        """`/runbook`: what each alert means and what to do."""
        return await self._without_filters(request, lambda: self._runbook)

    async def icon(self, _: web.Request) -> web.Response:
        """What a browser requests for a page that names no icon, as plain text does."""
        raise web.HTTPFound("/static/icon.svg")

    async def static(self, request: web.Request) -> web.Response:
        """`/static/NAME`: a file of the pages."""
        name = request.match_info["name"]
        if name not in STATIC:
            raise web.HTTPNotFound
        return web.Response(body=self._static[name], content_type=TYPES[name.rpartition(".")[2]], charset="utf-8")


def _tenants(request: web.Request) -> frozenset[str]:
    """The tenants whose words the sender may read; empty for all."""
    grant = request.get(GRANT)
    return grant.tenants if grant else frozenset()


def _list_period(query: Mapping[str, str]) -> str:
    return verdict_period(query.get("since", ""), query.get("until", ""))


async def _form(request: web.Request) -> dict[str, str]:
    """The fields of a form as a page sends it; ConfigError where the body is none."""
    if request.content_type != FORM:  # others, as multipart, are not read
        raise ConfigError([f"the body is not a form: its type is {quoted(request.content_type)}, not {FORM}"])
    try:
        posted = await request.post()
    except (ValueError, LookupError) as why:  # bytes that its charset does not have, an unknown charset
        raise ConfigError([f"the body is not a form: {why}"]) from why
    return {name: value for name, value in posted.items() if isinstance(value, str)}
