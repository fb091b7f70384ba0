"""What a worker answers to each message of the audit process, and what runs in it beside; no process of its own."""

import asyncio
import json
import time
from contextlib import asynccontextmanager
from functools import partial

import pytest

from proxy.packing import pack
from proxy.provider_config import Provider, ProxyConfig
from shadow.pipeline import audit_messages as messages
from shadow.pipeline.candidate_copies import CandidateCopies
from shadow.pipeline.fetcher_client import FetcherLostError
from shadow.pipeline.owner_connection import OwnerConnection
from shadow.pipeline.reference_client import ReferenceClient
from shadow.processes import audit_worker
from shadow.processes.audit_worker import AuditWorker
from shadow.sampling.conversations import ConversationPlace
from shadow.settings.top_level_config import Config, ShadowConfig, TenantBudget, TenantConfig
from tests.exchanges import asked, exchange, said
from tests.passing_clock import PassingAsyncio
from tests.running import PATIENCE, until

ALPHA = TenantConfig(name="alpha", key_env="ALPHA", budget=TenantBudget(requests=9))
PLACE = ConversationPlace(conversation="talk", drawn_by="talk")


class Owner:
    """What stands for the connection to the audit process."""

    def __init__(self) -> None:
        self.sent, self.flushed, self.state = [], 0, None

    def add(self, message) -> None:
        self.sent.append(message)

    def flush(self) -> None:
        self.flushed += 1

    def of(self, kind):
        return [message for message in self.sent if isinstance(message, kind)]


@pytest.fixture(autouse=True)
def no_fetcher(monkeypatch):
    """No process is started for the requests to references."""

    async def keep(_):
        await asyncio.Event().wait()

    monkeypatch.setattr(ReferenceClient, "keep", keep)


def configured(providers=("candidate", "official"), tenants=(), **shadow):
    known = {name: Provider(base_url=f"http://{name}.example/v1") for name in providers}
    proxy = ProxyConfig(providers=known, provider="candidate", reference="official")
    return Config(proxy=proxy, shadow=ShadowConfig(**{"sample_rate": 0.0, **shadow}), tenants=tenants)


@asynccontextmanager
async def working(config=None, *, number=0, names=(), exhausted=None):
    owner = Owner()
    hello = messages.Welcome(bytes(32), bytes(32), names, exhausted or {}, CandidateCopies())
    worker = AuditWorker(config or configured(), number, owner, hello)
    yield worker, owner
    await worker.close()


def work(plane=5, number=1, model="pretend-small", **more):
    request = asked(f"Question {number}", model=model)
    made = exchange(said(), request=request, id=f"{number:032d}", model=model, started=time.time(), **more)
    return messages.Work(plane, PLACE, pack(made))


async def test_exchange_is_recorded_for_its_sender_and_conversation_before_it_is_done():
    async with working() as (worker, owner):
        worker.handle(work(plane=5))
        [recorded] = owner.of(messages.Recorded)
        assert recorded.plane == 5
        assert "talk" in dict(recorded.record.exchanges[0].rows)["exchanges"]
        assert owner.sent[-1] == messages.Done(5)
        assert owner.of(messages.Done) == [messages.Done(5)]


async def test_exchange_that_cannot_be_read_is_lost_and_done(logged):
    calls = logged("shadow.processes.audit_worker")
    async with working() as (worker, owner):
        worker.handle(messages.Work(5, PLACE, b"broken"))
        assert owner.sent == [messages.Lost(5, "malformed"), messages.Done(5)]
    [call] = calls
    assert (call.kwargs["event"], call.kwargs["worker"]) == ("exchange_unreadable", 5)
    assert call.kwargs["error"]


@pytest.mark.parametrize("when", ["with the welcome", "later"])
async def test_name_of_another_model_differs_from_the_names_that_other_workers_saw(when):
    known = ("candidate", "house", ("other-model",))

    def verdict(owner):
        return dict(owner.of(messages.ChecksCounted)[-1].verdicts)["echoed_model"]

    async with working(names=(known,) if when == "with the welcome" else ()) as (worker, owner):
        if when == "later":
            worker.handle(work(model="house"))
            assert verdict(owner) == "not_measured"
            worker.handle(messages.KnownNames(*known))
        worker.handle(work(model="house"))
        assert verdict(owner) == "differ"


async def test_budget_that_is_reached_is_the_reason_why_nothing_is_shadowed():
    async with working(configured(sample_rate=1.0), number=1, exhausted={"": "budget_tokens"}) as (worker, owner):
        worker.handle(work(number=1))
        worker.handle(messages.BudgetState({"": "budget_money"}))
        worker.handle(work(number=2))
        assert owner.of(messages.Skipped) == [messages.Skipped("budget_tokens"), messages.Skipped("budget_money")]


async def test_request_of_a_limited_budget_is_reserved_and_not_sent_where_the_answer_refuses_it():
    async with working(configured(sample_rate=1.0, requests=9), number=1) as (worker, owner):
        worker.handle(work())
        await until(lambda: owner.of(messages.Reserve))
        assert owner.state() == messages.WorkerState(1, 0, fetcher=False)
        worker.handle(messages.Reserved(owner.of(messages.Reserve)[0].number, "budget_requests"))
        await until(lambda: owner.state() == messages.WorkerState(0, 0, fetcher=False))
        assert owner.of(messages.Skipped) == [messages.Skipped("budget_requests")]


async def test_reload_has_the_requests_of_a_tenant_reserved_and_keeps_providers_that_are_removed():
    async with working(configured(("candidate", "official", "old"), sample_rate=1.0), number=1) as (worker, owner):
        worker.reload(configured(("candidate", "official", "new"), tenants=(ALPHA,), sample_rate=0.0))
        worker.handle(work(tenant="alpha", reference="old"))
        await until(lambda: owner.of(messages.Reserve))
        assert owner.of(messages.Reserve)[0].tenant == "alpha"
        assert owner.state().shadows == 1, "the sample is that of the start"
        worker.handle(messages.Drain(0.0))
        await until(lambda: owner.of(messages.Drained))


async def test_shadows_that_run_at_the_end_are_ended_before_the_worker_has_drained():
    async with working(configured(sample_rate=1.0, requests=9), number=1) as (worker, owner):
        worker.handle(work())
        await until(lambda: owner.of(messages.Reserve))
        worker.handle(messages.Drain(0.01))
        await until(lambda: owner.of(messages.Drained))
        assert owner.sent[-2:] == [messages.Skipped("stopped"), messages.Drained()]
        assert owner.state() == messages.WorkerState(0, 0, fetcher=False)


async def test_worker_without_work_sends_its_state_twice_a_second(monkeypatch):
    passing = PassingAsyncio()
    monkeypatch.setattr(audit_worker, "asyncio", passing)
    async with working() as (worker, owner):
        await until(lambda: owner.flushed > 3)
        assert not worker.failed.is_set()
    assert {*passing.pauses} == {0.5}


@pytest.mark.parametrize(("needed", "failed"), [(True, True), (False, False)])
async def test_worker_fails_by_a_fault_in_a_task_that_it_needs(logged, needed, failed):
    calls = logged("shadow.pipeline.task_errors")

    async def broken() -> None:
        raise ArithmeticError("a fault of ours")

    async with working() as (worker, _):
        worker.run(broken(), needed=needed)
        await until(lambda: calls)
        assert worker.failed.is_set() == failed
        assert [call.kwargs["event"] for call in calls] == ["audit_task_failed"]


async def test_task_that_ends_in_order_or_is_cancelled_is_no_fault():
    ended = asyncio.Event()

    async def well() -> None:
        ended.set()

    async with working() as (worker, _):
        worker.run(well())
        await asyncio.wait_for(ended.wait(), PATIENCE)
    await asyncio.sleep(0)
    assert not worker.failed.is_set()


class Probed:
    """Notes which references are probed, and ends as a lost fetcher does."""

    def __init__(self, monkeypatch) -> None:
        self.wanted = []
        monkeypatch.setattr(audit_worker, "probe", self._probe)
        monkeypatch.setattr(audit_worker, "PROBE_SECONDS", 0.0)

    async def _probe(self, _, missing, __):
        self.wanted.append(dict(missing))
        yield "official refused"
        raise FetcherLostError


@pytest.mark.parametrize(
    ("number", "shadow", "probed"),
    [(0, {"sample_rate": 1.0}, 1), (1, {"sample_rate": 1.0}, 0), (0, {"sample_rate": 0.0}, 0), (0, {"enabled": False}, 0)],
)
async def test_first_worker_probes_the_references_where_anything_is_sampled(monkeypatch, logged, number, shadow, probed):
    calls, probing = logged("shadow.processes.audit_worker"), Probed(monkeypatch)
    async with working(configured(**{"sample_rate": 1.0, **shadow}), number=number) as (worker, owner):
        await until(lambda: owner.flushed)
        for _ in range(20):
            await asyncio.sleep(0)
        assert probing.wanted == [{"official": frozenset()}] * probed
        assert [call.kwargs for call in calls] == [{"event": "reference_probe_failed", "detail": "official refused"}] * probed
        assert not worker.failed.is_set()


async def test_worker_waits_longer_each_time_for_an_audit_process_that_does_not_listen_yet(tmp_path, monkeypatch):
    passing = PassingAsyncio()
    monkeypatch.setattr(audit_worker, "asyncio", passing)
    path, made = str(tmp_path / "s"), partial(OwnerConnection, 0, print, 1_000)
    connecting = asyncio.create_task(audit_worker._connected(path, made))
    await until(lambda: len(passing.pauses) > 6)
    server = await asyncio.start_unix_server(lambda _, writer: writer.close(), path)
    owner = await asyncio.wait_for(connecting, PATIENCE)
    await asyncio.wait_for(owner.lost, PATIENCE)
    server.close()
    assert passing.pauses[:7] == [0.05, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0]


async def test_reload_without_a_configuration_is_logged_and_the_next_one_is_taken(logged):
    calls = logged("shadow.processes.audit_worker")
    async with working(configured(sample_rate=1.0), number=1) as (worker, owner):
        audit_worker._reload(worker, b"{}")
        limited = configured(tenants=(ALPHA,))
        audit_worker._reload(worker, json.dumps({"config": limited.model_dump(mode="json")}).encode())
        worker.handle(work(tenant="alpha"))
        await until(lambda: owner.of(messages.Reserve))
    assert [call.kwargs["event"] for call in calls] == ["reload_failed"]


async def test_worker_that_ends_gives_up_what_its_references_were_asked_for(monkeypatch):
    closed = []

    async def close(_) -> None:
        closed.append(True)

    monkeypatch.setattr(ReferenceClient, "close", close)
    async with working() as (worker, _):
        tasks = [*worker._tasks]
        assert closed == []
    assert (closed, all(task.done() for task in tasks)) == ([True], True)
