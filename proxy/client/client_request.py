"""One request as it arrived, and the answers that the proxy writes itself."""

from __future__ import annotations

from http import HTTPStatus

from proxy.client.head_memo import HeadMemo
from proxy.client.request_body import RequestBody


class ClientRequest:
    """A request: its head with what was made of it, and its body, whole at once (`whole`) or still coming (`body`)."""

    __slots__ = ("begun", "body", "head", "length", "memo", "whole")

    def __init__(self, memo: HeadMemo, length: int | None, begun: float) -> None:
        self.memo = memo
        self.head = memo.head
        self.length = length
        """The size of the body as declared; None when it is chunked or there is none."""
        self.begun = begun
        """When its head was complete; for a pipelined one, when its turn came."""
        self.whole = b""
        """All of the body, where it came with the head."""
        self.body: RequestBody | None = None
        """The reader of the body otherwise."""

    def __repr__(self) -> str:
        come = len(self.whole) if self.body is None else self.body.size
        return f"<ClientRequest {self.head.method} length={self.length} come={come}>"

    @property
    def unread(self) -> bool:
        """True while not all of the body has come."""
        return self.body is not None and not self.body.whole

    def here(self, most: int) -> bytes | None:
        """The body, when all of it has come and is no longer than `most`; None when it must be read in pieces."""
        body = self.body
        if body is None:
            return self.whole if len(self.whole) <= most else None
        if not body.whole or body.broken or body.size > most:
            return None
        return body.take()

    async def read(self) -> bytes:
        """The next piece of the body, empty at its end; RequestError when it breaks."""
        if self.body is not None:
            return await self.body.read()
        whole, self.whole = self.whole, b""
        return whole

    @property
    def at_end(self) -> bool:
        """True when all of the body has been read."""
        return not self.whole if self.body is None else self.body.at_end

    @property
    def ready(self) -> bool:
        """True when `read` need not wait: bytes have come, or it is known that none will."""
        return bool(self.whole) if self.body is None else self.body.waiting > 0 or self.body.broken


def own_answer(status: int, body: bytes, *, keep: bool, head_only: bool = False, content_type: str = "application/json") -> bytes:
    """A whole answer of the proxy's own, as bytes; `head_only` for the answer to HEAD."""
    connection = "" if keep else "Connection: close\r\n"
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
        f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n{connection}\r\n"
    ).encode()
    return head if head_only else head + body
