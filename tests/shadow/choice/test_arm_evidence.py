import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.choice.arm_evidence import ArmEvidence, ClaimPeriod, SignalPairs, UnitMoments
from shadow.choice.tournament_terms import TournamentTerms
from shadow.drift.conversation_units import PairPayoffs
from shadow.drift.distributions import always_reach
from shadow.drift.e_process import EProcess
from tests.shadow.choice.arms import LATE, ONE_SIGNAL, evidence, pairs


def paid(values, signal="answer_kind"):
    return [PairPayoffs(started=float(place), conversation="", payoffs={signal: value}) for place, value in enumerate(values)]


def test_same_takes_conversations_and_odd_takes_pairs():
    one = evidence(pairs(40, floor=0, excess=1.0, length=10))
    assert one.same["answer_kind", 1].units == 4
    assert one.odd["answer_kind", 1].units == 40
    assert (one.pairs, one.conversations, one.counts["answer_kind"].candidate_odd) == (40, 4, 40)


def test_evidence_of_same_is_that_of_the_weakest_required_test():
    terms = TournamentTerms(signals=("answer_kind", "error"))
    one = evidence(pairs(300, floor=0), terms=terms)
    assert one.same_evidence == 0.0
    assert evidence(pairs(300, floor=0), pairs(300, floor=0, signal="error"), terms=terms).same_evidence > 4


def test_a_mean_has_an_interval_that_holds_it_and_none_without_units():
    moments = UnitMoments()
    assert moments.interval == (-1.0, 1.0)
    for unit in (0.0, 1.0, 0.0, 0.0) * 50:
        moments.add(unit)
    low, high = moments.interval
    assert low < 0.25 < high


def test_the_interval_is_that_of_the_number_and_variance_of_the_units():
    """200 units of which a quarter is 1: the variance is 1/4 - 1/16."""
    moments = UnitMoments()
    for unit in (0.0, 1.0, 0.0, 0.0) * 50:
        moments.add(unit)
    reach = always_reach(200, 0.1875)
    assert moments.interval == pytest.approx((0.25 - reach, 0.25 + reach))


@pytest.mark.parametrize(("signal", "floor"), [("answer_kind", 0.5), ("error", 0.5)])
def test_the_floor_of_a_label_is_twice_the_share_in_which_the_reference_is_odd(signal, floor):
    assert evidence(paid((1, -1, 0, 0), signal), terms=TournamentTerms(signals=(signal,))).floor(signal) == floor


@pytest.mark.parametrize(("signal", "floor"), [("answer_kind", 0.5), ("arguments", 0.5), ("error", 0.75), ("text", 0.75)])
def test_the_floor_counts_the_odd_reference_twice_for_a_label_and_both_sides_for_any_other_signal(signal, floor):
    """The candidate is the odd one in two pairs of four, the reference in one."""
    assert evidence(paid((1, 1, -1, 0), signal), terms=TournamentTerms(signals=(signal,))).floor(signal) == floor


@given(values=st.lists(st.sampled_from([-1, 0, 1]), max_size=80), cut=st.integers(0, 80))
def test_evidence_in_two_parts_is_the_evidence_at_once(values, cut):
    rows = paid(values)
    parts, whole = ArmEvidence(terms=ONE_SIGNAL), ArmEvidence(terms=ONE_SIGNAL)
    parts.take(rows[:cut], float(cut))
    parts.take(rows[cut:], LATE)
    whole.take(rows, LATE)
    assert parts.same == whole.same
    assert parts.odd == whole.odd


@given(values=st.lists(st.sampled_from([-1, 0, 1]), max_size=60))
def test_pairs_of_zero_leave_odd_as_it_is(values):
    one = evidence(paid(values))
    plain = EProcess(same=False)
    for value in values:
        plain.add(value)
    assert one.odd["answer_kind", 1].evidence == pytest.approx(plain.evidence)


def test_evidence_begins_with_the_first_pair_and_ends_with_the_last():
    one = evidence(pairs(20, begin=100.0), pairs(20, begin=500.0))
    assert (one.pairs, one.first, one.last) == (40, 100.0, 519.0)


@pytest.mark.parametrize(("signal", "tolerated"), [("valid_calls", 0.01), ("answer_kind", 0.03)])
def test_invalid_calls_are_tolerated_in_one_point_and_other_signals_in_three(signal, tolerated):
    one = ArmEvidence(terms=TournamentTerms(signals=(signal,)))
    assert {process.bound for processes in (one.same, one.beyond) for process in processes.values()} == {tolerated}


@pytest.mark.parametrize("values", [(1.0,), (-1.0,)])
def test_an_interval_ends_at_minus_one_and_one(values):
    moments = UnitMoments()
    for value in values * 30:
        moments.add(value)
    low, high = moments.interval
    assert (low, high)[int(values[0] > 0)] == values[0]
    assert -1 < low <= high == 1.0 or -1.0 == low <= high < 1


def test_units_of_which_half_is_minus_one_have_an_interval_on_both_sides_of_zero():
    moments = UnitMoments()
    for value in (1.0, -1.0) * 200:
        moments.add(value)
    low, high = moments.interval
    assert low == pytest.approx(-high)
    assert -1 < low < 0


def test_equal_units_counted_at_once_are_those_counted_one_by_one():
    once, each = UnitMoments(), UnitMoments()
    once.add(0.5, 3)
    for _ in range(3):
        each.add(0.5)
    assert (once.units, once.total, once.squares) == (each.units, each.total, each.squares) == (3, 1.5, 0.75)
    assert (once.mean, UnitMoments().mean) == (0.5, 0.0)


def test_pairs_of_a_signal_are_counted_by_the_side_that_is_odd():
    counts = SignalPairs()
    for payoff in (1, 1, -1, 0):
        counts.add(payoff)
    assert (counts.pairs, counts.candidate_odd, counts.reference_odd) == (4, 2, 1)


def test_nothing_is_counted_before_the_first_pair():
    one = ArmEvidence(terms=ONE_SIGNAL)
    assert (one.pairs, one.conversations, one.first, one.last, one.period) == (0, 0, 0.0, 0.0, ClaimPeriod())
    assert (one.period.pairs, one.period.conversations, one.period.last, one.same_evidence) == (0, 0, 0.0, 0.0)
    assert (one.floor("answer_kind"), evidence(paid((1, -1) * 9)).floor("text")) == (0.0, 0.0)


def test_the_floor_is_never_above_one():
    assert evidence(paid((-1,) * 9)).floor("answer_kind") == 1.0


def test_the_period_of_a_claim_ends_at_the_highest_evidence():
    """Forty conversations agree; of the next, one after another, the candidate is the odd one."""
    one = evidence(pairs(40, floor=0), pairs(10, floor=0, excess=1.0, begin=100.0))
    assert (one.period.pairs, one.period.conversations, one.period.last) == (40, 40, 39.0)
    assert one.period.evidence == one.same_evidence > 0


def test_evidence_that_never_rose_has_no_period():
    one = evidence(paid((1,) * 5))
    assert (one.conversations, one.period.pairs, one.period.conversations, one.period.last) == (5, 0, 0, 0.0)


def test_a_conversation_is_over_for_evidence_when_a_later_look_comes():
    one = ArmEvidence(terms=ONE_SIGNAL)
    one.take(pairs(3, length=3), 3.0)
    assert (one.pairs, one.conversations) == (3, 0)
    one.take((), LATE)
    assert (one.conversations, one.moments["answer_kind"].units) == (1, 1)


def test_copied_evidence_goes_on_and_leaves_the_first_as_it_is():
    one = evidence(pairs(40, floor=0.5))
    before = (one.pairs, one.conversations, one.counts["answer_kind"].pairs, one.moments["answer_kind"].units)
    evidences = {key: one.same[key].highest for key in one.same} | {(*key, "odd"): one.odd[key].units for key in one.odd}
    worse = one.copied()
    worse.take(pairs(40, floor=0, excess=1.0, begin=100.0), LATE)
    assert (worse.pairs, worse.conversations) == (80, 80)
    assert (one.pairs, one.conversations, one.counts["answer_kind"].pairs, one.moments["answer_kind"].units) == before
    assert evidences == {key: one.same[key].highest for key in one.same} | {(*key, "odd"): one.odd[key].units for key in one.odd}


@pytest.mark.parametrize(("payoff", "passed"), [(1, ["odd", "beyond"]), (-1, [])])
def test_a_signal_of_one_direction_is_evidence_on_that_side_alone(payoff, passed):
    one = evidence(paid((payoff,) * 60, "error"), terms=TournamentTerms(signals=("error",)))
    assert [name for name in ("odd", "beyond") if getattr(one, name)["error", 1].highest > 5] == passed


def test_a_signal_of_two_directions_is_evidence_on_the_side_it_leans_to():
    terms = TournamentTerms(signals=("calls_tool_rate",))
    for payoff in (1, -1):
        one = evidence(paid((payoff,) * 60, "calls_tool_rate"), terms=terms)
        for processes in (one.odd, one.beyond):
            assert processes["calls_tool_rate", payoff].highest > 5 > processes["calls_tool_rate", -payoff].highest
