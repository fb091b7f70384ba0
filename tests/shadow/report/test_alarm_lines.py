"""The alarms of an installation: those that hold, those that ended, and who acknowledged which."""

import time

import orjson
import pytest

from shadow.commands.acknowledge import _noted
from shadow.drift.alarm_titles import REFERENCE_MOVED
from shadow.drift.pace import Pace, PaceState, saved
from shadow.drift.state_transitions import AckAction, Acknowledgement
from shadow.report.alarm_lines import alarm_lines, chosen_alarms
from storage.judgement_rows import AlarmRow, JudgementBatch, PaceRow
from storage.page_rows import OperatorActionRow
from storage.rows import PairGroup
from tests.most_rows import MostRows
from tests.shadow.commands.test_acknowledge import drifted

GROUP = PairGroup(route="default", model="m", provider="p", reference="r")
ANSWER = Acknowledgement(answer=AckAction.FIXED, provider="p", by="Ada", why="rolled back")


def change(old, new, at, *, group=GROUP, name="tool arguments", pair_id="", **details):
    test = {"signal": "arguments", "since": at - 60, "size": 0.31, "low": 0.29, "high": 0.34}
    stored = orjson.dumps({"sentence": "it differs", "tests": [test], **details}).decode()
    return AlarmRow(at=at, pair_id=pair_id or f"pair-{at:g}", group=group, old=old, new=new, name=name, details=stored)


@pytest.fixture
def with_changes(store):
    """`with_changes(*rows)`: the store after these changes of state, of groups of which none holds an alarm."""

    def made(*rows, actions=()):
        assert store.judgements.claim("j", 0.0, 30.0)
        assert store.judgements.record("j", JudgementBatch(alarms=rows))
        for at, action, by in actions:
            store.note_action(
                OperatorActionRow(
                    at=at, action=action, by=by, why="so", provider="p", model="m", until=at + 60 * (action == "mute"), result=""
                )
            )
        return alarm_lines(store, 1_000.0)

    return made


def test_alarm_that_holds_has_its_size_and_the_pair_that_brought_it(store):
    drifted(store)
    [line] = alarm_lines(store, time.time())
    [row] = [row for row in store.judgements.alarms(0, 0) if row.new == "drift"]
    assert (line.id, line.reported, line.state, line.held, line.signal) == (row.pair_id, row.at, "drift", True, "arguments")
    assert line.low < line.size < line.high
    assert line.since is not None
    assert (line.ended, line.acknowledged) == (None, None)


def test_acknowledged_alarm_names_who_when_and_why(store):
    judge = drifted(store)
    assert [each.sentence for each in _noted(judge, store, ANSWER, 5_000.0)] == [
        "p, m, route default: fixed, the state is ok now"
    ]
    [line] = alarm_lines(store, time.time())
    assert (line.held, line.state, line.ended) == (False, "ok", 5_000.0)
    given = line.acknowledged
    assert (given.action, given.by, given.at, given.why) == ("fixed", "Ada", 5_000.0, "rolled back")


def test_acknowledgement_of_which_nothing_was_noted_has_its_moment_alone(with_changes):
    [line] = with_changes(change("ok", "drift", 100.0), change("drift", "ok", 200.0))
    assert (line.id, line.ended, line.acknowledged.by, line.acknowledged.at) == ("pair-100", 200.0, "", 200.0)


def test_alarm_that_ended_by_itself_was_acknowledged_by_no_one(with_changes):
    [line] = with_changes(change("ok", "drift", 100.0), change("drift", "recovered", 200.0))
    assert (line.state, line.ended, line.acknowledged, line.held) == ("recovered", 200.0, None, False)


def test_alarm_keeps_its_id_when_its_side_becomes_known_and_has_the_newer_words(with_changes):
    rows = change("ok", "drift", 100.0), change("drift", "drift", 150.0, sentence="the provider moved")
    [line] = with_changes(*rows, change("drift", "ok", 200.0))
    assert (line.id, line.reported, line.sentence) == ("pair-100", 100.0, "the provider moved")


def test_second_alarm_after_a_recovery_is_another_one_and_the_latest_is_first(with_changes):
    rows = change("ok", "drift", 100.0), change("drift", "recovered", 200.0), change("recovered", "drift", 300.0)
    found = with_changes(*rows, change("drift", "ok", 400.0))
    assert [(line.id, line.ended) for line in found] == [("pair-300", 400.0), ("pair-100", 200.0)]


def test_reference_that_moved_is_an_alarm_and_its_end_by_itself_no_acknowledgement(with_changes):
    steps = ("ok", "not_measured", 100.0), ("not_measured", "ok", 200.0)
    rows = [change(*states, at, name=REFERENCE_MOVED) for *states, at in steps]
    [line] = with_changes(*rows)
    assert (line.ended, line.acknowledged) == (200.0, None)


def test_pace_that_was_acknowledged_names_the_answer_in_its_moment(with_changes):
    pace = PairGroup(route="", model="m", provider="p", reference="")
    slow = change("steady", "slower", 300.0, group=pace, name="token", latency="token", since=10.0, share=0.4)
    fixed = change("slower", "steady", 600.0, group=pace, name="token", latency="token", pair_id="fixed 650.5")
    [line] = with_changes(slow, fixed, actions=[(650.5, "fixed", "Ada")])
    assert (line.measure, line.signal, line.since, line.held) == ("token", "token", 10.0, False)
    assert "40% of its answers take longer" in line.sentence
    assert (line.acknowledged.by, line.acknowledged.at) == ("Ada", 650.5)


@pytest.mark.parametrize(("since", "reported"), [(700.0, 700.0), (0.0, None)])
def test_pace_whose_change_is_no_longer_read_is_reported_since_when_it_is_slower_and_kept_by_any_since(store, since, reported):
    snapshot = saved(Pace(slo=1.0, state=PaceState.SLOWER, limit=1.0, since=since))
    assert store.judgements.claim("j", 0.0, 30.0)
    row = PaceRow(provider="p", model="m", measure="token", last_no=1, snapshot=snapshot)
    assert store.judgements.record("j", JudgementBatch(paces=[row]))
    [line] = chosen_alarms(alarm_lines(store, 1_000.0), {}, 900.0, 0.0)
    assert (line.held, line.reported, line.since) == (True, reported, reported)


@pytest.mark.parametrize(
    ("actions", "muted"),
    [
        ([], None),
        ([(100.0, "mute", "Ada")], 160.0),
        ([(40.0, "mute", "Ada")], None),
        ([(60.0, "mute", "Ada")], None),
        ([(130.0, "mute", "Ada")], 190.0),
        ([(100.0, "mute", "Ada"), (110.0, "unmute", "Ada")], None),
        ([(100.0, "unmute", "Ada"), (110.0, "mute", "Ada")], 170.0),
    ],
)
def test_mute_that_holds_now_is_stated_with_its_end(store, actions, muted):
    drifted(store)
    for at, action, by in actions:
        until = at + 60 if action == "mute" else 0.0
        row = OperatorActionRow(at=at, action=action, by=by, why="so", provider="p", model="m", until=until, result="")
        store.note_action(row)
    [line] = alarm_lines(store, 120.0)
    assert line.muted_until == muted


@pytest.mark.parametrize(
    ("wanted", "since", "until", "found"),
    [
        ({"provider": "p"}, 0.0, 0.0, 1),
        ({"provider": "q"}, 0.0, 0.0, 0),
        ({"signal": "arguments", "state": "recovered"}, 0.0, 0.0, 1),
        ({"state": "drift"}, 0.0, 0.0, 0),
        ({}, 100.0, 100.1, 1),
        ({}, 100.1, 0.0, 0),
        ({}, 0.0, 100.0, 0),
    ],
)
def test_filters_choose_by_name_and_by_the_moment_of_the_report(with_changes, wanted, since, until, found):
    lines = with_changes(change("ok", "drift", 100.0), change("drift", "recovered", 200.0))
    assert len(chosen_alarms(lines, wanted, since, until)) == found


def test_an_alarm_has_what_its_change_of_state_tells(with_changes):
    [line] = with_changes(change("ok", "drift", 100.0))
    assert (line.provider, line.model, line.route, line.reference, line.upstream) == ("p", "m", "default", "r", "")
    assert (line.measure, line.signal, line.name, line.state) == ("", "arguments", "tool arguments", "drift")
    assert (line.since, line.size, line.low, line.high, line.sentence) == (40.0, 0.31, 0.29, 0.34, "it differs")
    assert (line.held, line.ended, line.acknowledged, line.party) == (False, None, None, "p")


def test_changes_of_several_groups_are_alarms_of_their_own_the_latest_first(with_changes):
    other = PairGroup(route="other", model="m", provider="p", reference="r")
    rows = (
        change("ok", "drift", 100.0),
        change("ok", "drift", 300.0, group=other),
        change("ok", "drift", 200.0, name="x", latency="token"),
    )
    assert [line.id for line in with_changes(*rows)] == ["pair-300", "pair-200", "pair-100"]


def test_alarms_of_one_moment_stand_by_their_ids(with_changes):
    other = PairGroup(route="other", model="m", provider="p", reference="r")
    rows = change("ok", "drift", 100.0, pair_id="b"), change("ok", "drift", 100.0, pair_id="a", group=other)
    assert [line.id for line in with_changes(*rows)] == ["a", "b"]


def test_a_change_that_ends_nothing_is_no_alarm(with_changes):
    assert with_changes(change("ok", "suspect", 100.0), change("suspect", "ok", 200.0)) == ()


@pytest.mark.parametrize(("name", "alarm"), [(REFERENCE_MOVED, True), ("few pairs", False)])
def test_a_group_that_is_not_measured_is_an_alarm_only_where_its_reference_moved(with_changes, name, alarm):
    assert bool(with_changes(change("ok", "not_measured", 100.0, name=name))) is alarm


@pytest.mark.parametrize(
    ("old", "new", "acknowledged"),
    [("drift", "ok", True), ("drift", "recovered", False), ("drift", "suspect", False), ("not_measured", "ok", False)],
)
def test_an_alarm_whose_state_is_calm_again_was_acknowledged(with_changes, old, new, acknowledged):
    [line] = with_changes(change("ok", "drift", 100.0), change(old, new, 200.0))
    assert (line.acknowledged is not None, line.ended, line.state) == (acknowledged, 200.0, new)


def test_the_end_of_a_recovered_alarm_is_that_of_its_recovery(with_changes):
    [line] = with_changes(change("ok", "drift", 100.0), change("drift", "recovered", 200.0), change("recovered", "ok", 300.0))
    assert (line.ended, line.state, line.acknowledged.at, line.acknowledged.action) == (200.0, "ok", 300.0, "")


@pytest.mark.parametrize(("moment", "by"), [(200.0, "Ada"), (199.0, "")])
def test_an_acknowledgement_is_that_of_the_same_moment(with_changes, moment, by):
    [line] = with_changes(change("ok", "drift", 100.0), change("drift", "ok", 200.0), actions=[(moment, "fixed", "Ada")])
    assert line.acknowledged.by == by


def test_a_mute_of_the_moment_is_no_acknowledgement(with_changes):
    [line] = with_changes(change("ok", "drift", 100.0), change("drift", "ok", 200.0), actions=[(200.0, "mute", "Ada")])
    assert (line.acknowledged.by, line.muted_until) == ("", None)


def test_the_newest_1_000_actions_of_each_provider_with_an_alarm_are_read(store, with_changes):
    with_changes(change("ok", "drift", 100.0))
    reader = MostRows(store)
    assert len(alarm_lines(reader, 1_000.0)) == 1
    assert reader.most["actions"] == [1_000]
