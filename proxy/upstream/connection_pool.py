"""The open connections to providers: idle ones kept for a short while, busy ones watched for silence.

A connection is handed out again only after an answer that ended exactly, behind its rest, within the time that the provider is
known to wait, and with nothing in it to read. One timer looks after all of them; none is set per request or per piece.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

from proxy.errors import RequestError
from proxy.exchange import FailureKind
from proxy.routing.provider_origin import ProviderOrigin
from proxy.upstream.dialer import Dialer
from proxy.upstream.known_heads import KnownHeads, PatternBudget
from proxy.upstream.upstream_connection import UpstreamConnection
from proxy.worker_stats import WorkerStats

if TYPE_CHECKING:
    from proxy.provider_config import Limits, Timeouts

_log = logging.getLogger("sameweights.proxy")
_SHORT = 0.5
"""Seconds below which one close of an idle connection may be a restart; closes that repeat are a habit."""
_HABIT = 2
"""Closes below `_SHORT`, each of a connection that was given back after the one before, that make a habit."""
_REST = 0.1
"""Seconds for which a connection is not used again behind an event stream, or where the provider closes in less: servers that
close behind an answer do so without announcing it, and a request that meets that close is lost.
"""


@dataclass(slots=True)
class _OriginConnections:
    """What is known of one origin: its connections, and how long it keeps them."""

    heads: KnownHeads
    open: set[UpstreamConnection] = field(default_factory=set)
    opening: int = 0
    ready: dict[UpstreamConnection, None] = field(default_factory=dict)
    """Idle connections that may be used, the last given back at the end."""
    resting: dict[UpstreamConnection, None] = field(default_factory=dict)
    """Idle connections that may not be used yet, the first to become ready first."""
    keep: float = 0.0
    """Seconds for which it keeps an idle connection, learnt from its closes; 0.0 while it has not closed any."""
    hasty: bool = False
    """It closes behind its answers, of whatever kind: all of its connections rest."""
    short: int = 0
    """Closes below `_SHORT` so far."""
    closed: float = 0.0
    """The moment of the last of them."""

    def ripen(self, now: float) -> None:
        """Let the connections be used whose rest is over; they are in the order in which that happens."""
        while self.resting:
            link = next(iter(self.resting))
            if now < link.ready_at:
                return
            del self.resting[link]
            self.ready[link] = None

    def drop(self, connection: UpstreamConnection) -> bool:
        """Forget a connection; True when it was idle and could have been used."""
        usable = connection in self.ready
        self.ready.pop(connection, None)
        self.resting.pop(connection, None)
        return usable

    def closed_at(self, age: float, idle_since: float, now: float) -> None:
        """Learn from a connection that the provider closed `age` seconds after its answer: be earlier than that from now on."""
        if age < _SHORT:
            if idle_since <= self.closed:
                return  # of the same moment as the one before: a restart closes many
            self.short += 1
            self.closed = now
            if self.short < _HABIT:
                return
        self.hasty = self.hasty or age < _REST
        if age >= _REST:
            self.keep = age * 0.8


class ConnectionPool:
    """Links by origin; `dialer` makes new ones."""

    def __init__(self, timeouts: Timeouts, limits: Limits, stats: WorkerStats, dialer: Dialer) -> None:
        self._timeouts = timeouts
        self._most = limits.upstream_connections
        self._stats = stats
        self._dialer = dialer
        self._patterns = PatternBudget()
        self._origins: dict[ProviderOrigin, _OriginConnections] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    def __repr__(self) -> str:
        counts = [f"{origin.authority}: {len(each.open)} open, {len(each.ready)} ready" for origin, each in self._origins.items()]
        return f"<ConnectionPool {'; '.join(counts) or 'empty'}{' closed' if self._closed else ''}>"

    def idle(self, origin: ProviderOrigin) -> UpstreamConnection | None:
        """An idle connection that may take a request now, or None."""
        known = self._origins.get(origin)
        if known is None:
            return None
        now = monotonic()
        if known.resting:
            known.ripen(now)
        while known.ready:
            link, _ = known.ready.popitem()
            if now < link.keep_until and link.usable:
                return link
            link.close()
        return None

    def give(self, connection: UpstreamConnection, *, streamed: bool) -> None:
        """Take a connection back whose answer ended exactly; `streamed` is True for an event stream."""
        known = self._origins[connection.origin]
        connection.idle_since = connection.last
        connection.ready_at = connection.idle_since + _REST if streamed or known.hasty else connection.idle_since
        keep = self._keep(known, connection) if known.keep or connection.keep_seconds else self._timeouts.pool_idle
        connection.keep_until = connection.idle_since + keep
        if self._closed or connection.keep_until <= connection.ready_at:
            connection.close()
        elif connection.ready_at > connection.idle_since:
            known.resting[connection] = None
        else:
            known.ready[connection] = None

    def stale(self, connection: UpstreamConnection) -> None:
        """Learn from a connection that was closed under its request: `link.last` is when that was sent."""
        self._origins[connection.origin].closed_at(connection.last - connection.idle_since, connection.idle_since, monotonic())

    def close(self) -> None:
        """Close every connection, busy ones too."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for known in self._origins.values():
            for link in list(known.open):
                link.fail(FailureKind.STOPPED, "the proxy is stopping")

    async def dial(self, origin: ProviderOrigin) -> UpstreamConnection:
        """A new connection; UpstreamError when it cannot be made, RequestError when there are too many."""
        known = self._origins.get(origin)
        if known is None:
            known = self._origins[origin] = _OriginConnections(KnownHeads(self._patterns))
        self._make_room(known)
        known.opening += 1
        try:
            link = await self._dialer.connect(origin, lambda: UpstreamConnection(origin, self._ended, known.heads))
        finally:
            known.opening -= 1
        known.open.add(link)
        self._stats.upstream_open += 1
        self._watch()
        return link

    def _make_room(self, known: _OriginConnections) -> None:
        """Keep to the limit of connections: one that rests gives way, because it cannot be used yet."""
        if not self._most or len(known.open) + known.opening < self._most:
            return
        if not known.resting:
            raise RequestError(503, "too_many_connections", f"all {self._most} connections to this provider are busy")
        link = next(iter(known.resting))
        link.close()
        self._forget(known, link)

    def _ended(self, connection: UpstreamConnection) -> None:
        known = self._origins.get(connection.origin)
        if known is None or connection not in known.open:
            return
        now = monotonic()
        if self._forget(known, connection) and not self._closed:
            known.closed_at(now - connection.idle_since, connection.idle_since, now)

    def _forget(self, known: _OriginConnections, connection: UpstreamConnection) -> bool:
        """The connection has ended; True when it was idle and could have been used."""
        if connection not in known.open:
            return False
        known.open.discard(connection)
        self._stats.upstream_open -= 1
        return known.drop(connection)

    def _keep(self, known: _OriginConnections, connection: UpstreamConnection) -> float:
        keep = min(self._timeouts.pool_idle, known.keep or self._timeouts.pool_idle)
        return min(keep, max(0.0, connection.keep_seconds - 1.0)) if connection.keep_seconds else keep

    def _watch(self) -> None:
        if self._timer is None and not self._closed:
            period = min(1.0, self._timeouts.idle / 4, self._timeouts.pool_idle / 2)
            self._timer = asyncio.get_running_loop().call_later(max(0.02, period), self._look)

    def _look(self) -> None:
        """Break connections whose provider is silent, drop idle ones that are too old; a fault in one is logged, and the others
        keep their time limits.
        """
        self._timer = None
        now = monotonic()
        for known in self._origins.values():
            known.ripen(now)
            for link in list(known.open):
                try:
                    self._tend(known, link, now)
                except Exception:  # noqa: BLE001 - a fault of ours in one connection must not end the time limits of all
                    _log.exception("provider_connection_fault")
        if any(known.open for known in self._origins.values()):
            self._watch()

    def _tend(self, known: _OriginConnections, link: UpstreamConnection, now: float) -> None:
        if link.silent_for(now) > self._timeouts.idle:
            link.fail(FailureKind.SILENCE_TIMEOUT, f"no byte in {self._timeouts.idle:g} s")
        elif link in known.ready and now >= link.keep_until:
            del known.ready[link]
            link.close()
