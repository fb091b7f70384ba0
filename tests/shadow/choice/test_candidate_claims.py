from math import inf, log

import pytest

from shadow.choice import candidate_claims
from shadow.choice.arm_evidence import ArmEvidence
from shadow.choice.candidate_claims import FEWEST_CONVERSATIONS, ChoiceVerdict, claims, signal_needed
from shadow.choice.tournament_terms import TournamentTerms
from shadow.drift.conversation_units import PairPayoffs
from tests.shadow.choice.arms import LATE, ONE_SIGNAL, evidence, pairs


def claim(*rows, terms=ONE_SIGNAL):
    return claims({"one": evidence(*rows, terms=terms)}, terms)["one"]


def odd_every(step, n):
    """The candidate is the odd one in every `step`th pair, the reference in none."""
    return [
        PairPayoffs(started=float(place), conversation="", payoffs={"answer_kind": int(place % step == step - 1)})
        for place in range(n)
    ]


def test_an_equal_candidate_is_proven_the_same():
    found = claim(pairs(1_400, floor=0.05))
    assert (found.verdict, found.same, found.worse, found.differs, found.missing) == (ChoiceVerdict.SAME, True, (), (), None)


def test_a_candidate_ten_points_worse_is_worse_and_never_the_same():
    found = claim(pairs(1_500, floor=0.05, excess=0.10))
    assert found.verdict is ChoiceVerdict.WORSE
    assert not found.same
    assert found.worse == (("answer_kind", 1),)


def test_a_candidate_with_a_difference_not_yet_sized_differs():
    found = claim(odd_every(30, 2_000))
    assert (found.verdict, found.differs, found.worse) == (ChoiceVerdict.DIFFERS, (("answer_kind", 1),), ())


def test_a_candidate_without_enough_pairs_is_undecided_and_names_what_is_missing():
    found = claim(pairs(200, floor=0.05))
    assert found.verdict is ChoiceVerdict.UNDECIDED
    assert (found.missing.signal, found.missing.pairs) == ("answer_kind", 200)
    assert 300 <= found.missing.needed <= 1_200


def test_a_candidate_at_the_tolerance_has_no_number_of_requests_that_would_prove_it():
    assert claim(odd_every(33, 2_000)).missing.needed == inf
    assert claim(odd_every(60, 900)).missing.needed < 20_000


def test_a_required_signal_without_a_pair_is_what_is_missing():
    terms = TournamentTerms(signals=("answer_kind", "arguments"))
    found = claim(pairs(1_400, floor=0.05), terms=terms)
    assert (found.verdict, found.missing.signal, found.missing.pairs) == (ChoiceVerdict.UNDECIDED, "arguments", 0)


def test_no_pair_is_not_measured():
    assert claims({"one": ArmEvidence(terms=ONE_SIGNAL)}, ONE_SIGNAL)["one"].verdict is ChoiceVerdict.NOT_MEASURED


@pytest.mark.parametrize(("conversations", "verdict"), [(29, ChoiceVerdict.UNDECIDED), (30, ChoiceVerdict.WORSE)])
def test_nothing_is_claimed_of_fewer_than_thirty_conversations(conversations, verdict):
    assert claim(pairs(conversations, floor=0, excess=1.0)).verdict is verdict
    assert FEWEST_CONVERSATIONS == 30


def test_a_candidate_too_close_to_the_reference_is_named():
    closer = [
        PairPayoffs(started=each.started, conversation="", payoffs={"answer_kind": -each.payoffs["answer_kind"]})
        for each in odd_every(10, 900)
    ]
    assert claim(closer).closer == (("answer_kind", -1),)
    assert claim(pairs(900, floor=0.2)).closer == ()


def test_the_second_proven_candidate_needs_a_step_less_of_evidence():
    """Five places: the first needs 100, the second 80. 205 pairs without a difference are above 80 and below 100."""
    rows = {n: evidence(pairs(n, floor=0)) for n in (205, 400)}
    between = rows[205].same_evidence
    assert ONE_SIGNAL.same_threshold(2) <= between < ONE_SIGNAL.same_threshold(1)
    assert claims({"weak": rows[205]}, ONE_SIGNAL)["weak"].verdict is ChoiceVerdict.UNDECIDED
    both = claims({"weak": rows[205], "strong": rows[400]}, ONE_SIGNAL)
    assert (both["weak"].verdict, both["weak"].firm, both["strong"].firm) == (ChoiceVerdict.SAME, False, True)


def test_a_claim_once_made_stays():
    good = pairs(1_400, floor=0.05)
    one = evidence(good, pairs(300, floor=0.05, begin=2_000.0, seed=9))
    assert claims({"one": one}, ONE_SIGNAL)["one"].same
    one.take(pairs(60, excess=1.0, floor=0, begin=3_000.0), LATE)
    assert claims({"one": one}, ONE_SIGNAL)["one"].same


@pytest.mark.parametrize(("n", "firm"), [(234, False), (235, True)])
def test_the_cheapest_needs_twice_the_evidence_of_a_first_place(n, firm):
    """Without a difference a unit of the largest bet grows by log(1 + .95 x .03 / 1.03): 234 units are below 200, 235 above."""
    one = evidence(pairs(n, floor=0))
    assert (one.same_evidence >= log(200)) is firm
    assert claims({"one": one}, ONE_SIGNAL)["one"].firm is firm
    assert claims({"one": one}, ONE_SIGNAL)["one"].same


def test_of_two_missing_signals_the_one_that_needs_more_requests_is_named():
    terms = TournamentTerms(signals=("answer_kind", "arguments"))
    many, few = pairs(190, floor=0), pairs(40, floor=0, signal="arguments")
    assert claims({"one": evidence(many, few, terms=terms)}, terms)["one"].missing.signal == "arguments"
    many, few = pairs(190, floor=0, signal="arguments"), pairs(40, floor=0)
    assert claims({"one": evidence(many, few, terms=terms)}, terms)["one"].missing.signal == "answer_kind"


@pytest.mark.parametrize(("signal", "proven"), [("answer_kind", True), ("arguments", False)])
def test_a_signal_that_is_proven_needs_nothing_more(signal, proven):
    terms = TournamentTerms(signals=("answer_kind", "arguments"))
    one = evidence(pairs(300, floor=0), pairs(100, floor=0, signal="arguments"), terms=terms)
    assert (signal_needed(one, signal, terms) is None) is proven


def test_signal_of_two_directions_needs_as_many_pairs_as_the_one_that_lacks_most():
    terms = TournamentTerms(signals=("calls_tool_rate",))
    payoffs = [{"calls_tool_rate": int(place % 60 == 59)} for place in range(120)]
    rows = [PairPayoffs(started=float(place), conversation="", payoffs=found) for place, found in enumerate(payoffs)]
    one = evidence(rows, terms=terms)
    assert signal_needed(one, "calls_tool_rate", terms) == claims({"one": one}, terms)["one"].missing.needed == 1_333


def test_conversations_of_ten_pairs_need_ten_times_as_many_pairs_more():
    single, tenfold = claim(pairs(200, floor=0)).missing, claim(pairs(2_000, floor=0, length=10)).missing
    assert tenfold.needed - 2_000 == pytest.approx(10 * (single.needed - 200), abs=10)


@pytest.mark.parametrize(("conversations", "least", "most"), [(29, 170, 190), (30, 170, 190)])
def test_what_is_needed_is_estimated_without_an_excess_where_none_was_seen(conversations, least, most):
    assert least <= claim(pairs(conversations, floor=0)).missing.needed <= most


def test_a_signal_without_a_pair_is_missing_before_one_that_needs_many():
    """The first needs thousands of pairs more, and the other as few as any with none so far."""
    terms = TournamentTerms(signals=("answer_kind", "error"))
    found = claim(pairs(40, floor=0.5), terms=terms).missing
    assert (found.signal, found.pairs) == ("error", 0)


@pytest.mark.parametrize("n", [205, 235])
def test_evidence_between_the_second_and_the_first_place_still_lacks_pairs(n):
    """205 pairs are between 80 and 100, 235 above 200."""
    one = evidence(pairs(n, floor=0))
    assert (signal_needed(one, "answer_kind", ONE_SIGNAL) is None) == (n == 235)
    assert (claims({"one": one}, ONE_SIGNAL)["one"].missing is None) == (n == 235)


@pytest.mark.parametrize(("n", "proven"), [(208, False), (209, True)])
def test_a_signal_is_proven_at_the_bar_of_the_first_place(n, proven):
    """Without a difference a unit grows by log(1 + .95 x .03 / 1.03); the mean over the bets reaches 100 at 209 units."""
    one = evidence(pairs(n, floor=0))
    assert (one.same_evidence >= log(100)) is proven
    assert (signal_needed(one, "answer_kind", ONE_SIGNAL) is None) is proven


def test_a_difference_below_its_bar_is_no_difference():
    """Three odd candidates of forty are some evidence, and too little."""
    rows = odd_every(13, 40)
    one = evidence(rows)
    assert 0 < one.odd["answer_kind", 1].highest < ONE_SIGNAL.difference_threshold(("answer_kind", 1))
    assert claim(rows).differs == ()


@pytest.mark.parametrize(("odd", "differs"), [(9, ()), (10, (("answer_kind", 1),))])
def test_a_difference_is_claimed_at_its_bar(odd, differs):
    """Evidence of 111: ten odd candidates of thirty are just above, nine below."""
    assert claim(odd_every(3, 3 * odd), pairs(3, floor=0, begin=100.0)).differs == differs


@pytest.mark.parametrize(("conversations", "estimated"), [(29, False), (30, True)])
def test_an_excess_is_estimated_from_thirty_conversations_on(conversations, estimated):
    """Of 29 with one difference the excess is taken as none, of 30 as one of thirty: too near to the tolerance."""
    rows = [
        PairPayoffs(started=float(place), conversation="", payoffs={"answer_kind": int(place == 0)})
        for place in range(conversations)
    ]
    assert (claim(rows).missing.needed == inf) is estimated


def test_an_excess_against_the_reference_is_estimated_as_none():
    rows = [
        PairPayoffs(started=float(place), conversation="", payoffs={"answer_kind": -int(place % 9 == 0)}) for place in range(40)
    ]
    assert claim(rows).missing.needed == 1_103, "an excess of -1/9 would leave 16 of them, and one of 1/9 no end"


def test_a_signal_without_a_pair_needs_as_many_as_one_without_a_difference():
    terms = TournamentTerms(signals=("answer_kind", "error"))
    found = claim(pairs(40, floor=0), terms=terms).missing
    alone = tournament_needs(0.0)
    assert (found.signal, found.needed, alone) == ("error", 172, 172)


@pytest.mark.parametrize(("pairs_left", "needed"), [(49_999.5, 50_000), (50_000.5, inf)])
def test_no_end_is_foreseen_beyond_fifty_thousand_pairs(monkeypatch, pairs_left, needed):
    monkeypatch.setattr(candidate_claims, "units_left", lambda *_: pairs_left / 0.7)
    assert tournament_needs(0.0) == needed


def tournament_needs(floor):
    """Pairs that a signal takes of which none has come, in half of the cases."""
    one = ArmEvidence(terms=TournamentTerms(signals=("error",)))
    assert one.floor("error") == floor
    return signal_needed(one, "error", one.terms)
