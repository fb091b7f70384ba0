"""Publisher: sends packed exchanges to the broker until each is acknowledged, is too old or never can be; it never blocks.

Each attempt carries the exchange's id, by which the broker stores it once. The client's own asynchronous publishing is not
used: it loses its permits where acknowledgements are lost, and then sends nothing any more.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

import structlog

from proxy.packing import unpack
from shadow.broker.broker_errors import BrokerAwayError, BrokerError, MessageTooLargeError, StreamFullError
from shadow.broker.broker_message import OVERHEAD, PayloadCompressor, headers, shard_of, subject
from shadow.pipeline.exchange_ledger import ExchangeLedger
from shadow.pipeline.task_errors import log_error
from shadow.settings.top_level_config import BrokerConfig

log = structlog.get_logger("sameweights.publisher")

LANES = 64
"""Exchanges that wait for an acknowledgement at once."""
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 0.5
ERROR, MALFORMED, TOO_LARGE, FULL, TOO_OLD = "error", "malformed", "broker_too_large", "broker_full", "broker_too_old"
"""Reasons of drops, fields of `proxy.process.shared_counters.AUDIT`; what finds no room here is the receiver's `inbox_full`."""


class PackedQueue(Protocol):
    """Where exchanges come from, packed: the receiver of the local socket."""

    async def take_packed(self) -> tuple[int, bytes]:
        """The sender and payload of the next exchange, which counts as waiting until it is `released`; waits for one."""

    def take_packed_now(self) -> tuple[int, bytes] | None:
        """The next exchange, or None when none waits."""

    def release(self, size: int) -> None:
        """An exchange of so many bytes waits no longer."""


class Broker(Protocol):
    """Where exchanges go."""

    @property
    def max_payload(self) -> int:
        """Bytes that a message may have; BrokerAwayError while that is not known."""

    async def publish(self, subject: str, body: bytes, headers: dict[str, str]) -> None:
        """Publish and wait for the acknowledgement; BrokerAwayError, BrokerError or MessageTooLargeError without one."""


class _Waiting(NamedTuple):
    worker: int
    payload: bytes
    since: float


class Publisher:
    """Takes what `source` has at once, so that an exchange's age counts from its arrival; `source` bounds the bytes."""

    def __init__(
        self,
        *,
        source: PackedQueue,
        broker: Broker,
        ledger: ExchangeLedger,
        settings: BrokerConfig,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._broker = broker
        self._ledger = ledger
        self._settings = settings
        self._clock = clock
        self._compressor = PayloadCompressor()
        self._waiting: deque[_Waiting] = deque()
        self._lanes: set[asyncio.Task[None]] = set()
        self._ending = False
        self.retries = 0
        """Attempts after the first of each exchange."""

    def __repr__(self) -> str:
        return f"<Publisher waiting={len(self._waiting)} lanes={len(self._lanes)} retries={self.retries}>"

    async def run(self) -> None:
        """Publish what the source has, until cancelled."""
        while True:
            self._add(await self._source.take_packed())
            self._take_all()
            await asyncio.sleep(0)

    async def finish(self, patience: float) -> None:
        """Publish what waits, for at most `patience` seconds; what remains is dropped and counted."""
        self._take_all()
        if self._lanes:
            await asyncio.wait(self._lanes, timeout=patience)
        self._ending = True
        for lane in self._lanes:
            lane.cancel()
        await asyncio.gather(*self._lanes, return_exceptions=True)
        while self._waiting:
            self._settle(self._waiting.popleft(), TOO_OLD)

    def _take_all(self) -> None:
        while (taken := self._source.take_packed_now()) is not None:
            self._add(taken)

    def _add(self, taken: tuple[int, bytes]) -> None:
        self._waiting.append(_Waiting(*taken, self._clock()))
        if len(self._lanes) < LANES:
            lane = asyncio.create_task(self._lane())
            self._lanes.add(lane)
            lane.add_done_callback(self._lanes.discard)
            lane.add_done_callback(log_error)

    async def _lane(self) -> None:
        while self._waiting and not self._ending:
            each = self._waiting.popleft()
            try:
                dropped = await self._publish(each)
            except asyncio.CancelledError:
                self._settle(each, TOO_OLD)
                raise
            except Exception:
                log.exception("exchange_not_published")
                dropped = ERROR
            self._settle(each, dropped)

    def _settle(self, each: _Waiting, dropped: str) -> None:
        self._source.release(len(each.payload))
        if dropped:
            self._ledger.lost(each.worker, dropped)
        else:
            self._ledger.published(each.worker)

    async def _publish(self, each: _Waiting) -> str:
        """Why it is dropped; "" once the broker has acknowledged it."""
        try:
            exchange_id = unpack(each.payload).id
        except ValueError as why:
            log.warning("exchange_unreadable", worker=each.worker, error=str(why))
            return MALFORMED
        body, where = self._compressor.compress(each.payload), subject(shard_of(exchange_id, self._settings.streams))
        return await self._sent(where, body, headers(exchange_id), each.since)

    async def _sent(self, where: str, body: bytes, named: Mapping[str, str], since: float) -> str:
        pause = FIRST_PAUSE
        while True:
            try:
                if len(body) + OVERHEAD > self._broker.max_payload:
                    return TOO_LARGE
                await self._broker.publish(where, body, dict(named))
            except MessageTooLargeError:
                return TOO_LARGE
            except (BrokerAwayError, BrokerError) as why:
                if self._clock() - since > self._settings.patience:
                    return FULL if isinstance(why, StreamFullError) else TOO_OLD
            else:
                return ""
            self.retries += 1
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
