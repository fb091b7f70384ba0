"""BrokerConnection: one connection to NATS servers, opened again whenever it is lost or closed; it alone makes a client.

nats-py is imported when a connection is opened, and with it `broker_client`, because an installation without a broker does
not have it.
"""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import structlog

from shadow.broker.broker_credentials import credentials_options
from shadow.broker.broker_errors import (
    STREAM_FULL,
    TOO_LARGE,
    BrokerAwayError,
    BrokerError,
    BrokerRefusal,
    MessageTooLargeError,
    NoTlsError,
    StreamFullError,
    refusal,
)
from shadow.broker.clock_offset import ClockOffset
from shadow.broker.forbidden_subjects import ForbiddenSubjects
from shadow.settings.broker_checks import addresses
from shadow.settings.config_errors import quoted
from shadow.settings.top_level_config import BrokerConfig

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

log = structlog.get_logger("sameweights.broker")

OPEN_SECONDS = 3.0
"""Seconds that one attempt to connect may take, all servers together."""
PING_SECONDS = 2
"""Seconds between two pings, two of which may be unanswered; the client's own two minutes notice a stopped server too late."""
RETRY_SECONDS = 0.2
LONGEST_PAUSE = 5.0
PREPARE_SECONDS = 3.0
"""Seconds between two attempts to make again what a server may have lost."""
ANSWER_SECONDS = 2.0
PENDING_BYTES = 4 * 1024 * 1024
"""Bytes that the client holds for a connection that is lost."""
API = "$JS.API"
_REFUSED = re.compile("authori[sz]ation|authentication (?!timeout)", re.IGNORECASE)
"""In the words of a server that refuses credentials; the time for them may be over on a server that is busy or starts."""
_OUT_OF_TIME = frozenset({9, 10})
"""What OpenSSL finds of a certificate whose time has not begun, or is over: both pass, the first when this host has the time."""
LOST = "the connection to the broker is lost, and opened again as soon as a server answers"


class BrokerConnection:
    """`prepare` is awaited with each connection that was opened, and when a server may have lost what it made; its errors are
    those of `open`. Answers come to subjects below `_INBOX.NAME`, so that rights to read can be of one role.
    """

    def __init__(
        self,
        settings: BrokerConfig,
        credentials: str,
        *,
        name: str,
        prepare: Callable[[BrokerConnection], Awaitable[None]] | None = None,
    ) -> None:
        self._settings = settings
        self._credentials = credentials
        self._name = name
        self._prepare = prepare
        self.clock = ClockOffset()
        self._client: Client | None = None
        self._closed = asyncio.Event()
        self._forbidden = ForbiddenSubjects(f"_INBOX.{name}")
        self._latest: Exception | None = None
        """The last error that the client reported outside of a call."""
        self._why = "the broker has not been reached yet"
        """Why there is no client; "" while there is one."""
        self._lacks = ""
        """Why `prepare` failed with the client of now; "" where it did not."""
        self._doubted = asyncio.Event()
        self.reopened = 0.0
        """When the connection was last opened again (epoch seconds), 0 while it never was."""

    def __repr__(self) -> str:
        return f"<BrokerConnection {self._name} {self.why_not or 'connected'}>"

    @property
    def client(self) -> Client:
        """The client; BrokerAwayError while there is none."""
        if self._client is None:
            raise BrokerAwayError(self._why or LOST)
        return self._client

    @property
    def is_connected(self) -> bool:
        """Whether a server is connected now."""
        return self._client is not None and self._client.is_connected

    @property
    def why_not(self) -> str:
        """Why the broker cannot be used now; "" while it can."""
        if self._client is None:
            return self._why
        return self._lacks if self.is_connected else self._why_lost

    @property
    def _why_lost(self) -> str:
        return _without_tls(self._settings.url) if isinstance(self._latest, NoTlsError) else LOST

    @property
    def state(self) -> str:
        """How the broker stands, in words: connected or why not, and a clock that differs."""
        return "; ".join(filter(None, (self.why_not or "connected", self.clock.sentence)))

    @property
    def max_payload(self) -> int:
        """Bytes that a message may have; BrokerAwayError before the first connection."""
        return int(self.client.max_payload)

    async def open(self) -> None:
        """Connect, once; BrokerError where the servers refuse this configuration, BrokerAwayError where none answers."""
        try:
            self._client = await self._connected()
            if self._prepare is not None:
                await self._prepare(self)
        except (BrokerAwayError, BrokerError) as why:
            self._why = str(why)
            await self.close()
            raise
        self._closed.clear()
        self._why = self._lacks = ""

    async def keep(self) -> None:
        """Open the connection whenever there is none, and `prepare` it again when that was asked for; until cancelled."""
        async with asyncio.TaskGroup() as running:
            running.create_task(self._keep_open())
            running.create_task(self._keep_prepared())

    def doubt(self) -> None:
        """Have `prepare` run again soon, because a server seems to have lost what it made."""
        self._doubted.set()

    async def connected(self) -> Client:
        """The client, once a server is connected."""
        while True:
            if self.is_connected:
                return self.client
            await asyncio.sleep(RETRY_SECONDS)

    async def _keep_open(self) -> None:
        pause, before = RETRY_SECONDS, ""
        while True:
            _end_if_cancelled()
            try:
                if self._client is None:
                    await self.open()
                    self.reopened = time.time()
                    log.info("broker_connected", server=self._server())
            except (BrokerAwayError, BrokerError) as why:
                if pause == RETRY_SECONDS or (isinstance(why, BrokerError) and str(why) != before):
                    log.warning("broker_away", reason=str(why))
                before = str(why)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
                continue
            pause = RETRY_SECONDS
            await self._closed.wait()
            await self.close()

    async def _keep_prepared(self) -> None:
        while True:
            await self._doubted.wait()
            self._doubted.clear()
            if self._prepare is not None and self.is_connected:
                await self._prepared_again(self._prepare)
            await asyncio.sleep(PREPARE_SECONDS)

    async def _prepared_again(self, prepare: Callable[[BrokerConnection], Awaitable[None]]) -> None:
        """Remember why it failed, and try again later where it did."""
        lacked = self._lacks
        try:
            await prepare(self)
        except (BrokerAwayError, BrokerError) as why:
            self._lacks = str(why)
            self.doubt()
        else:
            self._lacks = ""
        if self._lacks and self._lacks != lacked:
            log.warning("broker_not_prepared", reason=self._lacks)
        if lacked and not self._lacks:
            log.info("broker_prepared", server=self._server())

    async def close(self) -> None:
        """End the connection."""
        client, self._client = self._client, None
        if client is not None:
            await _discard(client)

    async def request(self, subject: str, body: bytes, headers: dict[str, str] | None = None) -> Mapping[str, Any]:
        """The JSON answer of JetStream; BrokerAwayError without a connection, or without an answer in time.

        BrokerRefusal for its error, BrokerError as soon as the server reports that the rights forbid it, MessageTooLargeError
        for more than `max_payload`.
        """
        import nats.errors  # noqa: PLC0415 - imported only where a broker is configured

        if not self.is_connected:  # because the client keeps each request that it cannot send
            raise BrokerAwayError(self.why_not or LOST)
        try:
            # longer than the client's own limit, because a full buffer is flushed before it
            async with self._forbidden.watched(subject, ANSWER_SECONDS * 1.5):
                message = await self.client.request(subject, body, timeout=ANSWER_SECONDS, headers=headers)
        except nats.errors.MaxPayloadError as error:
            raise MessageTooLargeError(str(error)) from None
        except nats.errors.NoRespondersError:
            _end_if_cancelled()
            self.doubt()
            # while a leader is elected a stream that exists is not found either
            raise BrokerAwayError(
                "JetStream does not answer: it has no leader now, or is off (jetstream {} in its file)"
            ) from None
        except (nats.errors.Error, OSError, TimeoutError) as error:
            _end_if_cancelled()
            raise BrokerAwayError(f"the broker did not answer in time ({type(error).__name__})") from None
        answer: Mapping[str, Any] = json.loads(message.data)
        if "error" in answer:
            raise refusal(answer["error"])
        return answer

    async def publish(self, subject: str, body: bytes, headers: dict[str, str]) -> None:
        """Publish, and wait for the acknowledgement; StreamFullError, MessageTooLargeError, or the errors of `request`."""
        try:
            await self.request(subject, body, headers)
        except BrokerRefusal as why:
            if why.code == STREAM_FULL:
                raise StreamFullError(f"the stream is full ({why.description})") from None
            if why.code == TOO_LARGE:
                raise MessageTooLargeError(why.description) from None
            raise

    async def api(self, name: str, request: Mapping[str, object] | None = None) -> Mapping[str, Any]:
        """The answer to a request of JetStream's API, like `STREAM.INFO.NAME`; errors as `request`."""
        answer = await self.request(f"{API}.{name}", json.dumps(request).encode() if request else b"")
        _end_if_cancelled()
        if self.clock.observe(str(answer.get("ts", "")), time.time()):
            log.warning("clock_off", reason=self.clock.sentence)
        return answer

    async def tell(self, message: Msg, body: bytes) -> None:
        """Send an acknowledgement of a message by the connection of now; lost where there is none, and then delivered again."""
        with suppress(Exception):  # because the server sends the message again, whichever error the client has
            await self.client.publish(message.reply, body)

    async def flush(self) -> None:
        """Wait until the server has received what was sent, as far as it can."""
        with suppress(Exception):  # because what did not arrive is delivered again
            await self.client.flush(timeout=int(ANSWER_SECONDS))

    def _reported(self) -> Exception | None:
        return self._latest

    async def _connected(self, attempts: int = 5) -> Client:
        from shadow.broker.broker_client import BrokerClient  # noqa: PLC0415 - imported only where a broker is configured

        client = BrokerClient(tls_only=self._wants_tls)
        self._latest = None
        self._forbidden.reconnected()
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                await client.connect(**self._options())
        except Exception as error:  # noqa: BLE001 - the client raises what its parser, socket or TLS does
            await _discard(client)
            why = self._reported() or error
            if attempts > 1 and isinstance(why, ConnectionError) and not isinstance(why, ConnectionRefusedError):
                # because a server that refuses credentials may have closed before its reason is read
                return await self._connected(attempts - 1)
            raise self._unreachable(why) from None
        client.options.update(allow_reconnect=True, max_reconnect_attempts=-1)
        return client

    @property
    def _wants_tls(self) -> bool:
        return bool(self._settings.tls_ca) or addresses(self._settings.url)[0].startswith("tls://")

    def _options(self) -> dict[str, Any]:
        return {
            "servers": addresses(self._settings.url),
            "name": f"sameweights {self._name}",
            "inbox_prefix": f"_INBOX.{self._name}",
            "error_cb": self._on_error,
            "disconnected_cb": self._on_disconnected,
            "reconnected_cb": self._on_reconnected,
            "closed_cb": self._on_closed,
            # of this attempt alone: a client that tries again by itself leaves each connection open that it gave up
            "allow_reconnect": False,
            "max_reconnect_attempts": 1,
            "reconnect_time_wait": RETRY_SECONDS,
            "connect_timeout": 1,
            "ping_interval": PING_SECONDS,
            "max_outstanding_pings": 2,
            "pending_size": PENDING_BYTES,
            "flush_timeout": ANSWER_SECONDS,
            **self._tls(),
            **credentials_options(self._credentials),
        }

    def _tls(self) -> Mapping[str, object]:
        return {"tls": ssl.create_default_context(cafile=self._settings.tls_ca or None)} if self._wants_tls else {}

    def _unreachable(self, error: Exception) -> BrokerError | BrokerAwayError:
        shown, text = shown_addresses(self._settings.url), str(error)
        if isinstance(error, NoTlsError):
            return BrokerError(_without_tls(self._settings.url))
        if _REFUSED.search(text):
            return BrokerError(_refused(shown, self._settings.credentials_env))
        if isinstance(error, ssl.SSLCertVerificationError) and error.verify_code in _OUT_OF_TIME:
            words = f"TLS with the broker at {shown} fails: {error.verify_message}; see the clock of this host, or renew it"
            return BrokerAwayError(words)
        if isinstance(error, ssl.SSLError):
            words = f"TLS with the broker at {shown} fails: {error.reason or error}; name its authority in broker.tls_ca"
            return BrokerError(words)
        if "INFO" in text:
            return BrokerError(f"the server at {shown} is not a NATS server: see broker.url, whose port is usually 4222")
        why = error.strerror if isinstance(error, OSError) and error.strerror else text or "no answer in time"
        return BrokerAwayError(f"the broker at {shown} cannot be reached: {why}; see broker.url, and that nats-server runs there")

    def _server(self) -> str:
        url = self._client.connected_url if self._client else None
        return url.netloc.rpartition("@")[2] if url else ""

    async def _on_error(self, error: Exception) -> None:
        self._latest = error
        try:
            self._forbidden.report(error)
        except Exception:  # because the client reads nothing further once this raises
            log.exception("broker_report_failed")

    async def _on_disconnected(self) -> None:
        if self._client is not None:
            log.warning("broker_away", reason=LOST)

    async def _on_reconnected(self) -> None:
        self.reopened = time.time()
        log.info("broker_connected", server=self._server())
        self._forbidden.reconnected()
        self.doubt()

    async def _on_closed(self) -> None:
        self._closed.set()


async def _discard(client: Client) -> None:
    """End a client, whichever state it is in."""
    transport: Any = client._transport  # noqa: SLF001 - a client that never connected does not close it
    with suppress(Exception):  # because a client whose connection is half open raises what its socket does
        async with asyncio.timeout(ANSWER_SECONDS):
            await client.close()
    if transport is not None:
        transport.close()


def _end_if_cancelled() -> None:
    """CancelledError where the task was cancelled: `asyncio.wait_for` of Python 3.11, by which the client waits, returns an
    answer or raises an error of the same moment in its place, and a task that loops would then never end. What was published is
    not lost by it: an acknowledgement is returned.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def shown_addresses(url: str) -> str:
    """The servers as they may be shown, a password masked."""
    return ", ".join(quoted(one) for one in addresses(url))


def _without_tls(url: str) -> str:
    shown = shown_addresses(url)
    return f"the broker at {shown} offers no TLS: write nats:// to connect without TLS, or give its servers certificates"


def _refused(shown: str, variable: str) -> str:
    if variable:
        return f"the broker at {shown} refuses the credentials in '{variable}': put those of a user of its account there"
    return f"the broker at {shown} requires credentials: name the variable that holds them in broker.credentials_env"
