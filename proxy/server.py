"""One data-plane process: the data port, on which every path is the provider's, from its first connection to its last.

`python -m proxy.server` is told what to be by one JSON line on its standard input, and says `ready` when it listens.
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
import sys
from collections.abc import Callable, Mapping
from time import monotonic

from proxy.config import ProxyConfig
from proxy.forward import Forward
from proxy.handover import Handover
from proxy.intake import Intake
from proxy.lifeline import hold
from proxy.origin import parse_base_url
from proxy.pulse import Pulse
from proxy.sink import Sink
from proxy.upstream import Upstream

_BACKLOG = 4096
_TICK = 0.1
"""Seconds between two looks at the clock: each tells how late the loop is."""
_SWEEP = 1.0


class Plane:
    """The data plane of one event loop; wrong addresses and missing keys are a ValueError when it is made."""

    def __init__(
        self,
        config: ProxyConfig,
        sink: Sink,
        pulse: Pulse,
        *,
        environ: Mapping[str, str] = os.environ,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._timeouts = config.timeouts
        self._pulse = pulse
        self._upstream = Upstream(config.timeouts, config.limits, pulse, tls=tls)
        self._forward = Forward(
            config,
            origins={name: parse_base_url(provider.base_url) for name, provider in config.providers.items()},
            keys=read_keys(config, environ),
            upstream=self._upstream,
            sink=sink,
            pulse=pulse,
        )
        self._limits = config.limits
        self._server: asyncio.Server | None = None
        self._intake: Intake | None = None
        self._ticking: asyncio.Task[None] | None = None
        self.port = 0

    async def start(self, sock: socket.socket | None = None) -> None:
        """Accept connections on the bound `sock`; without one, on a free port of the loopback."""
        self._intake = Intake(self._forward.handle, self._timeouts, self._limits, self._pulse)
        loop = asyncio.get_running_loop()
        if sock is None:
            self._server = await loop.create_server(self._intake, "127.0.0.1", 0, backlog=_BACKLOG)
        else:
            self._server = await loop.create_server(self._intake, sock=sock, backlog=_BACKLOG)
        self.port = int(self._server.sockets[0].getsockname()[1])
        self._ticking = asyncio.create_task(self._tick())

    async def stop(self, grace: float) -> None:
        """Accept no more, let what runs end within `grace` seconds, then break the rest."""
        server, intake = self._server, self._intake
        if server is None or intake is None:
            return
        self._server = self._intake = None
        self._forward.draining = True
        server.close()
        intake.close_idle()
        try:
            async with asyncio.timeout(grace):
                await self._forward.quiet.wait()
        except TimeoutError:
            pass
        self._upstream.close()
        await self._settle()
        intake.close_idle()
        await intake.shutdown(0.2)
        if self._ticking is not None:
            self._ticking.cancel()
            await asyncio.gather(self._ticking, return_exceptions=True)

    async def _settle(self) -> None:
        """Let the broken ones tell their clients and the audit."""
        try:
            async with asyncio.timeout(0.5):
                await self._forward.quiet.wait()
        except TimeoutError:
            pass

    async def _tick(self) -> None:
        """Measure how late the loop is, and sweep the clients' connections once in a while."""
        sweep = min(_SWEEP, self._timeouts.idle / 4, self._timeouts.client_head / 4)
        swept = monotonic()
        while True:
            before = monotonic()
            await asyncio.sleep(min(_TICK, sweep))
            now = monotonic()
            self._pulse.loop_lag = max(self._pulse.loop_lag, now - before - min(_TICK, sweep))
            if now - swept >= sweep and self._intake is not None:
                swept = now
                self._intake.sweep(now)


def read_keys(config: ProxyConfig, environ: Mapping[str, str]) -> dict[str, str]:
    """The credentials by provider; a ValueError names the variable that is not set."""
    keys: dict[str, str] = {}
    for name, provider in config.providers.items():
        if provider.api_key_env:
            key = environ.get(provider.api_key_env, "").strip()
            if not key:
                raise ValueError(f"provider {name!r}: the variable {provider.api_key_env} (api_key_env) is not set")
            if not key.isascii() or not key.isprintable():
                raise ValueError(f"provider {name!r}: the variable {provider.api_key_env} holds what cannot stand in a header")
            keys[name] = key
    return keys


async def serve(told: Mapping[str, object], announce: Callable[[], None]) -> None:
    """Be one worker until SIGTERM or SIGINT; a second one ends at once."""
    config = ProxyConfig.model_validate(told["config"])
    pulse = Pulse(worker=int(str(told["worker"])), pid=os.getpid())
    handover = Handover(str(told["audit_socket"]), config.limits.handover, pulse)
    plane = Plane(config, handover, pulse)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: os._exit(1) if stop.is_set() else stop.set())
    sock = socket.socket(fileno=int(str(told["fd"])))
    sock.setblocking(False)
    handover.start()
    await plane.start(sock)
    # What exists now lives for ever: the collector need not look at it again, and may look less often at the rest.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    await hold(stop.set)
    announce()
    await stop.wait()
    await plane.stop(config.timeouts.grace)
    await handover.stop(2.0)


def main() -> None:
    """Read the one line of orders, serve, and leave with 0."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    told = json.loads(sys.stdin.readline())

    def announce() -> None:
        sys.stdout.write("ready\n")
        sys.stdout.flush()

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(serve(told, announce))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 - absent on some platforms; plain asyncio costs a fifth more and nothing else
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


if __name__ == "__main__":
    main()
