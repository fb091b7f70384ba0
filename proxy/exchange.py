"""The one value that leaves the data plane: an exchange, its bytes and its times, without any credential.

Everything here is frozen and knows only the standard library; a body is kept up to the audit limit, and its full size always.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import NamedTuple

Headers = tuple[tuple[str, str], ...]
"""Header fields in the order and case received, latin-1 decoded, only those that `headers.remembered` allows."""


class Role(StrEnum):
    """Who an exchange was for: the application, or the audit itself."""

    PRIMARY = "primary"
    SHADOW = "shadow"
    CONTROL = "control"
    GREEDY = "greedy"


class FailureKind(StrEnum):
    """How an exchange ended otherwise than by a whole answer; a closed set, because it is a metric label too."""

    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    CONNECT_TIMEOUT = "connect_timeout"
    SILENCE_TIMEOUT = "silence_timeout"
    CLOSED = "closed"
    RESET = "reset"
    MALFORMED = "malformed"
    CLIENT_GONE = "client_gone"
    REFUSED = "refused"
    TOTAL_TIMEOUT = "total_timeout"
    TOO_LARGE = "too_large"
    STOPPED = "stopped"
    INTERNAL = "internal"


class Mark(NamedTuple):
    """After `seconds` since the request was begun, `end` bytes of the (de-chunked) response body had arrived.

    A named tuple, not a dataclass: there is one for each piece of each answer.
    """

    seconds: float
    end: int


mark_of: Callable[[tuple[float, int]], Mark] = partial(tuple.__new__, Mark)
"""What `Mark._make` does, without a call of Python for each piece of each answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the client asked; `target` is the raw path and query as sent, `body` at most the audit limit of `size` bytes."""

    method: str
    target: str
    headers: Headers
    body: bytes
    size: int

    @property
    def truncated(self) -> bool:
        """True when the record holds less than was sent."""
        return self.size > len(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What the provider answered; `body` is free of transfer framing, still in its content-encoding."""

    status: int
    reason: str
    headers: Headers
    body: bytes
    size: int
    marks: tuple[Mark, ...]
    head_seconds: float

    @property
    def truncated(self) -> bool:
        """True when the record holds less than was received."""
        return self.size > len(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why an exchange did not end with a whole answer; `after_head` tells whether the client had already seen a status."""

    kind: FailureKind
    detail: str
    after_head: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and what became of it.

    `id` sorts by time; `started` is wall time in seconds since the epoch (a stamp, never subtracted); `seconds` is monotonic.
    `overhead` is the part of `seconds` that the proxy itself took before the request was written upstream.
    """

    id: str
    role: Role
    started: float
    route: str
    provider: str
    reference: str
    model: str
    stream: bool
    tag: str
    conversation: str
    opted_out: bool
    request: Request
    response: Response | None
    failure: Failure | None
    seconds: float
    overhead: float
