"""The composition root of an audit worker: reads, checks and shadows the exchanges of its conversations, and stores nothing.

Run as a module, it reads its task as one JSON line on standard input, connects to the audit process, writes `ready`, and runs
until that connection ends, SIGTERM, or until its parent is gone.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import TypeVar

import structlog

from proxy.packing import unpack
from proxy.process.parent_watchdog import hold, loop_factory, read_task, send_heartbeat
from proxy.process.standard_streams import install_streams
from shadow.pipeline import audit_messages as messages
from shadow.pipeline.candidate_copies import CandidateCopies
from shadow.pipeline.configured_budget import limited_owners
from shadow.pipeline.configured_privacy import configured_privacy
from shadow.pipeline.fetcher_client import FetcherLostError, SubprocessFetcher
from shadow.pipeline.frame_bytes import frame_bytes, message_bytes
from shadow.pipeline.owner_connection import (
    OwnerConnection,
    SentBudget,
    SentCounts,
    SentIdentities,
    SentOutcomes,
)
from shadow.pipeline.reference_client import ReferenceClient
from shadow.pipeline.reference_probe import PROBE_SECONDS, has_references, probe, wanted_models
from shadow.pipeline.task_errors import log_error
from shadow.pipeline.worker import Worker
from shadow.processes.free_memory import keep_returning
from shadow.processes.later_tasks import LaterTasks
from shadow.processes.log_setup import to_stderr
from shadow.processes.supervisor_log import log_options
from shadow.sampling.conversations import ConversationPlace
from shadow.settings.top_level_config import Config

log = structlog.get_logger("sameweights.audit_worker")

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0
"""Seconds between two attempts to connect to the audit process, which waits for its store."""
STATE_SECONDS = 0.5
T = TypeVar("T")


class AuditWorker:
    """One worker, from its welcome on."""

    def __init__(self, config: Config, number: int, owner: OwnerConnection, welcome: messages.Welcome) -> None:
        self._given = share_of(config, number)
        self._copies = welcome.copies
        self._config = self._copies.applied(self._given)
        self._owner = owner
        shadow = config.shadow
        policy = configured_privacy(config, welcome.pseudonyms)
        self._fetcher = SubprocessFetcher(config.proxy.timeouts, config.proxy.limits, frame_bytes(config), log_options(config))
        self._references = ReferenceClient(config, os.environ, self._fetcher)
        self._identities = SentIdentities(config, owner, clean=policy.redactor.text)
        self._budget = SentBudget(owner, limited=limited_owners(config), exhausted=welcome.exhausted)
        self._counts = SentCounts(owner)
        self._worker = Worker(
            config=self._config,
            metrics=self._counts,
            references=self._references,
            account=self._budget,
            policy=policy,
            secret=welcome.secret,
            identities=self._identities,
            outcomes=SentOutcomes(owner),
        )
        self._worker.renew(welcome.copies)
        for known in welcome.names:
            self._identities.known_names(*known)
        self._tasks: list[asyncio.Task[None]] = []
        self.failed = asyncio.Event()
        """Set by the first fault of ours in a task without which there is no worker."""
        self.run(self._report())
        self.run(keep_returning())
        if has_references(config):
            self.run(self._references.keep())
            if number == 0 and shadow.sample_rate:
                self.run(self._probe(), needed=False)
        owner.state = self.state

    def __repr__(self) -> str:
        return f"<AuditWorker {self._worker!r}>"

    def run(self, work: Coroutine[object, object, None], *, needed: bool = True) -> None:
        """Have `work` run beside until `close`; its error is logged, and where it is `needed` sets `failed`."""
        task = asyncio.create_task(work)
        task.add_done_callback(log_error)
        if needed:
            task.add_done_callback(self._note_fault)
        self._tasks.append(task)

    def _note_fault(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception():
            self.failed.set()

    def state(self) -> messages.WorkerState:
        """How this worker is now."""
        return messages.WorkerState(self._worker.shadowing, self._worker.waiting, fetcher=bool(self._fetcher.pid))

    def handle(self, message: object) -> None:
        """One message of the audit process."""
        match message:
            case messages.Work(plane, place, payload):
                self._audit(plane, place, payload)
                self._owner.add(messages.Done(plane))
            case messages.KnownNames(provider, model, names):
                self._identities.known_names(provider, model, names)
            case messages.BudgetState(exhausted):
                self._budget.changed(exhausted)
            case CandidateCopies():
                self._hold(message)
            case messages.Reserved():
                self._budget.answered(message)
            case messages.Drain(patience):
                self.run(self._drain(patience))

    def reload(self, config: Config) -> None:
        """Use the providers, routes and tenants of `config` from the next exchange on; removed providers stay known."""
        known = {**self._config.proxy.providers, **config.proxy.providers}
        proxy = config.proxy.model_copy(update={"providers": known})
        self._given = self._given.model_copy(update={"proxy": proxy, "tenants": config.tenants})
        self._budget.reload(limited_owners(config))
        self._apply()

    def _hold(self, copies: CandidateCopies) -> None:
        held = self._copies.held(self._given)
        self._copies = copies
        self._worker.renew(copies)
        if copies.held(self._given) != held:
            self._apply()

    def _apply(self) -> None:
        """Use the configuration with the candidates that get copies now."""
        self._config = self._copies.applied(self._given)
        self._references.reload(self._config)
        self._worker.reload(self._config)
        self._identities.reload(self._config)

    async def close(self) -> None:
        """End what runs."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._references.close()

    def _audit(self, plane: int, place: ConversationPlace, payload: bytes) -> None:
        try:
            exchange = unpack(payload, plane)
        except ValueError as why:
            self._owner.add(messages.Lost(plane, "malformed"))
            log.warning("exchange_unreadable", worker=plane, error=str(why))
        else:
            self._worker.handle(exchange, place)

    async def _drain(self, patience: float) -> None:
        await self._worker.drain(patience=patience)
        self._owner.add(messages.Drained())

    async def _report(self) -> None:
        while True:
            self._owner.flush()
            await asyncio.sleep(STATE_SECONDS)

    async def _probe(self) -> None:
        await asyncio.sleep(PROBE_SECONDS)
        reached = self._worker.references_heard
        missing = {name: models for name, models in wanted_models(self._config.proxy).items() if name not in reached}
        with suppress(FetcherLostError):
            async for sentence in probe(self._references, missing, self._config.proxy.candidates):
                log.warning("reference_probe_failed", detail=sentence)


def share_of(config: Config, number: int) -> Config:
    """The configuration with one worker's share of `shadow.concurrency` and `shadow.queue`."""
    shadow = config.shadow
    parts = {
        name: getattr(shadow, name) // shadow.audit_workers + (number < getattr(shadow, name) % shadow.audit_workers)
        for name in ("concurrency", "queue")
    }
    return config.model_copy(update={"shadow": shadow.model_copy(update=parts)})


async def live(task: dict[str, object], config: Config, begun: bytes) -> bool:
    """Be one worker until the connection to the audit process ends, SIGTERM, or the end of standard input.

    False when a fault of ours ends it, which is logged. `begun` came on standard input behind the task.
    """
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    loop.add_signal_handler(signal.SIGINT, lambda: None)  # the audit process ends its workers
    inbox: asyncio.Queue[object] = asyncio.Queue()
    later = LaterTasks()
    # before anything is waited for, because the parent may go at any moment
    await hold(ended.set, later.take, begun=begun)
    connected = await _before(ended, _welcomed(task, config, inbox, ended))
    if connected is None:
        return True
    worker = AuditWorker(config, int(str(task["worker"])), *connected)
    later.follow(lambda line: _reload(worker, line))
    worker.run(_handle(worker, inbox))
    beats = asyncio.create_task(send_heartbeat())
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 20, 50)
    await _before(ended, worker.failed.wait())
    await worker.close()
    beats.cancel()
    return not worker.failed.is_set()


async def _welcomed(
    task: dict[str, object], config: Config, inbox: asyncio.Queue[object], ended: asyncio.Event
) -> tuple[OwnerConnection, messages.Welcome]:
    """The connection to the audit process, once it has sent its welcome."""
    number = int(str(task["worker"]))
    received, limit = inbox.put_nowait, message_bytes(config)
    owner = await _connected(str(task["socket"]), lambda: OwnerConnection(number, received, limit))
    owner.lost.add_done_callback(lambda _: ended.set())
    welcome = await inbox.get()
    assert isinstance(welcome, messages.Welcome)
    return owner, welcome


async def _before(ended: asyncio.Event, work: Coroutine[object, object, T]) -> T | None:
    """The result of `work`; None, and no more of it, when the end comes first."""
    working, ending = asyncio.create_task(work), asyncio.create_task(ended.wait())
    await asyncio.wait({working, ending}, return_when=asyncio.FIRST_COMPLETED)
    ending.cancel()
    if working.done():
        return working.result()
    working.cancel()
    return None


async def _handle(worker: AuditWorker, inbox: asyncio.Queue[object]) -> None:
    """Handle one message a turn, so that shadows and heartbeats have their own."""
    while True:
        worker.handle(await inbox.get())
        await asyncio.sleep(0)


def _reload(worker: AuditWorker, line: bytes) -> None:
    try:
        worker.reload(Config.model_validate(json.loads(line)["config"]))
    except (ValueError, KeyError, TypeError):
        log.exception("reload_failed")


async def _connected(path: str, made: Callable[[], OwnerConnection]) -> OwnerConnection:
    """The connection to the audit process, once it listens."""
    pause = FIRST_PAUSE
    while True:
        try:
            _, owner = await asyncio.get_running_loop().create_unix_connection(made, path)
        except OSError:
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
        else:
            return owner


def main() -> int:
    """Read the task and run; 0 at the end, 1 when a fault of ours is the end."""
    install_streams()
    to_stderr()
    line, begun = read_task()
    if not line:
        return 0
    task = json.loads(line)
    config = Config.model_validate(task["config"])
    to_stderr(**log_options(config))
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return 0 if runner.run(live(task, config, begun)) else 1


if __name__ == "__main__":
    sys.exit(main())
