"""AuditLife: an audit process from its task to its end: opens its store, waits while that is away, and runs the audit on it."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from proxy.process.parent_watchdog import hold, send_heartbeat
from proxy.process.shared_counters import SharedCounters
from shadow.broker.broker_errors import BrokerError
from shadow.processes.admin_certificate import AdminCertificate
from shadow.processes.later_tasks import LaterTasks
from shadow.processes.store_wait import StoreWait
from shadow.settings.top_level_config import Config
from storage.opening import open_store
from storage.store import Store, StoreError
from storage.store_away import StoreAwayError


class Audit(Protocol):
    """What is run."""

    async def start(self, admin: socket.socket, audit_socket: str) -> None:
        """Open the admin port and the local sockets, and begin to work; BrokerError where the broker refuses it."""

    def reload(self, line: bytes) -> None:
        """Use the task in `line` from now on."""

    async def stop(self) -> None:
        """Store what there is, and close everything, the store too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditTask:
    """The task of an audit process; `begun` came behind it on standard input."""

    config: Config
    admin: socket.socket
    audit_socket: str
    counters: SharedCounters
    run: str
    role: str
    begun: bytes
    certificate: AdminCertificate


def open_first(config: Config) -> Store | StoreAwayError:
    """The store, or why it cannot be opened yet; StoreError where waiting does not help."""
    try:
        return open_store(config.storage)
    except StoreAwayError as why:
        return why


class AuditLife:
    """One audit process; `made` makes the audit of an open store, and may raise StoreError as `open_store` does."""

    def __init__(self, task: AuditTask, made: Callable[[Store], Audit]) -> None:
        self._task = task
        self._made = made
        self._ended = asyncio.Event()
        self._later = LaterTasks()
        self._beats: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<AuditLife ready={self._beats is not None} ended={self._ended.is_set()}>"

    async def run(self, first: Store | StoreAwayError) -> None:
        """Work until SIGTERM, SIGINT, or the end of standard input (the parent died); `first` is what `open_first` returned.

        StoreError and BrokerError where it cannot work with this configuration.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ended.set)
        try:
            store, audit = await self._begun(first)
        except StoreAwayError as why:
            found = await self._waited(why)
            if found is None:
                return
            store, audit = found
        await self._work(store, audit)

    async def _work(self, store: Store, audit: Audit) -> None:
        try:
            await audit.start(self._task.admin, self._task.audit_socket)
        except BrokerError:
            await asyncio.to_thread(store.close)
            raise
        self._later.follow(audit.reload)
        await self._be_ready()
        # as in the data plane: objects that exist now stay for the life of the process, and an exchange leaves nothing for the
        # collector
        gc.collect()
        gc.freeze()
        gc.set_threshold(5_000, 20, 50)
        await self._ended.wait()
        await audit.stop()

    async def _waited(self, why: StoreAwayError) -> tuple[Store, Audit] | None:
        """What works once the store is there; None where the end came before. The parent has requests forwarded meanwhile."""
        task = self._task
        waiting = StoreWait(task.config, task.counters, self._opened, task.certificate, role=task.role)
        self._later.follow(waiting.reload)
        await self._be_ready()
        return await waiting.opened(why, self._ended, task.admin)

    async def _opened(self) -> tuple[Store, Audit]:
        return await self._begun(await asyncio.to_thread(open_store, self._task.config.storage))

    async def _begun(self, store: Store | StoreAwayError) -> tuple[Store, Audit]:
        if isinstance(store, StoreAwayError):
            raise store
        try:
            return store, self._made(store)
        except StoreError:
            await asyncio.to_thread(store.close)
            raise

    async def _be_ready(self) -> None:
        """Take the commands of the parent, and tell it that this process works."""
        if self._beats is None:
            await hold(self._ended.set, self._later.take, begun=self._task.begun)
            self._beats = asyncio.create_task(send_heartbeat())
