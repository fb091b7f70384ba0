"""The composition root of the audit process: store, metrics, references, worker, receiver and admin port, ended in order.

Run as a module, it reads its task as one JSON line on standard input, writes `ready`, and runs until SIGTERM, or until
its parent is gone.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import socket
import sys
import time

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry

from proxy.exchange_ids import new_id
from proxy.process.parent_watchdog import loop_factory, read_task
from proxy.process.shared_counters import SharedCounters
from proxy.process.standard_streams import install_streams
from proxy.worker_stats import WorkerStats
from shadow.broker.broker_errors import BrokerError
from shadow.broker.broker_intake import BrokerIntake
from shadow.commands.acknowledge import KIND as ACKNOWLEDGEMENT
from shadow.commands.acknowledge import SharedAlarms
from shadow.commands.begin_tournament import KIND as TOURNAMENT
from shadow.commands.begin_tournament import begin_ordered
from shadow.commands.forget import forget_ordered
from shadow.commands.table_mailbox import mailbox_of
from shadow.judging.judge import Judge
from shadow.judging.webhook import WebhookSender
from shadow.metrics.observe import Metrics
from shadow.metrics.process_metrics import ProcessCollector
from shadow.pages.admin_access import PARAMETER, admin_access, base_address, drawn_token, needs_token
from shadow.pages.admin_app import RELOAD, build_app
from shadow.pages.connection_limiter import ConnectionLimiter
from shadow.pages.operator_actions import OperatorActions
from shadow.pipeline.clock_guard import ClockJumpGuard
from shadow.pipeline.configured_budget import stored_budget, tenant_limits
from shadow.pipeline.configured_privacy import configured_privacy
from shadow.pipeline.exchange_ledger import ExchangeLedger
from shadow.pipeline.exchange_receiver import ExchangeReceiver
from shadow.pipeline.frame_bytes import frame_bytes
from shadow.pipeline.identity_observer import KEPT, IdentityObserver
from shadow.pipeline.task_errors import log_error
from shadow.pipeline.workers_socket import WORKERS_SOCKET
from shadow.processes.admin_certificate import AdminCertificate
from shadow.processes.audit_life import AuditLife, AuditTask, open_first
from shadow.processes.audit_state import AuditState
from shadow.processes.exchange_audits import AuditParts, broker_intake, exchange_audit
from shadow.processes.free_memory import keep_returning
from shadow.processes.judge_tasks import JudgeTasks
from shadow.processes.log_setup import to_stderr
from shadow.processes.readiness import Readiness
from shadow.processes.shared_identities import shared_identities
from shadow.processes.supervisor_log import log_options
from shadow.processes.tournament_watch import TournamentWatch
from shadow.sampling.sampler import secret_of
from shadow.settings.outbound_checks import proxy_address
from shadow.settings.top_level_config import Config
from shadow.telemetry.configured_exporter import configured_exporter
from storage.rows import IdentityRow
from storage.store import Store, StoreError

log = structlog.get_logger("sameweights.audit")

SWITCH_SECONDS = 0.001
"""Longest time a thread that renders a scrape or a page may keep the loop waiting; Python's own five milliseconds are
noticeable.
"""
SWEEP_SECONDS = 60.0
SUMMING_SECONDS = 1.0
"""Seconds of each sweep for which pairs are summed by the hour: a share of a core below 2 %, also after an upgrade."""
GAUGE_SECONDS = 0.5
ORDER_SECONDS = 1.0
RECEIVE_PATIENCE, SHADOW_PATIENCE, FLUSH_PATIENCE, JUDGE_PATIENCE, ADMIN_PATIENCE = 1.0, 5.0, 5.0, 2.0, 1.0
"""Seconds for each part of an orderly end, in their order; the supervisor kills the process after `AUDIT_PATIENCE`."""


class AuditProcess:
    """The whole audit on one event loop."""

    def __init__(
        self,
        config: Config,
        store: Store,
        counters: SharedCounters | None = None,
        run: str = "",
        supervisor: int = 0,
        *,
        role: str = "all",
        certificate: AdminCertificate | None = None,
    ) -> None:
        self._config = config
        self._store = store
        self._registry = CollectorRegistry()
        self._counters = counters or SharedCounters()
        self._metrics = Metrics(self._registry, config)
        self._exporter = configured_exporter(config, store, os.environ, self._metrics.exported, lambda: len(self._receiver))
        stored = store.begin_run(run) if role == "all" else {}
        ledger = ExchangeLedger(self._counters, stored, self._exporter.offer if self._exporter else None)
        self._registry.register(ProcessCollector(supervisor or os.getpid(), self._metrics.workers))
        shadow = config.shadow
        self._account = stored_budget(config, store)
        drawn = _drawn(store)
        policy = configured_privacy(config, secrets.token_bytes(32))
        known = store.identity_queries.latest(KEPT)
        self._identities = IdentityObserver(config, known, clean=policy.redactor.text)
        for row in known:
            self._known(row)
        self._planes = Readiness(config.proxy.workers if role == "all" else 0)
        self._receiver = self._intake(ledger, delivered=role == "audit")
        parts = AuditParts(
            store=store,
            metrics=self._metrics,
            account=self._account,
            policy=policy,
            secret=secret_of(shadow.seed, drawn),
            identities=self._identities,
            ledger=ledger,
            run=run,
        )
        self._audit = exchange_audit(config, parts, self._receiver)
        self._tournaments = TournamentWatch(store, lambda: self._config, self._audit.hold)
        self._judge = Judge.configured(
            config,
            store.judgements,
            holder=new_id(),
            publish=self._metrics.drift.ruled,
            providers=lambda: self._config.proxy.providers,
        )
        waiting = self._receiver.lines if isinstance(self._receiver, BrokerIntake) else None
        self._state = AuditState(store, self._judge, self._metrics, limit=config.storage.max_bytes, broker=waiting)
        self._access = admin_access(config.admin, drawn, os.environ)
        alarms = SharedAlarms(self._judge, store, store.orders)
        self._runner = web.AppRunner(
            build_app(
                reader=store,
                registry=self._registry,
                ready=self._ready,
                state=self._state.lines,
                config=config,
                access=self._access,
                scraped=self._metrics.scraped,
                operator=OperatorActions(store, alarms.acknowledge, providers=lambda: self._config.proxy.providers),
            ),
            access_log=None,
            shutdown_timeout=ADMIN_PATIENCE,
        )
        self._limiter = ConnectionLimiter(most=config.admin.clients, refused=self._metrics.admin_refused, clock=time.monotonic)
        self._runner.app.middlewares.insert(0, self._limiter.middleware)
        self._admin: asyncio.Server | None = None
        self._certificate = certificate or AdminCertificate(config.admin)
        self._address = "" if config.admin.token_env or not needs_token(config.admin) else f"/?{PARAMETER}={drawn_token(drawn)}"
        """The path by which a browser opens the pages at first, where the token was drawn here; "" otherwise."""
        self._notifier = WebhookSender(
            store.judgements,
            url=config.drift.webhook,
            secret=os.environ.get(config.drift.webhook_secret_env, "").encode(),
            form=config.drift.webhook_form,
            proxy=proxy_address(config, config.drift.webhook, os.environ),
            ca_file=config.proxy.ca_file,
        )
        acknowledgements = mailbox_of(config.storage, store, ACKNOWLEDGEMENT)
        self._judging = JudgeTasks(self._judge, acknowledgements, store, wake=self._notifier.wake, stopped=self._state.show)
        self._runner.app.middlewares.insert(1, self._judging.middleware)
        self._tasks: list[asyncio.Task[None]] = []
        self._probing: asyncio.Task[None] | None = None

    def _intake(self, ledger: ExchangeLedger, *, delivered: bool) -> ExchangeReceiver | BrokerIntake:
        """Where exchanges come from: the local socket, or a broker."""
        if delivered:
            return broker_intake(self._config, self._registry, ledger=ledger, store=self._store)
        return ExchangeReceiver(
            limit=self._config.shadow.inbox,
            limit_bytes=self._config.shadow.inbox_bytes,
            frame_limit=frame_bytes(self._config),
            on_stats=self._stats,
            on_end=self._planes.left,
            ledger=ledger,
        )

    def __repr__(self) -> str:
        return f"<AuditProcess {self._receiver!r} {self._audit!r} {self._planes!r}>"

    async def start(self, admin: socket.socket, audit_socket: str) -> None:
        """Open the admin port and the local sockets, and begin to work."""
        await self._runner.setup()
        # because a scrape that read 0 before would have Prometheus count the losses of the audit before this one again
        self._metrics.counted(self._counters)
        assert self._runner.server is not None  # since `setup`
        self._admin = await asyncio.get_running_loop().create_server(
            self._limiter.protocol_factory(self._runner.server), sock=admin, ssl=self._certificate.context
        )
        if self._address:
            host, port = admin.getsockname()[:2]
            begin = base_address(host, port, tls=bool(self._certificate.context))
            sys.stderr.write(f"sameweights: open the pages with {begin}{self._address}\n")
            sys.stderr.flush()
        await self._receiver.start(audit_socket)
        await self._audit.start(f"{audit_socket}{WORKERS_SOCKET}")
        for work in (
            *self._audit.work(),
            self._receiver.stay(),
            *(self._gauges(), self._orders(), self._sweeps(), keep_returning()),
            self._tournaments.run(),
            *([shared_identities(self._store, self._identities, self._known)] if self._store.orders is not None else []),
            self._state.run(),
            *self._judging.work(),
            self._notifier.run(),
        ):
            task = asyncio.create_task(work)
            task.add_done_callback(log_error)
            self._tasks.append(task)
        if self._exporter:
            self._exporter.start()
        if self._config.shadow.enabled and self._config.shadow.sample_rate:
            self._probing = asyncio.create_task(self._audit.probe())
            self._probing.add_done_callback(log_error)

    def reload(self, line: bytes) -> None:
        """Use the providers, routes and tenants of the task in `line` from the next exchange on; removed providers stay known."""
        try:
            config = Config.model_validate(json.loads(line)["config"])
        except (ValueError, KeyError, TypeError):
            log.exception("reload_failed")
            return
        known = {**self._config.proxy.providers, **config.proxy.providers}
        self._config = config.model_copy(update={"proxy": config.proxy.model_copy(update={"providers": known})})
        self._certificate.renew()
        self._access.reload(tenant.name for tenant in config.tenants)
        self._account.reload(tenant_limits(config))
        self._audit.reload(self._config)
        self._identities.reload(self._config)
        self._runner.app[RELOAD](self._config)
        self._metrics.reload(self._config)
        if self._exporter:
            self._exporter.reload(known)

    async def stop(self) -> None:
        """Empty the inbox, finish the shadow requests that can be finished, store what there is, and close everything."""
        await self._receiver.stop(patience=RECEIVE_PATIENCE)
        ending = [*self._tasks, *([self._probing] if self._probing else [])]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        await self._audit.drain(patience=SHADOW_PATIENCE)
        await asyncio.to_thread(self._store.flush, FLUSH_PATIENCE)
        judged = asyncio.to_thread(self._judge.finish, time.time(), JUDGE_PATIENCE)
        await asyncio.gather(judged, *([self._exporter.finish(JUDGE_PATIENCE)] if self._exporter else []))
        await self._audit.close()
        if self._admin is not None:
            self._admin.close()
        await self._runner.cleanup()
        await asyncio.to_thread(self._store.close)

    def _known(self, row: IdentityRow) -> None:
        """Show an identity that another process has learned, or an earlier one."""
        self._metrics.identity(row, again=True)

    def _stats(self, stats: WorkerStats) -> None:
        self._planes.heartbeat(stats.worker, stats.pid, time.monotonic())
        self._metrics.stats(stats)

    def _ready(self) -> str:
        if any(task.done() and not task.cancelled() for task in self._tasks):
            return "a part of the audit ended in a fault of ours (see the log); traffic is forwarded, restart to have it audited"
        if why := self._planes.why_not(time.monotonic()):
            return why
        if why := self._audit.why_not():
            return why
        return self._state.why_not()

    async def _gauges(self) -> None:
        while True:
            self._metrics.gauges(
                inbox=len(self._receiver),
                shadows=self._audit.shadowing,
                shadows_waiting=self._audit.waiting,
                store_queued=self._store.queued,
                store_lag=self._store.lag,
            )
            self._state.show()
            self._metrics.counted(self._counters)
            self._budgets(time.time())
            self._limiter.close_idle()
            await asyncio.sleep(GAUGE_SECONDS)

    def _budgets(self, now: float) -> None:
        """Show the limits, and what is left of them."""
        budget = self._account.budget
        self._metrics.budget(budget.limits(), budget.left(now))
        self._metrics.tenant_budgets(
            {name: (each.limits(), each.left(now)) for name, each in self._account.limited_tenants.items()}
        )

    async def _orders(self) -> None:
        starts, deletions = (mailbox_of(self._config.storage, self._store, kind) for kind in (TOURNAMENT, "forget"))
        while True:
            begun = await asyncio.to_thread(begin_ordered, starts, self._store)
            if begun:
                log.info("tournament_begun", count=begun)
                self._tournaments.wake()
            gone = await asyncio.to_thread(forget_ordered, deletions, self._store)
            if gone:
                log.info("records_deleted", reason="forget", exchanges=gone)
            await asyncio.sleep(ORDER_SECONDS)

    async def _sweeps(self) -> None:
        steady = ClockJumpGuard(time.time(), time.monotonic())
        while True:
            now = time.time()
            shorter = {tenant.name: tenant.keep_days for tenant in self._config.tenants if tenant.keep_days}
            # because while the clock is in doubt nothing is deleted by age, and by size what must be
            at = now if steady.is_stable(now, time.monotonic()) and not self._clock_differs else 0.0
            gone = await asyncio.to_thread(self._store.sweep, at, shorter)
            if gone:
                log.info("records_deleted", reason="retention", exchanges=gone)
            await self._sum_hours()
            await self._account.refresh()
            await asyncio.sleep(SWEEP_SECONDS)

    @property
    def _clock_differs(self) -> bool:
        return isinstance(self._receiver, BrokerIntake) and self._receiver.clock_differs

    async def _sum_hours(self) -> None:
        try:
            await asyncio.to_thread(self._store.sum_hours, SUMMING_SECONDS)
        except StoreError as error:
            log.warning("hours_not_summed", error=str(error), effect="pages read rows instead, and the next sweep tries again")


def _drawn(store: Store) -> bytes:
    """The secret of this installation; if the store does not provide it, one for this process, which draws another sample."""
    try:
        return store.secret()
    except StoreError as error:
        log.warning("secret_not_stored", error=str(error), effect="another sample is drawn until the next start")
        return secrets.token_bytes(32)


def main() -> int:
    """Read the task and run; 2 with one sentence where this configuration cannot be used, 0 where there is no task."""
    install_streams()
    to_stderr()
    sys.setswitchinterval(SWITCH_SECONDS)
    line, begun = read_task()
    if not line:
        return 0
    task = json.loads(line)
    config = Config.model_validate(task["config"])
    to_stderr(**log_options(config))
    admin = socket.socket(fileno=task["fd"])
    admin.setblocking(False)
    given = AuditTask(
        config=config,
        admin=admin,
        audit_socket=task["audit_socket"],
        counters=SharedCounters(task.get("board")),
        run=task.get("run", ""),
        role=task.get("role", "all"),
        begun=begun,
        certificate=AdminCertificate(config.admin, task.get("certificate", ())),
    )
    try:
        first = open_first(config)
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(AuditLife(given, lambda store: _audit(given, store)).run(first))
    except (StoreError, BrokerError) as why:
        sys.stderr.write(f"sameweights: {why}\n")
        return 2
    return 0


def _audit(task: AuditTask, store: Store) -> AuditProcess:
    return AuditProcess(task.config, store, task.counters, task.run, os.getppid(), role=task.role, certificate=task.certificate)


if __name__ == "__main__":
    sys.exit(main())
