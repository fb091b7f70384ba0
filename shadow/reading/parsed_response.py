"""Parses a response, whatever a provider sent; total."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from proxy.exchange import Exchange, Response
from proxy.named_tuples import maker
from shadow.reading.apis import READERS, ApiReader, api_of
from shadow.reading.body_decoding import DecodedBody, decode
from shadow.reading.chat_response import ResponseReading
from shadow.reading.completion import Completion, ProviderError, Unread, UnreadReason
from shadow.reading.provider_error import error_of_body
from shadow.reading.response_timing import ResponseTiming, response_timing
from shadow.reading.sse import read_stream

SWITCHED = 101
"""The status of an exchange that became a WebSocket."""


class ParsedResponse(NamedTuple):
    """One response, parsed: its completion, or why it could not be parsed; the provider's error, if any; and its times.

    `error` and a readable `completion` may both be set: a stream may fail after it began.
    """

    exchange: Exchange
    status: int | None
    completion: Completion | Unread
    error: ProviderError | None
    timing: ResponseTiming


_new_response = maker(ParsedResponse)


def parse_response(exchange: Exchange) -> ParsedResponse:
    """One response in the normal form; never raises, whatever the provider sent."""
    response = exchange.response
    if response is None:
        return _answer(exchange, ResponseReading(_no_response(exchange), None, [], done=False), ())
    decoded = decode(response.headers, response.body, response.marks.ends.tolist())
    if isinstance(decoded, Unread):
        error = error_of_body(response.status, b"") if not _is_success(response) else None
        return _answer(exchange, ResponseReading(decoded, error, [], done=False), ())
    return _answer(exchange, _judged(exchange, response, decoded), decoded.ends)


def _answer(exchange: Exchange, reading: ResponseReading, ends: Sequence[int]) -> ParsedResponse:
    completion = reading.completion
    tokens = completion.usage.completion_tokens if isinstance(completion, Completion) and completion.usage else None
    timing = response_timing(
        exchange, ends=ends, content_ends=reading.content_ends, tokens=tokens, first_output=reading.first_output
    )
    status = exchange.response.status if exchange.response else None
    return _new_response(exchange=exchange, status=status, completion=completion, error=reading.error, timing=timing)


def _no_response(exchange: Exchange) -> Unread:
    failure = exchange.failure
    detail = f"{failure.kind}: {failure.detail}" if failure else "no response was recorded"
    return Unread(why=UnreadReason.NO_RESPONSE, detail=detail)


def _judged(exchange: Exchange, response: Response, decoded: DecodedBody) -> ResponseReading:
    """The content of the body, checked against how the exchange ended."""
    if response.status == SWITCHED:
        return ResponseReading(
            Unread(why=UnreadReason.NOT_AUDITED, detail="a WebSocket, whose frames are not read"), None, [], done=False
        )
    if not _is_success(response):
        error = error_of_body(response.status, decoded.body)
        return ResponseReading(Unread(why=UnreadReason.ERROR, detail=f"status {response.status}"), error, [], done=False)
    reader = READERS.get(api_of(exchange.request.target))
    if exchange.request.method != "POST" or reader is None:
        detail = f"only what is posted to an API that is read ({', '.join(READERS)}) is"
        return ResponseReading(Unread(why=UnreadReason.NOT_AUDITED, detail=detail), None, [], done=False)
    reading = _read_body(exchange, response, decoded.body, reader)
    if cut := _cut(exchange, response, decoded, reading):
        return reading._replace(completion=cut)
    return reading


def _is_success(response: Response) -> bool:
    return 200 <= response.status < 300


def _read_body(exchange: Exchange, response: Response, body: bytes, reader: ApiReader) -> ResponseReading:
    """A whole JSON body or a stream, distinguished by the bytes: servers put the wrong content-type on either."""
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if not start and not body.strip():
        return ResponseReading(Unread(why=UnreadReason.EMPTY, detail="the body is empty"), None, [], done=False)
    if start.startswith((b"{", b"[")):
        return _noted(reader.whole(body, response.status), exchange.labels.stream, "a stream was requested, a whole answer came")
    stream = read_stream(body)
    if stream:
        return _noted(
            reader.fold(stream, response.status), not exchange.labels.stream, "a whole answer was requested, a stream came"
        )
    if _is_named_stream(response):
        return ResponseReading(Unread(why=UnreadReason.NOT_SSE, detail="no line of the stream is an event"), None, [], done=False)
    return reader.whole(body, response.status)


def _is_named_stream(response: Response) -> bool:
    types = [value for name, value in response.headers if name.lower() == "content-type"]
    return bool(types) and types[-1].lower().startswith("text/event-stream")


def _noted(reading: ResponseReading, applies: bool, note: str) -> ResponseReading:
    if not applies or not isinstance(reading.completion, Completion):
        return reading
    completion = reading.completion
    return reading._replace(completion=completion._replace(notes=(*completion.notes, note)))


def _cut(exchange: Exchange, response: Response, decoded: DecodedBody, reading: ResponseReading) -> Unread | None:
    """Why this is not a complete answer; "" if it is. A stream that reached its end (as [DONE]) is complete, whichever side
    closed after it; an error that the provider sent takes precedence over the way the connection ended.
    """
    if reading.done or reading.error:
        return None
    if exchange.failure:
        return Unread(why=UnreadReason.BROKEN, detail=f"{exchange.failure.kind}: {exchange.failure.detail}")
    if response.truncated:
        if exchange.unheld and not response.body:
            return Unread(why=UnreadReason.NOT_HELD, detail=f"there was no room to hold its {response.size} bytes")
        return Unread(why=UnreadReason.TRUNCATED, detail=f"{len(response.body)} of {response.size} bytes were kept")
    if not decoded.whole and response.body:
        return Unread(why=UnreadReason.BROKEN, detail="the compressed body ends before its end")
    return None
