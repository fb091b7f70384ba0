"""The one value that leaves the data plane: an exchange, its bytes and its times, without any credential.

Everything here is frozen and imports only the standard library; a body is kept up to the audit limit, and its full size always.
A value that every request makes is a named tuple, made by its names: a frozen dataclass takes more than twice as long to make.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple, overload

Headers = tuple[tuple[str, str], ...]
"""Header fields in the order and case received, latin-1 decoded, only those that `headers.remembered` allows."""


class Role(StrEnum):
    """Who an exchange was for: the application, or the audit itself; `candidate` is an answer of a candidate of the route."""

    PRIMARY = "primary"
    SHADOW = "shadow"
    CONTROL = "control"
    GREEDY = "greedy"
    CANDIDATE = "candidate"


AUDITED = frozenset({Role.PRIMARY, Role.CANDIDATE})
"""Roles of the answers that are compared with a reference's."""


class FailureKind(StrEnum):
    """How an exchange ended otherwise than by a whole answer; a closed set, because it is a metric label too."""

    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    CONNECT_TIMEOUT = "connect_timeout"
    SILENCE_TIMEOUT = "silence_timeout"
    CLOSED = "closed"
    RESET = "reset"
    STALE = "stale"
    """A connection that had served before was closed before any byte of this answer: a race, and no fault of the provider."""
    MALFORMED = "malformed"
    CLIENT_GONE = "client_gone"
    REFUSED = "refused"
    TOTAL_TIMEOUT = "total_timeout"
    TOO_LARGE = "too_large"
    STOPPED = "stopped"
    INTERNAL = "internal"


class ChunkTiming(NamedTuple):
    """After `seconds` since the request was begun, `end` bytes of the (de-chunked) response body had arrived."""

    seconds: float
    end: int


class ChunkTimings(Sequence[ChunkTiming]):
    """The marks of an answer as two arrays of equal length, `seconds` (float64) and `ends` (uint64), never changed again.

    A stream has hundreds, which are handed on from process to process and into the store: as numbers, not as objects.
    """

    __slots__ = ("ends", "seconds")

    def __init__(self, seconds: Iterable[float] = (), ends: Iterable[int] = ()) -> None:
        self.seconds = seconds if isinstance(seconds, array) and seconds.typecode == "d" else array("d", seconds)
        self.ends = ends if isinstance(ends, array) and ends.typecode == "Q" else array("Q", ends)
        if len(self.seconds) != len(self.ends):
            raise ValueError(f"{len(self.seconds)} times for {len(self.ends)} pieces")

    def __len__(self) -> int:
        return len(self.ends)

    def __iter__(self) -> Iterator[ChunkTiming]:
        return map(ChunkTiming, self.seconds, self.ends)

    @overload
    def __getitem__(self, index: int) -> ChunkTiming: ...

    @overload
    def __getitem__(self, index: slice) -> ChunkTimings: ...

    def __getitem__(self, index: int | slice) -> ChunkTiming | ChunkTimings:
        if isinstance(index, slice):
            return ChunkTimings(self.seconds[index], self.ends[index])
        return ChunkTiming(self.seconds[index], self.ends[index])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ChunkTimings) and self.ends == other.ends and self.seconds == other.seconds

    def __hash__(self) -> int:
        return hash(self.ends.tobytes())

    def __repr__(self) -> str:
        return f"Marks({list(self)})"


class Request(NamedTuple):
    """The client's request; `target` is the raw path and query as sent, `body` at most the audit limit of `size` bytes."""

    method: str
    target: str
    headers: Headers
    body: bytes
    size: int

    @property
    def truncated(self) -> bool:
        """True when the record holds less than was sent."""
        return self.size > len(self.body)


class Response(NamedTuple):
    """What the provider answered; `body` is free of transfer framing, still in its content-encoding."""

    status: int
    reason: str
    headers: Headers
    body: bytes
    size: int
    marks: ChunkTimings
    head_seconds: float

    @property
    def truncated(self) -> bool:
        """True when the record holds less than was received."""
        return self.size > len(self.body)


class Failure(NamedTuple):
    """Why an exchange did not end with a whole answer; `after_head` is true when the client had already received a status."""

    kind: FailureKind
    detail: str
    after_head: bool


class Labels(NamedTuple):
    """By what an exchange is counted and found: its route, what its body names, and what its client set for the audit.

    Carried whole from the forwarding process to the records: a further label is a field here, set where a request is routed.
    """

    route: str = ""
    provider: str = ""
    reference: str = ""
    model: str = ""
    stream: bool = False
    tag: str = ""
    conversation: str = ""
    opted_out: bool = False
    tenant: str = ""

    @property
    def texts(self) -> tuple[str, ...]:
        """The labels that a client writes, in which a credential may stand."""
        return self.model, self.tag, self.conversation

    def with_texts(self, model: str = "", tag: str = "", conversation: str = "") -> Labels:
        """The same with other `texts`, in their order."""
        return self._replace(model=model, tag=tag, conversation=conversation)


UNLABELLED = Labels()


class Exchange(NamedTuple):
    """One request and what became of it.

    `id` sorts by time; `started` is wall time in seconds since the epoch (a stamp, never subtracted); `seconds` is monotonic.
    `overhead` is the part of `seconds` that the proxy itself took before the request was written upstream.
    """

    id: str
    role: Role
    started: float
    labels: Labels
    request: Request
    response: Response | None
    failure: Failure | None
    seconds: float
    overhead: float
    worker: int = 0
    """Which forwarding process handed it over; known where it arrives, and not sent along."""
    unheld: bool = False
    """A body was not kept, because all that is held for the audit had reached its limit (`proxy.limits.audit_held`)."""
