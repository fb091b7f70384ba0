"""Shares of faulty answers, and how sure they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from shadow.report.check_rates import CheckVoteTotals, check_lines, check_sentence, wilson
from storage.judgement_rows import CheckVote, ComparedChecks
from storage.rows import PairGroup, SignalCount


def count(provider: str, state: str, number: int, check: str = "lost_space", model: str = "m") -> SignalCount:
    group = PairGroup(route="r", model=model, provider=provider, reference="")
    return SignalCount(group=group, comparison="check", signal=check, state=state, control_reason="", count=number)


@given(st.integers(1, 500).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials))))
def test_the_interval_of_a_check_rate_is_that_of_wilson(case):
    expected = binomtest(*case).proportion_ci(method="wilson")
    assert wilson(*case) == pytest.approx((expected.low, expected.high), abs=1e-6)


@pytest.mark.parametrize(
    ("hits", "trials", "side", "bound"), [(20, 20, 1, 1.0), (32, 32, 1, 1.0), (0, 3, 0, 0.0), (0, 17, 0, 0.0)]
)
def test_the_interval_of_a_check_rate_stays_between_0_and_1_where_rounding_would_leave_it(hits, trials, side, bound):
    assert wilson(hits, trials)[side] == bound


def test_without_a_trial_nothing_is_known():
    assert wilson(0, 0) == (0.0, 1.0)


PARTY = ("p", "m", "ref")


def paired(plus: int = 0, minus: int = 0, *, alone: int | None = None, conversations: int = 210) -> CheckVoteTotals:
    vote = CheckVote(signal="lost_space", plus=plus, minus=minus, alone=plus if alone is None else alone)
    votes = (vote,) if plus or minus else ()
    return CheckVoteTotals([ComparedChecks(model="m", provider="p", reference="ref", conversations=conversations, votes=votes)])


def line(votes: CheckVoteTotals, faulty: int = 30, fine: int = 970):
    return check_lines([count("p", "differ", faulty), count("p", "match", fine)], votes, PARTY)[0]


def test_check_rates_of_all_traffic_count_the_same_model_only_and_mark_no_provider():
    counts = [
        count("p", "differ", 30),
        count("p", "match", 10),
        count("ref", "match", 50, model="other"),
        count("ref", "match", 40),
        count("p", "differ", 9, model="x"),
    ]
    [found] = check_lines(counts, paired(), PARTY)
    assert (found.faulty, found.answers, found.rate) == (30, 40, 0.75)
    assert (found.reference_answers, found.reference_rate) == (40, 0.0)
    assert not found.deciding


def test_a_reference_that_had_nothing_to_look_at_has_failed_none():
    found = line(paired(329, 0, conversations=329), faulty=329, fine=0)
    assert (found.worse, found.reference_rate) == (True, None)


def test_a_check_that_could_not_be_made_is_no_answer():
    assert check_lines([count("p", "not_measured", 30)], paired(), PARTY) == ()


def test_votes_are_reported_with_their_counts_and_all_traffic_beside_them():
    assert check_sentence(line(paired(14, 1)), "lost spaces") == (
        "lost spaces: 14 of 210 conversations where the reference had none, 1 the other way; more often than its reference "
        "(all traffic: 3.0 % of 1,000 answers)"
    )
    assert check_sentence(line(paired(4, 4)), "lost spaces") == (
        "lost spaces: 4 of 210 conversations where the reference had none, 4 the other way (all traffic: 3.0 % of 1,000 answers)"
    )


def test_where_the_reference_had_some_too_that_is_stated():
    assert "14 of 210 conversations in which the reference had fewer, none the other way" in check_sentence(
        line(paired(14, 0, alone=13)), "x"
    )


@pytest.mark.parametrize(("plus", "minus"), [(4, 0), (2, 2), (0, 0)])
def test_fewer_than_five_votes_are_undecided(plus, minus):
    assert check_sentence(line(paired(plus, minus)), "lost spaces") == (
        "lost spaces: seen in 3.0 % of 1,000 answers; too few compared conversations to decide whether the reference does it too "
        f"({plus + minus} of 210 differ between the two)"
    )


def test_a_fault_in_a_fifth_of_the_answers_is_a_fact_where_nothing_was_compared_and_only_there():
    alone = line(CheckVoteTotals([]), faulty=200, fine=800)
    assert (alone.plain, alone.worse, alone.deciding) == (True, False, True)
    assert check_sentence(alone, "x") == "x: seen in 20 % of 1,000 answers; no answer of a reference to the same requests"
    assert not line(CheckVoteTotals([]), faulty=199, fine=801).deciding
    assert not line(paired(), faulty=200, fine=800).deciding


def test_check_votes_of_many_providers_share_one_bar():
    """Twenty providers with six votes each: any one of them would show so much by chance in one report of three."""
    many = [
        ComparedChecks(
            model="m", provider=f"p{n}", reference="ref", conversations=9,
            votes=(CheckVote(signal="lost_space", plus=6, minus=0, alone=6),),
        )
        for n in range(20)
    ]  # fmt: skip
    assert CheckVoteTotals(many[:1]).excess(("p0", "m", "ref"), "lost_space").named
    assert not CheckVoteTotals(many).excess(("p0", "m", "ref"), "lost_space").named


def test_a_share_that_is_next_to_nothing_is_not_shown_as_none():
    assert "seen in under 0.1 % of 10,000 answers" in check_sentence(line(paired(), faulty=1, fine=9_999), "x")


@pytest.mark.parametrize(("leaks", "calls", "plain"), [(10, 0, True), (30, 20, True), (30, 21, False), (20, 20, False)])
def test_markup_that_may_be_of_calls_in_the_text_is_no_second_fact(leaks, calls, plain):
    counts = [count("p", "differ", leaks, "template_leak"), count("p", "match", 50 - leaks, "template_leak")]
    counts += [count("p", "differ", calls, "call_in_text"), count("p", "match", 50 - calls, "call_in_text")]
    lines = {one.signal: one for one in check_lines(counts, paired(conversations=0), PARTY)}
    assert lines["template_leak"].plain is plain
    assert lines["call_in_text"].plain is (calls >= 10)
    assert lines["template_leak"].faulty == leaks


@pytest.mark.parametrize(
    ("faulty", "fine", "share"),
    [
        (1, 2_001, "under 0.1 %"),
        (1, 1_999, "0.1 %"),
        (99, 901, "9.9 %"),
        (100, 900, "10 %"),
        (1, 0, "100 %"),
    ],
)
def test_a_rate_has_one_decimal_below_a_tenth_and_a_least_value(faulty, fine, share):
    sentence = check_sentence(line(paired(), faulty=faulty, fine=fine), "lost spaces")
    assert sentence.startswith(f"lost spaces: seen in {share} of {faulty + fine:,} answer")


@pytest.mark.parametrize(("plus", "minus", "votes"), [(5, 0, True), (4, 1, True), (0, 5, True), (4, 0, False)])
def test_five_votes_are_compared(plus, minus, votes):
    assert ("all traffic" in check_sentence(line(paired(plus, minus)), "x")) is votes


def test_without_a_compared_conversation_no_votes_are_counted():
    sentence = check_sentence(line(paired(conversations=0)), "x")
    assert sentence.endswith("too few compared conversations to decide whether the reference does it too")


def test_one_conversation_and_one_answer_are_in_the_singular():
    assert ": 5 of 1 conversation where" in check_sentence(line(paired(5, 0, conversations=1)), "x")
    assert "of 1 answer)" in check_sentence(line(paired(5, 0), faulty=1, fine=0), "x")


def test_counts_stand_beside_the_interval_of_each_side():
    counts = [count("p", "differ", 30), count("p", "match", 70), count("ref", "differ", 5), count("ref", "match", 45)]
    [found] = check_lines(counts, paired(9, 2, alone=7), PARTY)
    assert (found.low, found.high) == wilson(30, 100)
    assert (found.reference_low, found.reference_high, found.reference_rate) == (*wilson(5, 50), 0.1)
    assert (found.conversations, found.plus, found.minus, found.alone) == (210, 9, 2, 7)
    assert 0 < found.p <= found.p_holm < 1


def test_a_check_without_a_vote_has_no_evidence():
    [found] = check_lines([count("p", "match", 9)], paired(), PARTY)
    assert (found.plus, found.minus, found.alone, found.p, found.p_holm, found.worse) == (0, 0, 0, 1.0, 1.0, False)


def test_a_provider_without_a_reference_has_none_beside_it():
    [found] = check_lines([count("p", "match", 9), count("", "match", 9)], CheckVoteTotals([]), ("p", "m", ""))
    assert (found.answers, found.reference_answers) == (9, 0)


def test_checks_stand_by_name_and_other_comparisons_are_no_check():
    counts = [count("p", "match", 1, check) for check in ("usage", "stop")]
    group = PairGroup(route="r", model="m", provider="p", reference="")
    counts.append(SignalCount(group=group, comparison="cross", signal="text", state="match", control_reason="", count=9))
    assert [one.signal for one in check_lines(counts, paired(), PARTY)] == ["stop", "usage"]


@pytest.mark.parametrize(("hits", "trials", "low", "high"), [(1, 10, 0.01787, 0.40415), (5, 10, 0.23659, 0.76341)])
def test_the_interval_is_that_of_two_standard_deviations(hits, trials, low, high):
    assert wilson(hits, trials) == pytest.approx((low, high), abs=1e-5)
    assert wilson(hits, trials, 3.0)[0] < low < high < wilson(hits, trials, 3.0)[1]
