"""A delivered exchange is counted, shadowed and acknowledged once it is stored and new; what the store cannot take is held."""

import asyncio
from collections import deque

import pytest

from proxy.exchange import Role
from proxy.process.shared_counters import PAIRS, SharedCounters
from shadow.broker import delivered_outcomes
from shadow.broker.delivered_outcomes import DeferredCounts, DeliveredOutcomes
from shadow.pipeline.exchange_ledger import ExchangeLedger
from shadow.reading.parsed_exchange import parse_exchange
from storage.store import Outcome
from tests.exchanges import asked, exchange, guard, said
from tests.running import until


class Counts:
    def __init__(self) -> None:
        self.calls: list[str] = []

    def exchange(self, one, *_, **__) -> None:
        self.calls.append(f"exchange {one.role.value}")

    def findings(self, *_, **__) -> None:
        self.calls.append("findings")

    def identity(self, *_, **__) -> None:
        self.calls.append("identity")

    def shadow_skipped(self, reason: str) -> None:
        self.calls.append(reason)


class Store:
    """Settles each record by the next of `outcomes`; refuses to queue one where that is None."""

    def __init__(self, *outcomes: Outcome | None) -> None:
        self.outcomes = deque(outcomes)
        self.offered = 0

    def add_exchange(self, _record, settled) -> bool:
        self.offered += 1
        outcome = self.outcomes.popleft()
        if outcome is None:
            return False
        settled(outcome)
        return True

    add_pair = add_exchange


class Deliveries:
    def __init__(self) -> None:
        self.done: list[str] = []
        self.paused = False

    def settled(self, exchange_id: str) -> None:
        self.done.append(exchange_id)

    def pause(self, paused: bool) -> None:
        self.paused = paused


class Room:
    def __init__(self, *outcomes: Outcome | None, store=None) -> None:
        self.board, self.real, self.deliveries = SharedCounters(), Counts(), Deliveries()
        self.store = store or Store(*outcomes)
        self.counts = DeferredCounts(self.real)
        self.outcomes = DeliveredOutcomes(ExchangeLedger(self.board, {}), self.store, self.deliveries, self.counts)
        self.shadows = 0

    def shadow(self) -> None:
        self.shadows += 1

    def handle(self, number: int = 1) -> None:
        """As a worker does: count, then offer."""
        seen = parse_exchange(exchange(said(), request=asked(), id=f"{number:032d}"))
        self.counts.exchange(seen.exchange, seen.answer, (), pair_id="")
        self.counts.findings("p", "m", "check", "", (), pair_id="")
        record = guard().exchange_record(seen, outcomes=[], checks=())
        self.outcomes.offer(0, record, then=self.shadow)

    async def settle(self) -> None:
        for _ in range(3):
            await asyncio.sleep(0)


LIVE = ["exchange primary", "findings"]


@pytest.mark.parametrize(
    ("outcome", "counted", "shadows", "field"),
    [
        (Outcome.STORED, LIVE, 1, "stored"),
        (Outcome.KNOWN, [], 0, ""),
        (Outcome.BAD, LIVE, 0, "store_failed"),
    ],
)
async def test_outcome_decides_what_is_counted_and_shadowed_and_each_is_acknowledged(outcome, counted, shadows, field):
    room = Room(outcome)
    room.handle()
    assert (room.real.calls, room.shadows) == ([], 0), "nothing before the store has answered"
    await room.settle()
    assert (room.real.calls, room.shadows) == (counted, shadows)
    assert room.deliveries.done == [f"{1:032d}"]
    assert room.board.row(0).settled == (1 if field else 0)
    assert not field or room.board.totals()[field] == 1


async def test_exchange_that_two_auditors_were_delivered_is_counted_and_shadowed_by_one_of_them(store):
    one, other = Room(store=store), Room(store=store)
    for room in (one, other, one, other):
        room.handle()
        assert await asyncio.to_thread(store.flush, 20)
        await room.settle()
    assert (one.real.calls, one.shadows) == (LIVE, 1)
    assert (other.real.calls, other.shadows) == ([], 0)
    assert one.board.totals()["stored"] + other.board.totals()["stored"] == 1
    assert [len(room.deliveries.done) for room in (one, other)] == [2, 2], "each delivery is acknowledged"


@pytest.mark.parametrize("refusal", [Outcome.AWAY, None])
async def test_exchange_that_the_store_cannot_take_is_held_and_offered_again_without_being_counted_twice(refusal):
    room = Room(refusal, refusal, Outcome.STORED)
    room.handle()
    await room.settle()
    assert (len(room.outcomes), room.deliveries.paused, room.deliveries.done, room.real.calls) == (1, True, [], [])
    room.outcomes.offer_held()
    await room.settle()
    assert (len(room.outcomes), room.deliveries.paused) == (1, True)
    room.outcomes.offer_held()
    await room.settle()
    assert (len(room.outcomes), room.deliveries.paused, room.deliveries.done) == (0, False, [f"{1:032d}"])
    assert (room.real.calls, room.shadows, room.board.totals()["stored"]) == (LIVE, 1, 1)


async def test_exchange_that_another_auditor_stored_while_the_store_was_away_is_not_counted_and_not_shadowed():
    room = Room(Outcome.AWAY, Outcome.KNOWN)
    room.handle()
    await room.settle()
    room.outcomes.offer_held()
    await room.settle()
    assert (room.real.calls, room.shadows, room.board.totals()["stored"]) == ([], 0, 0)
    assert room.deliveries.done == [f"{1:032d}"]


async def test_exchange_that_never_reached_the_store_and_is_known_there_is_not_counted():
    room = Room(None, Outcome.KNOWN)
    room.handle()
    room.outcomes.offer_held()
    await room.settle()
    assert (room.real.calls, room.shadows, room.board.totals()["stored"]) == ([], 0, 0)
    assert room.deliveries.done == [f"{1:032d}"]


async def test_store_that_is_away_for_long_is_logged_once_and_its_return_once(logged):
    lines = logged("shadow.broker.delivered_outcomes")
    room = Room(*[Outcome.AWAY] * 6, *[Outcome.STORED] * 2)
    for number in range(2):
        room.handle(number)
    for _ in range(3):
        await room.settle()
        room.outcomes.offer_held()
    await room.settle()
    assert [call.kwargs["event"] for call in lines] == ["store_away", "store_back"]


async def test_held_records_are_offered_in_their_order_until_none_is_left(monkeypatch):
    monkeypatch.setattr(delivered_outcomes, "OFFER_SECONDS", 0.01)
    room = Room(*[Outcome.AWAY] * 3, *[Outcome.STORED] * 3)
    for number in range(3):
        room.handle(number)
    await room.settle()
    keeping = asyncio.create_task(room.outcomes.keep())
    await until(lambda: len(room.deliveries.done) == 3)
    keeping.cancel()
    assert room.deliveries.done == [f"{number:032d}" for number in range(3)]
    assert room.store.offered == 6


async def test_exchange_lost_to_a_fault_is_counted_and_delivered_no_more():
    room = Room()
    seen = parse_exchange(exchange(said(), request=asked()))
    room.counts.exchange(seen.exchange, seen.answer, (), pair_id="")
    room.outcomes.lost(0, "error", "0" * 32)
    assert (room.board.totals()["error"], room.deliveries.done, room.real.calls) == (1, ["0" * 32], ["exchange primary"])
    room.outcomes.lost(PAIRS, "error")
    assert room.deliveries.done == ["0" * 32]


async def test_counts_of_shadow_answers_are_not_deferred():
    room = Room()
    seen = parse_exchange(exchange(said(), request=asked(), role=Role.SHADOW))
    room.counts.exchange(seen.exchange, seen.answer, (), pair_id="")
    room.counts.shadow_skipped("late")
    assert room.real.calls == ["exchange shadow", "late"]


async def test_fault_in_what_is_counted_leaves_the_exchange_acknowledged_and_the_rest_counted(logged):
    lines = logged("shadow.broker.delivered_outcomes")
    room = Room(Outcome.STORED)
    room.real.exchange = lambda *_, **__: 1 / 0
    room.handle()
    await room.settle()
    assert (room.real.calls, room.shadows, room.deliveries.done) == (["findings"], 1, [f"{1:032d}"])
    assert [call.kwargs["event"] for call in lines] == ["count_failed"]
