"""The composition root of the audit process: store, metrics, mirror, worker, inbox and admin port, ended in their order.

`python -m shadow.house` reads its task as one JSON line on standard input, says `ready`, and runs until SIGTERM, or until
its parent is gone.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import time
from pathlib import Path

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry

from proxy.lifeline import hold
from shadow.config import Config
from shadow.inbox import Inbox
from shadow.logs import to_stderr
from shadow.metrics import Metrics
from shadow.mirror import Mirror
from shadow.sampling.budget import Budget
from shadow.views.admin import build_app
from shadow.worker import Worker
from storage.opening import open_store
from storage.store import Store, StoreError

log = structlog.get_logger("sameweights.house")

SWEEP_SECONDS = 60.0
GAUGE_SECONDS = 0.5
SHADOW_PATIENCE = 5.0
FLUSH_PATIENCE = 5.0
FRAME_SLACK = 4 * 1024 * 1024
"""What a frame may hold beside its two bodies: heads, and marks of a long stream."""


class House:
    """The audit, whole, on one event loop."""

    def __init__(self, config: Config, store: Store) -> None:
        self._config = config
        self._store = store
        self._registry = CollectorRegistry()
        self._metrics = Metrics(self._registry, config)
        self._mirror = Mirror(config, os.environ)
        shadow = config.shadow
        budget = Budget(requests=shadow.requests, tokens=shadow.tokens, money=shadow.money, period=shadow.period)
        self._worker = Worker(config=config, store=store, metrics=self._metrics, mirror=self._mirror, budget=budget)
        self._inbox = Inbox(
            limit=shadow.inbox,
            limit_bytes=shadow.inbox_bytes,
            frame_limit=2 * config.proxy.limits.audit_body + FRAME_SLACK,
            on_pulse=self._metrics.pulse,
            on_loss=lambda reason: self._metrics.audit_lost(reason, 1),
        )
        self._runner = web.AppRunner(
            build_app(reader=store, registry=self._registry, ready=self._ready, config=config),
            access_log=None,
            shutdown_timeout=1.0,
        )
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, admin: socket.socket, audit_socket: str) -> None:
        """Open the admin port and the local socket, and begin to work."""
        await self._runner.setup()
        await web.SockSite(self._runner, admin).start()
        Path(audit_socket).unlink(missing_ok=True)  # noqa: ASYNC240 - once, before any work; left by an audit that died
        await self._inbox.start(audit_socket)
        for work in (self._worker.run(self._inbox), self._gauges(), self._sweeps()):
            self._tasks.append(asyncio.create_task(work))

    async def stop(self) -> None:
        """Empty the inbox, finish the shadows that can be, store what there is, and close everything."""
        await self._inbox.stop(patience=1.0)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        while (exchange := self._inbox.take_now()) is not None:
            self._worker.handle(exchange)
        await self._worker.drain(patience=SHADOW_PATIENCE)
        await asyncio.to_thread(self._store.flush, FLUSH_PATIENCE)
        await self._mirror.close()
        await self._runner.cleanup()
        await asyncio.to_thread(self._store.close)

    def _ready(self) -> str:
        return "" if self._store.writable() else "the store cannot be written; traffic is forwarded, records are lost and counted"

    async def _gauges(self) -> None:
        while True:
            self._metrics.gauges(
                inbox=len(self._inbox),
                shadows=self._worker.shadowing,
                store_queued=self._store.queued,
                store_failed=self._store.failed,
                store_dropped=self._store.dropped,
                store_stored=self._store.stored,
            )
            await asyncio.sleep(GAUGE_SECONDS)

    async def _sweeps(self) -> None:
        while True:
            gone = await asyncio.to_thread(self._store.sweep, time.time())
            if gone:
                log.info("old records deleted", exchanges=gone)
            await asyncio.sleep(SWEEP_SECONDS)


async def live(config: Config, store: Store, admin: socket.socket, audit_socket: str) -> None:
    """Run a house until SIGTERM, SIGINT, or the end of standard input (the parent died)."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    house = House(config, store)
    await house.start(admin, audit_socket)
    await hold(ended.set)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await ended.wait()
    await house.stop()


def main() -> int:
    """Read the task, open the store, live; 2 with one sentence when the store cannot be opened."""
    to_stderr()
    task = json.loads(sys.stdin.readline())
    config = Config.model_validate(task["config"])
    try:
        store = open_store(config.storage)
    except StoreError as why:
        sys.stderr.write(f"sameweights: {why}\n")
        return 2
    admin = socket.socket(fileno=task["fd"])
    admin.setblocking(False)
    asyncio.run(live(config, store, admin, task["audit_socket"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
