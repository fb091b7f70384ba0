"""Records one exchange: its bytes up to a limit, its sizes always, and the time of each chunk.

Callers pass timestamps; adding a chunk is two list appends, and several are put away together, compressed where they are small. A
body larger than `LOOSE` bytes is counted (see `proxy.record.held_bodies`), and dropped where there is no room for it.
"""

from __future__ import annotations

from array import array
from itertools import accumulate

from proxy.exchange import UNLABELLED, ChunkTimings, Exchange, Failure, FailureKind, Headers, Labels, Request, Response, Role
from proxy.packing import CompactExchange, PackedExchange, answer_words, pack_mark, pack_marks, pack_whole
from proxy.record.held_bodies import HeldBytes
from proxy.record.kept_body import KeptBody
from proxy.record.last_event import last_event_came
from proxy.record.recorded_head import RecordedHead
from proxy.record.searched_secrets import NO_SECRETS, PortionSearch, SearchedSecrets
from proxy.routing.body_peek import PeekedBody

_MOST_MARKS = 100_000
"""Marks of one answer: 1.6 MB; a stream of more pieces keeps its last one up to date instead."""
LOOSE = 16 * 1024
"""Bytes of an answer that lie about in the pieces in which they came: each put away at once costs a paced stream 4 us more.
Bodies of at most so many bytes are not counted as held.
"""
SMALL_PIECES = 16
"""Pieces of the first LOOSE bytes from which on an answer is held compressed: events of a stream, a kilobyte each or less."""
BEGINNING = 1024 * 1024
"""Bytes that are kept of a body that is larger than the limit, which cannot be parsed whole."""
_ENDS = frozenset(
    {
        *(FailureKind.CLIENT_GONE, FailureKind.CLOSED, FailureKind.RESET, FailureKind.STOPPED),
        *(FailureKind.SILENCE_TIMEOUT, FailureKind.TOTAL_TIMEOUT),
    }
)
"""Ways of one side to end an exchange; behind the last event of a stream none of them takes anything away."""


class _Stowed:
    """What is put away of a long answer: bytes up to a limit, and when each piece came and where it ends."""

    __slots__ = ("_begun", "body", "cut", "ends", "search", "size", "times")

    def __init__(self, begun: float, room: int, secrets: SearchedSecrets = NO_SECRETS) -> None:
        self._begun = begun
        self.body = KeptBody(room)
        self.cut = b""
        """What came last, where a part of it was left out."""
        self.search = PortionSearch(secrets)
        """What looks for secrets before a portion is compressed."""
        self.times = array("d")
        self.ends = array("Q")
        self.size = 0

    def __repr__(self) -> str:
        return f"<_Stowed size={self.size} marks={len(self.ends)} {self.body!r}>"

    def add(self, pieces: list[bytes], moments: list[float]) -> bytes:
        """Note the pieces, a mark for each, the last one true; all of them joined, which the body does not hold yet."""
        joined = b"".join(pieces)
        self.cut = (joined or self.cut) if len(joined) >= self.body.room - self.body.size else b""
        begun = self._begun
        self.times.extend([at - begun for at in moments])
        ends = accumulate(map(len, pieces), initial=self.size)
        next(ends)
        self.ends.extend(ends)
        if len(self.ends) > _MOST_MARKS:
            del self.times[_MOST_MARKS - 1 : -1], self.ends[_MOST_MARKS - 1 : -1]
        self.size += len(joined)
        return joined


class Capture:
    """One exchange in the making; times are monotonic seconds on the clock that `begun` was read from.

    Each body is kept up to `limit` bytes, of a larger one the BEGINNING; `awaited` is the size that a request declares, `length`
    the same as its head states it. `secrets` are looked for in what is held compressed, before it is. Where `held` has no room,
    nothing is kept of the body, and the exchange is `unheld`; `taken` is what is to be given back to it.
    """

    __slots__ = (
        *("_asked", "_awaited", "_begun", "_coded", "_events", "_first", "_head", "_held", "_length", "_limit", "_moments"),
        *("_overhead", "_passed", "_pieces", "_room", "_stowed", "_until", "identity", "labels", "request_head"),
        *("request_size", "role", "secrets", "size", "started", "taken", "unheld"),
    )

    def __init__(
        self,
        *,
        identity: str,
        role: Role,
        started: float,
        begun: float,
        limit: int,
        head: RecordedHead,
        length: str = "",
        labels: Labels = UNLABELLED,
        awaited: int = 0,
        held: HeldBytes | None = None,
        secrets: SearchedSecrets = NO_SECRETS,
    ) -> None:
        self.identity = identity
        self.role = role
        self.started = started
        self._begun = begun
        self._limit = limit
        self.request_head = head
        self._length = length
        self.labels = labels
        self.unheld = False
        self.taken = self.request_size = 0
        self.size = 0
        """Bytes of the answer's body so far."""
        self._awaited = awaited
        self._held = held
        self.secrets = secrets
        self._first = b""
        self._asked: KeptBody | None = None
        self._room = limit
        """Bytes that are kept of the answer."""
        self._pieces: list[bytes] = []
        self._moments: list[float] = []
        self._until = LOOSE
        self._stowed: _Stowed | None = None
        self._head: tuple[int, str, Headers, float] | None = None
        self._overhead = 0.0
        self._events = False
        self._coded = False
        self._passed: ChunkTimings | None = None

    def __repr__(self) -> str:
        return f"<Capture {self.identity} {self.role.value} asked={self.request_size} answered={self.size}>"

    def tell(self, seen: PeekedBody) -> None:
        """The fields of the request body, as far as it has come."""
        labels = self.labels
        self.labels = labels._replace(model=seen.model or labels.model, stream=seen.stream or labels.stream)

    def ask(self, piece: bytes) -> None:
        """Take a piece of the request body, as the client sent it; most bodies are one."""
        if not self.request_size and len(piece) <= LOOSE:
            self._first = piece[: self._limit]
            self.request_size = len(piece)
            return
        asked = self._asked
        if asked is None:
            asked = self._asked = KeptBody(self._whole(self._awaited))
            asked.add(self._first)
        self.request_size += len(piece)
        self._keep(asked, piece, self.request_size)

    def asked(self, most: int) -> bytes:
        """The first `most` bytes of the request body, as far as they have come and are kept."""
        return self._kept_of_request()[:most]

    def hold(self, size: int) -> bool:
        """Count `size` bytes of the request that are held beside what is kept, until its end; False where there is no room."""
        return self._count(size)

    def _whole(self, length: int) -> int:
        """Bytes that are kept of a body of `length`, 0 where that is not known: what cannot be kept whole is not gathered."""
        return self._limit if length <= self._limit else min(self._limit, BEGINNING)

    def _keep(self, kept: KeptBody, data: bytes, size: int) -> None:
        """Keep `data`, with which a body has come to `size` bytes, as far as there is room."""
        before = kept.size
        kept.add(data)
        if size > self._limit:
            kept.shorten(BEGINNING)
        if not self._count(kept.size - before):
            kept.shorten(0)
            self._count(-before)
            self.unheld = True

    def _count(self, size: int) -> bool:
        """Count `size` bytes as held; False where there is no room for them."""
        if self._held is not None:
            if not self._held.take(size):
                return False
            self.taken += size
        return True

    def sent(self, now: float, waited: float) -> None:
        """The request is being written to the provider, after `waited` seconds that were the client's or the network's."""
        self._overhead = max(0.0, now - self._begun - waited)

    def head(
        self,
        status: int,
        reason: str,
        headers: Headers,
        now: float,
        *,
        events: bool = False,
        length: int = 0,
        coded: bool = False,
    ) -> None:
        """The head of the answer is complete; `events` is True for an event stream in no content coding, `coded` for a body in
        one; `length` is the size of the body as declared, 0 where that is not known.
        """
        if length > self._limit:
            self._room = self._whole(length)
        self._head = (status, reason, headers, now - self._begun)
        self._events = events
        self._coded = coded

    def add(self, piece: bytes, now: float) -> None:
        """Take a piece of the answer's body, free of transfer framing."""
        self.size += len(piece)
        self._pieces.append(piece)
        self._moments.append(now)
        if self.size >= self._until:
            self._stow()

    def pass_up(self, size: int) -> None:
        """Count bytes of the client that are not kept."""
        self.request_size += size

    def pass_down(self, size: int, now: float) -> None:
        """Count bytes of the answer that are not kept: when the first came, and the last."""
        self.size += size
        at = now - self._begun
        first = self._passed
        self._passed = (
            ChunkTimings([at], [size]) if first is None else ChunkTimings([first.seconds[0], at], [first.ends[0], self.size])
        )

    def _stow(self) -> _Stowed:
        """Put the loose pieces away."""
        stowed = self._stowed
        if stowed is None:
            stowed = self._stowed = _Stowed(self._begun, self._room, self.secrets)
            if len(self._pieces) >= SMALL_PIECES and not self._coded:
                stowed.body.compress()
        joined = stowed.add(self._pieces, self._moments)
        if stowed.body.compact:
            stowed.search.look(joined)
        self._keep(stowed.body, joined, self.size)
        self._until = self.size + LOOSE
        self._pieces.clear()
        self._moments.clear()
        return stowed

    @property
    def answered(self) -> bool:
        """True once the head of an answer has come."""
        return self._head is not None

    @property
    def ended(self) -> bool:
        """True when the answer is an event stream that has come to its last event."""
        if not self._events:
            return False
        stowed = self._stowed
        before = b"" if stowed is None else stowed.cut or stowed.body.value()
        return last_event_came(before + b"".join(self._pieces))

    def end(self, now: float, failure: Failure | None = None) -> Exchange:
        """The exchange is over, by a whole answer or by `failure`; a stream that has ended fails by no end of a connection."""
        if failure is not None and failure.kind in _ENDS and self.ended:
            failure = None
        return Exchange(
            id=self.identity,
            role=self.role,
            started=self.started,
            labels=self.labels,
            request=Request(
                method=self.request_head.method,
                target=self.request_head.target,
                headers=self.request_head.headers(self._length),
                body=self._kept_of_request(),
                size=self.request_size,
            ),
            response=self._response(),
            failure=failure,
            seconds=now - self._begun,
            overhead=self._overhead,
            unheld=self.unheld,
        )

    def packed(self, now: float) -> PackedExchange | CompactExchange | None:
        """What `end` gives of an exchange with a whole answer, packed from where its parts lie.

        None where it is not that simple, or must be looked through more closely for one of the `secrets`.
        """
        if self._head is None or self._passed is not None or self.unheld or not _in_digits(self._length):
            return None
        status, reason, headers, head_seconds = self._head
        secrets = self.secrets
        if secrets.forms and not self._searchable(status):
            return None
        asked = self._kept_of_request()
        compact = None if self._stowed is None else self._stowed_compact()
        if compact is None:
            answered, marks = self._packed_body()
            searched, kept = answered, len(answered)
        else:
            answered, marks = compact.body.frames, pack_marks(ChunkTimings(compact.times, compact.ends))
            searched, kept = b"", compact.body.size
        size, seconds = self.size, now - self._begun
        sizes, response = (self.request_size, len(asked)), (status, reason, headers, size, head_seconds)
        said = answer_words(self.identity, self.started, seconds, self._overhead, sizes, response, kept)
        request = self.request_head.words(self.role, self.labels)
        if secrets.forms:
            whole = len(asked) == self.request_size and kept == size and (compact is None or compact.search.clean)
            if not (whole and secrets.none_in_head(request) and secrets.none_in(said, asked, searched)):
                return None
        words = pack_whole(said, request, self._length)
        if compact is not None:
            return CompactExchange(words, asked, answered, marks, kept)
        return PackedExchange(words, asked, answered, marks)

    def _stowed_compact(self) -> _Stowed | None:
        """All of the answer, put away, where it is held compressed."""
        stowed = self._stow()
        return stowed if stowed.body.compact else None

    def _searchable(self, status: int) -> bool:
        """Whether one search can show that no secret is here: of a success, whole as far as is known, in no content coding."""
        whole = self.size <= self._limit and self.request_size <= self._limit
        return status < 400 and whole and not (self._coded or self.request_head.coded)

    def _packed_body(self) -> tuple[bytes, bytes]:
        """The body of the answer, and its marks as they are packed; most answers are one piece."""
        if self._stowed is None and len(self._pieces) == 1 and self.size <= self._limit:
            return self._pieces[0], pack_mark(self._moments[0] - self._begun, self.size)
        body, marks = self._gathered()
        return body, pack_marks(marks)

    def _kept_of_request(self) -> bytes:
        return self._first if self._asked is None else self._asked.value()

    def _response(self) -> Response | None:
        if self._head is None:
            return None
        status, reason, headers, head_seconds = self._head
        body, marks = self._gathered()
        return Response(
            status=status,
            reason=reason,
            headers=headers,
            body=body,
            size=self.size,
            marks=self._passed or marks,
            head_seconds=head_seconds,
        )

    def _gathered(self) -> tuple[bytes, ChunkTimings]:
        """The body, and its marks in seconds since the beginning: each is subtracted as it is put away, not all at the end."""
        if self._stowed is None and len(self._pieces) <= _MOST_MARKS:
            begun = self._begun
            marks = ChunkTimings([at - begun for at in self._moments], array("Q", accumulate(map(len, self._pieces))))
            return b"".join(self._pieces)[: self._limit], marks
        stowed = self._stow()
        return stowed.body.value(), ChunkTimings(stowed.times[:], stowed.ends[:])


def _in_digits(length: str) -> bool:
    return not length or (length.isascii() and length.isdigit())
