"""LocalAudit: the audit of exchanges in the audit process itself, as it is with one worker."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress

import structlog

from shadow.pipeline.candidate_copies import CandidateCopies
from shadow.pipeline.fetcher_client import FetcherLostError, SubprocessFetcher
from shadow.pipeline.reference_client import ReferenceClient
from shadow.pipeline.reference_probe import PROBE_SECONDS, has_references, probe, wanted_models
from shadow.pipeline.worker import ExchangeSource, Worker
from shadow.settings.top_level_config import Config

log = structlog.get_logger("sameweights.audit")


class LocalAudit:
    """A worker, the fetcher through which it sends requests to references, and the receiver of its exchanges."""

    def __init__(
        self, config: Config, *, worker: Worker, references: ReferenceClient, fetcher: SubprocessFetcher, source: ExchangeSource
    ) -> None:
        self._copies = CandidateCopies()
        self._given = config
        self._config = self._copies.applied(config)
        self._worker = worker
        self._references = references
        self._fetcher = fetcher
        self._source = source

    def __repr__(self) -> str:
        return f"<LocalAudit {self._worker!r} {self._fetcher!r}>"

    @property
    def shadowing(self) -> int:
        """Shadows that run now."""
        return self._worker.shadowing

    @property
    def waiting(self) -> int:
        """Sampled exchanges whose shadow waits for a place now."""
        return self._worker.waiting

    async def start(self, _path: str) -> None:
        """Nothing has to be opened."""

    def work(self) -> list[Coroutine[None, None, None]]:
        """What runs until the end."""
        return [self._worker.run(self._source), *([self._references.keep()] if has_references(self._config) else [])]

    async def probe(self) -> None:
        """Request the list of models from each reference that no shadow request has reached, and log what is wrong with it."""
        await asyncio.sleep(PROBE_SECONDS)
        reached = self._worker.references_heard
        missing = {name: models for name, models in wanted_models(self._config.proxy).items() if name not in reached}
        with suppress(FetcherLostError):
            async for sentence in probe(self._references, missing, self._config.proxy.candidates):
                log.warning("reference_probe_failed", detail=sentence)

    def reload(self, config: Config) -> None:
        """Use the providers and routes of `config` from the next exchange on."""
        self._given = config
        self._apply()

    def hold(self, copies: CandidateCopies) -> None:
        """Send copies from the next exchange on to the candidates that `copies` has get them."""
        held = self._copies.held(self._given)
        self._copies = copies
        self._worker.renew(copies)
        if copies.held(self._given) != held:
            self._apply()

    def _apply(self) -> None:
        self._config = self._copies.applied(self._given)
        self._references.reload(self._config)
        self._worker.reload(self._config)

    def why_not(self) -> str:
        """A sentence that names what is missing; "" when all is well."""
        if has_references(self._config) and not self._fetcher.pid:
            return "the fetcher is not running; traffic is forwarded and recorded, nothing is compared"
        return ""

    async def drain(self, *, patience: float) -> None:
        """Handle what waits, then wait for the running shadows, at most `patience` seconds."""
        while (exchange := self._source.take_now()) is not None:
            self._worker.handle(exchange)
        await self._worker.drain(patience=patience)

    async def close(self) -> None:
        """End the process that sends requests to references."""
        await self._references.close()
