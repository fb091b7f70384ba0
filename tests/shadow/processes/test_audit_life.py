"""An audit process waits for a store that is away, also while the audit is made, and ends where waiting does not help."""

import asyncio
import os
import signal
import socket
from contextlib import contextmanager

import pytest

from proxy.process.shared_counters import SharedCounters
from shadow.broker.broker_errors import BrokerError
from shadow.processes import audit_life, store_wait
from shadow.processes.admin_certificate import AdminCertificate
from shadow.processes.audit_life import AuditLife, AuditTask, open_first
from shadow.settings.top_level_config import AdminConfig, Config
from storage.storage_config import StorageConfig
from storage.store import StoreError
from storage.store_away import StoreAwayError
from tests.running import until


class Store:
    """A store that can be closed."""

    closed = 0

    def close(self) -> None:
        self.closed += 1


class Audit:
    """Notes each call; `refused` is raised by its start."""

    def __init__(self, refused: Exception | None = None) -> None:
        self.refused = refused
        self.done: list[object] = []

    async def start(self, _admin, audit_socket) -> None:
        if self.refused:
            raise self.refused
        self.done.append(audit_socket)

    def reload(self, line: bytes) -> None:
        self.done.append(line)

    async def stop(self) -> None:
        self.done.append("stopped")


class NotedCollector:
    """`gc` for one module: what is asked of it is noted and not done, so that the tests keep their own."""

    def __init__(self) -> None:
        self.calls: list[object] = []

    def collect(self) -> None:
        self.calls.append("collect")

    def freeze(self) -> None:
        self.calls.append("freeze")

    def set_threshold(self, *limits: int) -> None:
        self.calls.append(limits)


@pytest.fixture
def life(monkeypatch):
    """Makes a process whose parent says what `begun` has, and whose store opens at the second attempt."""
    monkeypatch.setattr(store_wait, "TRY_SECONDS", 0.01)
    store, attempts = Store(), []

    def opened(_config):
        attempts.append(1)
        if len(attempts) == 1:
            raise StoreAwayError("starting")
        return store

    async def nothing(*_, **__) -> None:
        """No parent, and no standard output that belongs to the tests."""

    async def held(_ended, on_line, *, begun) -> None:
        for line in begun.splitlines():
            on_line(line)

    monkeypatch.setattr(audit_life, "open_store", opened)
    monkeypatch.setattr(audit_life, "hold", held)
    monkeypatch.setattr(audit_life, "send_heartbeat", nothing)
    monkeypatch.setattr(audit_life, "gc", NotedCollector())

    @contextmanager
    def made(make, begun: bytes = b""):
        with socket.create_server(("127.0.0.1", 0)) as admin:
            admin.setblocking(False)
            task = AuditTask(
                config=Config(),
                admin=admin,
                audit_socket="s",
                counters=SharedCounters(),
                run="",
                role="all",
                begun=begun,
                certificate=AdminCertificate(AdminConfig()),
            )
            yield AuditLife(task, make), store

    return made


async def ended(running: asyncio.Task) -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    await running


@pytest.mark.slow
async def test_audit_starts_once_the_store_is_there_and_has_the_latest_task_of_the_parent(life):
    audit = Audit()
    with life(lambda _store: audit, b"old\nnew\n") as (process, _):
        running = asyncio.create_task(process.run(StoreAwayError("starting")))
        await until(lambda: len(audit.done) == 2)
        await ended(running)
    assert audit.done == ["s", b"new", "stopped"]
    assert audit_life.gc.calls == ["collect", "freeze", (5_000, 20, 50)], "once all that stays is loaded"


async def test_store_that_goes_while_the_audit_is_made_is_closed_and_waited_for(life):
    audit, faults = Audit(), [StoreAwayError("gone"), StoreAwayError("gone again")]

    def make(_store):
        if faults:
            raise faults.pop()
        return audit

    with life(make) as (process, store):
        first = Store()
        running = asyncio.create_task(process.run(first))
        await until(lambda: audit.done)
        await ended(running)
    assert (first.closed, store.closed, audit.done) == (1, 1, ["s", "stopped"])


async def test_end_that_comes_while_it_waits_starts_no_audit(life):
    with life(lambda _store: pytest.fail("no audit is made")) as (process, _):
        process._ended.set()
        await process.run(StoreAwayError("starting"))


@pytest.mark.parametrize("refused", [BrokerError("no rights")])
async def test_broker_that_refuses_the_configuration_ends_it_and_closes_the_store(life, refused):
    with life(lambda _store: Audit(refused)) as (process, _):
        first = Store()
        with pytest.raises(BrokerError, match="no rights"):
            await process.run(first)
    assert first.closed == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_either_signal_and_the_end_of_the_parent_end_it_in_order(life, monkeypatch, number):
    audits, parents = (Audit(), Audit()), []

    async def held(ended, _, *, begun) -> None:
        parents.append((ended, begun))

    monkeypatch.setattr(audit_life, "hold", held)
    with life(lambda _store: audits[0], b"behind") as (process, store):
        running = asyncio.create_task(process.run(store))
        await until(lambda: audit_life.gc.calls)
        os.kill(os.getpid(), number)
        await running
    with life(lambda _store: audits[1]) as (process, store):
        assert repr(process) == "<AuditLife ready=False ended=False>"
        running = asyncio.create_task(process.run(store))
        await until(lambda: len(parents) == 2)
        assert repr(process) == "<AuditLife ready=True ended=False>"
        parents[1][0]()
        await running
    assert [audit.done for audit in audits] == [["s", "stopped"]] * 2
    assert parents[0][1] == b"behind"


def test_store_that_waiting_does_not_help_ends_the_start_and_one_that_is_away_does_not(tmp_path):
    with pytest.raises(StoreError, match="does not exist"):
        open_first(Config(storage=StorageConfig(url=str(tmp_path / "absent" / "a.db"))))
    assert isinstance(open_first(Config(storage=StorageConfig(url="postgresql://sw@127.0.0.1:9/rows"))), StoreAwayError)
