"""The witnesses of a second look: other providers of the model and reference of the last day, each server once."""

import json
import random

import pytest

from shadow.drift.attribution import Blame
from storage.rows import IdentityRow, PairGroup
from tests.conformance import exchange_record
from tests.payoffs import add
from tests.shadow.drift.leaning import payoffs
from tests.shadow.judging.test_judge import KEY, JudgeRun, fill

pytestmark = pytest.mark.slow


CALM, ODD = 0.0, 0.5


def group(provider, model="m", reference="r"):
    return PairGroup(route="default", model=model, provider=provider, reference=reference)


def behind_a_router(store, *, moved, names, router="p", others=(), calm=300, odd=120):
    """Pairs of a router's servers in turn, and of `others` beside them: all calm at first, then those who `moved` lean."""
    draw = random.Random(7)
    everyone = (*names, *others)
    values = {each: payoffs(draw, calm) + payoffs(draw, odd, excess=ODD if each in moved else CALM) for each in everyone}
    for number in range(calm + odd):
        for name in everyone:
            found = tuple((signal, values[name][number]) for signal in ("tools", "arguments"))
            where = {"group": group(router), "upstream": name} if name in names else {"group": group(name)}
            add(store, f"{name}-{number}", payoffs=found, started=start_of(number, name, everyone), flush=False, **where)
    assert store.flush(30)


def start_of(number, name, everyone):
    """Seconds, a pair of each in every one of them."""
    return number + everyone.index(name) / len(everyone)


def traffic(store, *, calm=300, odd=120, moved=("p",), others=("q",), start=0.0):
    """Pairs in turn, a second apart: all calm at first, then those who `moved` against the reference lean."""
    draw, names = random.Random(7), ("p", *others)
    excess = {name: ODD if name in moved else CALM for name in names}
    values = {name: payoffs(draw, calm) + payoffs(draw, odd, excess=excess[name]) for name in names}
    for number in range(calm + odd):
        for name in names:
            found = tuple((signal, values[name][number]) for signal in ("tools", "arguments"))
            add(store, f"{name}-{number}", payoffs=found, started=start + number, group=group(name), flush=False)
    assert store.flush(30)


def serves(store, provider, identity, *, started=-1.0, previous="", facts=None, changes=()):
    row = IdentityRow(
        exchange_id=f"{provider}-{identity}",
        started=started,
        provider=provider,
        model="m",
        identity=identity,
        previous=previous,
        changes=json.dumps(list(changes)),
        facts=json.dumps(facts if facts is not None else {"fingerprint": [f"fp_{identity}"]}),
    )
    made = exchange_record(f"{provider}-{identity}")
    store.add_exchange(made._replace(tool_calls=(), findings=(), identities=(row,)))


def look(run, key=KEY):
    found = run.judge.groups[key].look
    assert found is not None
    return found


def test_a_provider_that_left_alone_is_the_one_that_moved(store):
    traffic(store)
    found = look(JudgeRun(store).all())
    assert (found.blame, found.by) == (Blame.PROVIDER, "q")


def test_where_another_provider_left_too_the_reference_moved_and_is_reported_once(store):
    traffic(store, moved=("p", "q"))
    run = JudgeRun(store).all()
    assert look(run).blame is Blame.REFERENCE
    alarms = store.judgements.alarms(0, 0)
    assert [(alarm.new, alarm.name) for alarm in alarms] == [("not_measured", "reference_moved")]
    assert json.loads(alarms[0].details)["reference_suspected"]
    assert not [status for status in run.statuses if status.state == "drift"]


@pytest.mark.parametrize(("moved", "blame"), [(("p", "q"), Blame.NOT_YET_KNOWN), (("p",), Blame.PROVIDER)])
def test_provider_at_the_address_of_the_alarm_never_shows_that_the_reference_moved(store, moved, blame):
    """As a candidate that is pinned to a server of the router that serves."""
    traffic(store, moved=moved)
    run = JudgeRun(store, address_of={"p": "router:443/v1", "q": "router:443/v1", "r": "maker:443/v1"}.__getitem__).all()
    assert look(run).blame is blame
    assert {status.state for status in run.statuses if status.group.provider in moved} == {"drift"}


def test_providers_whose_addresses_are_not_known_or_other_ones_are_independent(store):
    traffic(store, moved=("p", "q"))
    run = JudgeRun(store, address_of={"p": "", "q": "", "r": ""}.__getitem__).all()
    assert look(run).blame is Blame.REFERENCE


def test_a_model_and_a_reference_of_its_own_are_no_witness(store):
    draw = random.Random(3)
    for other in (group("q", model="n"), group("s", reference="else")):
        fill(store, payoffs(draw, 300), prefix=f"{other.provider}", group=other)
    traffic(store, others=())
    found = look(JudgeRun(store).all())
    assert (found.blame, found.witnesses) == (Blame.NOT_YET_KNOWN, {})


def test_the_same_provider_on_another_route_is_no_witness(store):
    other = PairGroup(route="second", model="m", provider="p", reference="r")
    fill(store, payoffs(random.Random(3), 500), prefix="second", group=other)
    traffic(store, others=())
    assert look(JudgeRun(store).all()).witnesses == {}


def test_a_provider_that_had_no_pair_for_a_day_is_no_witness(store):
    fill(store, payoffs(random.Random(3), 300), prefix="old", group=group("q"))
    traffic(store, others=(), start=300 + 86_400.0)
    assert look(JudgeRun(store).all()).why("r") == "only one provider is compared with r"


def test_a_provider_is_a_witness_by_its_pairs_of_the_last_day_whatever_pairs_it_had_before(store):
    fill(store, payoffs(random.Random(3), 300), prefix="old", group=group("q"))
    traffic(store, start=300 + 86_400.0)
    assert list(look(JudgeRun(store).all()).witnesses) == ["q"]


def test_providers_of_one_server_are_one_witness_and_none_for_each_other(store):
    for name, identity in (("p", "x"), ("q", "x"), ("s", "y"), ("t", "y"), ("r", "z")):
        serves(store, name, identity)
    traffic(store, others=("q", "s", "t"))
    found = look(JudgeRun(store).all())
    assert (list(found.witnesses), found.alike) == (["s and t"], ("q",))


def test_identity_without_a_distinguishing_facet_joins_no_providers(store):
    """The same software shows the same form everywhere, so what the reference shows too does not identify a provider."""
    serves(store, "r", "z")
    for name in ("p", "q", "s"):
        serves(store, name, "x", facts={"id": ["chatcmpl-hex"], "server": ["uvicorn"]})
    traffic(store, others=("q", "s"))
    assert list(look(JudgeRun(store).all()).witnesses) == ["q", "s"]


def test_while_the_reference_has_no_identity_none_joins_anybody(store):
    for name in ("p", "q"):
        serves(store, name, "x")
    traffic(store)
    assert list(look(JudgeRun(store).all()).witnesses) == ["q"]


def test_identity_that_the_reference_has_too_joins_no_providers(store):
    for name in ("p", "q", "s", "r"):
        serves(store, name, "x")
    traffic(store, others=("q", "s"))
    assert list(look(JudgeRun(store).all()).witnesses) == ["q", "s"]


def test_identity_that_changed_on_one_side_at_that_time_is_a_fact_of_the_alarm(store):
    serves(store, "p", "x")
    serves(store, "r", "y")
    serves(store, "r", "w", started=300.0, previous="y", changes=("fingerprint: w is new (before: y)",))
    traffic(store, others=())
    [status] = JudgeRun(store).all().statuses
    said = "the serving identity of the reference r changed at 1970-01-01 00:05 UTC (fingerprint: w is new (before: y))"
    also = "also: calls different tools 54 points more often"
    assert status.facts == (said,)
    assert status.sentence.endswith(f"only one provider is compared with r; {said}; {also}")


def test_identity_that_changed_on_both_sides_or_at_another_time_is_no_fact(store):
    for name in ("p", "r"):
        serves(store, name, "x")
        serves(store, name, "y", started=300.0, previous="x")
    serves(store, "q", "z", started=300.0, previous="y")
    serves(store, "r", "w", started=5.0, previous="y")
    traffic(store, others=())
    assert look(JudgeRun(store).all()).facts == ()


@pytest.mark.parametrize(("moved", "blame"), [(("x", "y"), Blame.PROVIDER), (("x", "y", "z"), Blame.NOT_YET_KNOWN)])
def test_router_whose_other_server_is_still_the_same_is_the_one_that_moved(store, moved, blame):
    behind_a_router(store, moved=moved, names=("x", "y", "z"), odd=400)
    found = look(JudgeRun(store).all())
    assert found.blame is blame
    assert blame is not Blame.PROVIDER or found.by == "z behind p"


@pytest.mark.parametrize(("moved", "blame"), [(("q",), Blame.PROVIDER), (("q", "x", "y", "z"), Blame.REFERENCE)])
def test_router_shows_that_the_reference_moved_and_each_of_its_servers_that_it_has_not(store, moved, blame):
    behind_a_router(store, moved=moved, names=("x", "y", "z"), others=("q",))
    found = look(JudgeRun(store).all(), KEY._replace(provider="q"))
    assert found.blame is blame
    assert {name: witness.sibling for name, witness in found.witnesses.items()} == {
        "p": False,
        **{f"{server} behind p": True for server in "xyz"},
    }


def test_answers_that_name_no_server_or_one_too_many_are_no_witness(store):
    behind_a_router(store, moved=("unnamed", "x"), names=("unnamed", "x", "other"))
    assert list(look(JudgeRun(store).all()).witnesses) == ["x behind p"]
