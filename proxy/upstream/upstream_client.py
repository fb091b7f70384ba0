"""The client of the providers: sends a request and reads its answer with one tee and one clock, for a client or without one."""

from __future__ import annotations

import asyncio
import math
import ssl
from collections.abc import Callable, Sequence
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from proxy.errors import RequestError, UpstreamError
from proxy.exchange import Exchange, Failure, FailureKind
from proxy.record.capture import Capture
from proxy.routing import header_rules as rules
from proxy.routing.outbound_proxy import proxy_fields
from proxy.routing.provider_origin import ProviderOrigin
from proxy.upstream.connection_pool import ConnectionPool
from proxy.upstream.dialer import Dialer
from proxy.upstream.response_consumer import AnyHead, HeadRewrite
from proxy.upstream.response_head import framed
from proxy.upstream.response_reader import ResponseReader
from proxy.upstream.upstream_connection import UpstreamConnection
from proxy.worker_stats import WorkerStats

if TYPE_CHECKING:
    from proxy.provider_config import Limits, Timeouts


class UpstreamClient:
    """Connections to providers, shared by the requests of one event loop; `tls` replaces the system's certificates."""

    def __init__(self, timeouts: Timeouts, limits: Limits, stats: WorkerStats, *, tls: ssl.SSLContext | None = None) -> None:
        self._limits = limits
        self._pool = ConnectionPool(timeouts, limits, stats, Dialer(timeouts.connect, tls))

    def __repr__(self) -> str:
        return f"<UpstreamClient {self._pool!r}>"

    def ready(self, origin: ProviderOrigin) -> UpstreamConnection | None:
        """A connection that is open and ready for one request, where there is one."""
        return self._pool.idle(origin)

    async def open(self, origin: ProviderOrigin) -> UpstreamConnection:
        """A new connection, for one request; UpstreamError when it cannot be made, RequestError when there are too many."""
        return await self._pool.dial(origin)

    def release(self, connection: UpstreamConnection, answer: ResponseReader) -> None:
        """Give a connection back after `answer`: kept when that ended exactly, closed at once otherwise."""
        if answer.over and answer.reusable and answer.head is not None:
            self._pool.give(connection, streamed=answer.head.hop.events)
            return
        if answer.failure is not None and answer.failure.kind is FailureKind.STALE:
            self._pool.stale(connection)
        connection.fail(FailureKind.CLIENT_GONE, "given up")

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()

    async def fetch(  # noqa: PLR0917 - the parts of a request in the order in which they are written
        self,
        origin: ProviderOrigin,
        method: str,
        target: str,
        headers: Sequence[tuple[bytes, bytes]],
        body: bytes,
        capture: Capture,
        *,
        total: float | None = None,
        most: int = 0,
    ) -> Exchange:
        """Ask without a client; whatever happens is in the exchange, only cancellation is raised.

        `target` and `headers` go out as given, but for Host, Content-Length and Connection, which are made here, each where it
        was given; a given Transfer-Encoding sends the body as one chunk. `total` limits the whole in seconds, `most` the body of
        the answer in bytes (0 does not).
        """
        fields = rules.HeaderFields.of(_with_length(headers, needed=bool(body) or method not in {"GET", "HEAD"}))
        chunked = b"transfer-encoding" in fields.names
        lines = rules.outgoing(fields, authority=origin.authority, key="", length=len(body))
        lines += proxy_fields(origin)
        message = rules.request_head(method, target, lines) + framed(body, chunked=chunked, last=True)
        capture.ask(body)
        failure: Failure | None
        try:
            async with asyncio.timeout(total):
                failure = await self._attempts(origin, method, message, capture, most)
        except TimeoutError:
            failure = Failure(kind=FailureKind.TOTAL_TIMEOUT, detail=f"not whole after {total:g} s", after_head=capture.answered)
        except UpstreamError as error:
            failure = Failure(kind=error.kind, detail=error.detail, after_head=False)
        except RequestError as error:
            failure = Failure(kind=FailureKind.REFUSED, detail=str(error), after_head=False)
        return capture.end(monotonic(), failure)

    async def _attempts(self, origin: ProviderOrigin, method: str, message: bytes, capture: Capture, most: int) -> Failure | None:
        """Ask once; a second connection is tried only when the first, reused, was closed before it can have had the request."""
        for fresh in (False, True):
            started = monotonic()
            link = (None if fresh else self.ready(origin)) or await self.open(origin)
            reader = DiscardingReader(most)
            answer = ResponseReader(method=method, limit=self._limits.head, capture=capture, reader=reader)
            reader.too_much = partial(_give_up, link, answer, most)
            try:
                done = link.serve(answer)
                capture.sent(monotonic(), monotonic() - started)
                link.send(message, last=True)
                await done
            finally:
                self.release(link, answer)
            if not link.replaceable(answer):
                break
        return answer.failure


def _with_length(headers: Sequence[tuple[bytes, bytes]], *, needed: bool) -> Sequence[tuple[bytes, bytes]]:
    """The fields with the one that states where the body ends, where one is `needed`: Content-Length, unless one is given."""
    names = {name.lower() for name, _ in headers}
    if b"transfer-encoding" in names or not needed:
        return [pair for pair in headers if pair[0].lower() != b"content-length"]
    return headers if b"content-length" in names else [*headers, (b"Content-Length", b"")]


def _give_up(connection: UpstreamConnection, answer: ResponseReader, most: int) -> None:
    if not answer.over:
        connection.fail(FailureKind.TOO_LARGE, f"more than {most} bytes of body")


class DiscardingReader:
    """The reader of an answer that has no client: it keeps nothing, the capture does; beyond `most` bytes it gives up."""

    def __init__(self, most: int = 0) -> None:
        self._left = most or math.inf
        self.too_much: Callable[[], None] = _nothing

    def __repr__(self) -> str:
        return f"<DiscardingReader left={self._left}>"

    def begin(self, head: AnyHead) -> HeadRewrite:  # noqa: ARG002 - the Protocol names it
        """Nothing is written before the body."""
        return HeadRewrite(head=b"")

    def write(self, data: bytes) -> None:
        """The bytes go nowhere."""
        self._left -= len(data)
        if self._left < 0:
            self._left = math.inf
            # not at once: the answer is just being fed
            asyncio.get_running_loop().call_soon(self.too_much)


def _nothing() -> None:
    """For requests that are not counted."""
