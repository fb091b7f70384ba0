"""StreamPull: asks the consumer of one stream for as many messages as there is room for, and passes each on as it comes.

The client's own `fetch` is not used: it returns a batch that is not full when its time is over, and so delays each message.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from shadow.broker.broker_connection import API, BrokerConnection
from shadow.broker.broker_errors import BrokerAwayError
from shadow.broker.broker_message import stream_name
from shadow.broker.broker_streams import CONSUMER, SECOND

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from nats.aio.subscription import Subscription

log = structlog.get_logger("sameweights.consumer")

BATCH = 256
"""Messages of one request at most."""
EXPANSION, PROTOCOL_BYTES = 8, 64 * 1024
"""How many times as large exchanges become uncompressed; bytes of a message beside its payload."""
PULL_SECONDS = 2.0
"""Life of one request: one that a reconnection lost is missed for no longer."""
PAUSE_SECONDS = 0.2
PENDING_BYTES = 512 * 1024 * 1024
"""Bytes that the client holds until they are passed on; what is beyond it drops, and the broker delivers again."""


class StreamPull:
    """`room` returns how many messages and bytes may come; `received` is awaited with each; `moved` is set for more room.

    Bytes are counted compressed by the broker: a request asks for an eighth of those there is room for, and one message at least.
    """

    def __init__(
        self,
        broker: BrokerConnection,
        shard: int,
        *,
        room: Callable[[], tuple[int, int]],
        received: Callable[[Msg], Awaitable[None]],
        moved: asyncio.Event,
    ) -> None:
        self._broker = broker
        self._next = f"{API}.CONSUMER.MSG.NEXT.{stream_name(shard)}.{CONSUMER}"
        self._stream = stream_name(shard)
        self._room = room
        self._received = received
        self._moved = moved
        self._wanted = 0
        """Messages of the request under way that have not come."""
        self._over = asyncio.Event()
        self._subscription: Subscription | None = None

    def __repr__(self) -> str:
        return f"<StreamPull {self._stream} wanted={self._wanted}>"

    async def run(self) -> None:
        """Ask for messages until cancelled, again by each client that the connection is opened with."""
        while True:
            try:
                await self._by(self._broker.client)
            except BrokerAwayError:
                pass  # because the connection logs it
            except Exception as error:  # noqa: BLE001 - the client raises what its socket does
                log.warning("pull_failed", stream=self._stream, error=str(error))
            await asyncio.sleep(PAUSE_SECONDS)

    async def _by(self, client: Client) -> None:
        inbox = client.new_inbox()
        self._subscription = await client.subscribe(inbox, cb=self._on_message, pending_bytes_limit=PENDING_BYTES)
        try:
            while self._broker.client is client:
                await self._roomy()
                await client.publish(self._next, json.dumps(self._request(client.max_payload)).encode(), inbox)
                await self._ended()
        finally:
            await self.stop()

    async def stop(self) -> None:
        """Have the broker deliver nothing more to this process."""
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            with suppress(Exception):  # because a connection that is lost delivers nothing
                await subscription.unsubscribe()

    def _request(self, largest: int) -> dict[str, int]:
        messages, size = self._room()
        self._wanted = min(BATCH, messages)
        self._over.clear()
        limit = max(size // EXPANSION, largest + PROTOCOL_BYTES)
        return {"batch": self._wanted, "max_bytes": limit, "expires": int(PULL_SECONDS * SECOND)}

    async def _roomy(self) -> None:
        while min(self._room()) <= 0:
            self._moved.clear()
            await self._moved.wait()

    async def _ended(self) -> None:
        """Wait until the request has brought all that it asked for, or is over."""
        try:
            async with asyncio.timeout(PULL_SECONDS * 1.5):
                await self._over.wait()
        except TimeoutError:
            return

    async def _on_message(self, message: Msg) -> None:
        if not message.data and message.headers and "Status" in message.headers:
            self._over.set()
            return
        self._wanted -= 1
        if self._wanted <= 0:
            self._over.set()
        await self._received(message)
