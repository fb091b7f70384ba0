"""The other sides of a client's connection: the request in progress, and where bytes go that no longer belong to a request.

The connection is made before there is another side, and outlives each of them.
"""

from __future__ import annotations

from typing import Protocol


class RequestInProgress(Protocol):
    """The request that a connection is answering, as the connection sees it."""

    @property
    def answering(self) -> bool:
        """True once the head of a response has come."""

    def hold(self, *, held: bool) -> None:
        """The client reads too slowly, or again."""

    def left(self, *, stopped: bool = False) -> None:
        """The client has gone, or the process is `stopped`: nothing may be written to its connection any more."""


class TunnelSink(Protocol):
    """Where a client's bytes go once they are no requests any more."""

    def take(self, data: bytes) -> None:
        """Send bytes on."""

    def end(self) -> None:
        """The client has ended its side."""
