"""One answer of a provider, fed as it comes: its head rewritten once, its body passed on raw, its framing checked on the way.

The hot path: for each piece received, check it, write it, remember it. Nothing here waits, and no object is made for a piece.
The clock and the sockets belong to the caller; an answer that ends badly is a value, `failure`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from proxy.exchange import Failure, FailureKind
from proxy.record.capture import Capture
from proxy.upstream.chunked_body import REFUSED_EXTENSION, ChunkEvents, ExtendedChunks
from proxy.upstream.known_heads import KnownHeads
from proxy.upstream.response_consumer import AnyHead, ResponseConsumer, send_parts, unwritten
from proxy.upstream.response_head import BodyFraming, ResponseHead, chunked_end, delivered_end, read_head

_BARE_LF = re.compile(rb"(?<!\r)\n")
_UNTIL_CLOSE = frozenset({BodyFraming.CLOSE, BodyFraming.TUNNEL})
_BEGINNING, _HEAD_END = b"HTTP/1.", b"\r\n\r\n"
_LONGEST_SIZE = 64
"""Bytes of a chunk size, its padding included, that are waited for."""
_BEGUN_SIZE = re.compile(rb"[0-9A-Fa-f]*[ \t]*\r?")
_MOST_CHUNKS, _MOST_HEADS = 1_000, 50
"""Chunks of a body, and heads, that are read in one turn of the event loop: about a millisecond of work."""
_LARGE, _MANY_ENDS = 6 * _MOST_CHUNKS, 2 * _MOST_CHUNKS + 1
"""Bytes, and line ends, that fewer chunks cannot have (a chunk of one byte has six, and two); `replace` finds those of
a large read eight times as fast as `count`.
"""
_PORTION = 4 * 1024
"""Bytes between two looks at how many chunks have been read."""
_UNHEARD = object()
"""What llhttp calls where only the head is read by it: nothing."""


def _spent(data: bytes, now: float) -> None:
    """Takes the place of an answer's own reader once it is over, so that nothing refers to itself and memory is free at once."""


class ResponseReader:
    """The state of one answer; `feed(data, now)` until `over`, or `eof()`, or `fail()`. `switch` is the one protocol that the
    request allowed to switch to, in lower case.

    What would take too long for one turn of the event loop waits in `rest`, for `read_on()` in a later turn.
    """

    __slots__ = (
        *("_buffer", "_came", "_capture", "_events", "_feed_parser", "_left", "_limit", "_many", "_out", "_pieces", "_plain"),
        *("_quiet", "_reader", "_seen", "_switch", "_tail", "_write"),
        *("failure", "feed", "head", "known", "method", "over", "rest", "reusable"),
    )

    def __init__(self, *, method: str, limit: int, capture: Capture, reader: ResponseConsumer, switch: bytes = b"") -> None:
        self._switch = switch
        self.method = method
        self._limit = limit
        self._capture = capture
        self._reader = reader
        self._write: Callable[[bytes], None] = reader.write
        self._out = self._write
        self._buffer = bytearray()
        self._seen = 0
        self._left = 0
        self._quiet = 0
        self._tail: bytes | bytearray = b""
        """What came with the last body bytes, and all framing behind them."""
        self._plain = False
        self._many = False  # It has brought more chunks at once than one turn may take.
        self.rest = b""
        """What has come and is not read yet."""
        self.feed: Callable[[bytes, float], None] = self._feed_head
        self.known: KnownHeads | None = None
        """The heads that this provider is known to send."""
        self.head: AnyHead | None = None
        self.over = False
        self.reusable = False
        """True when the answer ended where its framing says, and the connection may serve another."""
        self.failure: Failure | None = None

    def __repr__(self) -> str:
        head = f"{self.head.status} {self.head.framing.value}" if self.head else "no head"
        failure = self.failure.kind.value if self.failure else ""
        return f"<ResponseReader {head} body={self._capture.size} over={self.over} failure={failure!r}>"

    @property
    def untouched(self) -> bool:
        """True while not one byte of it has come."""
        return self.head is None and not self._buffer and not self._seen

    def mute(self) -> None:
        """Write nothing from here on: the reader of the answer has gone, and may have left a connection that raises."""
        self._write = self._out = unwritten

    def fail(self, kind: FailureKind, detail: str) -> None:
        """The answer ends here, broken; the first cause stays."""
        if not self.over:
            self._stop()
            self.failure = Failure(kind=kind, detail=detail, after_head=self.head is not None)

    def eof(self, *, reset: bool, cut: bool = False) -> None:
        """The provider's connection has ended; only an answer that runs until then is whole, and only by a clean end. `cut` is a
        TLS connection that ended without its own end (RFC 8446 6.1), which anybody on the way can make it do.
        """
        if self.over:
            return
        # A WebSocket ends by a frame of its own: the end of its connection adds nothing.
        ends = self.head is not None and self.head.framing in ({BodyFraming.TUNNEL} if cut else _UNTIL_CLOSE)
        if ends and not reset:
            self._stop()
            return
        kind = FailureKind.RESET if reset else FailureKind.CLOSED
        if self.head is None:
            self.fail(kind, "inside the head of the answer" if not self.untouched else "before any byte of an answer")
        elif self.head.framing is BodyFraming.LENGTH:
            total = self.head.length
            self.fail(kind, f"after {total - self._left} of {total} bytes of the body")
        else:
            why = " (TLS ended without close_notify)" if cut else ""
            self.fail(kind, f"after {self._capture.size} bytes of an unfinished body{why}")

    def _feed_head(self, data: bytes, now: float) -> None:
        buffer = self._buffer
        if buffer:
            known = len(buffer)
            buffer += data
            unfinished = buffer.find(_HEAD_END, max(0, known - 3)) < 0 and not _BARE_LF.search(buffer, known)
            if unfinished and known >= len(_BEGINNING) and self._seen + len(buffer) <= self._limit:
                return
            data = bytes(buffer)
            buffer.clear()
        elif self.known is not None and self._feed_known(self.known, data, now):
            return
        # One round for each interim head, and one for the answer's own.
        for _ in range(_MOST_HEADS):
            end = self._head_end(data)
            if not end:
                return
            self._seen += end
            self._head_done(data, end, now)
            if self.over or self.head is not None:
                return
            data = data[end:]
        self._put_off(data, now)

    def _head_end(self, data: bytes) -> int:
        """Where the head ends that `data` begins with; 0 where it does not yet, or does not begin or measure as it may."""
        end = data.find(_HEAD_END) + len(_HEAD_END)
        whole = end >= len(_HEAD_END)
        if self._seen + (end if whole else len(data)) > self._limit:
            self.fail(FailureKind.TOO_LARGE, f"more than {self._limit} bytes")
        elif not data.startswith(_BEGINNING[: len(data)]):
            self.fail(FailureKind.MALFORMED, "it does not begin like HTTP/1")
        elif whole:
            return end
        elif _BARE_LF.search(data):
            self.fail(FailureKind.MALFORMED, "a line of its head ends with a bare line feed")
        self._buffer += data
        return 0

    def _feed_known(self, known: KnownHeads, data: bytes, now: float) -> bool:
        """Read a head of a known shape, which no other reader has to read; False where it is none."""
        end = data.find(_HEAD_END) + len(_HEAD_END)
        if end < len(_HEAD_END) or end > self._limit or self._seen or self.method == "HEAD":
            return False
        head = known.read(data[:end])
        if head is None:
            return False
        if head.framing is BodyFraming.CHUNKED:
            self._parse_chunked(head.raw)
        self._begin(head, data, end, now)
        return True

    def _head_done(self, data: bytes, end: int, now: float) -> None:
        raw = data[:end]
        try:
            head = read_head(raw, self.method)
            if head.framing is BodyFraming.TUNNEL:
                self._check_switch(head)
            elif head.framing is BodyFraming.CHUNKED:
                self._parse_chunked(raw)
            else:
                HttpResponseParser(_UNHEARD).feed_data(head.single(raw))
        except (ValueError, HttpParserError, HttpParserUpgrade) as error:
            self.fail(FailureKind.MALFORMED, str(error))
            return
        if self.known is not None:
            self.known.learn(head)
        self._begin(head, data, end, now)

    def _begin(self, head: AnyHead, data: bytes, end: int, now: float) -> None:
        """Pass on the head that ends at `end` of `data`, and what came behind it."""
        terms = self._reader.begin(head)
        if head.interim:
            if terms.head:
                self._out(terms.head)
            return
        self.head = head
        self._plain = terms.plain
        hop, length, rest = head.hop, head.length, data[end:]
        events, coded = hop.events and hop.readable, not hop.readable
        self._capture.head(head.status, head.reason, head.recorded(), now, events=events, length=length, coded=coded)
        if head.framing is BodyFraming.LENGTH and length == len(rest):
            # most answers that are no streams: whole, and often the very bytes that the client gets
            send_parts(self._out, (data,) if terms.head is head.raw else (terms.head, rest))
            if rest:
                self._capture.add(rest, now)
            self._end(exact=True)
            return
        self._body(head, terms.head, rest, now)

    def _parse_chunked(self, raw: bytes) -> None:
        """Let llhttp read a head too, which clients read it by: the same parser reads the chunks of its body."""
        events = self._events = ChunkEvents()
        parser = HttpResponseParser(events)
        parser.set_dangerous_leniencies(lenient_spaces_after_chunk_size=True)
        parser.feed_data(raw)
        self._pieces = events.pieces
        self._feed_parser: Callable[[bytes], None] = parser.feed_data

    def _check_switch(self, head: ResponseHead) -> None:
        """Refuse a switch of protocols that was not asked for (RFC 9110 15.2.2)."""
        named = [value.strip().lower() for name, value in head.pairs if name.lower() == b"upgrade"]
        if not self._switch or named != [self._switch]:
            raise ValueError("it switches protocols without a request to do so")

    def _body(self, head: AnyHead, first: bytes, rest: bytes, now: float) -> None:
        """Choose how the body is read, and send the head together with what came behind it."""
        self._left = head.length
        if head.framing is BodyFraming.CHUNKED:
            self.feed = self._feed_first_chunk
        elif head.framing is BodyFraming.LENGTH:
            self.feed = self._feed_length
        elif head.framing is BodyFraming.TUNNEL:
            self.feed = self._feed_tunnel
        else:
            self.feed = self._feed_nothing if head.framing is BodyFraming.NONE else self._feed_until_close
        gathered = [first]
        self._out = gathered.append
        if rest or head.framing is BodyFraming.NONE:
            self.feed(rest, now)
        self._out = self._write
        send_parts(self._out, gathered)

    def _stop(self) -> None:
        self.over = True
        self.rest = b""
        self.feed = _spent

    def _end(self, *, exact: bool) -> None:
        self.over = True
        self.rest = b""
        self.feed = _spent
        self.reusable = exact and self.head is not None and self.head.keep

    def read_on(self) -> None:
        """Read what waits in `rest`, as far as one turn may take."""
        data, self.rest = self.rest, b""
        self.feed = self._feed_head if self.head is None else self._feed_chunked
        self.feed(data, self._came)

    def _put_off(self, data: bytes, now: float) -> None:
        """Let `data`, which came at `now`, wait; what comes meanwhile waits behind it."""
        if data:
            self.rest, self._came = data, now
            self.feed = self._feed_behind

    def _feed_behind(self, data: bytes, now: float) -> None:  # noqa: ARG002 - one shape for every way to feed
        self.rest += data

    def _feed_nothing(self, data: bytes, now: float) -> None:  # noqa: ARG002 - one shape for every way to feed
        self._end(exact=not data)

    def _feed_length(self, data: bytes, now: float) -> None:
        left = self._left = self._left - len(data)
        if left < 0:
            data = data[:left]
        if data:
            self._out(data)
            self._capture.add(data, now)
        if left <= 0:
            self._end(exact=left == 0)

    def _feed_until_close(self, data: bytes, now: float) -> None:
        self._out(data)
        self._capture.add(data, now)

    def _feed_tunnel(self, data: bytes, now: float) -> None:
        self._out(data)
        self._capture.pass_down(len(data), now)

    def _feed_first_chunk(self, data: bytes, now: float) -> None:
        """Hold the first chunk's size back until it is whole: where it has an extension, another reader is needed."""
        buffer = self._buffer
        buffer += data
        if _BEGUN_SIZE.fullmatch(buffer) and len(buffer) <= _LONGEST_SIZE:
            return
        if b";" in buffer.partition(b"\n")[0]:
            self._feed_parser = ExtendedChunks(self._events).feed_data
        self.feed = self._feed_chunked
        whole = bytes(buffer)
        buffer.clear()
        self._feed_chunked(whole, now)

    def _feed_chunked(self, data: bytes, now: float) -> None:
        # Taken out first: to call an attribute where it stands costs the interpreter a look at the class each time.
        pieces, parse, out = self._pieces, self._feed_parser, self._out
        end = 0
        try:
            if len(data) > _LARGE and (self._many or len(data) - len(data.replace(b"\r", b"", _MANY_ENDS)) == _MANY_ENDS):
                end = self._parse_some(data)
            else:
                parse(data)
        except (HttpParserError, HttpParserUpgrade, ValueError) as error:
            if why := self._refused(error, self._tail, data):
                self._chunks_over(data, now, why)
                return
        if self._events.ended:
            self._chunks_over(data, now, "")
            return
        if end and end < len(data):
            self._many = True
            self._put_off(data[end:], now)
            data = data[:end]
        out(b"".join(pieces) if self._plain else data)
        if pieces:
            add = self._capture.add
            for piece in pieces:
                add(piece, now)
            pieces.clear()
            self._quiet = 0
            self._tail = data
        else:
            self._quietly(data)

    def _parse_some(self, data: bytes) -> int:
        """Parse chunks of which `data` may hold very many, as many as one turn may take; where that ended."""
        pieces, parse, events = self._pieces, self._feed_parser, self._events
        end = 0
        while end < len(data) and len(pieces) < _MOST_CHUNKS and not events.ended:
            portion, known = data[end : end + _PORTION], len(pieces)
            try:
                parse(portion)
            except HttpParserError as error:
                if why := self._refused(error, self._tail + data[:end], portion, known):
                    raise ValueError(why) from None
                parse = self._feed_parser
            end = min(end + _PORTION, len(data))
        if events.ended and end < len(data):
            events.begun = 2
        return end

    def _refused(self, error: Exception, before: bytes | bytearray, data: bytes, known: int = 0) -> str:
        """What is wrong with `data`, which came behind `before` and the first `known` pieces; "" where the parser has refused an
        extension that may be read, and another has read on.
        """
        events, why = self._events, str(error)
        if events.ended or not why.startswith(REFUSED_EXTENSION):
            return why
        try:
            reader = ExtendedChunks.instead(events, before, data, self._pieces[known:])
        except ValueError as wrong:
            return str(wrong)
        if reader is None:
            return why
        self._feed_parser = reader.feed_data
        return ""

    def _quietly(self, data: bytes) -> None:
        """Framing alone: all of it is remembered, for a last chunk with its trailers may be long and come in many pieces."""
        if not self._quiet:
            self._tail = bytearray(self._tail)
        self._quiet += len(data)
        self._tail += data
        if self._quiet > self._limit:
            self.fail(FailureKind.MALFORMED, f"more than {self._limit} bytes of chunk framing without a body byte")

    def _chunks_over(self, data: bytes, now: float, error: str) -> None:
        """The last chunk has come, or one that is none: send what is sound of `data`, and end."""
        pieces, ended = self._pieces, self._events.ended
        if ended:
            del pieces[self._events.own :]
        alone = not error and self._events.begun == 1
        if ended and alone and data.endswith(b"\r\n0\r\n\r\n"):
            end: int | None = len(data)
        else:
            end = chunked_end(self._tail, data, pieces, alone=alone) if ended else delivered_end(data, pieces)
        self._out(b"".join(pieces) if self._plain else data[: end or 0])
        for piece in pieces:
            self._capture.add(piece, now)
        if not ended:
            self.fail(FailureKind.MALFORMED, error)
        elif end is None:
            self.fail(FailureKind.MALFORMED, "bytes follow its last chunk")
        else:
            self._end(exact=end == len(data))
