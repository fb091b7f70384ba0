"""ReadPauses: why nothing is read from a connection; it is read again when no reason is left."""

from __future__ import annotations

import asyncio
from enum import Enum


class PauseReason(Enum):
    """What a client is paused for."""

    BODY = "its provider takes no more of its body"
    AHEAD = "too much waits of its requests to come"
    PORTION = "what has come is read in portions, between which other streams are served"


class ReadPauses:
    """The reasons for which the reading of one transport is paused."""

    __slots__ = ("_reasons", "_transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._reasons: set[PauseReason] = set()

    def __repr__(self) -> str:
        return f"<ReadPauses {sorted(reason.name for reason in self._reasons)}>"

    def __bool__(self) -> bool:
        return bool(self._reasons)

    def __contains__(self, reason: PauseReason) -> bool:
        return reason in self._reasons

    def add(self, reason: PauseReason) -> None:
        """Pause for `reason`."""
        if not self._reasons and not self._transport.is_closing():
            self._transport.pause_reading()
        self._reasons.add(reason)

    def remove(self, reason: PauseReason) -> None:
        """Read again, unless another reason stands."""
        if reason in self._reasons:
            self._reasons.remove(reason)
            self._read_again()

    def clear(self) -> None:
        """Read again whatever the reasons were."""
        if self._reasons:
            self._reasons.clear()
            self._read_again()

    def _read_again(self) -> None:
        if not self._reasons and not self._transport.is_closing():
            self._transport.resume_reading()
