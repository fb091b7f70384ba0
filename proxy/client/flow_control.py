"""What a client's connection knows of the other side: where its bytes go, and whom it tells that its client reads slowly.

The connection is made before there is another side, and outlives each of them.
"""

from __future__ import annotations

from typing import Protocol


class Flow(Protocol):
    """The other side of a client's connection, as far as the connection knows it."""

    @property
    def answering(self) -> bool:
        """True once the head of an answer has come."""

    def hold(self, held: bool) -> None:
        """The client reads too slowly, or again."""

    def mute(self) -> None:
        """The client has gone: nothing may be written to its connection any more."""


class Onward(Protocol):
    """Where a client's bytes go once its connection has switched protocols."""

    def take(self, data: bytes) -> None:
        """Send bytes on."""

    def end(self) -> None:
        """The client has ended its side."""
