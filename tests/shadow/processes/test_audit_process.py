"""The audit process as one: it takes exchanges from its socket, serves its admin port, and stores all it has before it ends."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime

import aiohttp
import pytest

from proxy.exchange import Exchange
from proxy.process.shared_counters import PAIRS, SharedCounters
from proxy.provider_config import Provider, ProxyConfig
from proxy.record.exchange_sender import ExchangeSender
from proxy.worker_stats import WorkerStats
from shadow.pipeline.reference_probe import PROBE_SECONDS
from shadow.pipeline.worker import Worker
from shadow.processes import audit_process
from shadow.processes.audit_process import (
    ADMIN_PATIENCE,
    FLUSH_PATIENCE,
    JUDGE_PATIENCE,
    RECEIVE_PATIENCE,
    SHADOW_PATIENCE,
    AuditProcess,
    _drawn,
)
from shadow.processes.supervisor import AUDIT_PATIENCE
from shadow.settings.top_level_config import AdminConfig, AdminToken, BrokerConfig, Config, ShadowConfig
from storage.opening import open_reader, open_store
from storage.storage_config import StorageConfig
from storage.store import StoreError
from tests.exchanges import asked, exchange, said
from tests.running import until

pytestmark = pytest.mark.slow


class RunningAudit:
    """An audit process on free ports, and a data plane's end of its socket."""

    def __init__(self, tmp_path, path: str = "", **shadow) -> None:
        self.path = path or str(tmp_path / "audit.sock")
        self.storage = StorageConfig(url=f"sqlite:///{tmp_path}/house.db", batch_seconds=0.01)
        providers = {name: Provider(base_url="http://127.0.0.1:9/v1") for name in ("candidate", "official")}
        self.config = Config(
            proxy=ProxyConfig(provider="candidate", reference="official", providers=providers),
            shadow=ShadowConfig(**shadow),
            storage=self.storage,
            admin=AdminConfig(listen="127.0.0.1:0"),
        )
        self.stats = WorkerStats(worker=0, pid=1)
        self.board = SharedCounters()
        self.sender = ExchangeSender(self.path, 10_000_000, self.stats, self.board.row(0))

    async def __aenter__(self):
        admin = socket.socket()
        admin.bind(("127.0.0.1", 0))
        admin.listen()
        admin.setblocking(False)
        self.admin = f"http://127.0.0.1:{admin.getsockname()[1]}"
        self.audit = AuditProcess(self.config, open_store(self.storage), self.board, "run")
        await self.audit.start(admin, self.path)
        self.sender.start()
        return self

    async def __aexit__(self, *_):
        await self.sender.stop(1.0)
        await self.audit.stop()

    async def get(self, path: str) -> tuple[int, str]:
        async with aiohttp.ClientSession() as session, session.get(self.admin + path) as got:
            return got.status, await got.text()

    def stored(self, identity: str) -> bool:
        reader = open_reader(self.storage)
        try:
            return reader.exchange(identity) is not None
        finally:
            reader.close()


def exchange_of_now(identity: str) -> Exchange:
    """One that the sweep at the start does not delete for its age."""
    return exchange(said(), request=asked(), id=identity, started=time.time())


@pytest.fixture
async def running(tmp_path):
    async with RunningAudit(tmp_path, sample_rate=0.0) as running:
        yield running


async def test_what_the_data_plane_hands_over_is_in_the_store(running):
    await until(lambda: running.sender.offer(exchange_of_now("1" * 32)))
    await until(lambda: running.stored("1" * 32))


async def test_the_admin_port_is_healthy_and_ready(running):
    await until(lambda: running.audit._ready() == "")
    assert (await running.get("/healthz"))[0] == 200
    assert (await running.get("/readyz"))[0] == 200
    status, text = await running.get("/metrics")
    assert status == 200
    assert "sameweights_build_info" in text


async def test_first_scrape_after_a_restart_has_the_losses_and_loads_since_serve_began(tmp_path, monkeypatch):
    async def none_yet(_audit):
        await asyncio.Event().wait()

    monkeypatch.setattr(AuditProcess, "_gauges", none_yet)
    restarted = RunningAudit(tmp_path, sample_rate=0.0)
    restarted.board.row(0).add("ended", 3)
    restarted.board.row(0).add("audit_slow", 3)
    restarted.board.row(PAIRS).add("store_failed", 2)
    restarted.board.note_load(1_700_000_000, refused=False)
    async with restarted:
        _, text = await restarted.get("/metrics")
    assert 'sameweights_handover_dropped_total{reason="audit_slow"} 3\n' in text
    assert 'sameweights_store_records_total{result="failed",table="pairs"} 2\n' in text
    assert "sameweights_config_last_reload_successful 1\n" in text


def test_parts_of_an_orderly_end_have_a_second_less_than_the_supervisor_waits():
    parts = (RECEIVE_PATIENCE, SHADOW_PATIENCE, FLUSH_PATIENCE, JUDGE_PATIENCE, ADMIN_PATIENCE)
    assert (sum(parts), AUDIT_PATIENCE) == (14.0, 15.0)


async def test_a_part_that_ended_in_a_fault_is_reported_and_the_audit_is_not_ready(running, logged, monkeypatch):
    said = logged("shadow.pipeline.task_errors")

    def broken():
        raise OSError("no such thing")

    monkeypatch.setattr(running.audit._limiter, "close_idle", broken)
    await until(lambda: any(task.done() for task in running.audit._tasks))
    status, text = await running.get("/readyz")
    assert (status, "a part of the audit ended" in text) == (503, True)
    assert [(call.method_name, repr(call.kwargs["exc_info"])) for call in said] == [("error", "OSError('no such thing')")]


async def test_a_stop_stores_everything_that_was_handed_over(tmp_path):
    async with RunningAudit(tmp_path, sample_rate=0.0) as running:
        await until(lambda: running.sender.offer(exchange_of_now("0" * 32)))
        for number in range(1, 200):
            assert running.sender.offer(exchange_of_now(f"{number:032d}"))
    reader = open_reader(running.storage)
    assert sum(count.requests for count in reader.traffic(0, 1e12)) == 200
    reader.close()


async def test_an_unreachable_reference_is_recorded_and_costs_the_audit_nothing(tmp_path):
    async with RunningAudit(tmp_path, sample_rate=1.0) as running:
        await until(lambda: running.sender.offer(exchange_of_now("1" * 32)))

        async def paired() -> bool:
            return "1" * 32 in (await running.get("/pairs?show=all"))[1]

        await until(paired)


async def test_a_socket_left_behind_by_a_dead_audit_is_taken_over(tmp_path):
    left = await asyncio.start_unix_server(lambda _reader, _writer: None, str(tmp_path / "audit.sock"))
    left.close()
    await left.wait_closed()
    (tmp_path / "audit.sock").touch()
    async with RunningAudit(tmp_path, sample_rate=0.0) as running:
        assert (await running.get("/healthz"))[0] == 200


async def test_an_audit_whose_forwarding_process_has_gone_is_not_ready(running):
    await until(lambda: running.audit._ready() == "")
    await running.sender.stop(1.0)
    await until(lambda: "forwarding process 0 is not running" in running.audit._ready())


@pytest.mark.slow
async def test_audit_without_its_fetcher_is_not_ready_until_it_runs(tmp_path):
    async with RunningAudit(tmp_path, sample_rate=1.0) as running:
        await until(lambda: running.audit._ready() == "")
        os.kill(running.audit._audit._fetcher.pid, signal.SIGKILL)
        await until(lambda: "the fetcher is not running" in running.audit._ready())
        await until(lambda: running.audit._ready() == "")


async def test_socket_in_a_deleted_folder_is_created_again_and_exchanges_arrive(tmp_path, monkeypatch):
    monkeypatch.setattr("shadow.pipeline.local_server.LOOK_SECONDS", 0.01)
    folder = tmp_path / "sockets"
    async with RunningAudit(tmp_path, sample_rate=0.0, path=str(folder / "audit.sock")) as running:
        await until(lambda: running.audit._ready() == "")
        shutil.rmtree(folder)
        running.sender._socket.transport.abort()
        await until(lambda: running.sender.offer(exchange_of_now("1" * 32)))
        await until(lambda: running.stored("1" * 32))


def test_secret_that_the_store_cannot_keep_is_drawn_for_this_process_and_logged(logged):
    class Full:
        def secret(self):
            raise StoreError("disk full")

    calls = logged("shadow.processes.audit_process")
    one, other = _drawn(Full()), _drawn(Full())
    assert len(one) == len(other) == 32
    assert one != other
    assert len(calls) == 2
    assert calls[0].kwargs["event"] == "secret_not_stored"
    assert one.hex() not in str(calls)


async def test_a_reference_that_no_request_has_reached_is_probed_and_what_is_wrong_logged(tmp_path, logged, monkeypatch):
    monkeypatch.setattr("shadow.pipeline.local_audit.PROBE_SECONDS", 0.0)
    written = logged("shadow.pipeline.local_audit")
    async with RunningAudit(tmp_path, sample_rate=1.0):
        await until(lambda: any("the reference official cannot be used" in call.kwargs.get("detail", "") for call in written))


async def test_a_reference_that_a_request_has_reached_is_not_probed(tmp_path, logged, monkeypatch):
    written, probed = logged("shadow.pipeline.local_audit"), []
    monkeypatch.setattr("shadow.pipeline.local_audit.PROBE_SECONDS", 0.0)
    monkeypatch.setattr(Worker, "references_heard", frozenset({"official"}))
    monkeypatch.setattr("shadow.pipeline.local_audit.probe", lambda _, wanted, __: probed.append(dict(wanted)) or _nothing())
    async with RunningAudit(tmp_path, sample_rate=1.0):
        await until(lambda: probed)
    assert probed == [{}]
    assert not written


async def _nothing():
    for sentence in ():
        yield sentence


def test_a_reference_is_probed_five_seconds_after_the_start():
    assert PROBE_SECONDS == 5.0


def test_the_audit_process_loads_the_code_of_pages_migrations_and_comparisons_when_it_is_used():
    later = {"jinja2", "sqlite_utils", "numpy", "rapidfuzz", "jsonschema_rs", "nats", "psycopg", "typer", "click"}
    code = f"import sys, shadow.processes.audit_process; print([m for m in sys.modules if m.split('.')[0] in {later}])"
    assert subprocess.check_output([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": "."}, text=True) == "[]\n"


async def test_days_and_budget_of_a_tenant_are_those_of_the_last_reload(tmp_path, monkeypatch):
    monkeypatch.setattr(audit_process, "SWEEP_SECONDS", 0.01)

    def line(**alpha) -> bytes:
        tenants = [{"name": name, "key_env": "A", **more} for name, more in (("alpha", alpha), ("beta", {}))]
        return json.dumps({"config": {**running.config.model_dump(mode="json"), "tenants": tenants}}).encode()

    async with RunningAudit(tmp_path, sample_rate=0.0) as running:
        running.audit.reload(line(budget={"requests": 7}))
        left = 'sameweights_tenant_budget_left{tenant="alpha",unit="requests"} 7\n'

        async def shown() -> bool:
            return left in (await running.get("/metrics"))[1]

        assert await until(shown)
        for number, tenant in enumerate(("alpha", "beta")):
            old = exchange_of_now(f"{number}" * 32)
            old = old._replace(started=time.time() - 2 * 86_400, labels=old.labels._replace(tenant=tenant))
            await until(lambda old=old: running.sender.offer(old))
            await until(lambda number=number: running.stored(f"{number}" * 32))
        running.audit.reload(line(keep_days=1.0))
        await until(lambda: not running.stored("0" * 32))
        assert running.stored("1" * 32)

        async def gone() -> bool:
            return not await shown()

        assert await until(gone)


async def test_host_whose_clock_is_not_the_broker_s_deletes_nothing_by_age(tmp_path, monkeypatch):
    monkeypatch.setattr(audit_process, "SWEEP_SECONDS", 0.0)
    moments = []
    config = RunningAudit(tmp_path).config.model_copy(update={"broker": BrokerConfig(url="nats://127.0.0.1:9")})
    with closing(open_store(config.storage)) as store:
        monkeypatch.setattr(store, "sweep", lambda at, _shorter: moments.append(at) or 0)
        audit = AuditProcess(config, store, role="audit")
        clock = audit._receiver._broker.clock
        clock.observe("2020-01-01T00:00:00Z", time.time())
        sweeping = asyncio.create_task(audit._sweeps())
        await until(lambda: len(moments) > 1)
        assert set(moments) == {0.0}
        clock.observe(datetime.now(UTC).isoformat(), time.time())
        await until(lambda: moments[-1])
        sweeping.cancel()
        await asyncio.gather(sweeping, return_exceptions=True)


async def test_token_of_a_tenant_that_a_reload_removes_opens_no_page(tmp_path, monkeypatch):
    monkeypatch.setenv("TOKEN", "token-of-alpha-0123456")
    running = RunningAudit(tmp_path, sample_rate=0.0)
    token = AdminToken(name="team", token_env="TOKEN", may="words", tenants=("alpha",))
    running.config = running.config.model_copy(update={"admin": AdminConfig(listen="127.0.0.1:0", tokens=(token,))})
    found = []
    async with running, aiohttp.ClientSession(headers={"Authorization": "Bearer token-of-alpha-0123456"}) as session:
        for name in ("alpha", "beta", "alpha"):
            tenants = [{"name": name, "key_env": "A"}]
            running.audit.reload(json.dumps({"config": {**running.config.model_dump(mode="json"), "tenants": tenants}}).encode())
            async with session.get(f"{running.admin}/pairs?tenant=alpha") as got:
                found.append(got.status)
    assert found == [200, 401, 200]
