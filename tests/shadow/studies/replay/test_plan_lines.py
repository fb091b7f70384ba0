"""The printed plan: rows, requests, ceilings, what can be found, what was skipped and what is missing."""

import json
from dataclasses import replace

import pytest

from shadow.studies.replay.plan_cost import plan_cost
from shadow.studies.replay.plan_lines import PlannedStudy, plan_lines
from shadow.studies.rows.row import BrokenRow
from shadow.studies.study_budget import BudgetLimits
from shadow.studies.study_policy import PolicyScore, StudyPolicy
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
