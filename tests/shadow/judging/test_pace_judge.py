"""Paces over a real store: kept block by block, the same after a restart, told as alarms, answered by operators."""

import json
import random
from dataclasses import replace

import pytest

from shadow.drift.pace import BLOCK, PaceState, restored
from shadow.drift.states import AckAction, Acknowledgement
from shadow.judging.judge import Judge
from shadow.judging.pace_judge import PaceJudge
from storage.judgement_rows import JudgementBatch
from tests.conformance import exchange_record

SLO = 1.0


def live(store, blocks, seconds, *, first=0, name="a", **more):
    """Twenty streams in each block, each with its first token after `seconds` and ten tokens."""
    for block in range(first, first + blocks):
        for number in range(20):
            times = {"first_token": seconds, "seconds": seconds + 1.0, "completion_tokens": 10}
            started = (block + 10) * BLOCK + number
            store.add_exchange(
                exchange_record(f"{name}-{block}-{number}", calls=0, checks=0, started=started, **{**times, **more})
            )
    assert store.flush(30)


@pytest.fixture
def bench(store):
    assert store.judgements.claim("me", 0.0, 1e9)
    return store.judgements


def pacer(bench, *, slo=SLO, most=100, holder="me"):
    return PaceJudge(bench, holder, slo=slo, most=most)


def kept(bench, measure="first_token"):
    return next(restored(row.snapshot) for row in bench.paces() if row.measure == measure)


def test_a_slower_provider_is_reported_once_with_what_was_seen(store, bench):
    live(store, 40, 2.0)
    [alarm], _ = pacer(bench).step()
    assert (alarm.old, alarm.new, alarm.name, alarm.group.provider) == ("steady", "slower", "first_token", "near")
    assert (alarm.group.route, alarm.group.reference) == ("", "")
    details = json.loads(alarm.details)
    assert (details["since"], details["share"], details["latency"]) == (10 * BLOCK, 1.0, "first_token")
    assert bench.alarms(0, 0) == [alarm]
    assert kept(bench).state is PaceState.SLOWER


def test_a_restart_in_the_middle_of_a_block_changes_nothing(store, bench):
    draw = random.Random(2)
    whole, parts = [], []
    for block in range(60):
        live(store, 1, draw.choice((0.5, 2.0)), first=block, name="x")
        parts += pacer(bench).step()[0]
    state = kept(bench)
    for row in bench.paces():
        assert row.last_no > 0
    again = PaceJudge(bench, "me", slo=SLO, most=100)
    held = again._held.current()
    held.paces.clear()
    held.after = 0
    more = True
    while more:
        alarms, more = again.step()
        whole += alarms
    assert [alarm.at for alarm in whole] == [alarm.at for alarm in parts]
    assert kept(bench) == state


def test_streams_and_whole_answers_have_measures_of_their_own(store, bench):
    live(store, 2, 0.5)
    live(store, 2, 0.5, first=3, name="b", first_token=None)
    live(store, 2, 0.5, first=6, name="c", completion_tokens=3)
    pacer(bench).step()
    assert [(row.measure, restored(row.snapshot).state) for row in bench.paces()] == [
        ("first_token", PaceState.STEADY),
        ("token", PaceState.LEARNING),
        ("whole_token", PaceState.LEARNING),
    ]


def test_errors_and_shadows_are_not_timed(store, bench):
    live(store, 3, 2.0, status=500)
    live(store, 3, 2.0, name="b", failure="reset")
    live(store, 3, 2.0, name="c", role="shadow")
    assert bench.timed_answers(0, 9) == []


def test_a_pace_judge_without_the_lease_stores_nothing_and_reports_nothing(store, bench):
    live(store, 40, 2.0)
    late = pacer(bench, holder="another")
    assert late.step() == ((), False)
    assert (late.stale, bench.paces(), bench.alarms(0, 0)) == (True, [], [])


def test_more_names_than_are_held_are_left_out(store, bench):
    for number in range(4):
        live(store, 2, 0.5, name=f"n{number}", model=f"m{number}")
    pacer(bench, most=3).step()
    assert len(bench.paces()) == 3


def test_a_changed_limit_restarts_the_pace(store, bench):
    live(store, 40, 2.0)
    pacer(bench).step()
    live(store, 2, 2.0, first=50)
    pacer(bench, slo=5.0).step()
    assert (kept(bench).state, kept(bench).limit) == (PaceState.STEADY, 5.0)
    live(store, 2, 2.0, first=60)
    pacer(bench, slo=0.0).step()
    assert kept(bench).state is PaceState.LEARNING


def judge(store):
    return Judge(
        store.judgements,
        holder="me",
        pairs_per_false_alarm=1e7,
        fleet_wide=False,
        publish=lambda *_: None,
        first_token_slo=SLO,
    )


@pytest.mark.parametrize(("answer", "told"), [(AckAction.FIXED, PaceState.STEADY), (AckAction.ACCEPT, PaceState.STEADY)])
def test_an_operator_answers_it_through_the_judge(store, answer, told):
    live(store, 40, 2.0)
    sitting = judge(store)
    sitting.step(0.0)
    assert [alarm.new for alarm in sitting.take_alarms()] == ["slower"]
    assert sitting.acknowledge(Acknowledgement(answer=answer, provider="other"), 1.0) == ["no group that fits holds an alarm"]
    [sentence] = sitting.acknowledge(Acknowledgement(answer=answer, provider="near"), 1.0)
    assert sentence == f"near, qwen, latency first_token: {answer.value}"
    assert kept(store.judgements).state is told
    assert [alarm.new for alarm in sitting.take_alarms()] == ["steady"]


def test_what_is_accepted_is_learned_anew_where_no_limit_was_set(store, bench):
    live(store, 40, 2.0)
    pacer(bench).step()
    free = pacer(bench, slo=0.0)
    [(sentence, alarm)] = free.acknowledge(Acknowledgement(answer=AckAction.ACCEPT), 1.0)
    assert ("accept" in sentence, alarm.new) == (True, "steady")
    assert (kept(bench).state, kept(bench).limit) == (PaceState.LEARNING, 0.0)


def test_a_pace_that_cannot_be_read_begins_anew(store, bench):
    live(store, 2, 0.5)
    pacer(bench).step()
    bench.record("me", JudgementBatch(paces=[replace(row, snapshot="{") for row in bench.paces()]))
    live(store, 2, 0.5, first=5)
    pacer(bench).step()
    assert kept(bench).state is PaceState.STEADY
