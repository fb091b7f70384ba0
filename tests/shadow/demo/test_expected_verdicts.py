from __future__ import annotations

import dataclasses

import pytest

from shadow.demo.expected_verdicts import (
    DESCRIPTIONS,
    EXPECTED_SIGNALS,
    PROVIDERS,
    REFERENCE,
    ROUTE,
    unexpected_choices,
    unexpected_results,
)
from shadow.demo.planted_faults import FAITHFUL
from shadow.drift.excess_estimates import SignalOutcome
from shadow.report.figures import Report, Scorecard
from shadow.report.latency_lines import LatencyLine
from shadow.report.router_lines import RouterLine
from shadow.verdict.verdict_rule import decide
from tests.shadow.report.test_router_text import line
from tests.verdicts import evidence, signal


def card(provider, *names):
    """A card that differs in these signals; "no difference seen" without any."""
    rows = [signal(name, SignalOutcome.DRIFTS, excess=0.3) for name in names] or [signal()]
    return Scorecard(
        provider=provider,
        reference=REFERENCE,
        model="m",
        pairs=200,
        compared=200,
        requests=200,
        verdict=decide(evidence(*rows)),
        signals=(),
        checks=(),
        gaps=(),
        reasons=(),
    )


def slow(ratio):
    return LatencyLine(
        provider="slow", role="provider", measure="first_token", answers=9, p50=0.4, p95=0.5, reference=REFERENCE, ratio=ratio
    )


CARDS = {
    "faithful": card("faithful"),
    "slow": card("slow"),
    "toolbreaker": card("toolbreaker", "calls_tool"),
    "spacer": card("spacer", "text"),
    "hub": card("hub"),
    "twin": card("twin"),
    "thrifty": card("thrifty"),
    "bargain": card("bargain", "arguments"),
}


def report(ratio=4.0, **changed):
    cards = {**CARDS, **changed}
    return Report(since=0, until=1, cards=tuple(filter(None, cards.values())), latency=(slow(ratio),), traffic=())


def test_expected_verdicts_give_no_sentence():
    assert unexpected_results(report()) == []


@pytest.mark.parametrize(("server", "verdict", "unexpected"), [("near", "worse", 1), ("near", "same", 0), ("deepx", "worse", 0)])
def test_server_behind_the_router_that_serves_the_same_is_never_named(server, verdict, unexpected):
    router = RouterLine(provider="hub", model="m", reference=REFERENCE, upstreams=(line(server, verdict),))
    found = unexpected_results(dataclasses.replace(report(), routers=(router,)))
    assert len(found) == unexpected


def test_verdict_of_the_router_as_a_whole_may_be_any():
    assert unexpected_results(report(hub=card("hub", "calls_tool"))) == []


def test_false_alarm_is_unexpected():
    (sentence,) = unexpected_results(report(faithful=card("faithful", "text")))
    assert sentence.startswith("faithful is faithful but has the verdict: differs")


def test_missed_fault_is_unexpected():
    (sentence,) = unexpected_results(report(spacer=card("spacer")))
    assert sentence.startswith("spacer is faulty but has the verdict: no difference seen")


def test_fault_found_by_another_signal_is_unexpected():
    (sentence,) = unexpected_results(report(toolbreaker=card("toolbreaker", "text")))
    assert "found by text, not by answer_kind, arguments," in sentence


def undecided(name, compared):
    return dataclasses.replace(CARDS[name], compared=compared, verdict=decide(evidence(signal(pairs=compared, smallest=0.4))))


def test_undecided_faithful_provider_is_expected_from_20_pairs_on():
    assert unexpected_results(report(slow=undecided("slow", 20))) == []
    assert unexpected_results(report(slow=undecided("slow", 19))) == ["slow has too few pairs (19); give it more --seconds"]


def test_undecided_faulty_provider_is_unexpected():
    assert unexpected_results(report(spacer=undecided("spacer", 86))) == ["spacer has too few pairs (86); give it more --seconds"]


def test_too_few_pairs_are_unexpected():
    (sentence,) = unexpected_results(
        report(faithful=dataclasses.replace(CARDS["faithful"], verdict=decide(evidence(signal(pairs=9)))))
    )
    assert "--seconds" in sentence


def test_missing_provider_is_unexpected():
    assert unexpected_results(report(toolbreaker=None)) == ["toolbreaker was not compared at all"]


@pytest.mark.parametrize(("ratio", "unexpected"), [(None, True), (1.0, True), (1.49, True), (1.5, False), (4.0, False)])
def test_slow_provider_that_is_not_half_as_slow_again_is_unexpected(ratio, unexpected):
    assert unexpected_results(report(ratio=ratio)) == ["slow: its longer times were not measured"] * unexpected


def test_times_of_another_provider_do_not_count_as_those_of_the_slow_one():
    other = dataclasses.replace(slow(4.0), provider="faithful")
    found = unexpected_results(dataclasses.replace(report(), latency=(other,)))
    assert found == ["slow: its longer times were not measured"]
    assert unexpected_results(dataclasses.replace(report(), latency=(slow(1.0), slow(4.0)))) == []


def test_planted_faults_are_those_that_the_descriptions_name():
    faults = {name: settings.faults for name, settings in PROVIDERS.items()}
    assert (faults["toolbreaker"].drop_tool_calls, faults["slow"].slow, faults["bargain"].garble_arguments) == (0.4, 4.0, 0.9)
    assert 0 < faults["toolbreaker"].garble_arguments < 0.5
    assert 0 < faults["spacer"].lose_spaces < 0.5
    assert all(faults[name] == FAITHFUL for name in ("official", "faithful", "hub", "twin", "thrifty"))


def test_shares_of_the_router_make_a_whole_and_its_bad_server_has_the_fewest_requests():
    servers = PROVIDERS["hub"].servers
    assert sum(server.share for server in servers.values()) == pytest.approx(1.0)
    assert sorted(servers, key=lambda name: servers[name].share) == ["deepx", "far", "near"]
    assert {name for name, server in servers.items() if server.faults != FAITHFUL} == {"deepx"}
    assert 0.5 < servers["deepx"].faults.garble_arguments <= 1


def test_no_two_providers_draw_alike():
    assert len({settings.seed for settings in PROVIDERS.values()}) == len(PROVIDERS)


def test_cheapest_candidate_is_the_faulty_one_and_another_costs_half():
    assert min(ROUTE.prices, key=ROUTE.prices.get) == "bargain"
    assert ROUTE.prices["thrifty"] * 2 == ROUTE.prices["twin"]


def test_every_provider_has_a_description_and_expected_signals_are_of_known_providers():
    assert set(DESCRIPTIONS) == set(PROVIDERS)
    assert set(EXPECTED_SIGNALS) < set(PROVIDERS)


@pytest.mark.parametrize(
    ("name", "verdict", "unexpected"),
    [
        ("bargain", "same", True),
        ("bargain", "worse", False),
        ("bargain", "undecided", False),
        ("twin", "same", False),
        ("twin", "differs", True),
        ("thrifty", "worse", True),
        ("thrifty", "not_measured", False),
    ],
)
def test_choice_against_what_was_planted_is_unexpected(name, verdict, unexpected):
    found = unexpected_choices({"candidates": [{"name": name, "verdict": verdict}]})
    assert found == [f"the candidate {name} has the verdict {verdict} in `choose`"] * unexpected


def test_plan_without_candidates_is_expected():
    assert unexpected_choices({"begun": None}) == []


def test_candidates_are_providers_that_are_not_live_and_no_reference():
    assert set(ROUTE.prices) < set(PROVIDERS) - {ROUTE.live, REFERENCE}
