"""The printed plan: rows, requests, ceilings, what can be found, what was skipped and what is missing."""

import json
from dataclasses import replace

import pytest

from shadow.studies.replay.plan_cost import PlanCost, plan_cost
from shadow.studies.replay.plan_lines import PlannedStudy, plan_lines
from shadow.studies.rows.row import BrokenRow
from shadow.studies.study_budget import BudgetLimits, Cost
from shadow.studies.study_policy import PolicyScore, StudyPolicy
from shadow.studies.targets import Targets
from tests.shadow.studies.replay.test_replay_plan import PROVIDERS, plan, rows


def planned(**more) -> PlannedStudy:
    made = plan(rows(*(f"q{n}" for n in range(100))))
    study = PlannedStudy(
        name="samples",
        database="study-samples.db",
        plan=made,
        rows=rows("x"),
        broken=(),
        cost=plan_cost(made, providers=PROVIDERS),
        limits=BudgetLimits(),
        policy=StudyPolicy(score=PolicyScore.SIGNALS),
        missing=(),
    )
    return replace(study, **more)


def test_a_plan_shows_requests_ceilings_and_the_smallest_difference():
    lines = "\n".join(plan_lines(planned()))
    assert "a, b against r, which answers every row twice" in lines
    assert "requests   400, and at most 1,600 where each has to be sent four times" in lines
    assert "no ceiling, because 100 rows are sent without max_tokens" in lines
    assert "money      unknown: no prices are configured" in lines
    assert "an excess of 12 points where the reference differs from itself in 2 %" in lines


def test_provider_that_is_the_reference_itself_is_noted():
    assert "  note       a and r are one server" in plan_lines(planned(alike=["a and r are one server"]))
    assert not [line for line in plan_lines(planned()) if "note" in line]


def test_limits_missing_keys_and_broken_lines_are_shown():
    broken = [BrokenRow(place=f"f:{n}", sentence="is not JSON") for n in range(7)]
    study = planned(limits=BudgetLimits(tokens=2_000_000, money=5.0), broken=broken, missing=["a needs A_KEY"])
    lines = plan_lines(study)
    assert "  budget     tokens 2,000,000, money 5.00" in lines
    assert lines.count("  skipped    f:4: is not JSON") == 1
    assert "  skipped    and 2 more broken lines" in lines
    assert lines[-1] == "  missing    a needs A_KEY"


def test_too_few_rows_can_find_nothing():
    made = plan(rows("x", "y"))
    assert "nothing: 2 rows are too few" in "\n".join(plan_lines(planned(plan=made)))


def test_rows_that_set_a_seed_are_counted_because_their_answers_are_not_compared():
    made = rows("x", "y", "z")
    body = json.loads(made[0].request.body)
    for place, seed in enumerate((7, None)):
        changed = replace(made[place].request, body=json.dumps({**body, "seed": seed}).encode())
        made[place] = replace(made[place], request=changed)
    lines = plan_lines(planned(rows=made))
    [line] = [line for line in lines if line.startswith("  seed ")]
    assert line.startswith("  seed       1 of 3 rows set one, which makes the reference's two answers alike")
    assert line.endswith("(--set seed=null takes it out)")
    assert not any(line.startswith("  seed ") for line in plan_lines(planned()))


@pytest.mark.slow
def test_a_plan_scored_by_checks_shows_the_smallest_drop_of_its_points():
    few = planned(plan=plan(rows(*(f"q{n}" for n in range(40)))), policy=StudyPolicy(score=PolicyScore.CHECKS))
    [line] = [line for line in plan_lines(few) if line.startswith("  can find")]
    assert line == (
        "  can find   in four of five studies a drop of 35 points below 90 % of the reference, 40 points below 70 % of the "
        "reference, 37 points below 50 % of the reference"
    )
    many = planned(plan=plan(rows(*(f"q{n}" for n in range(121)))), policy=StudyPolicy(score=PolicyScore.CHECKS))
    assert plan_lines(many)[7].endswith(", in the first 120 answers")
    none = planned(plan=plan(rows("x")), policy=StudyPolicy(score=PolicyScore.CHECKS))
    assert plan_lines(none)[7] == "  can find   nothing: 1 row is too few"


def line(name: str, study: PlannedStudy) -> str:
    """What stands behind a name in the plan."""
    return next(each for each in plan_lines(study) if each.startswith(f"  {name} ")).removeprefix(f"  {name}").strip()


def costing(**more) -> PlannedStudy:
    """A study of two providers with a price, of which every row has a limit, but for what is given."""
    ceiling = Cost(requests=1_200, tokens=90_000, money=12.34567)
    values = {"ceiling": ceiling, "by_provider": {"a": Cost(), "r": Cost()}, "unlimited": 0, "stored": 0, "unpriced": ()}
    return planned(cost=PlanCost(prompt_tokens=7_000, **values | more))


def test_rows_run_twice_are_counted_once():
    assert line("rows", planned(plan=plan(rows("x"), passes=2))) == "1, 2 times each (chat 1)"


def test_rows_are_counted_by_shape_the_most_frequent_first_and_with_their_passes():
    shapes = [replace(row, shape=shape) for row, shape in zip(rows("x", "y", "z"), ("k2vv", "chat", "chat"), strict=True)]
    assert line("rows", planned(rows=shapes)) == "100 (chat 2, k2vv 1)"
    again = plan(rows(*(f"q{n}" for n in range(10))), passes=3)
    assert line("rows", planned(plan=again)) == "10, 3 times each (chat 1)"
    assert plan_lines(planned(plan=plan(rows("x"), seed=7)))[0] == "study samples in study-samples.db, seed 7"


@pytest.mark.parametrize(
    ("stored", "words"), [(0, ""), (1, "; 1 answer is stored already"), (1_200, "; 1,200 answers are stored already")]
)
def test_requests_are_counted_with_all_tries_and_without_what_is_stored(stored: int, words: str):
    sent = "1,200, and at most 4,800 where each has to be sent four times"
    assert line("requests", costing(stored=stored)) == sent + words


def test_tokens_have_a_ceiling_where_every_row_has_a_limit():
    assert line("tokens", costing()) == "at most 90,000 (about 7,000 of prompts, the rest what answers may have)"
    assert "no ceiling, because 1 row is sent without max_tokens" in line("tokens", costing(unlimited=1))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "at most 12.3457 by the configured prices"),
        ({"unpriced": ("r",)}, "at most 12.3457 by the configured prices, without r, which have no price"),
        ({"unlimited": 2}, "no ceiling"),
        ({"unlimited": 2, "unpriced": ("a",)}, "no ceiling, without a, which have no price"),
        ({"unpriced": ("a", "r")}, "unknown: no prices are configured"),
    ],
)
def test_money_has_a_ceiling_where_every_provider_has_a_price_and_every_row_a_limit(more: dict[str, object], words: str):
    assert line("money", costing(**more)) == words


def test_a_budget_names_each_limit_that_is_set():
    limits = BudgetLimits(requests=1_000, tokens=2_000, money=1_234.5, minutes=7.5)
    assert line("budget", planned(limits=limits)) == "requests 1,000, tokens 2,000, money 1,234.50, minutes 7.5"
    assert line("budget", planned(limits=BudgetLimits())) == "none"


def test_five_broken_lines_are_all_shown():
    broken = [BrokenRow(place=f"f:{n}", sentence="is not JSON") for n in range(6)]
    assert not [each for each in plan_lines(planned(broken=broken[:5])) if "more broken" in each]
    assert [each for each in plan_lines(planned(broken=broken)) if "skipped" in each][4:] == [
        *("  skipped    f:4: is not JSON", "  skipped    and 1 more broken line"),
    ]


def test_what_can_be_found_depends_on_the_noise_of_the_reference_and_on_the_candidates():
    noisy = "{} points where the reference differs from itself in 2 %, {} points {where} 10 %, {} points {where} 23.5 %"
    found = noisy.format(12, 18, 23, where="where the reference differs from itself in")
    assert line("can find", planned()) == f"in half of studies an excess of {found}"
    alone = plan(rows(*(f"q{n}" for n in range(100))), targets=Targets(candidates=("a",), reference="r"))
    fewer = noisy.format(11, 16, 21, where="where the reference differs from itself in")
    assert line("can find", planned(plan=alone)) == f"in half of studies an excess of {fewer}"


def test_a_few_rows_scored_by_checks_show_large_drops_alone():
    made = plan(rows(*(f"q{n}" for n in range(12))))
    drops = "72 points below 90 % of the reference, 68 points below 70 % of the reference"
    found = line("can find", planned(plan=made, policy=StudyPolicy(score=PolicyScore.CHECKS)))
    assert found == f"in four of five studies a drop of {drops}"
