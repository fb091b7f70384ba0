"""Pairs are counted whatever became of them and acknowledge nothing; what is deferred, held and shown."""

import asyncio

import pytest

from proxy.process.shared_counters import PAIRS
from shadow.broker import delivered_outcomes
from shadow.broker.delivered_outcomes import DeferredCounts
from shadow.reading.parsed_exchange import parse_exchange
from storage.store import Outcome
from tests.conformance import pair_record
from tests.exchanges import asked, exchange, said
from tests.passing_clock import PassingAsyncio
from tests.running import until
from tests.shadow.broker.test_delivered_outcomes import Counts, Room


@pytest.mark.parametrize(("outcome", "shadows"), [(Outcome.STORED, 1), (Outcome.KNOWN, 0), (Outcome.BAD, 0)])
async def test_pair_is_settled_whatever_became_of_it_and_followed_where_it_is_stored(outcome, shadows):
    room = Room(outcome)
    room.outcomes.offer(PAIRS, pair_record("one"), then=room.shadow)
    await room.settle()
    assert (room.shadows, room.deliveries.done, len(room.outcomes)) == (shadows, [], 0)
    assert room.board.row(PAIRS).settled == 1


async def test_counts_of_an_exchange_wait_while_a_pair_is_offered_between():
    room = Room(Outcome.STORED, Outcome.STORED)
    seen = parse_exchange(exchange(said(), request=asked()))
    room.counts.exchange(seen.exchange, seen.answer, (), pair_id="")
    room.outcomes.offer(PAIRS, pair_record("one"))
    await room.settle()
    assert room.real.calls == []
    assert len(room.counts.take()) == 1


async def test_everything_between_an_exchange_and_its_offer_is_deferred_and_what_comes_after_is_not():
    counts = DeferredCounts(real := Counts())
    seen = parse_exchange(exchange(said(), request=asked()))
    counts.identity(None)
    counts.exchange(seen.exchange, seen.answer, (), pair_id="")
    counts.findings("p", "m", "check", "", (), pair_id="")
    counts.identity(None)
    counts.shadow_skipped("late")
    assert (repr(counts), real.calls) == ("<DeferredCounts kept=4>", ["identity"])
    for call in counts.take():
        call()
    counts.shadow_skipped("budget")
    assert real.calls == ["identity", "exchange primary", "findings", "identity", "late", "budget"]
    assert repr(counts) == "<DeferredCounts kept=0>"


async def test_what_is_held_is_offered_again_each_second_and_shown(monkeypatch):
    monkeypatch.setattr(delivered_outcomes, "asyncio", passing := PassingAsyncio())
    room = Room(Outcome.AWAY, Outcome.STORED)
    keeping = asyncio.create_task(room.outcomes.keep())
    await until(lambda: len(passing.pauses) > 2)
    assert room.store.offered == 0
    keeping.cancel()
    room.handle()
    await room.settle()
    assert (repr(room.outcomes), len(room.outcomes)) == ("<DeliveredOutcomes held=1>", 1)
    keeping = asyncio.create_task(room.outcomes.keep())
    await until(lambda: room.deliveries.done)
    keeping.cancel()
    assert {*passing.pauses} == {1.0}
    assert repr(room.outcomes) == "<DeliveredOutcomes held=0>"


@pytest.mark.parametrize(("refusal", "reason"), [(Outcome.AWAY, "it refused them"), (None, "its queue is full")])
async def test_store_that_is_away_is_logged_with_why_and_what_follows(refusal, reason, logged):
    lines = logged("shadow.broker.delivered_outcomes")
    room = Room(refusal)
    room.handle()
    await room.settle()
    shown = lines[0].kwargs
    assert (shown["event"], shown["reason"]) == ("store_away", reason)
    assert "no exchange is taken meanwhile" in shown["effect"]


async def test_exchanges_are_taken_again_once_the_last_record_that_was_held_is_stored():
    room = Room(Outcome.AWAY, Outcome.AWAY, Outcome.STORED, Outcome.AWAY, Outcome.STORED)
    for number in range(2):
        room.handle(number)
    await room.settle()
    for paused in (True, False):
        room.outcomes.offer_held()
        await room.settle()
        assert room.deliveries.paused is paused
