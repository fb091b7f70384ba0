import math
import random

import pytest

from shadow.drift.attribution import (
    FEWEST_ALONE,
    MOST_OPEN,
    MOST_REQUESTS,
    MOST_SECONDS,
    Blame,
    opened,
    spread,
)
from shadow.drift.change_point import EvaluatedPair
from shadow.drift.excess_estimates import GroupKey
from tests.shadow.drift.leaning import payoffs

KEY = ("arguments", 1)


def look(*witnesses, size=0.3, key=KEY, **more):
    made = {"earliest": 100.0, "latest": 200.0, "at": 300.0, "floor": 0.1, **more}
    return opened(key=key, size=size, witnesses=witnesses or [("b",)], **made)


def fed(found, values, *, provider="b", at=301.0, conversation="", signal="arguments"):
    """One pair for each payoff, a second apart."""
    for number, value in enumerate(values):
        found.take(provider, at + number, conversation, [(signal, value)])
    return found


def noise(count, excess=0.0, seed=3):
    return payoffs(random.Random(seed), count, excess=excess)


def test_a_witness_that_leaves_the_reference_too_shows_that_the_reference_moved():
    found = fed(look(), noise(200, 0.3))
    assert (found.blame, found.by) == (Blame.REFERENCE, "b")


def test_a_witness_that_is_still_the_same_shows_that_the_provider_moved():
    found = fed(look(), noise(200))
    assert (found.blame, found.by, found.waits) == (Blame.PROVIDER, "b", False)


def test_a_witness_that_leaves_to_the_other_side_is_no_witness_of_it():
    assert fed(look(), [-1] * 60).blame is Blame.PROVIDER


def test_pairs_before_the_start_of_the_alarm_are_no_evidence_for_either_side():
    found = look()
    for number in range(500):
        found.recall("b", pair(50.0 + number / 1_000, 0))
    assert found.blame is Blame.NOT_YET_KNOWN
    assert found.witnesses["b"].same.units == found.witnesses["b"].odd.units == 0


def test_pairs_between_the_two_dates_count_against_the_reference_and_not_for_it():
    found = look()
    for number in range(500):
        found.recall("b", pair(100.0 + number / 10, 0))
    assert (found.witnesses["b"].odd.units, found.witnesses["b"].same.units) == (500, 0)
    for number in range(100):
        found.recall("b", pair(200.0 + number / 10, 0))
    found.passes(300.0)
    assert found.blame is Blame.PROVIDER


def side_by_side(found, providers, count=400):
    """A pair of each provider in turn, each with its own excess."""
    excess = {name: noise(count, size, seed=number) for number, (name, size) in enumerate(providers.items())}
    for number in range(count):
        for name, values in excess.items():
            found.take(name, 301.0 + number, "", [("arguments", values[number])])
    return found


def test_two_providers_that_break_alike_are_no_reference_that_moved_while_a_third_is_the_same():
    found = side_by_side(look(("b",), ("c",), ("d",)), {"b": 0.3, "c": 0.0, "d": 0.0})
    assert found.blame is Blame.PROVIDER
    assert found.by in {"c", "d"}


def test_stored_pairs_of_two_that_broke_alike_do_not_name_the_reference_before_a_third_is_known():
    found = look(("b",), ("c",))
    for number, payoff in enumerate(noise(200, 0.3)):
        found.recall("b", pair(200.0 + number / 10, payoff))
        found.recall("c", pair(200.0 + number / 10, 0, conversation=f"talk {number // 10}"))
    found.passes(221.0)
    assert found.blame is Blame.NOT_YET_KNOWN
    assert "more pairs of c are needed" in found.why("official")


def test_the_reference_moved_where_every_provider_leaves_it():
    found = side_by_side(look(("b",), ("c",), ("d",)), {"b": 0.3, "c": 0.3, "d": 0.3})
    assert found.blame is Blame.REFERENCE


def test_a_third_with_fewer_pairs_than_the_one_that_left_holds_nothing_up():
    found = look(("b",), ("c",))
    fed(found, [0] * 20, provider="c")
    assert fed(found, noise(200, 0.3), provider="b").blame is Blame.REFERENCE


def pair(started, payoff, conversation=""):
    return EvaluatedPair(pair_id="", started=started, conversation=conversation, kind="", payoff=payoff)


def test_another_signal_gives_a_second_look_no_evidence():
    found = fed(look(), noise(400), signal="text")
    assert (found.blame, found.witnesses["b"].odd.units) == (Blame.NOT_YET_KNOWN, 0)


@pytest.mark.parametrize(("others", "bar"), [(["b"], 40), (["b", "c"], 80), (["b", "c", "d", "e"], 160)])
def test_threshold_is_forty_for_each_witness(others, bar):
    found = look(*((name,) for name in others))
    assert found.log_threshold == pytest.approx(math.log(bar))


def test_without_a_witness_nothing_is_waited_for_and_the_reason_is_stated():
    found = opened(key=KEY, size=0.3, earliest=0, latest=0, at=0, floor=0.1, witnesses=())
    assert (found.blame, found.waits) == (Blame.NOT_YET_KNOWN, False)
    assert found.why("r") == "only one provider is compared with r"
    alike = opened(key=KEY, size=0.3, earliest=0, latest=0, at=0, floor=0.1, witnesses=(), alike=("b",))
    assert alike.why("r") == "b shares its server: no independent provider is compared with r"


@pytest.mark.parametrize("signal", ["error", "valid_calls"])
def test_a_fault_that_the_providers_own_answers_show_needs_no_witness(signal):
    assert look(key=(signal, 1)).blame is Blame.PROVIDER


def test_a_page_waits_for_six_thousand_requests_and_no_more():
    found = fed(fed(look(), [0] * 3_000, provider="a"), [0] * (3_000 - 1), provider="a")
    assert MOST_REQUESTS == 6_000
    assert found.waits
    assert not fed(found, [0], provider="a").waits
    assert found.why("r") == "about 52 more pairs of b are needed"


def test_a_page_waits_for_an_hour_and_no_longer():
    found = fed(look(), [0], provider="a", at=300.0 + 3600.0 - 1)
    assert MOST_SECONDS == 3_600
    assert found.waits
    assert not fed(found, [0], provider="a", at=300.0 + 3600.0).waits


def test_a_page_that_was_raised_while_the_clock_ran_ahead_waits_no_longer_than_an_hour():
    found = fed(look(), [0], provider="a", at=300.0 - 3600.0 + 1)
    assert found.waits
    assert not fed(found, [0], provider="a", at=300.0 - 3600.0).waits


def test_after_the_page_the_look_goes_on():
    found = look()
    found.expire()
    assert fed(found, noise(200)).blame is Blame.PROVIDER


def test_two_providers_of_one_server_are_one_witness_with_the_pairs_of_both():
    found = look(("b", "c"))
    fed(fed(found, noise(15, 0.5)), noise(15, 0.5, seed=2), provider="c")
    assert list(found.witnesses) == ["b and c"]
    assert found.witnesses["b and c"].odd.units <= 30
    assert found.blame is Blame.REFERENCE


def test_a_conversation_is_one_unit_when_it_is_over():
    found = look()
    fed(found, [1, 0], conversation="c")
    assert found.witnesses["b"].same.units == 0
    fed(found, [0], at=302.0 + 1800.0 - 1, provider="a")
    assert found.witnesses["b"].same.units == 0
    fed(found, [0], at=302.0 + 1800.0, provider="a")
    assert found.witnesses["b"].same.units == 1
    assert found.witnesses["b"].same.logs[0] == pytest.approx(math.log1p(0.02 * (0.15 - 0.5) / 1.15))


def test_ten_pairs_end_a_conversation():
    found = fed(look(), [0] * (10 - 1), conversation="c")
    assert found.witnesses["b"].same.units == 0
    assert fed(found, [0], conversation="c").witnesses["b"].same.units == 1


def test_conversations_become_units_in_the_order_in_which_they_opened():
    """Short good conversations must not be counted before long bad ones that opened earlier."""
    found = look()
    fed(found, [1], conversation="long")
    for number in range(20):
        fed(found, [0] * 10, conversation=f"short {number}", at=302.0)
    assert found.witnesses["b"].same.units == 0
    fed(found, [0] * (10 - 1), conversation="long", at=303.0)
    assert found.witnesses["b"].same.units == 21


def test_where_requests_stand_alone_each_pair_is_a_unit_at_once():
    found = look()
    found.witnesses["b"].alone = True
    fed(found, [0], conversation="c")
    assert found.witnesses["b"].same.units == 1


@pytest.mark.parametrize(("before", "alone"), [(29, False), (30, True)])
def test_a_provider_stands_alone_after_thirty_conversations_of_one_pair_each(before, alone):
    """Old pairs tell how its requests hang together, and nothing else."""
    found = look()
    for number in range(before):
        found.recall("b", pair(50.0, 0, f"c{number}"))
    assert FEWEST_ALONE == 30
    assert (found.witnesses["b"].alone, found.witnesses["b"].odd.units) == (alone, 0)


def test_one_conversation_of_two_pairs_makes_each_conversation_wait_for_its_end():
    found = look()
    for number in range(100):
        found.recall("b", pair(50.0, 0, f"c{max(number, 1)}"))
    assert not found.witnesses["b"].alone


def test_waiting_pairs_become_units_once_requests_prove_single():
    found = look()
    for number in range(29):
        fed(found, [0], conversation=f"c{number}", at=301.0 + number)
    assert found.witnesses["b"].same.units == 0
    fed(found, [0], conversation="last", at=340.0)
    assert found.witnesses["b"].same.units == 30


def test_alarms_of_one_moment_agree_that_the_reference_moved():
    keys = [GroupKey("default", "m", name, "r") for name in ("a", "b", "c", "d")]
    looks = dict(zip(keys, (look(), look(), look(earliest=201.0, latest=202.0), look(key=("text", 1))), strict=True))
    looks[keys[0]].blame = Blame.REFERENCE
    looks[keys[1]].blame = Blame.PROVIDER
    assert spread(looks) == {keys[1]}
    assert (looks[keys[1]].blame, looks[keys[1]].by) == (Blame.REFERENCE, "a")
    assert {looks[key].blame for key in keys[2:]} == {Blame.NOT_YET_KNOWN}
    assert spread(looks) == frozenset()


def test_server_behind_a_router_that_agrees_with_its_router_names_the_same_witness():
    router = GroupKey("default", "m", "hub", "r")
    looks = {router: look(), router._replace(upstream="x"): look()}
    looks[router].blame, looks[router].by = Blame.REFERENCE, "near"
    spread(looks)
    assert {found.by for found in looks.values()} == {"near"}, "a router is no evidence about its own server"


def test_where_every_witness_is_behind_the_same_router_and_differs_too_the_reason_is_stated():
    found = opened(key=KEY, size=0.3, earliest=300.0, latest=300.0, at=300.0, floor=0.1, witnesses=[("b",)], siblings=["b"])
    fed(found, noise(400, excess=0.3))
    assert (found.blame, found.waits) == (Blame.NOT_YET_KNOWN, False)
    assert found.why("r") == "b differs too, behind the same router: no independent provider is compared with r"


def test_a_thousand_open_conversations_are_remembered_and_no_more_and_none_once_it_is_settled():
    found = look()
    found.witnesses["b"].several = True
    for number in range(1000 + 5):
        found.take("b", 301.0, f"c{number}", [("arguments", 0)])
    assert len(found.witnesses["b"].open) == MOST_OPEN == 1_000
    found.passes(301.0 + 1800.0)
    assert (found.blame, found.witnesses["b"].open) == (Blame.PROVIDER, {})


@pytest.mark.parametrize(("others", "servers", "bars"), [(1, 2, (80, 160)), (0, 3, (40, 120)), (2, 1, (120, 120))])
def test_servers_of_routers_share_the_part_of_one_witness(others, servers, bars):
    named = [f"p{number}" for number in range(others)] + [f"s{number}" for number in range(servers)]
    found = look(*[(name,) for name in named], servers=named[others:])
    needed = {round(math.exp(found.log_threshold) * witness.sharing) for witness in found.witnesses.values()}
    assert needed == set(bars[1:] if not others else bars)


@pytest.mark.parametrize(("excess", "blame"), [(0.0, Blame.PROVIDER), (0.3, Blame.NOT_YET_KNOWN)])
def test_server_behind_a_router_can_only_show_that_the_reference_has_not_moved(excess, blame):
    assert fed(look(("b",), ("c",), servers=["b"]), noise(400, excess)).blame is blame


def test_server_needs_more_evidence_the_more_servers_share_its_part():
    alone, shared = look(("b",), servers=["b"]), look(*[(f"{name}",) for name in "bcdefghi"], servers="bcdefghi")
    values = [0] * next(count for count in range(400) if fed(look(("b",), servers=["b"]), [0] * count).blame is Blame.PROVIDER)
    assert (fed(alone, values).blame, fed(shared, values).blame) == (Blame.PROVIDER, Blame.NOT_YET_KNOWN)
    assert fed(shared, values * 3).by == "b"
