"""One request as it arrived, checked before anything is done for it, and the answers that the proxy writes by itself."""

from __future__ import annotations

from http import HTTPStatus
from time import monotonic
from typing import Protocol

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import StreamReader
from aiohttp.web_protocol import RequestPayloadError

from proxy.client.head_memo import HeadMemo
from proxy.errors import RequestError


class ClientPeer(Protocol):
    """The connection that a request came by, as far as the request knows it."""

    @property
    def connected(self) -> bool:
        """False once the client has gone, or was let go."""

    waiting_since: float
    """Since when the rest of a request body is awaited; 0.0 when it is not."""

    def memo_of(self, message: RawRequestMessage) -> HeadMemo:
        """The head of `message`, with what was made of it."""

    def take_moment(self) -> float:
        """The moment at which the head of the request now beginning was complete."""


class ClientRequest:
    """A request head and the reader of its body; made in place of aiohttp's own, costlier request object."""

    __slots__ = ("begun", "client", "content", "head", "length", "memo", "message")

    def __init__(self, message: RawRequestMessage, content: StreamReader, client: ClientPeer) -> None:
        self.message = message
        self.content = content
        self.client = client
        self.memo = memo = client.memo_of(message)
        self.head = memo.head
        self.begun = client.take_moment()
        self.length = memo.length(message)
        """The size of the body as declared; None when it is chunked or there is none."""

    def __repr__(self) -> str:
        return f"<ClientRequest {self.head.method} length={self.length} come={self.content.total_bytes}>"

    @property
    def lacking(self) -> int:
        """Bytes of the body that have not come yet; 0 for a body in chunks, whose end is not known before."""
        return 0 if self.length is None else self.length - self.content.total_bytes

    def here(self, most: int) -> bytes | None:
        """The body, when all of it has come and is no longer than `most`; None when `read` must tell."""
        content = self.content
        if not content.is_eof() or content.total_bytes > most or content.exception() is not None or not self.client.connected:
            return None
        return content.read_nowait()

    async def read(self) -> bytes:
        """The next piece of the body, empty at its end; RequestError when its framing breaks, or nothing comes for too long,
        ConnectionError when the client is no more.
        """
        if self.content.at_eof():
            return b""
        if not self.client.connected:
            raise ConnectionResetError
        self.client.waiting_since = monotonic()
        try:
            return await self.content.readany()
        except TimeoutError:
            raise RequestError(408, "body_timeout", "the rest of the request body did not come") from None
        except RequestPayloadError:
            raise RequestError(400, "bad_body", "the framing of the request body is broken") from None
        finally:
            self.client.waiting_since = 0.0

    # What aiohttp's server asks of a request object:

    def _finish(self) -> None:
        """Nothing is left behind."""

    def _cancel(self, exc: BaseException) -> None:
        self.content.set_exception(exc)


class AlreadyAnswered(web.StreamResponse):
    """What a handler returns when the answer is already written: nothing more to send, the connection kept or closed."""

    def __init__(self, *, keep: bool) -> None:
        super().__init__()
        self._keep = keep

    @property
    def keep_alive(self) -> bool | None:
        """Whether the connection may take another request."""
        return self._keep

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:  # noqa: ARG002 - aiohttp's signature
        """Write no head: it is written."""
        return None

    async def write_eof(self, data: bytes | bytearray | memoryview = b"") -> None:
        """Write no end: it is written."""


def own_answer(status: int, body: bytes, *, keep: bool, head_only: bool = False, content_type: str = "application/json") -> bytes:
    """A whole answer of the proxy's own, as bytes; `head_only` for the answer to HEAD."""
    connection = "" if keep else "Connection: close\r\n"
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
        f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n{connection}\r\n"
    ).encode()
    return head if head_only else head + body
