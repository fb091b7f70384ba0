"""What the audit process does beside exchanges: reloads, commands that wait, sweeps, and what an earlier process left."""

import asyncio
import json
import os
import time
from contextlib import asynccontextmanager, closing, suppress

import aiohttp
import pytest
from prometheus_client import CollectorRegistry

from proxy.provider_config import Provider
from shadow.commands.begin_tournament import begin_tournament
from shadow.commands.forget import send_forget
from shadow.metrics.process_metrics import ProcessCollector
from shadow.pages.admin_app import RELOAD
from shadow.processes import audit_process
from shadow.processes.audit_process import AuditProcess
from shadow.settings.top_level_config import AdminConfig, TenantBudget, TenantConfig
from shadow.tournament.tournament_record import TournamentRecord
from shadow.tournament.tournament_route import configured_terms
from storage.erasure_choice import ErasureChoice
from storage.opening import database_path, open_store, store_url
from storage.rows import IdentityRow
from storage.store import StoreError
from tests.conformance import exchange_record
from tests.exchanges import labelled
from tests.passing_clock import PassingAsyncio
from tests.running import PATIENCE, until
from tests.shadow.processes.test_audit_process import RunningAudit, exchange_of_now

pytestmark = pytest.mark.slow


@asynccontextmanager
async def idle(tmp_path, **config):
    """An audit process that is not started, with its store."""
    given = RunningAudit(tmp_path, sample_rate=0.0).config
    with closing(open_store(given.storage)) as store:
        yield AuditProcess(given.model_copy(update=config), store), store


@asynccontextmanager
async def working(work):
    """`work` while the block runs."""
    task = asyncio.create_task(work)
    yield task
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def scraped(audit, name, **labels):
    return audit._registry.get_sample_value(f"sameweights_{name}", labels)


async def test_records_that_a_command_deletes_are_gone_and_logged(tmp_path, logged):
    calls = logged("shadow.processes.audit_process")
    async with idle(tmp_path) as (audit, store):
        store.add_exchange(exchange_record("one"))
        assert store.flush(PATIENCE)
        async with working(audit._orders()):
            database = database_path(store_url(audit._config.storage))
            result = await asyncio.to_thread(send_forget, database, ErasureChoice(before=9e9))
        assert (result.exchanges, store.exchange("one")) == (1, None)
        assert [call.kwargs for call in calls] == [{"event": "records_deleted", "reason": "forget", "exchanges": 1}]


async def test_tournament_that_a_command_begins_is_stored_logged_and_looked_at(tmp_path, logged, monkeypatch):
    calls, woken = logged("shadow.processes.audit_process"), []
    async with idle(tmp_path) as (audit, store):
        terms = configured_terms(audit._config.tournament)
        record = TournamentRecord(id="t", route="agents", begun=time.time(), candidates=("north",), reference="far", terms=terms)
        monkeypatch.setattr(audit._tournaments, "wake", lambda: woken.append(True))
        async with working(audit._orders()):
            await asyncio.to_thread(begin_tournament, audit._config.storage, record)
        assert [row.id for row in store.studies.studies()] == ["t"]
        assert [call.kwargs for call in calls] == [{"event": "tournament_begun", "count": 1}]
        assert woken == [True]


async def test_sweep_logs_what_it_deletes_and_goes_on_where_hours_cannot_be_summed(tmp_path, logged, monkeypatch):
    calls, given, refreshed = logged("shadow.processes.audit_process"), [], []
    monkeypatch.setattr(audit_process, "SWEEP_SECONDS", 0.0)

    def sum_hours(seconds):
        given.append(seconds)
        raise StoreError("away")

    async def refresh():
        refreshed.append(True)

    tenants = tuple(TenantConfig(name=name, key_env="A", keep_days=days) for name, days in (("alpha", 2.0), ("beta", None)))
    async with idle(tmp_path, tenants=tenants) as (audit, store):
        shorter, gone = [], iter((3, 0))
        monkeypatch.setattr(store, "sweep", lambda _, days: shorter.append(days) or next(gone, 0))
        monkeypatch.setattr(store, "sum_hours", sum_hours)
        monkeypatch.setattr(audit._account, "refresh", refresh)
        async with working(audit._sweeps()):
            await until(lambda: len(refreshed) >= 2)
    assert shorter[:2] == [{"alpha": 2.0}] * 2
    assert {*given} == {1.0}
    assert calls[0].kwargs == {"event": "records_deleted", "reason": "retention", "exchanges": 3}
    assert {call.kwargs["event"] for call in calls[1:]} == {"hours_not_summed"}
    assert calls[1].kwargs["error"] == "away"


async def test_identity_that_an_earlier_process_learned_is_shown_and_is_no_change(tmp_path):
    given = RunningAudit(tmp_path, sample_rate=0.0).config
    row = IdentityRow(
        exchange_id="one",
        started=1.0,
        provider="candidate",
        model="m",
        identity="aa",
        previous="bb",
        changes='["the fingerprint changed"]',
        facts="{}",
    )
    with closing(open_store(given.storage)) as store:
        store.add_exchange(exchange_record("one")._replace(identities=(row,)))
        assert store.flush(PATIENCE)
        audit = AuditProcess(given, store)
        assert scraped(audit, "serving_identity_info", provider="candidate", model="m", identity="aa") == 1
        assert scraped(audit, "serving_identity_changes_total", provider="candidate", model="m") == 0


@pytest.mark.parametrize("supervised", [False, True])
async def test_processes_are_those_below_the_supervisor_and_without_one_those_below_this_process(tmp_path, supervised):
    supervisor, root = (os.getppid(), os.getppid()) if supervised else (0, os.getpid())
    expected = CollectorRegistry()
    expected.register(ProcessCollector(root, dict))
    given = RunningAudit(tmp_path, sample_rate=0.0).config
    with closing(open_store(given.storage)) as store:
        shown = AuditProcess(given, store, supervisor=supervisor)._registry
        name, labels = "process_start_time_seconds", {"process": "supervisor", "number": "0"}
        assert shown.get_sample_value(name, labels) == expected.get_sample_value(name, labels) is not None


async def test_commands_are_looked_for_every_second_and_the_store_is_swept_every_minute(tmp_path, monkeypatch):
    passing = PassingAsyncio()
    monkeypatch.setattr(audit_process, "asyncio", passing)
    async with idle(tmp_path) as (audit, store):
        monkeypatch.setattr(store, "sweep", lambda *_: 0)
        monkeypatch.setattr(store, "sum_hours", lambda _: None)
        for work, seconds in ((audit._orders(), 1.0), (audit._sweeps(), 60.0)):
            passing.pauses.clear()
            async with working(work):
                await until(lambda: len(passing.pauses) > 1)
            assert {*passing.pauses} == {seconds}


async def test_queues_are_shown_twice_a_second(tmp_path, monkeypatch):
    shown, passing = [], PassingAsyncio()
    monkeypatch.setattr(audit_process, "asyncio", passing)
    async with idle(tmp_path) as (audit, _):
        monkeypatch.setattr(audit._metrics, "gauges", lambda **figures: shown.append(figures))
        async with working(audit._gauges()):
            await until(lambda: len(shown) > 1)
    assert shown[0] == {"inbox": 0, "shadows": 0, "shadows_waiting": 0, "store_queued": 0, "store_lag": 0.0}
    assert {*passing.pauses} == {0.5}


async def test_identities_of_other_processes_are_read_where_several_share_a_database(tmp_path, monkeypatch):
    read = []
    monkeypatch.setattr(audit_process, "shared_identities", lambda *parts: read.append(parts))
    async with RunningAudit(tmp_path, sample_rate=0.0):
        pass
    assert read == [], "this file has one writer"


async def test_budgets_of_all_and_of_each_tenant_are_shown_with_what_is_left(tmp_path, monkeypatch):
    ended = []
    alpha = TenantConfig(name="alpha", key_env="A", budget=TenantBudget(tokens=7))
    shadow = RunningAudit(tmp_path, requests=5).config.shadow
    async with idle(tmp_path, tenants=(alpha,), shadow=shadow) as (audit, _), working(audit._gauges()):
        monkeypatch.setattr(audit._limiter, "close_idle", lambda: ended.append(True))
        await until(lambda: scraped(audit, "shadow_budget_left", unit="requests") is not None)
        assert scraped(audit, "shadow_budget_left", unit="requests") == 5
        assert scraped(audit, "shadow_budget", unit="requests") == 5
        assert scraped(audit, "tenant_budget_left", tenant="alpha", unit="tokens") == 7
        await until(lambda: ended)


async def test_reload_brings_providers_keeps_those_that_are_removed_and_passes_over_what_is_no_configuration(tmp_path, logged):
    calls = logged("shadow.processes.audit_process")
    async with RunningAudit(tmp_path, sample_rate=0.0) as running:
        for line in (b"{}", b"no json", b"[]"):
            running.audit.reload(line)
        assert [call.kwargs["event"] for call in calls] == ["reload_failed"] * 3
        proxy = running.config.proxy
        providers = {"official": proxy.providers["official"], "new": Provider(base_url="http://127.0.0.1:9/v1")}
        changed = proxy.model_copy(update={"providers": providers, "provider": "new"})
        config = running.config.model_copy(update={"proxy": changed})
        running.audit.reload(json.dumps({"config": config.model_dump(mode="json")}).encode())
        for number, provider in enumerate(("candidate", "new")):
            sent = labelled(exchange_of_now(f"{number}" * 32), provider=provider)
            await until(lambda sent=sent: running.sender.offer(sent))
            await until(lambda number=number: running.stored(f"{number}" * 32))
        pages = running.audit._runner.app[RELOAD].__self__
        assert sorted(pages._config.proxy.providers) == ["candidate", "new", "official"]
        text = (await running.get("/metrics"))[1]
        assert all(f'provider="{provider}",role="primary"}} 1' in text for provider in ("candidate", "new"))


@pytest.mark.parametrize(("listen", "shown"), [("127.0.0.1:0", False), ("0.0.0.0:0", True)])
async def test_address_with_a_token_is_printed_where_other_machines_reach_the_pages(tmp_path, capsys, listen, shown):
    running = RunningAudit(tmp_path, sample_rate=0.0)
    running.config = running.config.model_copy(update={"admin": AdminConfig(listen=listen)})
    async with running:
        written = capsys.readouterr().err
        assert ("sameweights: open the pages with http://127.0.0.1:" in written) == shown
        if shown:
            token = written.partition("=")[2].split()[0]
            assert (await running.get("/"))[0] == 401
            reader = aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"})
            async with reader, reader.get(running.admin) as got:
                assert got.status == 200


def noted(order, name, done):
    """`done`, whose calls are noted in `order` with the seconds that they were given."""

    async def call(*given, **named):
        order.append((name, *given, *named.values()))
        return await done(*given, **named)

    return call


async def test_parts_of_the_end_come_in_their_order_each_with_its_time(tmp_path, monkeypatch):
    order, finished = [], []
    running = RunningAudit(tmp_path, sample_rate=0.0)
    async with running:
        audit = running.audit
        for name, part, method in (
            ("receiver", audit._receiver, "stop"),
            ("shadows", audit._audit, "drain"),
            ("audit", audit._audit, "close"),
        ):
            monkeypatch.setattr(part, method, noted(order, name, getattr(part, method)))
        flush, close, finish = audit._store.flush, audit._store.close, audit._judge.finish
        monkeypatch.setattr(audit._store, "flush", lambda seconds: order.append(("store", seconds)) or flush(seconds))
        monkeypatch.setattr(audit._store, "close", lambda: order.append(("store",)) or close())
        monkeypatch.setattr(audit._judge, "finish", lambda now, seconds: finished.append((now, seconds)) or finish(now, seconds))
        tasks = [*audit._tasks]
    assert order == [("receiver", 1.0), ("shadows", 5.0), ("store", 5.0), ("audit",), ("store",)]
    [(now, seconds)] = finished
    assert (seconds, now > 1_700_000_000.0) == (2.0, True)
    assert all(task.done() for task in tasks)
    with pytest.raises(aiohttp.ClientConnectionError):
        await running.get("/healthz")


class Exporter:
    """Notes each call; what the store has written is offered to it."""

    def __init__(self) -> None:
        self.calls, self.offered = [], []

    def offer(self, record) -> None:
        self.offered.append(record)

    def start(self) -> None:
        self.calls.append("start")

    def reload(self, providers) -> None:
        self.calls.append(sorted(providers))

    async def finish(self, seconds) -> None:
        self.calls.append(seconds)


async def test_exporter_starts_with_the_audit_has_each_stored_record_and_the_providers_of_a_reload(tmp_path, monkeypatch):
    exporter, given = Exporter(), []
    monkeypatch.setattr(audit_process, "configured_exporter", lambda *parts: given.append(parts) or exporter)
    async with RunningAudit(tmp_path, sample_rate=0.0) as running:
        await until(lambda: running.sender.offer(exchange_of_now("1" * 32)))
        await until(lambda: exporter.offered)
        running.audit.reload(json.dumps({"config": running.config.model_dump(mode="json")}).encode())
        [(config, store, _, count, waiting)] = given
        assert (config, store, waiting()) == (running.config, running.audit._store, 0)
        count("span", "sent", 3)
        assert scraped(running.audit, "otel_items_total", kind="span", delivery="sent") == 3
    assert exporter.calls == ["start", ["candidate", "official"], 2.0]


@pytest.mark.parametrize(("enabled", "rate", "probed"), [(True, 1.0, True), (True, 0.0, False), (False, 1.0, False)])
async def test_references_are_probed_where_anything_is_sampled(tmp_path, monkeypatch, enabled, rate, probed):
    probes = []

    async def probe(_):
        probes.append(True)

    monkeypatch.setattr("shadow.pipeline.local_audit.LocalAudit.probe", probe)
    async with RunningAudit(tmp_path, enabled=enabled, sample_rate=rate) as running:
        await until(lambda: (running.audit._probing is not None) == probed)
        if probed:
            await until(lambda: probes)
    assert probes == [True] * probed
