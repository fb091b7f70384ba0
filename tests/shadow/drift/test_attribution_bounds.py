"""The bounds of a second look: from which pair, date or evidence on it decides, and what it states just before."""

from math import log

import pytest

from shadow.drift.attribution import Blame, spread
from shadow.drift.excess_estimates import GroupKey
from tests.shadow.drift.test_attribution import fed, look, pair


def known(found, name, **evidence):
    """Give a witness so much evidence, a logarithm, on each of its bets, and let the look decide."""
    for process, value in evidence.items():
        getattr(found.witnesses[name], process).logs = [value] * 8
    found.passes(300.0)
    return found


@pytest.mark.parametrize(("started", "odd", "same"), [(99.9, 0, 0), (100.0, 1, 0), (199.9, 1, 0), (200.0, 1, 1)])
def test_a_pair_counts_from_the_earliest_date_on_and_for_the_reference_from_the_latest_on(started, odd, same):
    witness = fed(look(earliest=100.0, latest=200.0), [0], at=started).witnesses["b"]
    assert (witness.odd.units, witness.same.units) == (odd, same)


@pytest.mark.parametrize(("value", "blame"), [(log(40) - 0.001, Blame.NOT_YET_KNOWN), (log(40), Blame.PROVIDER)])
def test_one_witness_that_is_the_same_decides_at_an_evidence_of_forty(value, blame):
    assert known(look(), "b", same=value).blame is blame


@pytest.mark.parametrize(("value", "blame"), [(log(40) - 0.001, Blame.NOT_YET_KNOWN), (log(40), Blame.REFERENCE)])
def test_one_witness_that_left_the_reference_decides_at_an_evidence_of_forty(value, blame):
    assert known(look(), "b", odd=value).blame is blame


@pytest.mark.parametrize(("value", "waits"), [(log(40) - 0.001, True), (log(40), False)])
def test_nothing_is_left_to_wait_for_once_the_only_server_has_an_evidence_of_forty(value, waits):
    found = known(look(siblings=["b"]), "b", odd=value)
    assert found.waits is waits
    assert ("behind the same router" in found.why("r")) is not waits


@pytest.mark.parametrize(("pairs", "blame"), [(4, Blame.REFERENCE), (5, Blame.NOT_YET_KNOWN)])
def test_a_third_holds_the_reference_up_from_half_as_many_pairs_on(pairs, blame):
    found = fed(look(("b",), ("c",)), [0] * pairs, provider="c")
    assert fed(found, [1] * 10).blame is blame


@pytest.mark.parametrize(("evidence", "blame"), [(19.9, Blame.NOT_YET_KNOWN), (20, Blame.REFERENCE), (20.1, Blame.REFERENCE)])
def test_a_third_holds_the_reference_up_below_an_evidence_of_twenty(evidence, blame):
    found = fed(look(("b",), ("c",)), [0] * 10, provider="c")
    known(found, "c", odd=log(evidence))
    assert fed(found, [1] * 10).blame is blame


def test_a_witness_that_decides_is_not_hidden_by_a_server_that_needs_more_evidence():
    found = look(("b",), ("s",), ("t",), servers=["s", "t"])
    known(found, "s", same=log(80) + 0.2)
    assert (known(found, "b", same=log(80) + 0.1).blame, found.by) == (Blame.PROVIDER, "b")


def test_a_settled_look_keeps_the_conversations_of_no_witness():
    found = fed(look(("b",), ("c",)), [0], provider="c", conversation="talk")
    assert found.witnesses["c"].open.keys() == {"talk"}
    assert known(found, "b", same=log(80)).blame is Blame.PROVIDER
    assert (found.witnesses["c"].open, found.witnesses["c"].seen) == ({}, [])


def test_an_expired_look_waits_no_more():
    found = look()
    assert found.waits
    found.expire()
    assert not found.waits


@pytest.mark.parametrize(("later", "units"), [(1799.9, 0), (1800.0, 1)])
def test_a_stored_conversation_becomes_a_unit_at_the_first_stored_pair_half_an_hour_later(later, units):
    found = look()
    found.recall("b", pair(201.0, 0, "first"))
    found.recall("b", pair(201.0 + later, 0, "second"))
    assert found.witnesses["b"].same.units == units


@pytest.mark.parametrize(
    ("earliest", "latest", "changed"), [(50, 99.9, False), (50, 100, True), (200, 300, True), (200.1, 300, False)]
)
def test_alarms_agree_where_their_dates_touch(earliest, latest, changed):
    moved, other = GroupKey("default", "m", "a", "r"), GroupKey("default", "m", "b", "r")
    looks = {moved: look(earliest=100, latest=200), other: look(earliest=earliest, latest=latest)}
    looks[moved].blame = Blame.REFERENCE
    assert (other in spread(looks)) is changed


@pytest.mark.parametrize(
    ("pairs", "needed"),
    [(0, "35 more pairs"), (33, "2 more pairs"), (34, "1 more pair"), (35, "1 more pair"), (37, "1 more pair")],
)
def test_the_pairs_that_are_still_needed_are_those_planned_less_those_seen_and_at_least_one(pairs, needed):
    found = fed(look(floor=0.0), [1, -1] * (pairs // 2) + [0] * (pairs % 2))
    assert found.why("r") == f"about {needed} of b {'is' if needed[0] == '1' else 'are'} needed"


def test_the_pairs_that_are_still_needed_are_of_the_witness_that_needs_the_fewest():
    found = fed(look(("b",), ("c",)), [0] * 3, provider="c")
    assert found.why("r").endswith("more pairs of c are needed")


@pytest.mark.parametrize("size", [0.0, 1.0])
def test_a_witness_beside_a_reference_of_nothing_but_noise_still_needs_a_number_of_pairs(size):
    assert "more pairs of b are needed" in look(size=size, floor=1.0).why("r")


def test_an_excess_below_two_points_is_looked_for_as_one_of_two():
    tiny, two, three = (look(size=size, floor=0.0).why("r") for size in (0.0, 0.02, 0.03))
    assert tiny == two == "about 431 more pairs of b are needed"
    assert three != two
