import json
import math
import random

import pytest

from shadow.drift.alarm_budget import AlertBudget
from shadow.drift.alarm_state import AlarmState
from shadow.drift.attribution import opened
from shadow.drift.count_detector import CountSide, TokenCounts
from shadow.drift.group_state import GroupState
from shadow.drift.state_snapshot import restored, saved
from shadow.drift.state_transitions import DriftState
from tests.shadow.drift.leaning import Drive, payoffs


def grouped(alarm):
    state = GroupState(AlertBudget())
    state.alarm = alarm
    return state


def again(alarm):
    return restored(saved(grouped(alarm)), AlertBudget())


@pytest.mark.slow
@pytest.mark.parametrize("stop", [1, 700, 1_100, 1_400])
def test_what_was_saved_and_goes_on_equals_what_never_stopped(stop):
    draw = random.Random(3)
    values = payoffs(draw, 1_000) + payoffs(draw, 300, excess=0.4) + payoffs(draw, 900)
    whole, halves = Drive(AlarmState(AlertBudget())), Drive(AlarmState(AlertBudget()))
    whole.feed(values)
    halves.feed(values[:stop])
    halves.alarm = again(halves.alarm).alarm
    halves.feed(values[stop:])
    assert saved(grouped(halves.alarm)) == saved(grouped(whole.alarm))
    assert halves.changes == whole.changes
    assert {change.new for change in whole.changes} >= {DriftState.DRIFT, DriftState.RECOVERED}


def test_a_snapshot_keeps_the_counts_of_excluded_pairs():
    state = GroupState(AlertBudget())
    for _ in range(3):
        state.coverage.add(["cached", "greedy_text"], judged=False)
    state.coverage.add([], judged=True)
    found = restored(saved(state), AlertBudget())
    assert found.coverage.caching
    assert (found.coverage.counts, found.coverage.reasons) == (state.coverage.counts, state.coverage.reasons)


def test_empty_group_state_is_restored_empty():
    assert saved(restored(saved(GroupState(AlertBudget())), AlertBudget())) == saved(GroupState(AlertBudget()))


@pytest.mark.parametrize("text", ["", "{}", '{"watch": {"version": 1}}', "nonsense"])
def test_what_is_no_snapshot_of_ours_is_refused(text):
    with pytest.raises(ValueError):
        restored(text, AlertBudget())


def test_a_test_that_is_no_longer_made_is_left_out():
    alarm = AlarmState(AlertBudget())
    alarm.add("a", 0.0, (("answer_kind", 1),), lambda _: ())
    text = saved(grouped(alarm)).replace('"answer_kind"', '"astrology"')
    assert all(not test.pairs for test in restored(text, AlertBudget()).alarm.group_tests.tests.values())


def test_stored_snapshot_names_the_threshold_log_bar_as_earlier_versions_did():
    state = GroupState(AlertBudget())
    state.look = opened(key=("answer_kind", 1), size=0.2, earliest=1.0, latest=2.0, at=3.0, floor=0.1, witnesses=[("q",)])
    look = json.loads(saved(state))["look"]
    assert look["log_bar"] == pytest.approx(math.log(40))
    assert "log_threshold" not in look
    assert restored(saved(state)).look == state.look


def test_a_look_stored_before_servers_shared_a_part_goes_on_with_a_witness_of_a_whole_part():
    state = GroupState(AlertBudget())
    state.look = opened(key=("answer_kind", 1), size=0.2, earliest=1.0, latest=2.0, at=3.0, floor=0.1, witnesses=[("q",)])
    kept = json.loads(saved(state))
    for name in ("sibling", "sharing"):
        del kept["look"]["witnesses"]["q"][name]
    assert restored(json.dumps(kept)).look == state.look


def counted(state, pairs):
    for at in range(pairs):
        state.token_counts.add([TokenCounts(side=CountSide.PROMPT, provider=1_021, reference=1_000)], at + 1.0)


@pytest.mark.parametrize("stop", [5, 60, 150])
def test_token_counts_go_on_after_a_restart_as_if_it_had_not_been(stop):
    whole, first = GroupState(AlertBudget()), GroupState(AlertBudget())
    counted(whole, stop + 40)
    counted(first, stop)
    resumed = restored(saved(first), AlertBudget())
    for at in range(stop, stop + 40):
        resumed.token_counts.add([TokenCounts(side=CountSide.PROMPT, provider=1_021, reference=1_000)], at + 1.0)
    assert saved(resumed) == saved(whole)


def test_a_snapshot_from_before_token_counts_is_restored_without_any():
    kept = json.loads(saved(GroupState(AlertBudget())))
    del kept["token_counts"]
    assert restored(json.dumps(kept), AlertBudget()).token_counts.standings == ()


def test_a_snapshot_from_before_the_begin_of_count_alarms_keeps_their_date():
    state = GroupState(AlertBudget())
    counted(state, 60)
    kept = json.loads(saved(state))
    del kept["token_counts"]["sides"]["prompt"]["begun"]
    found = restored(json.dumps(kept), AlertBudget()).token_counts.standings[0].found
    assert found == state.token_counts.standings[0].found > 0
