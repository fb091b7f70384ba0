"""Which changes of a batch are kept as alarms, what it writes of which groups, and where a replay applies what operators did."""

import json

import pytest

from shadow.drift.attribution import Blame, opened
from shadow.drift.excess_estimates import GroupKey
from shadow.drift.group_state import GroupStanding
from shadow.drift.state_transitions import AckAction, AlarmName, DriftState
from shadow.judging.judged_groups import JudgedGroups, JudgingLimits
from shadow.judging.judging_batch import JudgingBatch
from shadow.judging.row_mapping import group_of
from storage.judgement_rows import AcknowledgementRow, JudgedPairRow
from tests.shadow.drift.test_state_transitions import FOUND

KEY = GroupKey("default", "m", "p", "r")
PEER = KEY._replace(provider="q")


class Records:
    """What a batch reads of a store: neither evidence nor identities, and nine pairs judged before."""

    def evidence(self, *_, **__):
        return []

    def identities_of(self, *_):
        return []

    def last_judged(self):
        return 9


def batch(*keys, most=100, fleet_wide=False):
    groups = JudgedGroups(limits=JudgingLimits(groups=most, pairs_per_false_alarm=1e7, fleet_wide=fleet_wide))
    for key in keys:
        groups.open(key)
        groups.last_numbers[key] = 1
    return JudgingBatch(Records(), groups), groups


def pair(no, key=KEY, **more):
    fields = {"conversation": "", "fingerprint": "", "kind": "", "excluded": (), "payoffs": (("answer_kind", 0),), **more}
    return JudgedPairRow(no=no, pair_id=f"pair {no}", group=group_of(key), started=float(no), **fields)


def reported(old, new, *, at=5.0, latest=0.0):
    """The alarms that a group brings whose standing was stored as `old` and whose evidence shows `new` now."""
    made, groups = batch(KEY)
    state = groups.states[KEY]
    state.reported = GroupStanding(state=old, blame=Blame.NOT_YET_KNOWN if old is DriftState.DRIFT else None)
    state.alarm.state = new
    state.alarm.latest_start = latest
    made.expire_look(KEY, at)
    assert state.reported == state.standing
    return made.alarms


OK, SUSPECT, DRIFT, RECOVERED = DriftState.OK, DriftState.SUSPECT, DriftState.DRIFT, DriftState.RECOVERED


@pytest.mark.parametrize(
    ("old", "new"),
    [(OK, SUSPECT), (SUSPECT, OK), (SUSPECT, RECOVERED), (OK, RECOVERED), (RECOVERED, SUSPECT), (OK, OK), (DRIFT, DRIFT)],
)
def test_what_chance_brings_now_and_then_and_what_stays_the_same_are_no_alarms(old, new):
    assert reported(old, new) == []


@pytest.mark.parametrize(("old", "new"), [(OK, DRIFT), (SUSPECT, DRIFT), (RECOVERED, DRIFT), (DRIFT, RECOVERED), (DRIFT, OK)])
def test_the_begin_and_the_end_of_a_drift_are_alarms(old, new):
    [alarm] = reported(old, new)
    assert (alarm.old, alarm.new, alarm.group) == (old.value, new.value, group_of(KEY))


@pytest.mark.parametrize(("latest", "at"), [(4.0, 5.0), (6.0, 6.0)])
def test_an_alarm_is_never_before_the_latest_pair_that_it_rests_on(latest, at):
    assert [alarm.at for alarm in reported(OK, DRIFT, latest=latest)] == [at]


def moved(groups, key, *, reported=False):
    """A group whose alarm shows that its reference moved, reported or not."""
    state = groups.states[key]
    state.alarm.state = DRIFT
    state.look = opened(key=("text", 1), size=0.1, earliest=0, latest=0, at=0, floor=0.1, witnesses=())
    state.look.blame, state.look.by = Blame.REFERENCE, "s"
    state.reported = state.standing if reported else GroupStanding()


@pytest.mark.parametrize(("other", "alarms"), [(PEER, 0), (PEER._replace(reference="s"), 1), (PEER._replace(model="n"), 1)])
def test_what_a_reference_does_is_reported_once_for_its_model(other, alarms):
    made, groups = batch(KEY, other)
    moved(groups, KEY)
    moved(groups, other, reported=True)
    made.expire_look(KEY, 5.0)
    assert len(made.alarms) == alarms
    assert groups.states[KEY].reported.blame is Blame.REFERENCE


@pytest.mark.parametrize(("still", "alarms"), [(True, 0), (False, 1)])
def test_that_a_reference_is_itself_again_is_reported_by_the_last_group_that_showed_it(still, alarms):
    made, groups = batch(KEY, PEER)
    moved(groups, KEY, reported=True)
    moved(groups, PEER, reported=still)
    groups.states[KEY].look = None
    groups.states[KEY].alarm.state = OK
    made.expire_look(KEY, 5.0)
    assert len(made.alarms) == alarms


def test_a_pair_of_a_group_too_many_is_written_as_such_and_changes_no_group():
    made, groups = batch(KEY, most=1)
    made.judge(pair(3, PEER))
    made.judge(pair(4))
    rows = made.rows()
    assert [(row.no, row.reason) for row in rows.judgements] == [(3, "too_many_groups"), (4, "")]
    assert [(row.group, row.last_no) for row in rows.group_states] == [(group_of(KEY), 4)]
    assert (list(groups.states), groups.after) == ([KEY], 4)


@pytest.mark.parametrize(
    ("fleet_wide", "written"), [(False, [KEY._replace(route="new")]), (True, [KEY, PEER, KEY._replace(route="new")])]
)
def test_a_group_that_begins_has_every_group_of_a_fleet_written_since_their_budget_shrank(fleet_wide, written):
    made, _ = batch(KEY, PEER, fleet_wide=fleet_wide)
    made.judge(pair(3, KEY._replace(route="new")))
    assert [row.group for row in made.rows().group_states] == list(map(group_of, written))


def test_a_batch_without_a_new_group_writes_those_that_changed():
    made, _ = batch(KEY, PEER, fleet_wide=True)
    made.judge(pair(3))
    assert [row.group for row in made.rows().group_states] == [group_of(KEY)]
    assert repr(made) == "<JudgingBatch 1 pairs, 1 groups changed, 0 alarms>"


def test_a_pair_of_a_router_is_judged_once_and_counts_for_its_server():
    made, groups = batch(KEY)
    made.judge(pair(3, upstream="x", payoffs=(("answer_kind", 1), ("error", 1))))
    server = KEY._replace(upstream="x")
    assert [no for no, *_ in ((row.no, row.reason) for row in made.rows().judgements)] == [3]
    assert {key: state.alarm.group_tests.pairs for key, state in groups.states.items()} == {KEY: 1, server: 1}
    assert groups.last_numbers == {KEY: 3, server: 3}
    assert {signal for (signal, _), test in groups.states[server].alarm.group_tests.tests.items() if test.pairs} == {
        "answer_kind"
    }


def test_an_acknowledgement_is_stored_with_the_last_pair_before_it():
    made, groups = batch(KEY)
    groups.states[KEY].alarm.state = DRIFT
    alarm = made.acknowledge(KEY, AckAction.FIXED, 5.0)
    assert (alarm.new, made.alarms) == ("ok", [alarm])
    assert made.rows().given == [AcknowledgementRow(after_no=9, at=5.0, answer="fixed", group=group_of(KEY))]


@pytest.mark.parametrize(("no", "applied"), [(3, []), (4, [1]), (7, [1, 2]), (None, [1, 2, 5])])
def test_a_replay_applies_what_was_given_before_a_pair(no, applied):
    made, groups = batch(KEY)
    given = [(1, 3, "fixed"), (2, 6, "waited"), (5, 7, "fixed")]
    groups.replay.extend(
        AcknowledgementRow(no=number, after_no=after, at=5.0, answer=answer, group=group_of(KEY))
        for number, after, answer in given
    )
    groups.states[KEY].alarm.state = DRIFT
    made.replay_before(no)
    assert made.rows().applied == applied
    assert groups.states[KEY].alarm.state is (OK if applied else DRIFT)
    assert len(groups.replay) == 3 - len(applied)


def test_a_replay_of_a_group_that_is_not_held_or_has_no_alarm_changes_nothing():
    made, groups = batch(KEY)
    for key in (KEY, PEER):
        groups.replay.append(AcknowledgementRow(no=1, after_no=1, at=5.0, answer="fixed", group=group_of(key)))
    made.replay_before(None)
    assert (made.alarms, groups.states[KEY].alarm.state) == ([], OK)
    assert [row.group for row in made.rows().group_states] == [group_of(KEY)]


def test_an_alarm_whose_page_waited_long_enough_is_reported_with_its_look():
    made, groups = batch(KEY)
    state = groups.states[KEY]
    state.alarm.state = DRIFT
    state.look = opened(key=("text", 1), size=0.1, earliest=0, latest=0, at=0, floor=0.1, witnesses=[("q",)])
    assert state.standing.state is SUSPECT
    made.expire_look(KEY, 5.0)
    assert [alarm.new for alarm in made.alarms] == ["drift"]
    assert [row.answer for row in made.rows().given] == ["waited"]


def judged(made, numbers, payoff, key=KEY):
    for no in numbers:
        made.judge(pair(no, key, payoffs=(("arguments", payoff),)))


def test_an_alarm_rests_on_the_pairs_of_its_batch_up_to_the_one_that_raises_it():
    made, groups = batch(KEY)
    judged(made, range(1, 60), 1)
    [alarm] = made.alarms
    [test] = json.loads(alarm.details)["tests"]
    assert (test["since"], test["pair_ids"][0], alarm.pair_id) == (1.0, alarm.pair_id, f"pair {round(alarm.at)}")
    assert groups.states[KEY].look is not None


def test_the_look_at_an_alarm_ends_with_the_alarm():
    made, groups = batch(KEY)
    judged(made, range(1, 60), 1)
    judged(made, range(60, 300), 0)
    assert (groups.states[KEY].alarm.state, groups.states[KEY].look) == (RECOVERED, None)
    assert [alarm.new for alarm in made.alarms] == ["drift", "recovered"]


def test_a_group_whose_look_a_pair_of_another_provider_was_shown_to_is_written_too():
    made, groups = batch(KEY, PEER, PEER._replace(model="n"))
    for key in (PEER, PEER._replace(model="n")):
        groups.states[key].alarm.state = DRIFT
        groups.states[key].look = opened(key=("text", 1), size=0.1, earliest=0, latest=0, at=0, floor=0.1, witnesses=[("p",)])
    made.judge(pair(3))
    assert [row.group for row in made.rows().group_states] == [group_of(KEY), group_of(PEER)]
    assert (groups.states[PEER].look.requests, groups.states[PEER._replace(model="n")].look.requests) == (1, 0)


def test_the_group_of_a_server_is_written_with_that_of_its_router():
    made, groups = batch(KEY)
    made.judge(pair(3, upstream="x"))
    assert [row.group for row in made.rows().group_states] == [group_of(KEY), group_of(KEY._replace(upstream="x"))]
    groups.states[KEY].look = opened(key=("text", 1), size=0.1, earliest=0, latest=0, at=0, floor=0.1, witnesses=[("q",)])
    groups.states[KEY].alarm.state = DRIFT
    made.judge(pair(4, upstream="x"))
    assert groups.states[KEY].look.requests == 1, "a request counts once, for the router alone"


def test_a_drift_of_the_provider_is_reported_although_another_provider_reports_the_same():
    made, groups = batch(KEY, PEER)
    moved(groups, KEY, reported=True)
    state = groups.states[KEY]
    state.look.blame = Blame.PROVIDER
    state.alarm.named = AlarmName(key=("text", 1), pair_id="a", at=0.0, evidence=1.0, estimate=FOUND)
    groups.states[PEER].reported = state.standing
    made.expire_look(KEY, 5.0)
    assert [(alarm.group.provider, alarm.old, alarm.new) for alarm in made.alarms] == [("p", "not_measured", "drift")]


def test_an_acknowledgement_ends_the_look_and_names_the_tests_that_it_is_about():
    made, groups = batch(KEY)
    judged(made, range(1, 60), 1)
    assert groups.states[KEY].look is not None
    alarm = made.acknowledge(KEY, AckAction.FIXED, 99.0)
    assert groups.states[KEY].look is None
    assert (alarm.old, alarm.new, alarm.at, alarm.pair_id, alarm.name) == ("drift", "ok", 99.0, "pair 59", "arguments")
    assert [test["signal"] for test in json.loads(alarm.details)["tests"]] == ["arguments"]
