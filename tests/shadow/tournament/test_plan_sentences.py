from math import inf

import pytest

from shadow.choice.tournament_plan import RouteTraffic, SignalTraffic, tournament_plan
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
