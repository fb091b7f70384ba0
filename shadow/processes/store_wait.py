"""StoreWait: an audit process whose store cannot be opened yet: the admin port says so, and it is tried again until it opens.

The forwarding processes work meanwhile: what they hand over waits in them, or in the broker, as while an audit is started again.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

import structlog
from prometheus_client import CollectorRegistry

from proxy.process.shared_counters import SharedCounters
from shadow.metrics.broker_metrics import FORWARDING
from shadow.metrics.observe import Metrics
from shadow.metrics.process_metrics import ProcessCollector
from shadow.pages.admin_access import admin_access
from shadow.processes.admin_certificate import AdminCertificate
from shadow.processes.state_port import StatePort
from shadow.settings.top_level_config import Config
from storage.store_away import StoreAwayError

log = structlog.get_logger("sameweights.audit")

TRY_SECONDS = 1.0
"""Seconds between two attempts to open the store."""
COUNT_SECONDS = 0.5
PAGES = "the pages are here as soon as the store can be opened; /readyz has the reason why it cannot"
FORWARDED = "requests are forwarded; exchanges wait up to proxy.limits.handover, and are counted beyond it"
DELIVERED = "exchanges wait in the broker"
Opened = TypeVar("Opened")


class StoreWait(Generic[Opened]):
    """`attempt` opens the store and returns what works with it, or raises StoreAwayError; its other errors pass."""

    def __init__(
        self,
        config: Config,
        counters: SharedCounters,
        attempt: Callable[[], Awaitable[Opened]],
        certificate: AdminCertificate,
        *,
        role: str = "all",
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        registry = CollectorRegistry()
        self._counters = counters
        self._metrics = Metrics(registry, config)
        registry.register(ProcessCollector(os.getppid(), self._metrics.workers))
        self._attempt = attempt
        self._effect = DELIVERED if role == "audit" else FORWARDED
        self._reason = ""
        self._port = StatePort(
            config.admin,
            # a drawn token is in the store: until it opens, no client has one
            admin_access(config.admin, secrets.token_bytes(32), environ),
            certificate,
            shown=registry.restricted_registry(FORWARDING),
            metrics=self._metrics,
            why_not=lambda: f"the store cannot be opened yet; {self._effect}",
            lines=self._lines,
            home=PAGES,
            pages_later=True,
        )

    def __repr__(self) -> str:
        return f"<StoreWait {self._reason}>"

    async def opened(self, why: StoreAwayError, ended: asyncio.Event, admin: socket.socket) -> Opened | None:
        """What the first attempt that succeeds returns; None where `ended` was set before. `admin` stays open."""
        self._note(why)
        await self._port.open(admin.dup())
        counting = asyncio.create_task(self._counting())
        try:
            while not await _is_set(ended, TRY_SECONDS):
                try:
                    opened = await self._attempt()
                except StoreAwayError as error:
                    self._note(error)
                else:
                    log.info("store_back")
                    return opened
        finally:
            counting.cancel()
            await self._port.close()
        return None

    def reload(self, _line: bytes) -> None:
        """Read the certificate of the admin port again."""
        self._port.renew_certificate()

    def _lines(self) -> Sequence[str]:
        return [f"store: {self._reason}"]

    def _note(self, why: StoreAwayError) -> None:
        if str(why) != self._reason:
            log.warning("store_away", reason=str(why), effect=self._effect)
        self._reason = str(why)

    async def _counting(self) -> None:
        while True:
            self._metrics.counted(self._counters)
            await asyncio.sleep(COUNT_SECONDS)


async def _is_set(event: asyncio.Event, seconds: float) -> bool:
    """Whether the event is set within so many seconds."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()
