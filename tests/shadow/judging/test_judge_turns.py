"""What a judge shows and goes on from where the lease changes hands, each over a pair or an alarm of pace."""

import pytest

from tests.conformance import exchange_record
from tests.shadow.judging.test_judge import JudgeRun, fill


def slow_streams(store):
    """Twenty streams in each of forty blocks of five minutes, all of which begin later than the limit of a second."""
    for number in range(40 * 20):
        times = {"first_token": 2.0, "seconds": 3.0, "completion_tokens": 10}
        started = (number // 20 + 10) * 300.0 + number % 20
        store.add_exchange(exchange_record(f"slow-{number}", calls=0, checks=0, started=started, **times))
    assert store.flush(30)


def shown(run):
    return [status.pairs for status in run.statuses]


def test_hidden_states_are_shown_again_by_the_next_step_and_by_none_of_another_process(sqlite_store):
    fill(sqlite_store, [0])
    run = JudgeRun(sqlite_store).all(100.0)
    assert shown(run) == [1]
    run.judge.hide()
    assert shown(run) == []
    assert shown(run.all(101.0)) == [1]
    run.judge.hide()
    JudgeRun(sqlite_store, "another").all(200.0)
    assert shown(run.all(201.0)) == []


def test_closed_judge_shows_nothing_and_the_next_one_what_it_stored(sqlite_store):
    fill(sqlite_store, [0, 0])
    run = JudgeRun(sqlite_store).all(100.0)
    run.judge.close()
    assert (shown(run), run.judge.holds_lease(100.0)) == ([], False)
    assert shown(JudgeRun(sqlite_store, "next").all(101.0)) == [2]


def test_alarm_of_pace_that_another_process_reported_in_between_is_not_reported_again(sqlite_store):
    first, second = (JudgeRun(sqlite_store, name, first_token_slo=1.0) for name in ("one", "two"))
    first.all(100.0)
    slow_streams(sqlite_store)
    second.all(200.0)
    assert [alarm.new for alarm in second.judge.take_alarms()] == ["slower"]
    second.judge.close()
    first.until(205.0, begin=201.0)
    assert first.judge.take_alarms() == []
    assert len(sqlite_store.judgements.alarms(0, 0)) == 1


def test_alarm_of_pace_whose_write_is_refused_is_reported_by_the_process_that_has_the_lease(sqlite_store):
    first, second = (JudgeRun(sqlite_store, name, first_token_slo=1.0) for name in ("one", "two"))
    fill(sqlite_store, [0])
    first.all(100.0)
    second.all(200.0)
    slow_streams(sqlite_store)
    first.judge.step(100.1)
    assert (first.judge.take_alarms(), shown(first), first.judge.holds_lease(100.2)) == ([], [], False)
    second.all(200.1)
    assert [alarm.new for alarm in second.judge.take_alarms()] == ["slower"]


@pytest.mark.slow
def test_step_reports_that_more_wait_as_long_as_a_whole_batch_was_there(sqlite_store):
    fill(sqlite_store, [0] * 500)
    run = JudgeRun(sqlite_store)
    assert [run.judge.step(100.0), run.judge.step(100.0), run.judge.step(100.0)] == [True, False, False]
    assert len(run.judged) == 500
