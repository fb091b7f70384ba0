"""A second look as it is opened: who is a witness from which bound on, the noise of the reference, and what changed beside it."""

import json
from dataclasses import replace

import pytest

from shadow.drift.alarm_budget import AlertBudget
from shadow.drift.change_point import EvaluatedPair
from shadow.drift.excess_estimates import GroupKey
from shadow.drift.group_state import GroupState
from shadow.drift.state_transitions import AlarmName
from shadow.judging.witnesses import open_look
from storage.rows import IdentityRow
from tests.shadow.drift.test_state_transitions import FOUND

KEY = GroupKey("default", "m", "p", "r")
PEER = KEY._replace(provider="q")
DAY = 86_400.0
AT = 10 * DAY


class Identities:
    """The serving identities of a model, as a store returns them."""

    def __init__(self, *rows):
        self._rows = rows

    def identities_of(self, _model, until):
        return [row for row in self._rows if row.started <= until]


def row(provider, started, *, previous="before", changes=(), identity="now"):
    return IdentityRow(
        exchange_id=f"{provider}{started}",
        started=started,
        provider=provider,
        model="m",
        identity=identity,
        previous=previous,
        changes=json.dumps(list(changes)),
        facts=json.dumps({"fingerprint": [f"fp_{identity}"]}),
    )


def pairs(*payoffs, started=AT - 10.0, conversation=""):
    return [
        EvaluatedPair(pair_id=f"{place}", started=started, conversation=conversation, kind="", payoff=payoff)
        for place, payoff in enumerate(payoffs)
    ]


def look(evidence, *rows, group=KEY, direction=1, at=AT, earliest=AT - 300.0, latest=AT - 200.0, address_of=lambda _: ""):
    found = replace(FOUND, size=0.4, earliest=earliest, latest=latest)
    named = AlarmName(key=("arguments", direction), pair_id="a", at=at, evidence=1.0, estimate=found)
    states = {key: GroupState(AlertBudget()) for key in {group, *evidence}}
    read = lambda key, signal: evidence.get(key, []) if signal == "arguments" else []  # noqa: E731 - one line of a stub
    return open_look(Identities(*rows), group, named, states, read_back=read, at=at, address_of=address_of)


@pytest.mark.parametrize(("direction", "floor"), [(1, 2 * (2 + 1) / (8 + 2)), (-1, 2 * (3 + 1) / (8 + 2))])
def test_noise_of_the_reference_is_twice_the_share_that_leans_the_other_way_with_one_such_pair_more(direction, floor):
    assert look({KEY: pairs(1, 1, 1, -1, -1, 0, 0, 0)}, direction=direction).floor == pytest.approx(floor)


@pytest.mark.parametrize(("started", "witnesses"), [(AT - DAY - 0.1, []), (AT - DAY, ["q"])])
def test_a_provider_is_a_witness_for_a_day_after_its_last_pair(started, witnesses):
    assert list(look({PEER: pairs(0, started=started)}).witnesses) == witnesses
    assert list(look({PEER: [*pairs(0, started=AT - 9 * DAY), *pairs(0, started=started)]}).witnesses) == witnesses


@pytest.mark.parametrize(
    ("servers", "witnesses", "alike"),
    [
        ({"p": "x", "q": "y", "s": "z", "r": "w"}, ["q", "s"], ()),
        ({"p": "x", "q": "y", "s": "y", "r": "w"}, ["q and s"], ()),
        ({"p": "x", "q": "x", "s": "y", "r": "w"}, ["s"], ("q",)),
        ({"p": "x", "q": "x", "s": "x", "r": "x"}, ["q", "s"], ()),
        ({"p": "x", "q": "x", "s": "x"}, ["q", "s"], ()),
        ({"q": "y", "r": "w"}, ["q", "s"], ()),
    ],
)
def test_providers_of_one_server_are_one_witness_and_no_witness_of_a_provider_of_that_server(servers, witnesses, alike):
    rows = [row(name, 1.0, identity=identity) for name, identity in servers.items()]
    found = look({PEER: pairs(0), PEER._replace(provider="s"): pairs(0)}, *rows)
    assert (list(found.witnesses), found.alike) == (witnesses, alike)


def test_server_of_a_provider_is_the_one_of_its_latest_identity():
    rows = [row("p", 1.0, identity="x"), row("r", 1.0, identity="w")]
    moved = [row("q", 1.0, identity="x"), row("q", 2.0, identity="y")]
    assert list(look({PEER: pairs(0)}, *rows, *moved).witnesses) == ["q"]
    assert list(look({PEER: pairs(0)}, *rows, moved[1], moved[0]).witnesses) == []


@pytest.mark.parametrize(
    ("other", "witness"),
    [
        (PEER, "q"),
        (PEER._replace(route="second"), "q"),
        (PEER._replace(model="n"), ""),
        (PEER._replace(reference="s"), ""),
        (KEY._replace(route="second"), ""),
        (KEY._replace(upstream="x"), "x behind p"),
        (PEER._replace(upstream="x"), "x behind q"),
        (PEER._replace(upstream="unnamed"), ""),
        (PEER._replace(upstream="other"), ""),
    ],
)
def test_witnesses_are_other_providers_and_named_servers_of_the_model_and_reference(other, witness):
    assert list(look({other: pairs(0)}).witnesses) == ([witness] if witness else [])


def test_the_router_and_the_server_itself_are_no_witnesses_of_a_server():
    own = KEY._replace(upstream="x")
    found = look({KEY: pairs(0), own._replace(route="second"): pairs(0), KEY._replace(upstream="y"): pairs(0)}, group=own)
    assert list(found.witnesses) == ["y behind p"]


@pytest.mark.parametrize(
    ("addresses", "sibling"),
    [({"p": "a", "q": "a"}, True), ({"p": "a", "q": "b"}, False), ({"p": "", "q": ""}, False)],
)
def test_a_provider_at_the_address_of_the_alarm_is_no_independent_witness(addresses, sibling):
    assert look({PEER: pairs(0)}, address_of=lambda name: addresses.get(name, "")).witnesses["q"].sibling is sibling


@pytest.mark.parametrize(("conversations", "several"), [(("", ""), False), (("a", "b"), False), (("a", "b", "a"), True)])
def test_two_stored_pairs_of_one_conversation_show_that_requests_do_not_stand_alone(conversations, several):
    evidence = [pair for name in conversations for pair in pairs(0, conversation=name)]
    assert look({PEER: evidence}).witnesses["q"].several is several


def test_pairs_of_two_routes_of_a_provider_are_one_witness():
    found = look({PEER: pairs(0), PEER._replace(route="second"): pairs(0, 1)}, earliest=AT - 100.0, latest=AT - 50.0)
    assert found.witnesses["q"].odd.units == 3


@pytest.mark.parametrize(("started", "noted"), [(AT - 300.1, False), (AT - 300.0, True), (AT - 140.0, True), (AT - 139.9, False)])
def test_a_change_of_identity_is_noted_from_the_earliest_begin_to_a_minute_after_the_latest(started, noted):
    assert bool(look({}, row("r", started)).facts) is noted


def test_a_change_of_identity_after_the_pair_of_the_alarm_is_not_noted():
    assert look({}, row("r", AT + 1.0), latest=AT - 10.0).facts == ()
    assert look({}, row("r", AT), latest=AT - 10.0).facts != ()


@pytest.mark.parametrize(
    ("provider", "changes", "what"),
    [
        ("r", (), "reference r changed at 1970-01-10 23:56 UTC"),
        ("p", ("model: a", "id: b"), "provider p changed at 1970-01-10 23:56 UTC (model: a)"),
    ],
)
def test_a_change_of_identity_names_its_side_its_minute_and_the_first_thing_that_changed(provider, changes, what):
    assert look({}, row(provider, AT - 200.0, changes=changes)).facts == (f"the serving identity of the {what}",)


def test_a_first_identity_and_changes_of_both_sides_are_no_facts():
    assert look({}, row("r", AT - 200.0, previous="")).facts == ()
    assert look({}, row("r", AT - 200.0), row("p", AT - 200.0)).facts == ()
    assert look({}, row("q", AT - 200.0)).facts == ()
