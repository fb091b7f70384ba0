"""Paces over a real store: written block by block, the same after a restart, reported as alarms, acknowledged by operators."""

import json
import random
import tracemalloc
from dataclasses import replace

import pytest

from shadow.drift.pace import PaceState, high, restored
from shadow.drift.state_transitions import AckAction, Acknowledgement
from shadow.judging.judge import Judge
from shadow.judging.pace_judge import PaceJudge
from storage.judgement_rows import JudgementBatch, TimedRow
from tests.conformance import exchange_record

SLO = 1.0


def live(store, blocks, seconds, /, *, first=0, name="a", **more):
    """Twenty streams in each block, each with its first token after `seconds` and ten tokens."""
    for block in range(first, first + blocks):
        for number in range(20):
            times = {"first_token": seconds, "seconds": seconds + 1.0, "completion_tokens": 10}
            started = (block + 10) * 300.0 + number
            store.add_exchange(
                exchange_record(f"{name}-{block}-{number}", calls=0, checks=0, started=started, **{**times, **more})
            )
    assert store.flush(30)


@pytest.fixture
def judgements(store):
    assert store.judgements.claim("me", 0.0, 1e9)
    return store.judgements


def pace_judge(judgements, *, slo=SLO, most=100, holder="me"):
    return PaceJudge(judgements, holder, slo=slo, most=most)


def kept(judgements, measure="first_token"):
    return next(restored(row.snapshot) for row in judgements.paces() if row.measure == measure)


def test_slower_provider_is_reported_once_with_its_figures(store, judgements):
    live(store, 40, 2.0)
    [alarm], _ = pace_judge(judgements).step()
    assert (alarm.old, alarm.new, alarm.name, alarm.group.provider) == ("steady", "slower", "first_token", "near")
    assert (alarm.group.route, alarm.group.reference) == ("", "")
    details = json.loads(alarm.details)
    assert (details["since"], details["share"], details["latency"]) == (10 * 300.0, 1.0, "first_token")
    assert judgements.alarms(0, 0) == [alarm]
    assert kept(judgements).state is PaceState.SLOWER


def test_a_restart_in_the_middle_of_a_block_changes_nothing(store, judgements):
    draw = random.Random(2)
    whole, parts = [], []
    for block in range(60):
        live(store, 1, draw.choice((0.5, 2.0)), first=block, name="x")
        parts += pace_judge(judgements).step()[0]
    state = kept(judgements)
    for row in judgements.paces():
        assert row.last_no > 0
    again = PaceJudge(judgements, "me", slo=SLO, most=100)
    held = again._held.current()
    held.paces.clear()
    held.after = 0
    more = True
    while more:
        alarms, more = again.step()
        whole += alarms
    assert [alarm.at for alarm in whole] == [alarm.at for alarm in parts]
    assert kept(judgements) == state


def test_streams_and_whole_answers_have_measures_of_their_own(store, judgements):
    live(store, 2, 0.5)
    live(store, 2, 0.5, first=3, name="b", first_token=None)
    live(store, 2, 0.5, first=6, name="c", completion_tokens=3)
    pace_judge(judgements).step()
    assert [(row.measure, restored(row.snapshot).state) for row in judgements.paces()] == [
        ("first_token", PaceState.STEADY),
        ("token", PaceState.LEARNING),
        ("whole_token", PaceState.LEARNING),
    ]


def test_errors_and_shadows_are_not_timed(store, judgements):
    live(store, 3, 2.0, status=500)
    live(store, 3, 2.0, name="b", failure="reset")
    live(store, 3, 2.0, name="c", role="shadow")
    assert judgements.timed_answers(0, 9) == []


def test_a_pace_judge_without_the_lease_stores_nothing_and_reports_nothing(store, judgements):
    live(store, 40, 2.0)
    late = pace_judge(judgements, holder="another")
    assert late.step() == ((), False)
    assert (late.stale, judgements.paces(), judgements.alarms(0, 0)) == (True, [], [])


def test_more_names_than_are_held_are_left_out(store, judgements):
    for number in range(4):
        live(store, 2, 0.5, name=f"n{number}", model=f"m{number}")
    pace_judge(judgements, most=3).step()
    assert len(judgements.paces()) == 3


class NamedByClients:
    """Answers to requests for a model of another name each, all in one block."""

    def __init__(self, names):
        self._names = names

    def paces(self):
        return []

    def timed_answers(self, after, limit):
        numbers = range(after + 1, min(after + limit, self._names) + 1)
        times = {"ended": 1.0, "seconds": 1.0, "first_token": 0.5, "completion_tokens": None}
        return [TimedRow(no=no, exchange_id=f"{no}", provider="p", model=f"{no:0200}", **times) for no in numbers]


def test_names_of_models_beyond_those_held_take_no_memory_however_many_come():
    judge = PaceJudge(NamedByClients(20_000), "me", slo=SLO, most=3)
    tracemalloc.start()
    try:
        while judge.step()[1]:
            pass
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken < 200_000


def test_a_changed_limit_restarts_the_pace(store, judgements):
    live(store, 40, 2.0)
    pace_judge(judgements).step()
    live(store, 2, 2.0, first=50)
    pace_judge(judgements, slo=5.0).step()
    assert (kept(judgements).state, kept(judgements).limit) == (PaceState.STEADY, 5.0)
    live(store, 2, 2.0, first=60)
    pace_judge(judgements, slo=0.0).step()
    assert kept(judgements).state is PaceState.LEARNING


def judge(store):
    return Judge(
        store.judgements,
        holder="me",
        pairs_per_false_alarm=1e7,
        fleet_wide=False,
        publish=lambda *_: None,
        first_token_slo=SLO,
    )


@pytest.mark.parametrize(("answer", "answered"), [(AckAction.FIXED, PaceState.STEADY), (AckAction.ACCEPT, PaceState.STEADY)])
def test_an_operator_answers_it_through_the_judge(store, answer, answered):
    live(store, 40, 2.0)
    run = judge(store)
    run.step(0.0)
    assert [alarm.new for alarm in run.take_alarms()] == ["slower"]
    assert [each.sentence for each in run.acknowledge(Acknowledgement(answer=answer, provider="other"), 1.0)] == [
        "no matching group has an alarm"
    ]
    [result] = run.acknowledge(Acknowledgement(answer=answer, provider="near"), 1.0)
    assert result.sentence == f"near, qwen, latency first_token: {answer.value}"
    assert kept(store.judgements).state is answered
    assert [alarm.new for alarm in run.take_alarms()] == ["steady"]


@pytest.mark.parametrize(
    ("names", "done"),
    [
        ({"provider": "near"}, True),
        ({"provider": "near", "upstream": "b"}, False),
        ({"provider": "near", "model": "qwen", "measure": "first_token", "exact": True}, True),
        ({"provider": "near", "measure": "first_token", "exact": True}, False),
        ({"provider": "near", "model": "qwen", "exact": True}, False),
    ],
)
def test_acknowledgement_of_a_server_is_for_no_pace_and_an_exact_one_for_the_pace_of_all_its_names(store, names, done):
    live(store, 40, 2.0)
    run = judge(store)
    run.step(0.0)
    [result] = run.acknowledge(Acknowledgement(answer=AckAction.FIXED, **names), 1.0)
    assert result.done is done


def test_accepted_pace_is_learned_again_without_a_configured_limit(store, judgements):
    live(store, 40, 2.0)
    pace_judge(judgements).step()
    free = pace_judge(judgements, slo=0.0)
    [(result, alarm)] = free.acknowledge(Acknowledgement(answer=AckAction.ACCEPT), 1.0)
    assert ("accept" in result.sentence, alarm.new) == (True, "steady")
    assert (kept(judgements).state, kept(judgements).limit) == (PaceState.LEARNING, 0.0)


@pytest.mark.slow
def test_unreadable_pace_starts_again(store, judgements):
    live(store, 2, 0.5)
    pace_judge(judgements).step()
    judgements.record("me", JudgementBatch(paces=[replace(row, snapshot="{") for row in judgements.paces()]))
    live(store, 2, 0.5, first=5)
    pace_judge(judgements).step()
    assert kept(judgements).state is PaceState.STEADY


@pytest.mark.parametrize(
    ("times", "seconds"),
    [
        ({"first_token": 2.0, "seconds": 6.0, "completion_tokens": 10}, {"first_token": 2.0, "token": 0.4}),
        ({"first_token": 2.0, "seconds": 6.0, "completion_tokens": 9}, {"first_token": 2.0}),
        ({"first_token": None, "seconds": 6.0, "completion_tokens": 10}, {"whole_token": 0.6}),
        ({"first_token": None, "seconds": 6.0, "completion_tokens": 9}, {}),
        ({"first_token": None, "seconds": 6.0, "completion_tokens": None}, {}),
    ],
)
def test_seconds_for_each_token_are_those_behind_the_first_one_from_ten_tokens_on(store, judgements, times, seconds):
    live(store, 1, 0.0, **times)
    pace_judge(judgements, slo=0.0).step()
    assert {row.measure: high(restored(row.snapshot).times) for row in judgements.paces()} == pytest.approx(seconds, rel=0.03)
