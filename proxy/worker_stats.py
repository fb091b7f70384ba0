"""The plain counters and gauges of one data-plane process, sent along with the exchanges; there is no registry here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class WorkerStats:
    """Cumulative counters since the process began, and gauges of this moment; one process writes it, the audit reads copies."""

    worker: int = 0
    pid: int = 0
    accepted: int = 0
    """Requests begun."""
    finished: int = 0
    """Requests ended, however they ended."""
    refused: int = 0
    """Requests that the proxy answered itself (no route, bad framing, unreachable provider)."""
    tls_failed: int = 0
    """Connections of clients that ended before their TLS handshake did."""
    unrecorded: int = 0
    """Requests of which nothing was kept, because their clients excluded them."""
    in_flight: int = 0
    upstream_open: int = 0
    """Connections to providers now open, idle ones included."""
    handed_over: int = 0
    sent: int = 0
    """Exchanges that this worker, in all its lives, has sent: the number of the last one before this report."""
    loop_lag: float = 0.0
    """Seconds by which the event loop was last late, the worst since the last report."""
