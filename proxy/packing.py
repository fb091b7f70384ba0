"""Exchanges and worker statistics as bytes and back, and the frames that carry them over a local socket.

A frame is a 4-byte big-endian length of what follows, one byte of kind, and the payload. An exchange's payload is the length
of its JSON part, that part, the two bodies, and the marks as two arrays of 8-byte numbers, little-endian; nothing is lost. In a
frame of the kind COMPACT the answer is compressed, and before all that stand its place, its size there, and its size as it came.
"""

from __future__ import annotations

import json
import struct
import sys
from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar, cast

import orjson

from proxy.compact_body import expand
from proxy.exchange import UNLABELLED, ChunkTimings, Exchange, Failure, FailureKind, Headers, Labels, Request, Response, Role
from proxy.named_tuples import maker
from proxy.worker_stats import WorkerStats

_new_exchange, _new_response = maker(Exchange), maker(Response)
EXCHANGE = b"E"
COMPACT = b"Z"
PULSE = b"P"
_LENGTH = struct.Struct("<I")
_FRAME = struct.Struct(">I")
_MARK = struct.Struct("<dQ")
_PLACE = struct.Struct("<III")
Answered = tuple[int, str, Headers, int, float]
"""The status, reason, fields, size and seconds of an answer's head."""
OLDEST_LABELS = 8
"""Labels of the first version that packed them."""
_LABEL_TYPES = [*map(type, UNLABELLED)]
_HEADER = _FRAME.size + 1
_FRAME_SLACK = 4 * 1024 * 1024
"""Bytes of a frame beside its two bodies: heads, and the times of a long stream."""
_SWAPPED = sys.byteorder == "big"
_Numbers = TypeVar("_Numbers", "array[float]", "array[int]")
_Json = Mapping[str, object]
_Value = TypeVar("_Value", str, int, float, bool)


def frame(kind: bytes, *payload: bytes) -> bytes:
    """A payload, given in parts, with its length and kind before it."""
    return b"".join((opening(kind, sum(map(len, payload))), *payload))


def opening(kind: bytes, size: int) -> bytes:
    """What stands before a payload of `size` bytes."""
    return _FRAME.pack(size + 1) + kind


def frame_limit(body: int) -> int:
    """Bytes that the payload of a frame may have, where a body that is kept has at most `body`."""
    return 2 * body + _FRAME_SLACK


class PackedExchange(NamedTuple):
    """An exchange as the parts of its payload: its JSON, the two bodies, and the marks as they are packed."""

    words: bytes
    asked: bytes
    answered: bytes
    marks: bytes

    @property
    def kind(self) -> bytes:
        """That of its frame."""
        return EXCHANGE

    @property
    def parts(self) -> tuple[bytes, bytes, bytes, bytes, bytes]:
        """What a payload consists of, in its order; the bodies are the very objects that were kept, and not copied."""
        words, asked, answered, marks = self
        return _LENGTH.pack(len(words)), words, asked, answered, marks


class CompactExchange(NamedTuple):
    """The same with an answer that is compressed, of `size` bytes before."""

    words: bytes
    asked: bytes
    frames: bytes
    marks: bytes
    size: int

    @property
    def kind(self) -> bytes:
        """That of its frame."""
        return COMPACT

    @property
    def parts(self) -> tuple[bytes, bytes, bytes, bytes, bytes]:
        """What a payload consists of, in its order."""
        words, asked, frames, marks, size = self
        place = _PLACE.pack(_LENGTH.size + len(words) + len(asked), len(frames), size)
        return place + _LENGTH.pack(len(words)), words, asked, frames, marks


class RequestWords(NamedTuple):
    """The JSON that many exchanges have in common, `before` and `after` the length that each request stated."""

    before: bytes
    after: bytes


class FrameError(ValueError):
    """Bytes that cannot be cut into frames any further."""


class FrameReader:
    """Cuts the bytes of one connection into frames, each with a payload of at most `limit` bytes.

    What comes whole is copied once; of a frame that has begun nothing is looked at again before all of it has come.
    """

    __slots__ = ("_begun", "_limit", "_wanted")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._begun = bytearray()
        self._wanted = 0
        """Bytes that `_begun` must have before a frame can be cut from it."""

    def __repr__(self) -> str:
        return f"<FrameReader begun={len(self._begun)} wanted={self._wanted} limit={self._limit}>"

    @property
    def within(self) -> bool:
        """True while a part of a frame has come."""
        return bool(self._begun)

    def drop(self) -> None:
        """Forget the part of a frame that has come."""
        self._begun.clear()

    def feed(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        """The kind and payload of each frame that is whole with `data`; FrameError behind them where no frame follows."""
        if self._begun:
            self._begun += data
            if len(self._begun) < self._wanted:
                return
            data = bytes(self._begun)
            self._begun.clear()
        begin = 0
        while (end := self._end(data, begin)) <= len(data):
            yield data[begin + 4 : begin + _HEADER], data[begin + _HEADER : end]
            begin = end
        self._begun += data[begin:]
        self._wanted = end - begin

    def _end(self, data: bytes, begin: int) -> int:
        """Where the frame at `begin` ends, or its header while that is not whole."""
        if len(data) - begin < _HEADER:
            return begin + _HEADER
        (size,) = _FRAME.unpack_from(data, begin)
        if not 0 < size <= self._limit + 1:
            raise FrameError(f"a frame of {size - 1} bytes; at most {self._limit} are read")
        return begin + _FRAME.size + int(size)


def pack(exchange: Exchange) -> bytes:
    """An exchange as bytes; `unpack` gives back an equal one."""
    return b"".join(pack_parts(exchange).parts)


def request_words(  # noqa: PLR0917 - the parts in their order
    role: Role, labels: Labels, method: str, target: str, headers: Sequence[Headers], length_name: str
) -> RequestWords:
    """The JSON of a role, `labels` and a request's head; `headers` are the fields before and behind the one that states the
    length of the body, whose name is `length_name`, "" where there is none.
    """
    said = [_dumps(part)[1:-1] for part in headers]
    start = b',"role":%b,"labels":%b,"request":[%b,%b,[' % (*map(_dumps, (role, [*labels], method, target)),)
    if not length_name:
        return RequestWords(start + b",".join(filter(None, said)) + b"]]}", b"")
    first, last = said
    before = b'%b%b%b[%b,"' % (start, first, b"," if first else b"", _dumps(length_name))
    return RequestWords(before, b'"]%b%b]]}' % (b"," if last else b"", last))


def answer_words(  # noqa: PLR0917 - the parts in their order: one call an exchange, and names would cost as much again
    identity: str, started: float, seconds: float, overhead: float, asked: tuple[int, int], response: Answered, kept: int
) -> bytes:
    """The JSON of what is new in each exchange that ended without a failure: the sizes of what was `asked`, in all and as kept,
    the answer without its body, of which `kept` bytes are kept. It is opened, and not closed: see `pack_whole`.
    """
    new = {
        "id": identity,
        "started": started,
        "seconds": seconds,
        "overhead": overhead,
        "asked": asked,
        "response": response,
        "failure": None,
        "body": kept,
    }
    return _dumps(new)[:-1]


def pack_whole(said: bytes, request: RequestWords, length: str) -> bytes:
    """The JSON of an exchange: that of `answer_words`, and of a request whose head states a `length`, digits."""
    before, after = request
    return b"".join((said, before, length.encode(), after)) if after else said + before


def pack_parts(exchange: Exchange) -> PackedExchange:
    """The parts that `pack` joins, for callers that join them to more."""
    request, response, failure = exchange.request, exchange.response, exchange.failure
    answered = response and [response.status, response.reason, response.headers, response.size, response.head_seconds]
    fields = {
        "id": exchange.id,
        "role": exchange.role,
        "started": exchange.started,
        "labels": [*exchange.labels],
        "seconds": exchange.seconds,
        "overhead": exchange.overhead,
        "request": [request.method, request.target, request.headers],
        "asked": [request.size, len(request.body)],
        "response": answered,
        "failure": failure and [failure.kind, failure.detail, failure.after_head],
        "body": len(response.body) if response else 0,
    }
    if exchange.unheld:
        fields["unheld"] = True
    marks = response.marks if response else ChunkTimings()
    return PackedExchange(_dumps(fields), request.body, response.body if response else b"", pack_marks(marks))


def pack_marks(marks: ChunkTimings) -> bytes:
    """The times in seconds, then the ends in bytes, 8 bytes each."""
    seconds, ends = (_swapped(marks.seconds), _swapped(marks.ends)) if _SWAPPED else (marks.seconds, marks.ends)
    return seconds.tobytes() + ends.tobytes()


def pack_mark(seconds: float, end: int) -> bytes:
    """The same of one mark."""
    return _MARK.pack(seconds, end)


def unpack(payload: bytes, worker: int = 0) -> Exchange:
    """The exchange that `pack` was given, as one of `worker`; ValueError for anything that `pack` did not make."""
    try:
        (length,) = _LENGTH.unpack_from(payload)
        fields = _loads(payload[4 : 4 + length])
        answered, failed = fields["response"], fields["failure"]
        method, target, headers = cast("Sequence[object]", fields["request"])
        size, kept = cast("Sequence[object]", fields["asked"])
        middle = _within(payload, 4 + length + _number(kept))
        end = _within(payload, middle + _number(fields["body"]))
        body = payload[4 + length : middle]
        request = Request(_is(method, str), _is(target, str), _headers(headers), body, _number(size))
        return _new_exchange(
            id=_is(fields["id"], str),
            role=Role(_is(fields["role"], str)),
            started=_is(fields["started"], float),
            labels=_labels(fields["labels"]),
            seconds=_is(fields["seconds"], float),
            overhead=_is(fields["overhead"], float),
            request=request,
            response=None if answered is None else _response(answered, payload[middle:end], payload[end:]),
            failure=None if failed is None else _failure(failed),
            worker=worker,
            unheld=_is(fields.get("unheld", False), bool),
        )
    except (struct.error, KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise ValueError(f"no packed exchange: {error}") from None


def plain_size(kind: bytes, payload: bytes, limit: int) -> int:
    """The bytes of what `plain` gives; ValueError where it gives nothing, or more than `limit`."""
    if kind != COMPACT:
        return len(payload)
    begin, length, size = _place(payload)
    if begin + length > len(payload) - _PLACE.size:
        raise ValueError("no packed exchange: its bodies are longer than the message")
    whole = len(payload) - _PLACE.size - length + size
    if whole > limit:
        raise ValueError(f"no packed exchange: {whole} bytes; at most {limit} are read")
    return whole


def plain(kind: bytes, payload: bytes) -> bytes:
    """The payload of a frame that has an exchange, as that of one of the kind EXCHANGE; ValueError where it is none."""
    if kind != COMPACT:
        return payload
    begin, length, size = _place(payload)
    begin += _PLACE.size
    answered = expand(payload[begin : begin + length], size)
    return b"".join((payload[_PLACE.size : begin], answered, payload[begin + length :]))


def _place(payload: bytes) -> tuple[int, int, int]:
    if len(payload) < _PLACE.size:
        raise ValueError("no packed exchange: it is cut off")
    return cast("tuple[int, int, int]", _PLACE.unpack_from(payload))


def pack_stats(stats: WorkerStats) -> bytes:
    """Worker statistics as bytes."""
    return _dumps({name: getattr(stats, name) for name in WorkerStats.__slots__})


def unpack_stats(payload: bytes) -> WorkerStats:
    """The statistics that `pack_stats` was given; ValueError for anything else."""
    try:
        fields = _loads(payload)
        numbers = {name: _number(fields[name]) for name in WorkerStats.__slots__ if name != "loop_lag"}
        return WorkerStats(**numbers, loop_lag=_is(fields["loop_lag"], float))
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError, RecursionError) as error:
        raise ValueError(f"no packed statistics: {error}") from None


def _labels(value: object) -> Labels:
    """Each label has the type of its default; those that an earlier version did not know are left out at the end."""
    values = cast("Sequence[Any]", value)
    types = [*map(type, values)]
    if len(types) < OLDEST_LABELS or types != _LABEL_TYPES[: len(types)]:
        raise TypeError("labels of other types")
    return Labels(*values)


def _response(answered: object, body: bytes, marks: bytes) -> Response:
    status, reason, headers, size, head_seconds = cast("Sequence[object]", answered)
    half = len(marks) // 2
    seconds, ends = array("d", marks[:half]), array("Q", marks[half:])
    if _SWAPPED:
        seconds.byteswap()
        ends.byteswap()
    return _new_response(
        status=_number(status),
        reason=_is(reason, str),
        headers=_headers(headers),
        body=body,
        size=_number(size),
        marks=ChunkTimings(seconds, ends),
        head_seconds=_is(head_seconds, float),
    )


def _failure(failed: object) -> Failure:
    kind, detail, after_head = cast("Sequence[object]", failed)
    return Failure(kind=FailureKind(_is(kind, str)), detail=_is(detail, str), after_head=_is(after_head, bool))


def _headers(value: object) -> Headers:
    made = tuple([(name, text) for name, text in cast("Sequence[Sequence[str]]", value)])
    "".join(map("".join, made))  # a TypeError where one is no text, for less than a look at each
    return made


def _is(value: object, kind: type[_Value]) -> _Value:
    if kind is float and type(value) is int:
        return kind(value)
    if type(value) is not kind:
        raise TypeError(f"{kind.__name__} expected, not {type(value).__name__}")
    return value


def _number(value: object) -> int:
    number = _is(value, int)
    if number < 0:
        raise ValueError(f"{number} is no size")
    return number


def _within(payload: bytes, end: int) -> int:
    if end > len(payload):
        raise ValueError("its bodies are longer than the message")
    return end


def _swapped(numbers: _Numbers) -> _Numbers:
    numbers = numbers[:]
    numbers.byteswap()
    return numbers


def _dumps(fields: object) -> bytes:
    try:
        return orjson.dumps(fields)
    except TypeError:
        # A lone surrogate, or a number beyond 64 bits: the slow writer escapes what the quick one refuses.
        return json.dumps(fields).encode()


def _loads(text: bytes) -> _Json:
    try:
        fields = orjson.loads(text)
    except ValueError:
        fields = json.loads(text)
    if not isinstance(fields, dict):
        raise TypeError("an object expected")
    return fields
