"""The other side of a client's connection: where its bytes go, and what is paused while its client reads slowly.

The connection is made before there is another side, and outlives each of them.
"""

from __future__ import annotations

import asyncio
from typing import Protocol


class FlowControl(Protocol):
    """The other side of a client's connection, as far as the connection knows it."""

    @property
    def answering(self) -> bool:
        """True once the head of an answer has come."""

    def hold(self, held: bool) -> None:
        """The client reads too slowly, or again."""

    def mute(self) -> None:
        """The client has gone: nothing may be written to its connection any more."""


class TunnelSink(Protocol):
    """Where a client's bytes go once they are no requests any more."""

    def take(self, data: bytes) -> None:
        """Send bytes on."""

    def end(self) -> None:
        """The client has ended its side."""


class Dropped:
    """Takes the client's bytes to nowhere, until it has ended its side, when `ended` is done."""

    def __init__(self) -> None:
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def take(self, data: bytes) -> None:
        """Keep nothing."""

    def end(self) -> None:
        """No more will come."""
        if not self.ended.done():
            self.ended.set_result(None)
