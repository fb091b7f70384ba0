"""One data-plane process: the data port, on which every path is the provider's, from its first connection to its last.

`python -m proxy.server` reads its task as one JSON line on its standard input, and writes `ready` when it listens.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import signal
import socket
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING

from proxy.client.client_listener import ClientListener
from proxy.client.tls_accept import TlsAccept
from proxy.forwarding.forward import Forward
from proxy.process.data_plane_log import to_stderr
from proxy.process.parent_watchdog import hold, loop_factory, read_task, send_heartbeat
from proxy.process.server_tls import server_context, usable_context
from proxy.process.shared_counters import SharedCounters
from proxy.process.standard_streams import install_streams
from proxy.record.exchange_sender import ExchangeSender
from proxy.routing_config import RoutingConfig
from proxy.sink import Sink
from proxy.upstream.upstream_client import UpstreamClient
from proxy.validated_config import proxy_config, tenant_keys
from proxy.worker_stats import WorkerStats

if TYPE_CHECKING:
    from proxy.provider_config import ProxyConfig, TenantKey

_log = logging.getLogger("sameweights.proxy")
_BACKLOG = 4096
_TICK = 0.1
"""Seconds between two looks at the clock: each shows how late the loop is."""
_SWEEP = 1.0
_FAREWELL = 0.3
"""Seconds in which requests that are cut at the end may report that to their clients and the audit."""


class DataPlane:
    """The data plane of one event loop; wrong addresses and missing keys are a ValueError when it is made."""

    def __init__(
        self,
        config: ProxyConfig,
        sink: Sink,
        stats: WorkerStats,
        *,
        environ: Mapping[str, str] = os.environ,
        tls: ssl.SSLContext | None = None,
        tenants: Sequence[TenantKey] = (),
        kept: Sequence[str] = (),
    ) -> None:
        self._timeouts = config.timeouts
        self._stats = stats
        self._upstream = UpstreamClient(config.timeouts, config.limits, stats, tls=tls)
        self._environ = environ
        routing = RoutingConfig.of(config, environ, tenants)
        self._forward = Forward(config.limits, routing, upstream=self._upstream, sink=sink, stats=stats)
        self._limits = config.limits
        self._server: asyncio.Server | TlsAccept | None = None
        self._listener: ClientListener | None = None
        self._files = (config.tls_cert, config.tls_key)
        self._kept = kept
        """The texts of these files when the configuration was last read."""
        self._ticking: asyncio.Task[None] | None = None
        self.port = 0

    def __repr__(self) -> str:
        serving = self._server is not None and not self._forward.draining
        return f"<DataPlane port={self.port} serving={serving} {self._stats!r}>"

    def reload(self, config: ProxyConfig, tenants: Sequence[TenantKey] = ()) -> None:
        """From the next request on, of connections that are open too, use the providers and routes of `config` and these tenants;
        what runs goes on. ValueError as when made.
        """
        self._forward.routing = RoutingConfig.of(config, self._environ, tenants)
        if isinstance(self._server, TlsAccept):
            self._renew_certificate(self._server)

    def _renew_certificate(self, accept: TlsAccept) -> None:
        """Make the next handshakes by the files as they are now; files that cannot be used leave the certificate as it is."""
        try:
            accept.context = server_context(*self._files)
        except OSError as error:  # ssl.SSLError is one
            _log.error("certificate_not_renewed", extra={"reason": str(error), "file": self._files[0]})

    async def start(self, sock: socket.socket | None = None) -> None:
        """Accept connections on the bound `sock`; without one, on a free port of the loopback. OSError and ssl.SSLError where the
        certificate files cannot be used.
        """
        sock = sock or socket.create_server(("127.0.0.1", 0))
        self.port = int(sock.getsockname()[1])
        listener = self._listener = ClientListener(self._forward, self._timeouts, self._limits, self._stats)
        if self._files[0]:
            self._server = TlsAccept(listener, self._context(), sock, _BACKLOG)
        else:
            self._server = await asyncio.get_running_loop().create_server(listener, sock=sock, backlog=_BACKLOG)
        self._ticking = asyncio.create_task(self._tick())

    def _context(self) -> ssl.SSLContext:
        context, why = usable_context(*self._files, self._kept)
        if why:
            _log.error("certificate_not_renewed", extra={"reason": why, "file": self._files[0]})
        return context

    async def stop(self, grace: float) -> None:
        """Accept no more, let what runs end within `grace` seconds, then break the rest."""
        server, intake = self._server, self._listener
        if server is None or intake is None or self._forward.draining:
            return
        self._forward.drain()
        server.close()
        intake.close_idle()
        await _within(grace, intake.empty, self._forward.quiet)
        self._upstream.close()
        await _within(_FAREWELL, self._forward.quiet)
        intake.close_idle(answered=True)
        await _within(_FAREWELL, intake.empty)
        intake.stop_all()
        await _within(_FAREWELL, intake.empty, self._forward.quiet)
        self._forward.finish()
        if self._ticking is not None:
            self._ticking.cancel()
            await asyncio.gather(self._ticking, return_exceptions=True)

    async def _tick(self) -> None:
        """Measure how late the loop is, and sweep the clients' connections once in a while."""
        sweep = min(_SWEEP, self._timeouts.idle / 4, self._timeouts.client_head / 4)
        swept = monotonic()
        while True:
            before = monotonic()
            await asyncio.sleep(min(_TICK, sweep))
            now = monotonic()
            self._stats.loop_lag = max(self._stats.loop_lag, now - before - min(_TICK, sweep))
            if now - swept >= sweep and self._listener is not None:
                swept = now
                self._listener.sweep(now)


async def _within(seconds: float, *events: asyncio.Event) -> None:
    """Wait for all `events`, but no longer than `seconds`."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            for event in events:
                await event.wait()


async def serve(task: Mapping[str, object], begun: bytes = b"") -> None:
    """Be one worker until SIGTERM or SIGINT; a second one ends at once. `begun` came on standard input behind the task."""
    config = proxy_config(task["config"])
    pulse = WorkerStats(worker=int(str(task["worker"])), pid=os.getpid())
    board = SharedCounters(int(str(task["board"])) if "board" in task else None)
    handover = ExchangeSender(str(task["audit_socket"]), config.limits.handover, pulse, board.row(pulse.worker))
    tenants, kept = tenant_keys(task.get("tenants", [])), task.get("certificate", [])
    plane = DataPlane(config, handover, pulse, tenants=tenants, kept=kept if isinstance(kept, list) else [])
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: os._exit(1) if stop.is_set() else stop.set())
    sock = socket.socket(fileno=int(str(task["fd"])))
    sock.setblocking(False)
    handover.start()
    await plane.start(sock)
    # What exists now lives for ever: the collector need not look at it again, and may look less often at the rest.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    await hold(stop.set, lambda line: _reloaded(plane, line), begun=begun)
    beats = asyncio.create_task(send_heartbeat())
    await stop.wait()
    await plane.stop(config.timeouts.grace)
    await handover.stop(2.0)
    beats.cancel()


def _reloaded(plane: DataPlane, line: bytes) -> None:
    """An order of the parent, which has checked it already: other providers, routes and tenants."""
    try:
        task = json.loads(line)
        plane.reload(proxy_config(task["config"]), tenant_keys(task.get("tenants", [])))
    except (ValueError, KeyError, TypeError):
        _log.exception("routing_not_replaced")


def main() -> None:
    """Read the one line of orders, serve, and leave with 0; at once where there are none."""
    install_streams()
    to_stderr()
    line, begun = read_task()
    if not line:  # begun ahead of a configuration that could not be used
        return
    task = json.loads(line)
    to_stderr(**task.get("log", {}))
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(serve(task, begun))


if __name__ == "__main__":
    main()
