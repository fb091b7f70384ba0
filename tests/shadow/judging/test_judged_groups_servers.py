"""The groups of servers behind a router: which names are distinguished, and which part of the head start each has."""

import json
from dataclasses import replace

import pytest

from shadow.drift.attribution import opened
from shadow.drift.excess_estimates import GroupKey
from shadow.judging.judged_groups import JudgedGroups, JudgingLimits, no_address, read_groups
from shadow.judging.row_mapping import group_of, judged_pair
from storage.judgement_rows import JudgedPairRow

ROUTER = GroupKey("default", "m", "p", "r")


def groups(*, most=100, upstreams=None, fleet_wide=False):
    limits = JudgingLimits(groups=most, pairs_per_false_alarm=1e6, fleet_wide=fleet_wide, upstreams=upstreams or {})
    made = JudgedGroups(limits=limits)
    made.open(ROUTER)
    return made


def named(made, names, of=ROUTER):
    """The groups in which pairs with these names count, one after the other."""
    return [key.upstream if (key := made.upstream(of, name)) else None for name in names]


@pytest.mark.parametrize(("upstreams", "most"), [({}, 32), ({"p": 3}, 3), ({"other": 3}, 32)])
def test_names_beyond_those_that_are_distinguished_are_one_group(upstreams, most):
    names = [f"s{number:02d}" for number in range(most + 2)]
    assert named(groups(upstreams=upstreams), names) == [*names[:most], "other", "other"]


def test_answers_without_a_name_and_the_group_of_other_names_take_no_place_of_a_named_server():
    made = groups(upstreams={"p": 2})
    assert named(made, ["unnamed", "a", "b", "c", "a", "unnamed", "b"]) == ["unnamed", "a", "b", "other", "a", "unnamed", "b"]


def test_servers_of_another_router_or_model_take_no_place():
    made = groups(upstreams={"p": 1, "q": 1})
    for other in (ROUTER._replace(provider="q"), ROUTER._replace(model="n"), ROUTER._replace(route="second")):
        assert named(made, ["a", "b"], other) == ["a", "other"]
    assert named(made, ["a", "b"]) == ["a", "other"]


def test_where_no_further_group_is_held_a_new_server_has_none_and_a_known_one_keeps_its_own():
    made = groups(most=2)
    assert named(made, ["a", "b", "a"]) == ["a", None, "a"]


def test_each_further_server_has_a_smaller_part_of_the_head_start_and_the_router_all_of_it():
    made = groups()
    named(made, ["a", "b", "unnamed"])
    named(made, ["c"], ROUTER._replace(provider="q"))
    shares = {key.upstream: state.alarm.group_tests.budget.head_start_share for key, state in made.states.items()}
    assert shares == {"": 1.0, "a": 1 / 2, "b": 1 / 6, "unnamed": 1 / 12, "c": 1 / 2}


def test_a_further_group_changes_the_threshold_of_a_fleet_and_no_part_of_the_head_start():
    made = groups(fleet_wide=True)
    named(made, ["a", "b"])
    made.open(ROUTER._replace(model="n"))
    budgets = [state.alarm.group_tests.budget for state in made.states.values()]
    assert [(budget.threshold, budget.head_start_share) for budget in budgets] == [
        *((3e6, 1.0), (3e6, 1 / 2), (3e6, 1 / 6), (3e6, 1.0)),
    ]


def test_second_looks_are_those_of_the_model_and_reference():
    made = groups()
    others = ROUTER._replace(provider="q"), ROUTER._replace(model="n")
    for key in others:
        made.open(key)
        made.states[key].look = opened(key=("text", 1), size=0.1, earliest=0, latest=0, at=0, floor=0, witnesses=())
    assert list(made.looks(ROUTER)) == [others[0]]
    assert [row.group.provider for row in _stored(made, [others[0], ROUTER._replace(route="gone")])] == ["q"]


def _stored(made, keys):
    made.last_numbers = dict.fromkeys(made.states, 7)
    return made.rows(keys)


def test_without_a_configuration_no_address_is_known():
    assert no_address("p") == ""


class Stored:
    """A store that holds the states of these groups, and pairs that counted in the last day."""

    def __init__(self, rows, counted=()):
        self._rows, self._counted = rows, counted

    def group_states(self):
        return self._rows

    def pending_acknowledgements(self):
        return []

    def recently_counted(self, seconds):
        assert seconds == 86_400 + 3_600
        return self._counted


def earlier(row):
    """The row of a version that stored no part of the head start."""
    kept = json.loads(row.snapshot)
    del kept["head_start_share"]
    return replace(row, snapshot=json.dumps(kept))


def test_servers_stored_without_a_part_of_the_head_start_have_that_of_the_last_of_them_and_their_router_all_of_it():
    made = groups()
    named(made, ["a", "b"])
    made.open(ROUTER._replace(model="n"))
    rows = [earlier(row) for row in _stored(made, made.states)]
    found = read_groups(Stored(rows), made.limits)
    shares = {key: state.alarm.group_tests.budget.head_start_share for key, state in found.states.items()}
    servers = {ROUTER._replace(upstream=name): 1 / 6 for name in "ab"}
    assert shares == {ROUTER: 1.0, ROUTER._replace(model="n"): 1.0, **servers}


def test_a_request_that_counted_in_the_last_day_is_remembered_by_its_group_alone():
    made = groups()
    pair = JudgedPairRow(
        no=1,
        pair_id="old",
        group=group_of(ROUTER),
        started=5.0,
        conversation="",
        fingerprint="same",
        kind="",
        excluded=(),
        payoffs=(("text", 0),),
    )
    elsewhere = replace(pair, group=group_of(ROUTER._replace(model="n")))
    found = read_groups(Stored(_stored(made, made.states), [pair, elsewhere]), made.limits)
    again = replace(judged_pair(pair), pair_id="new", started=6.0)
    assert found.states[ROUTER].take(again, lambda _: ()).excluded == ("repeated",)
    assert found.states[ROUTER].alarm.group_tests.pairs == 0
