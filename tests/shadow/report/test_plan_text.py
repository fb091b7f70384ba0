import math
from dataclasses import replace

import pytest

from shadow.report.plan_text import PlanInputs, _found, _pairs, plan_text
from shadow.settings.top_level_config import Config
from tests.shadow.report.test_drift_table import CALM

MEANS = PlanInputs(per_day=20_000, floor=0.1, price=0.002, days=7, drop=0.1)


def test_the_plan_states_pairs_days_money_and_the_sample_it_takes():
    text = plan_text(Config(), MEANS, ())
    assert "5 points: about 1,839 pairs (1.8 days) in half of the cases, 3,107 pairs (3.1 days) in nine of ten" in text
    assert "days" in text
    assert "calls a pair" in text
    assert "To find 10 points within 7 days, in nine of ten cases: [shadow] sample_rate = 0.007" in text


def test_a_plan_that_can_find_no_difference_states_it():
    assert "too few requests" in plan_text(Config(), replace(MEANS, drop=0.01), ())


def test_undetectable_size_is_stated():
    text = plan_text(Config(), MEANS, (CALM, replace(CALM, provider="big", pairs=20_000)))
    assert "calm, m: 10 pairs so far; no drift would have been found by now, whatever its size" in text
    assert "big, m: 20,000 pairs so far; a drift of 2.6 points or more would have been found by now in half of the cases" in text
    assert text.endswith("of 3.0 points or more in nine of ten")


def test_pairs_of_a_server_behind_a_router_are_named_by_it():
    text = plan_text(Config(), MEANS, (replace(CALM, pairs=1), replace(CALM, upstream="far", pairs=1)))
    assert "\ncalm, m: 1 pair so far" in text
    assert "\ncalm, server far, m: 1 pair so far" in text


def test_pairs_that_find_a_drift_in_half_of_the_cases_only_are_stated():
    text = plan_text(Config(), MEANS, (replace(CALM, pairs=32),))
    assert "in half of the cases, none in nine of ten" in text


def test_without_a_sample_it_is_never_found():
    text = plan_text(Config.model_validate({"shadow": {"sample_rate": 0.0}}), MEANS, ())
    assert "pairs (never at this sample) in half of the cases" in text


@pytest.mark.parametrize(
    ("pairs", "days", "text"),
    [
        (1_234.4, 2.04, "1,234 pairs (2.0 days)"),
        (10.0, math.inf, "10 pairs (never at this sample)"),
        (999.6, 0.06, "1,000 pairs (0.1 days)"),
    ],
)
def test_pairs_are_whole_and_days_have_one_decimal(pairs, days, text):
    assert _pairs(pairs, days) == text


@pytest.mark.parametrize(
    ("half", "most", "text"),
    [
        (math.inf, math.inf, "no drift would have been found by now, whatever its size"),
        (
            0.031,
            0.062,
            (
                "a drift of 3.1 points or more would have been found by now in half of the cases, "
                "of 6.2 points or more in nine of ten"
            ),
        ),
        (0.2, math.inf, "a drift of 20.0 points or more would have been found by now in half of the cases, none in nine of ten"),
    ],
)
def test_the_drifts_that_would_have_been_found_are_stated_in_points(half, most, text):
    assert _found(half, most) == text


def test_a_plan_without_a_price_has_no_cost_and_names_where_its_requests_come_from():
    lines = plan_text(Config(), replace(MEANS, price=0.0, per_day=1, source="of the last 2 days"), ()).split("\n")
    assert lines[0] == "1 request a day (of the last 2 days), 5.0% compared, noise 10.0%:"
    assert [line.partition(":")[0] for line in lines[1:6]] == [
        "    3 points",
        "    5 points",
        "   10 points",
        "   20 points",
        "   30 points",
    ]
    assert "calls a pair" not in "".join(lines)
    assert lines[6] == ""
    assert len(lines) == 8


def test_the_cost_of_a_size_stands_behind_its_pairs():
    line = plan_text(Config(), MEANS, ()).split("\n")[2]
    assert line == (
        "    5 points: about 1,839 pairs (1.8 days) in half of the cases, 3,107 pairs (3.1 days) in nine of ten; "
        "4.54 in half of the cases, for 1.24 calls a pair"
    )


def test_one_day_is_in_the_singular():
    assert "To find 10 points within 1 day, in nine of ten cases: " in plan_text(Config(), replace(MEANS, days=1), ())


def test_a_size_and_days_of_a_proposal_are_as_they_were_given():
    means = replace(MEANS, drop=0.055, days=30.5)
    assert "\nTo find 5.5 points within 30.5 days, in nine of ten cases: " in plan_text(Config(), means, ())
