"""The transport of one client: what is written to it, whether the client keeps up, why nothing is read from it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import cast

from proxy.client.browser_policy import is_loopback
from proxy.client.flow_control import RequestInProgress
from proxy.client.read_pauses import PauseReason, ReadPauses
from proxy.process import socket_end


class ClientTransport(asyncio.Protocol):
    """The half of a client connection that is independent of HTTP."""

    __slots__ = ("_on_loopback", "_pauses", "_secure", "in_progress", "stalled_since", "straight", "transport")

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._pauses: ReadPauses | None = None
        self._on_loopback: bool | None = None
        self._secure = False
        """Whether the connection is TLS, of which the client cannot end its side alone."""
        self.straight: Callable[[bytes], None] = self.write
        """Writes to the client without a look at each piece whether it is still there: until its request has `left`."""
        self.in_progress: RequestInProgress | None = None
        """The request that is being answered, once it is under way."""
        self.stalled_since = 0.0
        """Since when the client reads too slowly for what waits for it; 0.0 when it keeps up."""

    def __repr__(self) -> str:
        return f"<ClientTransport paused={self.paused} stalled={self.writing_paused}>"

    @property
    def on_loopback(self) -> bool:
        """True when the client reached this port by a loopback address."""
        if self._on_loopback is None:
            address, *_ = self.transport.get_extra_info("sockname") if self.transport is not None else ("",)
            self._on_loopback = is_loopback(address)
        return self._on_loopback

    @property
    def writing_paused(self) -> bool:
        """True while the client reads too slowly for what waits for it."""
        return bool(self.stalled_since)

    def adopt(self, transport: asyncio.BaseTransport, write_buffer: int) -> asyncio.Transport:
        """Take the transport; writing pauses when more than `write_buffer` bytes wait for the client."""
        client = self.transport = cast("asyncio.Transport", transport)
        self._pauses = ReadPauses(client)
        client.set_write_buffer_limits(high=write_buffer)
        self._secure = client.get_extra_info("sslcontext") is not None
        if not self._secure and not issubclass(type(client), asyncio.BaseTransport):
            # uvloop's own drops what comes while it is closing; asyncio's, which derives from this class, and TLS warn of it.
            self.straight = client.write
        return client

    def pause_writing(self) -> None:
        """More waits for the client than the limit."""
        self.stalled_since = monotonic()
        if self.in_progress is not None:
            self.in_progress.hold(held=True)

    def resume_writing(self) -> None:
        """The client has caught up."""
        self.stalled_since = 0.0
        if self.in_progress is not None:
            self.in_progress.hold(held=False)

    def write(self, data: bytes) -> None:
        """Send bytes to the client, if it is still there: a closed transport raises (uvloop) or warns (asyncio)."""
        transport = self.transport
        if transport is not None and not transport.is_closing():
            transport.write(data)

    def break_off(self) -> None:
        """Close so that no reader can take what it has for the whole: what is written goes out, then a reset follows."""
        if self.transport is not None:
            socket_end.reset(self.transport)

    def abort(self) -> None:
        """Close at once."""
        if self.transport is not None:
            self.transport.abort()

    def pause(self, reason: PauseReason) -> None:
        """Read nothing while `reason` stands."""
        if self._pauses is not None:
            self._pauses.add(reason)

    def resume(self, reason: PauseReason) -> None:
        """Read again, unless another reason stands."""
        if self._pauses:
            self._pauses.remove(reason)

    def paused_for(self, reason: PauseReason) -> bool:
        """True while `reason` stands."""
        return self._pauses is not None and reason in self._pauses

    @property
    def paused(self) -> bool:
        """True while nothing is read."""
        return bool(self._pauses)
