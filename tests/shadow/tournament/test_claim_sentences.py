from dataclasses import replace
from datetime import UTC, datetime
from math import inf

import pytest

from shadow.choice.candidate_claims import CandidateClaim, ChoiceVerdict, MissingEvidence, claims
from shadow.choice.price_order import PriceChoice
from shadow.choice.tournament_terms import TournamentTerms
from shadow.tournament.claim_sentences import claim_sentence, days, limit_sentence, live_sentence, money, rank_sentence, tolerated
from shadow.tournament.tournament_figures import LimitFigures, LiveFigures, PriceFigures
from tests.shadow.choice.arms import evidence, pairs

TERMS = TournamentTerms(signals=("answer_kind", "valid_calls"))


def sentence(verdict, *, worse=(), differs=(), missing=None, same=False, terms=TERMS):
    one = evidence(pairs(100, floor=0, excess=0.0 if same else 0.5), pairs(100, floor=0, signal="valid_calls"), terms=terms)
    claim = CandidateClaim(verdict=verdict, same=same, firm=same, worse=worse, differs=differs, closer=(), missing=missing)
    return claim_sentence("host-a", claim, one, terms)


def test_same_names_its_tolerance_its_period_and_its_signals():
    assert sentence(ChoiceVerdict.SAME, same=True) == (
        "host-a: same as the reference within 3 points "
        "(200 requests in 200 conversations, 1 Jan; kind of answer, invalid tool calls within 1 point)."
    )


@pytest.mark.parametrize(
    ("tolerance", "words"), [(0.01, "1 point"), (0.0255, "2.55 points"), (0.07, "7 points"), (0.00001, "0.001 points")]
)
def test_tolerance_is_printed_as_it_was_configured(tolerance, words):
    assert tolerated(tolerance) == words
    terms = replace(TERMS, signals=("answer_kind",), tolerance=tolerance)
    assert sentence(ChoiceVerdict.SAME, same=True, terms=terms).startswith(f"host-a: same as the reference within {words} (")


def test_same_with_a_difference_is_a_difference_within_tolerance():
    found = sentence(ChoiceVerdict.SAME, same=True, differs=(("answer_kind", 1),))
    assert found.startswith(
        "host-a: differs from the reference in kind of answer, by less than the tolerance in the period of this claim: same "
    )


def test_same_names_the_period_that_earned_it_and_nothing_later():
    good, worse = pairs(900, floor=0), pairs(20, floor=0, excess=1.0, begin=40 * 86_400.0)
    one = evidence(good, worse, terms=TournamentTerms(signals=("answer_kind",)))
    found = claims({"x": one}, one.terms)["x"]
    assert (found.verdict, one.pairs) == (ChoiceVerdict.SAME, 920)
    assert claim_sentence("x", found, one, one.terms) == (
        "x: differs from the reference in kind of answer, by less than the tolerance in the period of this claim: "
        "same within 3 points (900 requests in 900 conversations, 1 Jan; kind of answer)."
    )


def test_worse_names_the_signals_and_about_how_much():
    found = sentence(ChoiceVerdict.WORSE, worse=(("answer_kind", 1),), differs=(("answer_kind", 1),))
    assert found.startswith("host-a: worse than the reference by more than 3 points: kind of answer, about 37 points.")


def test_a_difference_without_a_size_is_stated_as_one():
    found = sentence(ChoiceVerdict.DIFFERS, differs=(("answer_kind", 1), ("completion_tokens", 1)))
    assert found == (
        "host-a: differs in kind of answer; whether by more than 3 points is not yet known. "
        "It differs in completion tokens, which is not part of the claim."
    )


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        (MissingEvidence(signal="answer_kind", pairs=310, needed=2_600), "kind of answer 310 of about 2,600 requests."),
        (MissingEvidence(signal="valid_calls", pairs=0, needed=700), "no request has counted for invalid tool calls yet."),
        (MissingEvidence(signal="answer_kind", pairs=310, needed=inf), "310 requests; its difference so far is too near to the"),
    ],
)
def test_undecided_names_what_is_missing(missing, words):
    assert f"host-a: not yet known: {'' if words[0].isalpha() else 'kind of answer '}{words}" in sentence(
        ChoiceVerdict.UNDECIDED, missing=missing
    )


def test_a_claim_of_evidence_has_the_sentence_of_its_verdict():
    one = evidence(pairs(1_400), terms=TournamentTerms(signals=("answer_kind",)))
    found = claims({"x": one}, one.terms)["x"]
    assert claim_sentence("x", found, one, one.terms).startswith("x: same as the reference")


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (LimitFigures(), ""),
        (LimitFigures(quantization="fp8", context=131_072), "a declares fp8, declares a context of 131,072 tokens."),
        (LimitFigures(largest_prompt=9_000), "a accepted prompts of up to 9,000 tokens."),
        (LimitFigures(context=1, largest_prompt=1), "a declares a context of 1 token, accepted prompts of up to 1 token."),
    ],
)
def test_limits_are_what_is_declared_and_what_was_accepted(limits, words):
    assert limit_sentence("a", limits) == words


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ((2026, 5, 3), (2026, 5, 3), "3 May"),
        ((2026, 5, 3), (2026, 5, 24), "3 to 24 May"),
        ((2026, 4, 28), (2026, 5, 3), "28 Apr to 3 May"),
        ((2025, 12, 31), (2026, 1, 1), "31 Dec 2025 to 1 Jan 2026"),
        ((2025, 5, 3), (2026, 5, 24), "3 May 2025 to 24 May 2026"),
    ],
)
def test_days_are_named_once(first, last, words):
    assert days(*(datetime(*day, tzinfo=UTC).timestamp() for day in (first, last))) == words


def test_the_rank_is_by_price_among_the_proven():
    choice = PriceChoice(cheapest="a", tie=("e",), cheaper_undecided=("d", "f"))
    assert rank_sentence(choice, 2.1, ["a", "e", "f"]) == (
        "Cheapest proven the same: a (2.10 a thousand requests). Cheaper and not yet known: d. "
        "Cheaper, and proven too weakly to be named yet: f. e costs as much, as far as these requests show."
    )
    none = PriceChoice(cheapest="", tie=(), cheaper_undecided=())
    assert rank_sentence(none, None, []) == "No candidate is proven the same yet."
    assert rank_sentence(none, None, ["a"]).endswith("The price is not known, so none is named the cheapest.")
    weak = "Proven the same: a. None is proven firmly enough yet to be named the cheapest."
    assert rank_sentence(none, 2.1, ["a"], firm=False) == weak


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0.00"),
        (0.00341, "0.0034"),
        (0.0999, "0.1"),
        (0.1, "0.10"),
        (2.1, "2.10"),
        (99.96, "99.96"),
        (100, "100"),
        (1_234.5, "1,234"),
    ],
)
def test_money_has_the_digits_that_matter(amount, text):
    assert money(amount) == text


@pytest.mark.parametrize(
    ("worse", "words"),
    [
        (("valid_calls", "answer_kind"), "1 point: invalid tool calls, about 0 points, kind of answer, about 37 points."),
        (("text",), "3 points: text, about an unknown size."),
        (
            ("error", "arguments", "text", "tools", "length"),
            (
                "3 points: errors, about an unknown size, tool arguments, about an unknown size, text, about an unknown size, "
                "tools chosen, about an unknown size."
            ),
        ),
    ],
)
def test_worse_is_beyond_the_tolerance_of_the_first_of_at_most_four_signals(worse, words):
    found = sentence(ChoiceVerdict.WORSE, worse=tuple((signal, 1) for signal in worse))
    assert found == f"host-a: worse than the reference by more than {words}"


def test_difference_of_invalid_calls_is_compared_with_their_own_tolerance():
    found = sentence(ChoiceVerdict.DIFFERS, differs=(("valid_calls", 1), ("answer_kind", 1)))
    assert found == "host-a: differs in invalid tool calls, kind of answer; whether by more than 1 point is not yet known."


def test_signal_that_differs_both_ways_is_listed_once():
    terms = TournamentTerms(signals=("calls_tool_rate",))
    found = sentence(ChoiceVerdict.DIFFERS, differs=(("calls_tool_rate", 1), ("calls_tool_rate", -1)), terms=terms)
    assert found.startswith("host-a: differs in how often it calls; whether")


def test_undecided_without_a_missing_signal_counts_conversations():
    assert sentence(ChoiceVerdict.UNDECIDED) == "host-a: not yet known: 200 conversations of at least 30."


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (PriceChoice(cheapest="a", tie=(), cheaper_undecided=()), ""),
        (
            PriceChoice(cheapest="a", tie=("b", "c"), cheaper_undecided=()),
            " b and c cost as much, as far as these requests show.",
        ),
        (
            PriceChoice(cheapest="a", tie=(), cheaper_undecided=(), apart=("b", "c")),
            " Answered other requests, so that no price is compared: b, c.",
        ),
        (PriceChoice(cheapest="a", tie=(), cheaper_undecided=("b",)), " Cheaper, and proven too weakly to be named yet: b."),
        (PriceChoice(cheapest="a", tie=(), cheaper_undecided=("d", "e")), " Cheaper and not yet known: d, e."),
    ],
)
def test_each_part_of_the_rank_is_added_where_it_names_a_candidate(choice, words):
    assert rank_sentence(choice, 2.1, ["a", "b", "c"]) == f"Cheapest proven the same: a (2.10 a thousand requests).{words}"


@pytest.mark.parametrize(("cheapest", "price"), [("", 2.1), ("a", None)])
def test_none_is_the_cheapest_without_a_choice_or_without_its_price(cheapest, price):
    choice = PriceChoice(cheapest=cheapest, tie=(), cheaper_undecided=())
    words = "Proven the same: a, b. The price is not known, so none is named the cheapest."
    assert rank_sentence(choice, price, ["a", "b"]) == words


def test_a_free_candidate_is_named_with_its_price():
    choice = PriceChoice(cheapest="a", tie=(), cheaper_undecided=())
    assert rank_sentence(choice, 0.0, ["a"]) == "Cheapest proven the same: a (0.00 a thousand requests)."


@pytest.mark.parametrize(
    ("price", "first", "whole", "words"),
    [
        (None, None, None, ""),
        (None, 0.0, None, "live serves meanwhile: first token 0.00 s."),
        (None, None, 0.0, "live serves meanwhile: whole answer 0.00 s."),
        (PriceFigures(per_thousand=3.9, requests=40), None, None, "live serves meanwhile: 3.90 a thousand requests."),
        (
            PriceFigures(per_thousand=3.9, requests=40, cached=0.75),
            0.25,
            2.0,
            (
                "live serves meanwhile: 3.90 a thousand requests, 75 % of its prompt tokens from a cache; first token 0.25 s; "
                "whole answer 2.00 s."
            ),
        ),
        (PriceFigures(per_thousand=3.9, requests=40, cached=0.0), None, None, "live serves meanwhile: 3.90 a thousand requests."),
    ],
)
def test_provider_that_serves_is_shown_with_what_is_known_of_it(price, first, whole, words):
    assert live_sentence(LiveFigures(name="live", price=price, first_token=first, seconds=whole)) == words


def test_the_days_of_a_claim_go_from_its_first_pair_to_the_last_that_earned_it():
    one = evidence(pairs(400, floor=0), pairs(400, floor=0, begin=5 * 86_400.0), terms=TournamentTerms(signals=("answer_kind",)))
    found = claims({"x": one}, one.terms)["x"]
    assert "(800 requests in 800 conversations, 1 to 6 Jan; kind of answer)" in claim_sentence("x", found, one, one.terms)
