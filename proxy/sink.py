"""The seam behind the hot path: where finished exchanges go, without ever being waited for."""

from __future__ import annotations

from typing import Protocol

from proxy.exchange import Exchange
from proxy.packing import PackedExchange


class Sink(Protocol):
    """Takes finished exchanges; must return at once and never raise."""

    @property
    def waiting(self) -> int:
        """Bytes of the exchanges that it has taken and still holds in this process."""

    def offer(self, exchange: Exchange) -> bool:
        """Take `exchange`, or drop and count it; True when it was taken."""

    def offer_packed(self, packed: PackedExchange) -> bool:
        """The same for an exchange that is packed already."""


class NullSink:
    """The sink of a proxy without an audit: takes everything, keeps nothing."""

    waiting = 0

    def offer(self, exchange: Exchange) -> bool:  # noqa: ARG002 - the Protocol names it
        """Take `exchange` and forget it."""
        return True

    def offer_packed(self, packed: PackedExchange) -> bool:  # noqa: ARG002 - the Protocol names it
        """Take an exchange and forget it."""
        return True
