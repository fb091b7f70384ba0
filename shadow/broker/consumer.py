"""BrokerConsumer: takes exchanges from the streams, and acknowledges each once the store has it, or never can.

What is not acknowledged is delivered again, to any auditor: an exchange whose process was killed is not lost. One that is
delivered again and stored already is acknowledged and neither counted nor shadowed.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING

import structlog

from proxy.exchange import Exchange
from shadow.broker.broker_connection import BrokerConnection
from shadow.broker.broker_message import FORMAT_HEADER, MessageError, read_message
from shadow.broker.broker_streams import ACK_SECONDS
from shadow.broker.clock_offset import TOLERATED
from shadow.broker.delivery_queue import Delivery, DeliveryQueue
from shadow.broker.stream_pull import StreamPull
from shadow.pipeline.exchange_ledger import ExchangeLedger
from storage.store import StoreError

if TYPE_CHECKING:
    from nats.aio.msg import Msg

log = structlog.get_logger("sameweights.consumer")

ACKNOWLEDGED, RENEWED, TERMINATED, RETURNED = b"+ACK", b"+WPI", b"+TERM", b"-NAK"
RENEW_SECONDS = ACK_SECONDS / 3
LOOK_SECONDS = 1.0
"""Seconds between two looks whether the store can be read again."""


class BrokerConsumer:
    """A source of exchanges, as the receiver of the local socket is; it holds at most `limit` exchanges and `limit_bytes`.

    `is_stored` returns whether the store has an exchange; it is called in a thread, and may raise StoreError.
    """

    def __init__(
        self,
        broker: BrokerConnection,
        *,
        streams: int,
        limit: int,
        limit_bytes: int,
        message_limit: int,
        ledger: ExchangeLedger,
        is_stored: Callable[[str], bool],
    ) -> None:
        self._broker = broker
        self._limit, self._limit_bytes, self._message_limit = limit, limit_bytes, message_limit
        self._ledger = ledger
        self._is_stored = is_stored
        self._held: dict[str, Delivery] = {}
        self._waiting = DeliveryQueue()
        self._bytes = 0
        self._paused = self._ending = False
        self._arrived = asyncio.Event()
        self._moved = asyncio.Event()
        self._answers: deque[tuple[Msg, bytes]] = deque()
        self._answering = asyncio.Event()
        self._pulls = [
            StreamPull(broker, shard, room=self._room, received=self._received, moved=self._moved) for shard in range(streams)
        ]
        self.redelivered: Counter[str] = Counter()
        """Exchanges that were delivered again, by `shadow.metrics.broker_metrics.REDELIVERIES`."""

    def __repr__(self) -> str:
        return f"<BrokerConsumer waiting={len(self._waiting)} held={len(self._held)} bytes={self._bytes} paused={self._paused}>"

    def __len__(self) -> int:
        return len(self._waiting)

    def work(self) -> list[Coroutine[None, None, None]]:
        """What runs until the end."""
        return [*(pull.run() for pull in self._pulls), self._answer(), self._renew()]

    async def take(self) -> Exchange:
        """The next exchange; waits for one, and while the store is away."""
        while True:
            if (exchange := self.take_now()) is not None:
                return exchange
            self._arrived.clear()
            await self._arrived.wait()

    def take_now(self) -> Exchange | None:
        """The next exchange, or None when none may be handed over now, while the store is away and at the end."""
        while not (self._paused or self._ending):
            taken = self._waiting.take()
            if taken is None:
                return None
            if taken.is_undeliverable:
                self._give_up(taken)
                continue
            if taken.times > 1:
                self.redelivered["audited"] += 1
            return taken.exchange
        return None

    def settled(self, exchange_id: str) -> None:
        """Acknowledge an exchange: the store has it, or never will."""
        self._done(exchange_id, ACKNOWLEDGED)

    def pause(self, paused: bool) -> None:
        """Take no further exchanges while the store is away; those that are held stay, and are renewed."""
        if self._paused == paused:
            return
        self._paused = paused
        self._arrived.set()
        self._moved.set()

    async def stop(self) -> None:
        """Take no more, and return what waits, so that another auditor gets it at once."""
        self._ending = True
        for pull in self._pulls:
            await pull.stop()
        await self._broker.flush()
        for delivery in self._waiting.take_all():
            self._done(delivery.exchange.id, RETURNED)
        await self._send_answers()

    async def close(self) -> None:
        """Send the acknowledgements that wait; what is held unstored is delivered again."""
        await self._send_answers()
        await self._broker.flush()

    def _room(self) -> tuple[int, int]:
        """How many exchanges and bytes one stream may request: an equal share of what neither is held nor was requested.

        None while one that is to be alone waits.
        """
        if self._paused or self._ending or self._waiting.has_suspects:
            return 0, 0
        messages = self._limit - len(self._held) - sum(pull.wanted[0] for pull in self._pulls)
        size = self._limit_bytes - self._bytes - sum(pull.wanted[1] for pull in self._pulls)
        return -(-messages // len(self._pulls)), -(-size // len(self._pulls))

    async def _received(self, message: Msg) -> None:
        """One message of a stream; a fault of ours costs this message alone."""
        if self._ending:
            self._reply(message, RETURNED)
            return
        try:
            version = (message.headers or {}).get(FORMAT_HEADER, "")
            exchange = read_message(version, message.data, self._message_limit)
            if not await self._is_wanted(exchange, message):
                return
            if len(self._held) >= self._limit:  # it came after its request was given up, and is one too many
                self._reply(message, RETURNED)
            else:
                self._keep(exchange, message)
        except MessageError as why:
            self._ledger.lost(0, "malformed")
            log.warning("message_unreadable", error=str(why), subject=message.subject)
            self._reply(message, TERMINATED)
        except Exception:
            self._ledger.lost(0, "error")
            log.exception("message_failed", subject=message.subject)
            self._reply(message, TERMINATED)

    async def _is_wanted(self, exchange: Exchange, message: Msg) -> bool:
        """Whether an exchange is to be audited: it is new, or may have been delivered before and is not stored."""
        times = message.metadata.num_delivered
        if (held := self._held.get(exchange.id)) is not None:
            held.message, held.since = message, time.monotonic()
            self.redelivered["held_here"] += 1
            return False
        if times == 1 and not self._may_be_again(message):
            return True
        if await self._stored(exchange.id):
            self.redelivered["stored_before"] += 1
            self._reply(message, ACKNOWLEDGED)
            return False
        return True

    def _may_be_again(self, message: Msg) -> bool:
        """Whether a first delivery may be none, because a server that is killed forgets its latest deliveries: of a message that
        was there before the connection was opened again, by our clock.
        """
        return message.metadata.timestamp.timestamp() + self._broker.clock.seconds < self._broker.reopened + TOLERATED

    async def _stored(self, exchange_id: str) -> bool:
        """Whether the store has it; waits until the store can be read."""
        while True:
            try:
                return await asyncio.to_thread(self._is_stored, exchange_id)
            except StoreError:
                await asyncio.sleep(LOOK_SECONDS)

    def _keep(self, exchange: Exchange, message: Msg) -> None:
        size, times = _size(exchange), message.metadata.num_delivered
        delivery = Delivery(message=message, exchange=exchange, size=size, since=time.monotonic(), times=times)
        self._held[exchange.id] = delivery
        self._waiting.add(delivery)
        self._bytes += size
        self._arrived.set()

    def _give_up(self, delivery: Delivery) -> None:
        self.redelivered["undeliverable"] += 1
        self._ledger.lost(0, "undeliverable")
        log.error("exchange_undeliverable", exchange=delivery.exchange.id, deliveries=delivery.times)
        self._done(delivery.exchange.id, TERMINATED)

    def _done(self, exchange_id: str, answer: bytes) -> None:
        """Hold an exchange no longer, and answer its message."""
        delivery = self._held.pop(exchange_id, None)
        if delivery is None:
            return
        self._waiting.settled(exchange_id)
        self._bytes -= delivery.size
        self._reply(delivery.message, answer)
        self._arrived.set()
        self._moved.set()

    def _reply(self, message: Msg, answer: bytes) -> None:
        self._answers.append((message, answer))
        self._answering.set()

    async def _answer(self) -> None:
        while True:
            await self._answering.wait()
            self._answering.clear()
            await self._send_answers()

    async def _send_answers(self) -> None:
        while self._answers:
            await self._broker.tell(*self._answers.popleft())

    async def _renew(self) -> None:
        """Tell the broker of what is held for long that it is worked on."""
        while True:
            await asyncio.sleep(RENEW_SECONDS / 2)
            now = time.monotonic()
            for delivery in [each for each in self._held.values() if now - each.since > RENEW_SECONDS]:
                delivery.since = now
                self._reply(delivery.message, RENEWED)


def _size(exchange: Exchange) -> int:
    """Bytes of bodies and chunk times that an exchange holds."""
    response = exchange.response
    return len(exchange.request.body) + (len(response.body) + 16 * len(response.marks) if response else 0)
