"""Exchanges are placed in their conversations here, and what the workers send is counted and stored here."""

import asyncio
import json
import pickle
import threading
import time
from functools import partial

import pytest
from prometheus_client import CollectorRegistry

from proxy.packing import frame, pack
from proxy.process.shared_counters import SharedCounters
from proxy.provider_config import Provider, ProxyConfig
from shadow.metrics.answer_counts import answer_counts
from shadow.metrics.observe import Metrics
from shadow.pipeline import audit_messages as messages
from shadow.pipeline.budget_account import StoredBudget
from shadow.pipeline.candidate_copies import CandidateCopies
from shadow.pipeline.exchange_dispatcher import ExchangeDispatcher
from shadow.pipeline.exchange_ledger import ExchangeLedger
from shadow.pipeline.exchange_receiver import ExchangeReceiver
from shadow.pipeline.identity_observer import IdentityObserver, IdentityTraits
from shadow.pipeline.row_retention import retained
from shadow.reading.parsed_exchange import parse_exchange
from shadow.sampling.budget import Budget
from shadow.settings.top_level_config import Config, ShadowConfig
from storage.opening import record_preparer
from storage.spending import ALL, Reservation, Spending
from tests.conformance import exchange_record
from tests.exchanges import asked, exchange, said
from tests.running import PATIENCE, until

RESPONSE = {
    "object": "response",
    "status": "completed",
    "model": "pretend-small",
    "output": [
        {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Hi", "annotations": []}],
        }
    ],
}


class Source:
    """A receiver that holds nothing but what is put in `given`."""

    def __init__(self) -> None:
        self.released = []
        self.given = asyncio.Queue()

    async def take_packed(self):
        return 0, await self.given.get()

    def release(self, size: int) -> None:
        self.released.append(size)

    def take_packed_now(self):
        return None


class Dispatching:
    def __init__(self, store, *, limit=0, account=None, proxy=None, **shadow) -> None:
        config = Config(proxy=proxy or ProxyConfig(), shadow=ShadowConfig(audit_workers=2, **shadow))
        self.counters, self.registry, self.source = SharedCounters(), CollectorRegistry(), Source()
        self.ledger = ExchangeLedger(self.counters, {})
        if "inbox" in shadow:
            self.source = ExchangeReceiver(
                limit=shadow["inbox"], limit_bytes=1 << 20, frame_limit=1 << 16, on_stats=lambda _: None, ledger=self.ledger
            )
        self.dispatcher = ExchangeDispatcher(
            config,
            source=self.source,
            store=store,
            metrics=Metrics(self.registry, config),
            account=account or StoredBudget(Budget(requests=limit, tokens=0, money=0.0, period="day"), store),
            welcome=(bytes(32), bytes(32)),
            identities=IdentityObserver(config, clean=str),
            ledger=self.ledger,
            run="run",
        )

    def waiting(self) -> list[int]:
        return [len(lane.waiting) for lane in self.dispatcher.workers.lanes]


@pytest.fixture
def dispatching(store):
    return Dispatching(store)


def test_turns_of_one_conversation_wait_for_one_worker(dispatching):
    for number in range(4):
        dispatching.dispatcher.place(0, pack(exchange(said(), request=asked(), id=f"{number:032}")))
    assert sorted(dispatching.waiting()) == [0, 4]
    assert (
        dispatching.dispatcher.why_not() == "the audit worker 0, 1 is not running; it is being restarted, and its exchanges wait"
    )


def test_request_that_names_an_earlier_response_waits_for_the_worker_of_that_one(dispatching):
    def turn(number, **more):
        body = {**RESPONSE, "id": f"resp_{number}"}
        request = {"model": "pretend-small", "input": f"turn {number}", **more}
        made = exchange(
            json.dumps(body).encode(), request=json.dumps(request).encode(), target="/v1/responses", id=f"{number:032}"
        )
        dispatching.dispatcher.place(0, pack(made))

    turn(0)
    for number in range(1, 9):
        turn(number, previous_response_id=f"resp_{number - 1}")
    assert sorted(dispatching.waiting()) == [0, 9]


def test_what_cannot_be_unpacked_is_counted_and_waits_no_longer(dispatching):
    dispatching.dispatcher.place(3, b"nothing")
    assert (dispatching.counters.row(3)["malformed"], dispatching.source.released) == (1, [7])


def test_messages_of_a_worker_are_counted_and_stored(dispatching, store):
    lane = dispatching.dispatcher.workers.lanes[0]
    seen = parse_exchange(exchange(said(), request=asked()))
    record = record_preparer().prepare(exchange_record("one")._replace(source=""))
    for message in (
        messages.Counted(answer_counts(seen.exchange, seen.answer, ()), ""),
        messages.Skipped("late"),
        messages.Recorded(1, record),
        messages.Recorded(1, None),
        messages.Lost(1, "error"),
    ):
        dispatching.dispatcher._received(lane, message)
    assert store.flush(20)
    row = dispatching.counters.row(1)
    assert (row["stored"], row["store_failed"], row["error"]) == (1, 1, 1)
    assert store.begin_run("run") == {1: 1}, "counted under the sender, for the next audit process"
    assert dispatching.registry.get_sample_value("sameweights_shadow_dropped_total", {"reason": "late"}) == 1
    assert store.exchange("one") is not None


def test_change_of_who_serves_is_stored_with_the_answer_that_brought_it(dispatching, store):
    lane, observer = dispatching.dispatcher.workers.lanes[0], IdentityObserver(Config(), clean=str)
    for number in range(20):
        name = f"{number:032}"
        seen = parse_exchange(exchange(said(), request=asked(), id=name))
        dispatching.dispatcher._received(lane, messages.Identified(observer.traits_of(seen.exchange, seen.answer)))
        record = record_preparer().prepare(exchange_record(name))
        dispatching.dispatcher._received(lane, messages.Recorded(0, record))
    assert store.flush(20)
    assert [row.exchange_id for row in store.identity_queries.identities(0, 0, 10)] == [f"{19:032}"]


def test_change_that_an_answer_without_a_row_brought_is_stored(dispatching, store):
    lane, observer = dispatching.dispatcher.workers.lanes[0], IdentityObserver(Config(), clean=str)
    for number in range(20):
        name = f"{number:032}"
        seen = parse_exchange(exchange(said(), request=asked(), id=name))
        dispatching.dispatcher._received(lane, messages.Identified(observer.traits_of(seen.exchange, seen.answer)))
        record = retained(exchange_record(name, checks=0), 0.0, bytes(32), sampled=False)
        dispatching.dispatcher._received(lane, messages.Recorded(0, record_preparer().prepare(record)))
    assert store.flush(20)
    assert [row.exchange_id for row in store.identity_queries.identities(0, 0, 10)] == [f"{19:032}"]
    assert store.exchange(f"{19:032}") is None


async def test_worker_that_is_gone_costs_the_others_no_place_in_the_inbox(tmp_path):
    made = Dispatching(None, inbox=8)
    await made.source.start(str(tmp_path / "s"))
    placing = asyncio.create_task(made.dispatcher.run())
    _, writer = await asyncio.open_unix_connection(tmp_path / "s")

    async def send(talk: str, count: int, lost: int) -> list[int]:
        for _ in range(count):
            writer.write(frame(b"E", pack(exchange(said(), request=asked(), conversation=talk))))
        await until(lambda: (made.counters.row(0)["inbox_full"], sum(made.waiting())) == (lost, 8))
        return made.waiting()

    gone = await send("one", 8, 0)
    assert sorted(gone) == [0, 8], "where no other waits, one lane may hold the whole inbox"
    assert await send("one", 3, 3) == gone
    lanes = made.dispatcher.workers
    talk = next(name for name in map(str, range(99)) if lanes.lane_of(name) != lanes.lane_of("one"))
    assert await send(talk, 4, 7) == [4, 4], "the newcomers take the places of the lane that holds more than its share"
    assert await send(talk, 1, 8) == [4, 4]
    assert made.source._bytes == sum(lane.waiting_bytes for lane in lanes.lanes)
    placing.cancel()
    writer.close()
    await made.source.stop(patience=1.0)


class Link:
    """What stands for the connection of a worker in its lane."""

    def __init__(self, dispatcher, lane) -> None:
        self.got, self.drained = [], False
        self._left = partial(dispatcher.workers.left, lane, self)
        lane.link = self

    def write(self, data: bytes) -> None:
        self.got.append(messages.unpacked(data[5:]))

    def leave(self) -> None:
        self._left()


class SlowStore:
    """A store that spends when it is let."""

    def __init__(self) -> None:
        self.let = threading.Event()

    def spend(self, *_) -> None:
        self.let.wait(PATIENCE)

    def reserve(self, *_) -> Reservation:
        self.let.wait(PATIENCE)
        return Reservation("", ALL, {ALL: Spending(1, 0, 0.0)})


@pytest.fixture
def slow_store():
    made = SlowStore()
    yield made
    made.let.set()


async def test_reservation_of_a_worker_that_is_gone_does_not_answer_the_next_one(slow_store):
    dispatcher = Dispatching(slow_store, limit=5).dispatcher
    lane = dispatcher.workers.lanes[0]
    asking = Link(dispatcher, lane)
    dispatcher._received(lane, messages.Reserve(0, ""))
    await asyncio.sleep(0)
    asking.leave()
    later = Link(dispatcher, lane)
    slow_store.let.set()
    await asyncio.gather(*dispatcher._spending)
    assert (asking.got, later.got) == ([messages.Reserved(0, "")], [])


@pytest.mark.parametrize(
    ("reference", "fetchers", "why"),
    [
        ("far", (True, True), ""),
        ("far", (True, False), "a fetcher is not running; traffic is forwarded and recorded, not all is compared"),
        ("", (False, False), ""),
    ],
)
async def test_missing_fetcher_is_named_where_there_is_a_reference(slow_store, reference, fetchers, why):
    dispatcher = Dispatching(slow_store).dispatcher
    providers = {name: Provider(base_url="http://127.0.0.1:9/v1") for name in ("near", "far")}
    dispatcher.reload(Config(proxy=ProxyConfig(providers=providers, provider="near", reference=reference)))
    for lane, fetcher in zip(dispatcher.workers.lanes, fetchers, strict=True):
        Link(dispatcher, lane)
        lane.latest, lane.state = time.monotonic() + 1e6, messages.WorkerState(0, 0, fetcher=fetcher)
    assert dispatcher.why_not() == why


async def test_end_of_the_budget_reaches_every_worker(slow_store):
    dispatcher = Dispatching(slow_store, limit=1).dispatcher
    slow_store.let.set()
    first, second = (Link(dispatcher, lane) for lane in dispatcher.workers.lanes)
    for number in range(2):
        dispatcher._received(dispatcher.workers.lanes[0], messages.Reserve(number, ""))
        await asyncio.gather(*dispatcher._spending)
    answers = [each for each in first.got if isinstance(each, messages.Reserved)]
    assert answers == [messages.Reserved(0, ""), messages.Reserved(1, "budget_requests")]
    assert second.got == [messages.BudgetState({"": "budget_requests"})]


class CountedBudget(StoredBudget):
    """Counts the owners whose limits are read."""

    def __init__(self, store, tenants: int) -> None:
        own = {f"t{number}": Budget(requests=1, tokens=0, money=0.0, period="hour") for number in range(tenants)}
        super().__init__(Budget(requests=0, tokens=0, money=0.0, period="hour"), store, own)
        self.read = []

    def reached_by(self, owner: str) -> str:
        self.read.append(owner)
        return super().reached_by(owner)

    def taken(self) -> list[str]:
        read, self.read = self.read, []
        return read


async def test_limits_of_all_tenants_are_read_when_an_hour_begins_and_else_those_of_the_request(slow_store, monkeypatch):
    now, account = [7_200.0], CountedBudget(slow_store, 50)
    monkeypatch.setattr(time, "time", lambda: now[0])
    slow_store.let.set()
    made = Dispatching(slow_store, account=account)
    running, link = asyncio.create_task(made.dispatcher.run()), Link(made.dispatcher, made.dispatcher.workers.lanes[1])

    async def turn() -> int:
        turns = len(made.source.released)
        made.source.given.put_nowait(b"unreadable")
        await until(lambda: len(made.source.released) > turns)
        return len(account.taken())

    assert await turn() == 51
    made.dispatcher._received(made.dispatcher.workers.lanes[0], messages.Reserve(0, "t7"))
    await asyncio.gather(*made.dispatcher._spending)
    assert account.taken() == [ALL, "t7"]
    made.dispatcher._received(made.dispatcher.workers.lanes[0], messages.Paid(((1, 0.0),), "t7"))
    await asyncio.gather(*made.dispatcher._spending)
    assert account.taken() == [ALL, "t7"]
    now[0] = 10_799.9
    assert await turn() == 0
    now[0] = 10_800.0
    assert await turn() == 51
    made.dispatcher.reload(Config())
    assert len(account.taken()) == 51
    assert link.got == [messages.BudgetState({"t7": "tenant_budget_requests"}), messages.BudgetState({})]
    running.cancel()


@pytest.mark.slow
async def test_reservation_that_ends_in_an_error_is_answered(slow_store, monkeypatch):
    def broken(*_):
        raise ArithmeticError("an error of ours")

    monkeypatch.setattr(slow_store, "reserve", broken)
    dispatcher = Dispatching(slow_store, limit=1).dispatcher
    link = Link(dispatcher, dispatcher.workers.lanes[0])
    for number in range(2):
        dispatcher._received(dispatcher.workers.lanes[0], messages.Reserve(number, ""))
        await asyncio.gather(*dispatcher._spending)
    assert link.got == [messages.Reserved(0, "budget_unknown"), messages.Reserved(1, "budget_unknown")], "it is given back"


async def test_tournaments_reach_every_worker_and_those_that_are_started_later(slow_store):
    dispatcher = Dispatching(slow_store).dispatcher
    links = [Link(dispatcher, lane) for lane in dispatcher.workers.lanes]
    copies = CandidateCopies(begun=frozenset({"agents"}))
    assert dispatcher._welcome().copies == CandidateCopies()
    dispatcher.hold(copies)
    assert [link.got for link in links] == [[copies], [copies]]
    assert dispatcher._welcome().copies == copies


async def test_end_waits_neither_for_a_worker_that_hangs_nor_for_a_store_that_does(slow_store):
    made = Dispatching(slow_store, limit=5)
    Link(made.dispatcher, made.dispatcher.workers.lanes[0])
    for number in range(400):
        made.dispatcher.place(0, pack(exchange(said(), request=asked(), conversation=f"{number}", id=f"{number:032}")))
    made.dispatcher._received(made.dispatcher.workers.lanes[0], messages.Reserve(0, ""))
    async with asyncio.timeout(PATIENCE):
        await made.dispatcher.drain(patience=0.01)
    slow_store.let.set()
    row = made.counters.row(0)
    assert (made.waiting(), row["process_killed"]) == ([0, 0], 400), "counted once, whether a worker had it or it waited"
    assert len(made.source.released) == 400


def test_names_and_changes_are_bounded_however_many_models_are_requested(dispatching):
    lane, other = dispatching.dispatcher.workers.lanes
    link = Link(dispatching.dispatcher, other)
    for number in range(296):
        traits = {"model": f"model-{number}-1"}
        seen = IdentityTraits(f"{number:032}", 1.0, "main", f"model-{number}", "chat", traits)
        for again in range(20):  # a change is one that lasts
            dispatching.dispatcher._received(lane, messages.Identified(seen._replace(exchange_id=f"{number:016}{again:016}")))
    assert len(dispatching.dispatcher._changes) == 256
    names = dispatching.dispatcher._welcome().names
    assert [model for _, model, _ in names] == [f"model-{number}" for number in range(40, 296)]
    assert len(pickle.dumps(dispatching.dispatcher._welcome())) < 32_768
    known = {}
    for each in link.got:
        known[each.model] = each.names
    assert {model for model, found in known.items() if found} == {model for _, model, _ in names}


def test_record_that_ends_in_a_fault_is_counted_as_not_stored(store, monkeypatch):
    made = Dispatching(store)

    def broken(*_):
        raise ValueError("no such thing")

    monkeypatch.setattr(store, "add_prepared", broken)
    record = record_preparer().prepare(exchange_record("one"))
    with pytest.raises(ValueError, match="no such thing"):
        made.dispatcher._received(made.dispatcher.workers.lanes[0], messages.Recorded(1, record))
    assert made.counters.row(1)["store_failed"] == 1
