"""The open connections to providers: idle ones kept for a short while, busy ones watched for silence.

A connection is handed out again only after an answer that ended exactly, within the time that the provider is known to wait,
and with nothing in it to read. One timer looks after all of them; no timer is set per request or per piece.
"""

from __future__ import annotations

import asyncio
from time import monotonic

from proxy.config import Limits, Timeouts
from proxy.dial import Dialer
from proxy.errors import RequestError
from proxy.exchange import FailureKind
from proxy.link import Link
from proxy.origin import Origin
from proxy.pulse import Pulse

_LEAST_KEEP = 0.5
"""Seconds below which a close seen on an idle connection teaches nothing more: it was a restart, not a habit."""


class Pool:
    """Links by origin; `dialer` makes new ones."""

    def __init__(self, timeouts: Timeouts, limits: Limits, pulse: Pulse, dialer: Dialer) -> None:
        self._timeouts = timeouts
        self._most = limits.upstream_connections
        self._pulse = pulse
        self._dialer = dialer
        self._idle: dict[Origin, list[Link]] = {}
        self._open: dict[Origin, set[Link]] = {}
        self._opening: dict[Origin, int] = {}
        self._learnt: dict[Origin, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    def idle(self, origin: Origin) -> Link | None:
        """An idle connection that may take a request now, or None."""
        idle = self._idle.get(origin)
        while idle:
            link = idle.pop()
            if monotonic() < link.keep_until and link.usable:
                return link
            link.close()
        return None

    def give(self, link: Link) -> None:
        """Take a connection back whose answer ended exactly."""
        link.idle_since = link.last
        link.keep_until = link.idle_since + self._keep(link)
        if self._closed or link.keep_until <= link.idle_since:
            link.close()
        else:
            self._idle.setdefault(link.origin, []).append(link)

    def close(self) -> None:
        """Close every connection, busy ones too."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for links in list(self._open.values()):
            for link in list(links):
                link.fail(FailureKind.STOPPED, "the proxy is stopping")

    async def dial(self, origin: Origin) -> Link:
        """A new connection; UpstreamError when it cannot be made, RequestError when there are too many."""
        links = self._open.setdefault(origin, set())
        opening = self._opening.get(origin, 0)
        if self._most and len(links) + opening >= self._most:
            raise RequestError(503, "too_many_connections", f"all {self._most} connections to this provider are busy")
        self._opening[origin] = opening + 1
        try:
            link = await self._dialer.connect(origin, lambda: Link(origin, self._ended))
        finally:
            self._opening[origin] -= 1
        links.add(link)
        self._pulse.upstream_open += 1
        self._watch()
        return link

    def _ended(self, link: Link) -> None:
        links = self._open.get(link.origin, set())
        if link not in links:
            return
        links.discard(link)
        self._pulse.upstream_open -= 1
        idle = self._idle.get(link.origin, [])
        if link in idle:
            idle.remove(link)
            age = monotonic() - link.idle_since
            if not self._closed and _LEAST_KEEP < age < self._keep(link):
                # The provider closed it first: from now on be earlier than that.
                self._learnt[link.origin] = max(_LEAST_KEEP, age * 0.8)

    def _keep(self, link: Link) -> float:
        keep = self._timeouts.pool_idle
        if self._learnt:
            keep = min(keep, self._learnt.get(link.origin, keep))
        return min(keep, max(0.0, link.keep_seconds - 1.0)) if link.keep_seconds else keep

    def _watch(self) -> None:
        if self._timer is None and not self._closed:
            period = min(1.0, self._timeouts.idle / 4, self._timeouts.pool_idle / 2)
            self._timer = asyncio.get_running_loop().call_later(max(0.02, period), self._look)

    def _look(self) -> None:
        """Break connections whose provider is silent, drop idle ones that are too old."""
        self._timer = None
        now = monotonic()
        for links in self._open.values():
            for link in [link for link in links if link.silent_for(now) > self._timeouts.idle]:
                link.fail(FailureKind.SILENCE_TIMEOUT, f"no byte in {self._timeouts.idle:g} s")
        for idle in self._idle.values():
            for link in [link for link in idle if now >= link.keep_until]:
                idle.remove(link)
                link.close()
        if any(self._open.values()):
            self._watch()
