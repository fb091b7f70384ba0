from dataclasses import replace
from math import inf

import pytest

from shadow.choice.tournament_plan import RouteTraffic, SignalNeed, SignalTraffic, TournamentPlan, tournament_plan
from shadow.choice.tournament_terms import TournamentTerms
from shadow.tournament.plan_sentences import PlanSetting, plan_lines

TERMS = TournamentTerms(signals=("answer_kind",))


def lines(*, money=0.0, keep_days=inf, unpriced=(), **made):
    traffic = RouteTraffic(**{"signals": {}, "sampled_per_day": 600.0, **made})
    plan = tournament_plan(TERMS, 2, traffic)
    setting = PlanSetting(
        route="agents",
        reference="maker",
        candidates=("b", "c"),
        per_day=traffic.sampled_per_day,
        money=money,
        keep_days=keep_days,
        unpriced=unpriced,
    )
    return list(plan_lines(plan, TERMS, setting))


def test_a_plan_names_requests_calls_money_and_days():
    first, requests, calls, days, floors = lines()
    assert first == "Route agents: 2 candidates (b, c) against maker, within 3 points, 5 places."
    assert requests.startswith("To prove an equal one: 1,692 requests in half of the cases, 3,626 in nine of ten")
    assert "candidate calls and " in calls
    assert "calls; the money is not known, because no request of the last week has token counts with a price. It may" in calls
    assert days == "At 600 sampled requests a day: 3 days in half of the cases, 6 days in nine of ten."
    assert floors == "How often the reference differs from itself: kind of answer 15 % (assumed)."


def test_providers_without_a_price_are_named():
    assert (
        "calls; the money is not known, because no price of b, maker is configured. It may" in lines(unpriced=("b", "maker"))[2]
    )


def test_candidates_that_take_turns_are_named():
    assert "Each request goes to 1 of them in turn (tournament.per_request), by conversation." in lines(per_request=1)
    assert not any("in turn" in line for line in lines(per_request=2))


def test_money_is_named_where_prices_are_known():
    assert " money. It may stop" in lines(reference_price=0.002, candidate_prices=(0.001, 0.001))[2]


def test_a_seen_floor_is_not_assumed():
    seen = {"answer_kind": SignalTraffic(floor=0.05, assumed=False)}
    assert lines(signals=seen)[4] == (
        "How often the reference differs from itself, one standard error above what was seen: kind of answer 5.0 %."
    )


@pytest.mark.parametrize(
    ("traffic", "words"),
    [
        ({"sampled_per_day": 0.0}, "No request of this route was compared in the last week, so the days are not known."),
        ({"signals": {"answer_kind": SignalTraffic(share=0.0)}}, "At 600 sampled requests a day it would not end."),
        (
            {"signals": {"answer_kind": SignalTraffic(share=0.0)}},
            "No number of requests proves an equal one in kind of answer: no request of the last week has it.",
        ),
    ],
)
def test_what_is_not_known_is_a_sentence(traffic, words):
    found = lines(**traffic)
    assert words in found
    assert not any(" inf" in line for line in found)


def test_tolerance_that_no_number_of_requests_proves_is_named_as_configured():
    terms = TournamentTerms(signals=("answer_kind",), tolerance=0.00001)
    plan = tournament_plan(terms, 2, RouteTraffic(signals={}, sampled_per_day=600.0))
    setting = PlanSetting(route="agents", reference="maker", candidates=("b", "c"), per_day=600.0)
    first, second, *_ = plan_lines(plan, terms, setting)
    assert first.endswith("within 0.001 points, 5 places.")
    assert second == "No number of requests proves an equal one in kind of answer: the tolerance is too small for it."


def test_limits_that_end_a_tournament_early_are_named():
    priced = {"reference_price": 0.002, "candidate_prices": (0.001, 0.001)}
    assert "tournament.money is 2.00: it ends then, perhaps before anything is known." in lines(money=2.0, **priced)
    assert not any("tournament.money" in line for line in lines(money=200.0, **priced))
    assert any("(storage.keep_days), and pairs count while they are kept: raise it." in line for line in lines(keep_days=6.0))
    assert not any("storage.keep_days" in line for line in lines(keep_days=6.1))


NEED = SignalNeed(signal="answer_kind", half=1_700, nine_of_ten=3_600, floor=0.05, assumed=False, share=1.0)
PLAN = TournamentPlan(
    needs=(NEED,),
    half=1_700,
    nine_of_ten=3_600,
    candidate_calls=7_200,
    reference_calls=5_040,
    money=61.0,
    half_days=2.8,
    days=6.0,
    asked=2,
)
SETTING = PlanSetting(route="agents", reference="maker", candidates=("b", "c"), per_day=600.0)


def planned(setting=SETTING, **made):
    """The sentences of a plan of which these numbers are known."""
    return list(plan_lines(replace(PLAN, **made), TERMS, setting))


def test_a_whole_plan_has_a_sentence_for_requests_calls_days_and_floors():
    assert planned() == [
        "Route agents: 2 candidates (b, c) against maker, within 3 points, 5 places.",
        "To prove an equal one: 1,700 requests in half of the cases, 3,600 in nine of ten (kind of answer takes longest).",
        (
            "In nine of ten cases that is at most 7,200 candidate calls and 5,040 reference calls; about 61.00 money. "
            "It may stop earlier."
        ),
        "At 600 sampled requests a day: 3 days in half of the cases, 6 days in nine of ten.",
        "How often the reference differs from itself, one standard error above what was seen: kind of answer 5.0 %.",
    ]


def test_one_candidate_is_named_without_a_plural():
    assert planned(replace(SETTING, candidates=("b",)), asked=1)[0].startswith("Route agents: 1 candidate (b) against maker")


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (12.0, "12 days"),
        (2.0, "2 days"),
        (1.9, "46 hours"),
        (2 / 24, "2 hours"),
        (1.99 / 24, "119 minutes"),
        (1.9 / 24, "114 minutes"),
        (100.52 / 1_440, "101 minutes"),
        (100.48 / 1_440, "100 minutes"),
        (0.1 / 24, "6 minutes"),
    ],
)
def test_a_length_is_in_the_largest_unit_of_which_it_has_two(days, words):
    assert f"a day: {words} in half of the cases, 6 days in nine of ten." in planned(half_days=days)[3]


@pytest.mark.parametrize(
    ("money", "limit", "named"), [(61.0, 60.9, True), (61.0, 61.0, False), (61.0, 0.0, False), (None, 60.9, False)]
)
def test_the_limit_of_money_is_named_where_the_plan_takes_more(money, limit, named):
    found = planned(replace(SETTING, money=limit), money=money)
    assert ("tournament.money is 60.90: it ends then, perhaps before anything is known." in found) is named
    assert len(found) == 5 + named


@pytest.mark.parametrize(
    ("days", "kept", "words"),
    [
        (6.1, 6.0, "Records are kept for 6 days (storage.keep_days), and pairs count while they are kept: raise it."),
        (1.1, 1.0, "Records are kept for 1 day (storage.keep_days), and pairs count while they are kept: raise it."),
        (6.1, 0.5, "Records are kept for 0.5 days (storage.keep_days), and pairs count while they are kept: raise it."),
    ],
)
def test_the_days_that_records_are_kept_are_named_where_the_plan_takes_longer(days, kept, words):
    assert words in planned(replace(SETTING, keep_days=kept), days=days)
    assert words not in planned(replace(SETTING, keep_days=kept), days=kept)
    assert words not in planned(replace(SETTING, keep_days=kept), days=inf)


def test_the_slowest_signal_is_named_and_each_floor_says_whether_it_is_assumed():
    slow = replace(NEED, signal="arguments", nine_of_ten=9_000, floor=0.15, assumed=True)
    found = planned(needs=(NEED, slow), nine_of_ten=9_000)
    assert found[1].endswith("9,000 in nine of ten (tool arguments takes longest).")
    assert found[-1].endswith("above what was seen: kind of answer 5.0 %; tool arguments 15 % (assumed).")
