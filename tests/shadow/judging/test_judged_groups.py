"""The groups in memory: read from the store as they were written, and never more than the limit."""

import pytest

from shadow.drift.alarm_budget import AlertBudget
from shadow.drift.state_snapshot import saved
from shadow.judging.judged_groups import JudgedGroups, JudgingLimits, read_groups
from storage.judgement_rows import AcknowledgementRow, JudgementBatch
from tests.payoffs import GROUP, add
from tests.shadow.judging.test_judge import KEY, JudgeRun

OTHER = ("default", "m", "q", "r")


def limits(*, groups=2, pairs=1e6, fleet_wide=False):
    return JudgingLimits(groups=groups, pairs_per_false_alarm=pairs, fleet_wide=fleet_wide)


@pytest.mark.parametrize(("fleet_wide", "threshold"), [(False, 1e6), (True, 3e6)])
def test_budget_is_each_groups_own_or_shared_by_the_fleet(fleet_wide, threshold):
    assert limits(fleet_wide=fleet_wide).budget(3) == AlertBudget(threshold=threshold)


def test_groups_are_full_at_their_limit_and_not_one_before():
    groups = JudgedGroups(limits=limits())
    groups.open(KEY)
    assert not groups.full
    groups.open(OTHER)
    assert groups.full


def test_group_that_opens_shrinks_the_share_of_every_other_in_a_fleet():
    groups = JudgedGroups(limits=limits(fleet_wide=True))
    groups.open(KEY)
    groups.open(OTHER)
    assert [state.alarm.group_tests.budget.threshold for state in groups.states.values()] == [2e6, 2e6]


def test_peers_share_model_and_reference():
    groups = JudgedGroups(limits=limits())
    for key in (KEY, OTHER, ("default", "other", "p", "r"), ("default", "m", "p", "other"), ("second", "m", "p", "r")):
        groups.open(key)
    assert set(groups.peers(KEY)) == {KEY, OTHER, ("second", "m", "p", "r")}
    assert groups.looks(KEY) == {}


def test_groups_that_were_stored_are_read_as_they_were_with_what_waits_for_replay(store):
    add(store, "a", fingerprint="f")
    run = JudgeRun(store).all()
    row = AcknowledgementRow(after_no=1, at=5.0, answer="fixed", group=GROUP)
    assert store.judgements.record("judge", JudgementBatch(given=[row]))
    found = read_groups(store.judgements, limits(pairs=1e7))
    assert saved(found.states[KEY]) == saved(run.judge.groups[KEY])
    assert (found.last_numbers, found.after, list(found.replay)) == ({KEY: 1}, 0, [])
    assert found.rows([KEY, OTHER])[0].last_no == 1
    store.judgements.rebuild()
    assert [waiting.answer for waiting in read_groups(store.judgements, limits()).replay] == ["fixed"]


def test_repr_shows_how_many_groups_are_held():
    groups = JudgedGroups(limits=limits(), after=7)
    groups.open(KEY)
    assert repr(groups) == "<JudgedGroups 1 groups, 0 acknowledgements to replay, after pair 7>"
