"""`DeferredPages`: loads the code of the pages with the first that is requested, in a thread of the pages.

Templates, reports and comparisons of texts are 10 MiB that a process which is only scraped does without.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import CollectorRegistry

from shadow.pages.operator_actions import OperatorActions
from shadow.pages.page_threads import PageThreads
from shadow.settings.top_level_config import Config
from storage.store import Reader

if TYPE_CHECKING:
    from shadow.pages.admin_pages import AdminPages


class DeferredPages:
    """The pages of one admin port; `operator` takes their forms, and without it they have none. The counters of `registry` begin
    with this object, not with the first page; `now` returns seconds since the epoch.
    """

    def __init__(
        self,
        reader: Reader,
        config: Config,
        registry: CollectorRegistry,
        threads: PageThreads,
        operator: OperatorActions | None,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._reader, self._config, self._registry = reader, config, registry
        self._threads = threads
        self._operator = operator
        self._begun = now()
        self._loading = threading.Lock()
        self._pages: AdminPages | None = None

    def __repr__(self) -> str:
        return f"<DeferredPages {self._pages!r}>"

    def handler(self, name: str) -> Handler:
        """The handler of this name of `AdminPages`."""

        async def handle(request: web.Request) -> web.StreamResponse:
            handled: Handler = getattr(await self._all(), name)
            return await handled(request)

        return handle

    async def message(self, title: str, text: str) -> str:
        """A page with one message."""
        return (await self._all()).message(title, text)

    def reload(self, config: Config) -> None:
        """Apply `config` from the next page on."""
        with self._loading:
            self._config = config
            if self._pages is not None:
                self._pages.reload(config)

    def close(self) -> None:
        """Stop what the pages compute."""
        with self._loading:
            if self._pages is not None:
                self._pages.close()

    async def _all(self) -> AdminPages:
        if self._pages is None:
            return await self._threads.run(self._loaded)
        return self._pages

    def _loaded(self) -> AdminPages:
        from shadow.pages.admin_pages import AdminPages  # noqa: PLC0415 - a process that is only scraped needs none of its memory
        from shadow.pages.page_set import PageSet  # noqa: PLC0415 - as above

        with self._loading:
            if self._pages is None:
                acts = self._operator is not None
                pages = PageSet(self._reader, self._config, self._registry, acts=acts, begun=self._begun)
                self._pages = AdminPages(self._reader, pages, self._threads, self._operator)
            return self._pages
