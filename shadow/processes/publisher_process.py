"""The composition root of the publisher process of `serve --role proxy`, in the place of the audit: data plane in, broker out.

Run as a module, it reads its task as one JSON line on standard input, writes `ready`, and runs until SIGTERM, or until its
parent is gone. A broker that is away costs neither its start nor a request: exchanges wait, up to `broker.limit`.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

import structlog
from prometheus_client import CollectorRegistry

from proxy.process.parent_watchdog import hold, loop_factory, read_task, send_heartbeat
from proxy.process.shared_counters import SharedCounters
from proxy.process.standard_streams import install_streams
from proxy.worker_stats import WorkerStats
from shadow.broker.broker_connection import BrokerConnection
from shadow.broker.broker_errors import BrokerAwayError, BrokerError
from shadow.broker.broker_message import ADVISED_PAYLOAD
from shadow.broker.broker_streams import ensure_streams, stream_state
from shadow.broker.publisher import Publisher
from shadow.findings.number_words import number_of, verb_of
from shadow.metrics.broker_metrics import FORWARDING, PublisherMetrics
from shadow.metrics.observe import Metrics
from shadow.metrics.process_metrics import ProcessCollector
from shadow.pages.admin_access import AdminAccess, named_tokens
from shadow.pipeline.exchange_ledger import ExchangeLedger
from shadow.pipeline.exchange_receiver import ExchangeReceiver
from shadow.pipeline.frame_bytes import frame_bytes
from shadow.pipeline.task_errors import log_error
from shadow.processes.admin_certificate import AdminCertificate
from shadow.processes.free_memory import keep_returning
from shadow.processes.log_setup import to_stderr
from shadow.processes.readiness import Readiness
from shadow.processes.state_port import StatePort
from shadow.processes.supervisor_log import log_options
from shadow.settings.top_level_config import AdminConfig, Config

log = structlog.get_logger("sameweights.publisher")

GAUGE_SECONDS = 0.5
CLOCK_SECONDS = 30.0
SMALLEST = 512
"""Bytes that an exchange has at least, by which the number of those that wait is bounded beside their bytes."""
RECEIVE_PATIENCE, PUBLISH_PATIENCE = 1.0, 10.0
"""Seconds for each part of an orderly end, in their order; the supervisor kills the process after `AUDIT_PATIENCE`."""
PAGES = "This host forwards requests and publishes exchanges; pages and verdicts are on the hosts of --role audit.\n"


class PublisherProcess:
    """Receiver, publisher and admin port on one event loop."""

    def __init__(
        self,
        config: Config,
        counters: SharedCounters,
        environ: Mapping[str, str] = os.environ,
        supervisor: int = 0,
        *,
        certificate: AdminCertificate | None = None,
    ) -> None:
        self._config = config
        self._counters = counters
        settings, registry = config.broker, CollectorRegistry()
        self._metrics = Metrics(registry, config)
        self._limit = settings.limit
        self._own = PublisherMetrics(registry, settings.limit)
        registry.register(ProcessCollector(supervisor or os.getpid(), self._metrics.workers))
        self._planes = Readiness(config.proxy.workers)
        ledger = ExchangeLedger(counters, {})
        self._receiver = ExchangeReceiver(
            limit=settings.limit // SMALLEST,
            limit_bytes=settings.limit,
            frame_limit=frame_bytes(config),
            on_stats=self._stats,
            on_end=self._planes.left,
            ledger=ledger,
        )
        credentials = environ.get(settings.credentials_env, "")
        self._broker = BrokerConnection(settings, credentials, name="proxy", prepare=self._prepare)
        self._publisher = Publisher(source=self._receiver, broker=self._broker, ledger=ledger, settings=settings)
        self._port = StatePort(
            config.admin,
            _access(config.admin, environ),
            certificate or AdminCertificate(config.admin),
            shown=registry.restricted_registry(FORWARDING),
            metrics=self._metrics,
            why_not=self._why_not,
            lines=self._lines,
            home=PAGES,
        )
        self._tasks: list[asyncio.Task[None]] = []

    def __repr__(self) -> str:
        return f"<PublisherProcess {self._receiver!r} {self._publisher!r} {self._broker!r}>"

    async def start(self, admin: socket.socket, audit_socket: str) -> None:
        """Open the admin port and the local socket, and begin to work; BrokerError where the broker refuses the configuration."""
        try:
            await self._broker.open()
        except BrokerAwayError as why:
            log.warning("broker_away", reason=str(why), effect="exchanges wait, and are dropped and counted beyond broker.limit")
        self._metrics.counted(self._counters)
        await self._port.open(admin)
        await self._receiver.start(audit_socket)
        for work in (
            *(self._publisher.run(), self._broker.keep(), self._receiver.stay()),
            *(self._gauges(), self._clock(), keep_returning()),
        ):
            task = asyncio.create_task(work)
            task.add_done_callback(log_error)
            self._tasks.append(task)

    def reload(self, line: bytes) -> None:  # noqa: ARG002 - the task of all children; no provider or route matters here
        """Read the certificate of the admin port again."""
        self._port.renew_certificate()

    async def stop(self) -> None:
        """Publish what there is, as far as the broker takes it, and close everything."""
        await self._receiver.stop(patience=RECEIVE_PATIENCE)
        publishing, *others = self._tasks
        publishing.cancel()
        await self._publisher.finish(PUBLISH_PATIENCE)
        for task in others:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._broker.close()
        await self._port.close()

    async def _prepare(self, broker: BrokerConnection) -> None:
        await ensure_streams(broker, self._config.broker)
        if broker.max_payload < ADVISED_PAYLOAD:
            log.warning(
                "broker_payload_small",
                max_payload=broker.max_payload,
                advised=ADVISED_PAYLOAD,
                effect="an exchange that is larger when compressed is dropped and counted as broker_too_large",
                remedy="set max_payload: 8MB in the configuration of the NATS servers",
            )

    def _stats(self, stats: WorkerStats) -> None:
        self._planes.heartbeat(stats.worker, stats.pid, time.monotonic())
        self._metrics.stats(stats)

    def _why_not(self) -> str:
        """Ready although the broker is away, because traffic is forwarded without it."""
        if any(task.done() and not task.cancelled() for task in self._tasks):
            return "a part of the publisher ended in a fault of ours (see the log); traffic is forwarded, restart to record it"
        return self._planes.why_not(time.monotonic())

    async def _gauges(self) -> None:
        while True:
            self._metrics.counted(self._counters)
            self._own.show(
                connected=self._broker.is_connected,
                offset=self._broker.clock.seconds,
                waiting=len(self._receiver),
                size=self._receiver.waiting_bytes,
                published=self._counters.totals()["published"],
                retries=self._publisher.retries,
            )
            self._port.close_idle()
            await asyncio.sleep(GAUGE_SECONDS)

    async def _clock(self) -> None:
        """Ask for the broker's time now and then, which comes with the state of a stream."""
        while True:
            await asyncio.sleep(CLOCK_SECONDS)
            with suppress(BrokerAwayError, BrokerError):
                await stream_state(self._broker, 0)

    def _lines(self) -> Sequence[str]:
        held = len(self._receiver)
        waiting = f"{number_of(held, 'exchange')} {verb_of(held, 'waits', 'wait')}"
        return (
            f"broker: {self._broker.state}",
            f"publisher: {waiting}, {self._receiver.waiting_bytes:,} of {self._limit:,} bytes",
        )


def _access(settings: AdminConfig, environ: Mapping[str, str]) -> AdminAccess:
    """Who may read the port; no token is drawn here, since none could be kept."""
    return AdminAccess(
        token=environ.get(settings.token_env, "").strip(),
        named=named_tokens(settings, environ),
        metrics_open=settings.metrics == "open",
        secure=bool(settings.tls_cert),
    )


async def live(process: PublisherProcess, admin: socket.socket, audit_socket: str, begun: bytes) -> None:
    """Run the publisher until SIGTERM, SIGINT, or the end of standard input (the parent died); `begun` came behind the task."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    await process.start(admin, audit_socket)
    await hold(ended.set, process.reload, begun=begun)
    beats = asyncio.create_task(send_heartbeat())
    gc.collect()
    gc.freeze()
    await ended.wait()
    await process.stop()
    beats.cancel()


def main() -> int:
    """Read the task and run; 2 with one sentence when the broker refuses the configuration, 0 where there is no task."""
    install_streams()
    to_stderr()
    line, begun = read_task()
    if not line:
        return 0
    task = json.loads(line)
    config = Config.model_validate(task["config"])
    to_stderr(**log_options(config))
    admin = socket.socket(fileno=task["fd"])
    admin.setblocking(False)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        try:
            runner.run(_lived(config, task, admin, begun))
        except BrokerError as why:
            sys.stderr.write(f"sameweights: {why}\n")
            return 2
    return 0


async def _lived(config: Config, task: Mapping[str, object], admin: socket.socket, begun: bytes) -> None:
    board, kept = task.get("board"), task.get("certificate")
    counters = SharedCounters(board if isinstance(board, int) else None)
    certificate = AdminCertificate(config.admin, kept if isinstance(kept, list) else ())
    process = PublisherProcess(config, counters, supervisor=os.getppid(), certificate=certificate)
    await live(process, admin, str(task["audit_socket"]), begun)


if __name__ == "__main__":
    sys.exit(main())
