"""StreamPull: requests as many messages from the consumer of one stream as there is room for, and passes each on as it comes.

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
USUAL_STATUSES = frozenset({"404", "408"})
"""A request ends with them: there was no message (404), or not as many in its time (408)."""
PENDING_BYTES = 512 * 1024 * 1024
"""Bytes that the client holds until they are passed on; what is beyond it drops, and the broker delivers again."""


class StreamPull:
    """`room` returns how many messages and bytes may be requested; `received` is awaited with each; `moved` is set for more room.

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
        self.wanted = 0, 0
        """Messages of the request under way that have not been received, and the bytes that there was room for."""
        self._brought = self._refused = False
        """Whether the last request brought a message; whether it was refused, and brought none."""
        self._over = asyncio.Event()
        self._subscription: Subscription | None = None

    def __repr__(self) -> str:
        return f"<StreamPull {self._stream} wanted={self.wanted}>"

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
                if await self._broker.connected() is client and min(self._room()) > 0:
                    await client.publish(self._next, json.dumps(self._request(client.max_payload)).encode(), inbox)
                    await self._ended(client)
        finally:
            await self.stop()
            self._end_request()

    async def stop(self) -> None:
        """Have the broker deliver nothing more to this process."""
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            with suppress(Exception):  # because a connection that is lost delivers nothing
                await subscription.unsubscribe()

    def _request(self, largest: int) -> dict[str, int]:
        messages, size = self._room()
        self.wanted = min(BATCH, messages), size
        self._brought = self._refused = False
        self._over.clear()
        limit = max(size // EXPANSION, largest + PROTOCOL_BYTES)
        return {"batch": self.wanted[0], "max_bytes": limit, "expires": int(PULL_SECONDS * SECOND)}

    async def _roomy(self) -> None:
        while min(self._room()) <= 0:
            self._moved.clear()
            await self._moved.wait()

    async def _ended(self, client: Client) -> None:
        """Wait until the request has brought all that it asked for, or is over."""
        while True:
            connections = client.stats["reconnects"]
            if await self._is_over() or self._is_missing(client, connections):
                break
            if self._broker.client is not client:
                return
            # because the request may have waited in the client for the connection, and then its time begins now
            await self._broker.connected()
        self._end_request()
        if self._refused:
            self._broker.doubt()
            await asyncio.sleep(PAUSE_SECONDS)

    async def _is_over(self) -> bool:
        try:
            async with asyncio.timeout(PULL_SECONDS * 1.5):
                await self._over.wait()
        except TimeoutError:
            return False
        return True

    def _is_missing(self, client: Client, connections: int) -> bool:
        """Whether nothing of a request that is late can come any more: it was sent at once, and nothing of it waits here."""
        waiting = self._subscription.pending_msgs if self._subscription else 0
        return client.is_connected and client.stats["reconnects"] == connections and not waiting

    def _end_request(self) -> None:
        self.wanted = 0, 0
        self._moved.set()

    async def _on_message(self, message: Msg) -> None:
        status = (message.headers or {}).get("Status", "") if not message.data else ""
        if status:
            self._refused = status not in USUAL_STATUSES and not self._brought
            self._over.set()
            return
        self._brought = True
        await self._received(message)
        messages, size = self.wanted
        self.wanted = max(0, messages - 1), size
        if messages <= 1:
            self._over.set()
