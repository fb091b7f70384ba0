"""A batch as a unit of work over a real store: all of it is stored, or the state in memory is read again."""

import pytest

from shadow.drift.state_transitions import DriftState
from storage.store import StoreError
from tests.shadow.judging.test_judge import ACCEPT, FIXED, KEY, JudgeRun, drifting, fill, refusing


def afterwards(store, run):
    """What a judge comes to from here on, and what one comes to that never met an error."""
    met = run.all().statuses
    run.judge.close()
    store.judgements.rebuild()
    return met, JudgeRun(store, "another").all().statuses


def test_batch_whose_transaction_fails_is_published_nowhere_and_judged_again(store, monkeypatch):
    fill(store, [1, 0, 1])
    run = JudgeRun(store)
    with monkeypatch.context() as context:
        context.setattr(run.judge._store, "record", refusing)
        with pytest.raises(StoreError):
            run.judge.step(0.0)
        assert (run.judged, run.judge._groups.stale) == ([], True)
        assert not run.judge.try_step(0.0)
    assert run.all().judge.groups[KEY].alarm.group_tests.pairs == 3


def test_batch_that_loses_the_lease_is_published_nowhere_and_the_next_step_reads_the_state_again(store, monkeypatch):
    fill(store, [1, 0, 1])
    run = JudgeRun(store)
    with monkeypatch.context() as context:
        context.setattr(run.judge._store, "record", lambda *_: False)
        run.judge.step(0.0)
        assert (run.judged, list(run.judge.take_alarms()), run.judge._groups.stale) == ([], [], True)
    met, whole = afterwards(store, run)
    assert met == whole


def test_judge_reads_on_behind_the_last_pair_that_it_judged(store, monkeypatch):
    fill(store, [1, 0, 1])
    run, read = JudgeRun(store), []
    unjudged = run.judge._store.unjudged
    monkeypatch.setattr(run.judge._store, "unjudged", lambda after, limit: read.append(after) or unjudged(after, limit))
    run.all().all()
    assert (read[0], read[-1]) == (0, 3)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["evidence", "identities_of"])
def test_batch_whose_store_raises_in_the_middle_leaves_no_pair_counted_twice(store, monkeypatch, method):
    """The evidence is read at an alarm, with hundreds of pairs of the batch judged before it; identities with a second look."""
    fill(store, [*drifting(good=300, bad=100), 0])
    run = JudgeRun(store)
    with monkeypatch.context() as context:
        context.setattr(run.judge._store, method, refusing)
        with pytest.raises(StoreError):
            run.all()
    assert (run.judged, store.judgements.group_states(), store.judgements.alarms(0, 0)) == ([], [], [])
    met, whole = afterwards(store, run)
    assert [status.pairs for status in met] == [401]
    assert met == whole


@pytest.mark.slow
@pytest.mark.parametrize("method", ["record", "last_judged"])
def test_acknowledgement_that_cannot_be_stored_leaves_the_alarm_as_it_was(store, monkeypatch, method):
    fill(store, drifting())
    run = JudgeRun(store).all()
    with monkeypatch.context() as context:
        context.setattr(run.judge._store, method, refusing)
        with pytest.raises(StoreError):
            run.judge.acknowledge(FIXED, 5.0)
    assert run.all().state() is DriftState.DRIFT
    assert [each.sentence for each in run.judge.acknowledge(FIXED, 5.0)] == ["p, m, route default: fixed, the state is ok now"]


def test_acknowledgement_that_is_refused_leaves_the_state_current(store):
    fill(store, drifting(bad=100))
    run = JudgeRun(store).all()
    [result] = run.judge.acknowledge(ACCEPT, 5.0)
    assert result.sentence.startswith("p, m, route default: not accepted: ")
    assert not run.judge._groups.stale
    assert run.state() is DriftState.DRIFT
