"""Readiness: which data-plane processes are connected to the audit and send stats; pure."""

from __future__ import annotations

SILENT = 3.0
"""Seconds without a heartbeat, of which two come in each, after which a forwarding process counts as hanging."""


class Readiness:
    """The expected data-plane processes, `workers` of them; the caller passes the seconds of the monotonic clock."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._heartbeats: dict[int, tuple[int, float]] = {}

    def __repr__(self) -> str:
        return f"<Readiness connected={sorted(self._heartbeats)} of={self._workers}>"

    def heartbeat(self, worker: int, pid: int, now: float) -> None:
        """Record a heartbeat of a worker from the process `pid`."""
        self._heartbeats[worker] = (pid, now)

    def left(self, worker: int, pid: int) -> None:
        """Record that the connection of that process ended; another one may have taken its place already."""
        known = self._heartbeats.get(worker)
        if known and known[0] == pid:
            del self._heartbeats[worker]

    def why_not(self, now: float) -> str:
        """A sentence that names the processes that are missing or hang; "" when all are well."""
        missing = [str(worker) for worker in range(self._workers) if worker not in self._heartbeats]
        if missing:
            return f"the forwarding process {', '.join(missing)} is not running; it is restarted as soon as possible"
        still = [str(worker) for worker, (_, at) in sorted(self._heartbeats.items()) if now - at > SILENT]
        if still:
            return f"the forwarding process {', '.join(still)} sends no heartbeat; it is replaced if this continues"
        return ""
