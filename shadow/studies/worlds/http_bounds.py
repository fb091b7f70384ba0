"""An HTTP client for MCP servers whose answers have a bound: the SDK bounds events, and no JSON answer."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2

LONGEST_ANSWER = 8 * 2**20
"""Bytes of one JSON answer, and of one event."""
_READ_SECONDS = 300.0


class AnswerTooLongError(Exception):
    """An answer over the bound, or one that is compressed although no coding was accepted."""


class _BoundedStream(httpx2.AsyncByteStream):
    """The bytes of a response, until there are more than the bound."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        seen = 0
        async for chunk in self._stream:
            seen += len(chunk)
            if seen > LONGEST_ANSWER:
                raise AnswerTooLongError(f"it sent an answer of more than {LONGEST_ANSWER // 2**20} MiB")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


def bounded_http_client(token: str, *, seconds: float) -> httpx2.AsyncClient:
    """A client with a bearer token (none when empty); connecting and writing take at most `seconds`."""
    fields = {"Accept-Encoding": "identity"} | ({"Authorization": f"Bearer {token}"} if token else {})
    timeout = httpx2.Timeout(seconds, read=_READ_SECONDS)
    return httpx2.AsyncClient(headers=fields, timeout=timeout, event_hooks={"response": [_bound]})


async def _bound(response: httpx2.Response) -> None:
    """Bound the body of a response, except of an event stream, whose events the SDK bounds one by one."""
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise AnswerTooLongError("it sent a compressed answer, which was not accepted")
    if not response.headers.get("content-type", "").lower().startswith("text/event-stream"):
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _BoundedStream(response.stream)
