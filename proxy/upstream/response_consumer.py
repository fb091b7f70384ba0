"""The receiver of an answer, and what it gets of the answer's head."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from proxy.exchange import Headers
from proxy.upstream.header_layout import HopByHop
from proxy.upstream.response_head import BodyFraming

COPIED = 16 * 1024
"""Bytes of the parts of an answer up to which they are joined."""


class AnyHead(Protocol):
    """What a client's connection needs to know of an answer's head."""

    @property
    def raw(self) -> bytes:
        """The head as it came, its empty line included."""

    @property
    def status(self) -> int:
        """The status code."""

    @property
    def reason(self) -> str:
        """The reason phrase."""

    @property
    def framing(self) -> BodyFraming:
        """How the end of the body is determined."""

    @property
    def length(self) -> int:
        """The size of the body as declared, 0 where it is not."""

    @property
    def hop(self) -> HopByHop:
        """What the head states about its connection."""

    @property
    def keep(self) -> bool:
        """The provider will keep the connection for another request."""

    @property
    def interim(self) -> bool:
        """True for the heads that come before the answer itself (1xx)."""

    @property
    def chunked(self) -> bool:
        """Its head announces that the body comes in chunks."""

    def recorded(self) -> Headers:
        """The fields that the record may hold."""

    def rewritten(self, *, chunked: bool, connection: str) -> bytes:
        """The head for the client: what came, without the fields of this hop."""

    def switched(self) -> bytes:
        """The head of a switch to WebSocket for the client."""


class HeadRewrite(NamedTuple):
    """How a reader wants an answer: the `head` to write before its body, and whether its body shall be free of chunk framing."""

    head: bytes
    plain: bool = False


class ResponseConsumer(Protocol):
    """What receives an answer: a client's connection, or a reader that discards it."""

    def begin(self, head: AnyHead) -> HeadRewrite:
        """The head is complete; called once for the answer, and before that for each interim head."""

    @property
    def write(self) -> Callable[[bytes], None]:
        """What takes the next bytes, asked for once for each answer."""


def unwritten(data: bytes) -> None:
    """Takes the place of a consumer that has gone."""


def send_parts(write: Callable[[bytes], None], parts: Sequence[bytes]) -> None:
    """Write parts of an answer; long ones one by one, which uvloop sends together, since to join them would copy them."""
    if len(parts) > 1 and sum(map(len, parts)) <= COPIED:
        parts = (b"".join(parts),)
    for part in parts:
        write(part)
