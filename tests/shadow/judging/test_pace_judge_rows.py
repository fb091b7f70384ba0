"""What a pace judge reads and writes, row by row, with a store that keeps its rows in a list."""

import json

import pytest

from shadow.drift.pace import Pace, PaceState, restored, saved
from shadow.drift.state_transitions import AckAction, Acknowledgement
from shadow.judging.pace_judge import PaceJudge
from storage.judgement_rows import PaceRow, TimedRow


class Rows:
    """Timed answers in their order, the paces that were stored, and every batch that was written."""

    def __init__(self, timed=(), paces=()):
        self.timed, self.kept, self.written, self.after = list(timed), list(paces), [], []

    def paces(self):
        return self.kept

    def timed_answers(self, after, limit):
        self.after.append(after)
        return [row for row in self.timed if row.no > after][:limit]

    def record(self, holder, batch):
        self.written.append((holder, batch))
        return True


def timed(no, *, ended=300.0, **more):
    fields = {"provider": "p", "model": "m", "seconds": 3.0, "first_token": 1.0, "completion_tokens": 10}
    return TimedRow(no=no, exchange_id=f"e{no}", ended=ended, **{**fields, **more})


def slower(provider="p", model="m", measure="first_token", no=7):
    return PaceRow(
        provider=provider,
        model=model,
        measure=measure,
        last_no=no,
        snapshot=saved(Pace(slo=2.0, state=PaceState.SLOWER, limit=2.0, since=600.0, block=9)),
    )


PACES = [slower(), slower(model="n"), slower(provider="q"), slower(measure="token")]


def judge(rows, *, slo=2.0, most=100):
    return PaceJudge(rows, "me", slo=slo, most=most)


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ({}, ["p, m, latency first_token", "p, m, latency token", "p, n, latency first_token", "q, m, latency first_token"]),
        ({"provider": "q"}, ["q, m, latency first_token"]),
        ({"model": "n"}, ["p, n, latency first_token"]),
        ({"measure": "token"}, ["p, m, latency token"]),
        ({"provider": "q", "measure": "token"}, []),
        ({"route": "default"}, []),
        ({"reference": "r"}, []),
        ({"provider": "p", "model": "m", "measure": "token", "exact": True}, ["p, m, latency token"]),
        ({"provider": "p", "model": "m", "exact": True}, []),
    ],
)
def test_an_acknowledgement_is_for_the_slower_paces_of_each_name_that_is_given(names, found):
    results = judge(Rows(paces=PACES)).acknowledge(Acknowledgement(answer=AckAction.FIXED, **names), 8.0)
    assert [result.sentence for result, _ in results] == [f"{each}: fixed" for each in found]


def test_an_acknowledged_pace_is_stored_with_the_change_and_the_answer_before_which_it_was_given():
    rows = Rows(paces=PACES)
    [(_, alarm)] = judge(rows).acknowledge(Acknowledgement(answer=AckAction.FIXED, model="n"), 8.0)
    assert (alarm.at, alarm.pair_id, alarm.old, alarm.new, alarm.name) == (
        3_000.0,
        "fixed 8.0",
        "slower",
        "steady",
        "first_token",
    )
    assert json.loads(alarm.details) == {"latency": "first_token", "since": 600.0, "share": 0.0}
    [(holder, batch)] = rows.written
    [pace] = batch.paces
    assert (holder, batch.alarms, pace.model, pace.last_no) == ("me", [alarm], "n", 7)
    assert restored(pace.snapshot).state is PaceState.STEADY


def test_a_pace_that_is_not_slower_is_not_acknowledged():
    steady = PaceRow(provider="p", model="m", measure="token", last_no=1, snapshot=saved(Pace(slo=2.0)))
    rows = Rows(paces=[steady])
    assert judge(rows).acknowledge(Acknowledgement(answer=AckAction.FIXED), 8.0) == ()
    assert rows.written == []


def test_answers_are_read_on_behind_the_last_that_any_pace_was_stored_with():
    rows = Rows([timed(no) for no in range(1, 15)], [slower(no=7), slower(model="n", no=9)])
    measured = judge(rows)
    for _ in range(2):
        measured.step()
    assert rows.after == [9, 14]


@pytest.mark.parametrize(("answers", "more"), [(1_999, False), (2_000, True), (2_001, True)])
def test_two_thousand_answers_are_taken_at_a_time(answers, more):
    assert judge(Rows([timed(no) for no in range(1, answers + 1)])).step() == ([], more)


def test_paces_are_written_when_a_block_closes_and_not_before():
    rows = Rows([timed(1, ended=300.0)])
    measured = judge(rows)
    measured.step()
    assert len(rows.written) == 1, "the first answer closes the empty block before it"
    rows.timed += [timed(no, ended=300.0 + no) for no in range(2, 9)]
    measured.step()
    assert len(rows.written) == 1
    rows.timed.append(timed(9, ended=600.0))
    measured.step()
    assert [(pace.measure, pace.last_no) for pace in rows.written[1][1].paces] == [("first_token", 9), ("token", 9)]


def test_beyond_the_most_paces_a_known_one_goes_on_and_a_new_one_does_not_begin():
    rows = Rows([timed(1, completion_tokens=None), timed(2, model="n"), timed(3, ended=900.0, completion_tokens=None)])
    judge(rows, most=1).step()
    [(_, batch)] = rows.written
    assert [(pace.model, pace.measure, restored(pace.snapshot).answers) for pace in batch.paces] == [("m", "first_token", 1)]


@pytest.mark.parametrize(
    ("times", "measures"),
    [
        ({"first_token": 1.0, "completion_tokens": 10}, {"first_token", "token"}),
        ({"first_token": 1.0, "completion_tokens": 9}, {"first_token"}),
        ({"first_token": None, "completion_tokens": 10}, {"whole_token"}),
        ({"first_token": None, "completion_tokens": None}, set()),
    ],
)
def test_an_answer_is_measured_by_its_first_token_and_from_ten_tokens_on_by_each(times, measures):
    rows = Rows([timed(1, **times), timed(2, ended=900.0, **times)])
    judge(rows, slo=0.0).step()
    assert {pace.measure for _, batch in rows.written for pace in batch.paces} == measures


def test_a_first_token_that_is_recorded_behind_the_end_leaves_no_time_for_the_others():
    rows = Rows([timed(1, seconds=1.0, first_token=2.0)])
    judge(rows, slo=0.0).step()
    paces = {pace.measure: restored(pace.snapshot) for pace in rows.written[0][1].paces}
    assert (sum(paces["first_token"].times.values()), paces["token"].times) == (1, {})


def test_the_configured_limit_is_for_the_first_token_alone():
    rows = Rows([timed(1)])
    judge(rows, slo=2.0).step()
    assert {pace.measure: restored(pace.snapshot).slo for pace in rows.written[0][1].paces} == {"first_token": 2.0, "token": 0.0}


def test_a_store_without_paces_is_read_from_its_first_answer():
    rows = Rows([timed(1)])
    judge(rows).step()
    assert rows.after == [0]
