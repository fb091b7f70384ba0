"""The seam behind the hot path: where finished exchanges go, without ever being waited for."""

from __future__ import annotations

from typing import Protocol

from proxy.exchange import Exchange
from proxy.packing import CompactExchange, PackedExchange


class Sink(Protocol):
    """Takes finished exchanges; must return at once and never raise."""

    @property
    def waiting(self) -> int:
        """Bytes of the exchanges that it has taken and still holds in this process."""

    def offer(self, exchange: Exchange) -> bool:
        """Take `exchange`, or drop and count it; True when it was taken."""

    def offer_packed(self, packed: PackedExchange | CompactExchange) -> bool:
        """The same for an exchange that is packed already."""

    def lost(self, reason: str) -> None:
        """Count an exchange that ended and cannot be offered: `reason` is a field of `proxy.process.shared_counters.PLANE`."""
