"""Plans of probes: what they can need at most, said before anything is sent."""

from dataclasses import replace

import pytest

from shadow.demo.fleet.example_files import write_example
from shadow.studies.probe.probe_plan import UNBUDGETED_REQUESTS, plan_errors, probe_plan, probe_plan_lines
from shadow.studies.probe.task import StudySettings, Task, TaskFile, TaskWorld
from shadow.studies.probe.task_file import load_task
from shadow.studies.study_budget import BudgetLimits
from shadow.studies.study_policy import StudyPolicy
from shadow.studies.targets import Targets

NO_LIMITS = BudgetLimits()
TARGETS = Targets(candidates=("a", "b"), reference="r")


def file_of(tmp_path, *, runs=2, max_steps=20, prompts=("p",), budget=NO_LIMITS):
    return TaskFile(
        task=Task(name="t", prompts=prompts, max_steps=max_steps, groups={"g": ("x",)}),
        study=StudySettings(providers=("a", "b"), reference="r", model="m", runs=runs),
        policy=StudyPolicy(),
        budget=budget,
        servers=(),
        world=TaskWorld(),
        here=tmp_path,
    )


def test_every_block_holds_every_provider_and_every_pass_every_prompt(tmp_path):
    plan = probe_plan(file_of(tmp_path, prompts=("p", "q")), TARGETS)
    assert plan.prompts == {"t-1": "p", "t-2": "q"}
    assert len(plan.blocks) == 4
    assert [sorted(block.order) for block in plan.blocks] == [["a", "b", "r"]] * 4
    assert (plan.runs, plan.most_requests) == (12, 240)


@pytest.mark.parametrize(("max_steps", "refused"), [(333, False), (334, True)])
def test_2000_requests_need_no_budget_and_more_do(tmp_path, max_steps, refused):
    file = file_of(tmp_path, max_steps=max_steps)
    plan = probe_plan(file, TARGETS)
    assert (plan.most_requests > UNBUDGETED_REQUESTS == 2_000) is refused
    assert [error.path for error in plan_errors(plan, file)] == ([("study", "budget")] if refused else [])
    limited = file_of(tmp_path, max_steps=max_steps, budget=BudgetLimits(tokens=1))
    assert plan_errors(plan, limited) == []


def test_the_plan_of_the_example_is_printed_with_its_limits(tmp_path):
    file = load_task(write_example(tmp_path, 1)[1])
    targets = Targets(candidates=file.study.providers, reference=file.study.reference)
    lines = probe_plan_lines(probe_plan(file, targets), file, ["proxy.providers.a: the environment variable K is not set"])
    assert lines == [
        "probe battery-30b: nim, openrouter, deepinfra against ollama, model nano-30b",
        ("  at most 40 runs of each of 4 providers, 20 requests each: 3,200 requests; each candidate stops when it is decided"),
        "  limits that are never passed: 4,000 requests, 300,000,000 tokens",
        ("  score coverage, an allowed drop of 30 points; at a fixed number, 90 % against 50 % would need 23 runs of each"),
        "  a PASS takes at least 12 runs of each, where all are equal, a FAIL 9, where all are opposites",
        "  missing: proxy.providers.a: the environment variable K is not set",
    ]


@pytest.mark.parametrize(
    ("allowed", "line"),
    [
        (0.0, "  with no drop allowed a PASS takes a candidate that does better; a FAIL 6, where all are opposites"),
        (0.9, "  a PASS takes at least 6 runs of each, where all are equal, a FAIL 76, where all are opposites"),
    ],
)
def test_the_plan_states_how_many_runs_a_verdict_takes_at_least(tmp_path, allowed, line):
    file = replace(file_of(tmp_path), policy=StudyPolicy(allowed_drop=allowed))
    assert line in probe_plan_lines(probe_plan(file, TARGETS), file, ())


def test_a_single_prompt_has_the_name_of_its_task(tmp_path):
    plan = probe_plan(file_of(tmp_path), TARGETS)
    assert list(plan.prompts) == ["t"]


@pytest.mark.parametrize(
    ("budget", "limits"),
    [
        (BudgetLimits(), "none"),
        (BudgetLimits(money=2.5), "2.5 of money"),
        (BudgetLimits(minutes=1), "1 minute"),
        (BudgetLimits(requests=1, tokens=1_000, money=3.0, minutes=1.5), "1 request, 1,000 tokens, 3 of money, 1.5 minutes"),
    ],
)
def test_a_plan_names_each_limit(tmp_path, budget: BudgetLimits, limits: str):
    file = file_of(tmp_path, budget=budget)
    assert f"  limits that are never passed: {limits}" in probe_plan_lines(probe_plan(file, TARGETS), file, ())


def test_without_an_allowed_drop_the_plan_promises_intervals_alone(tmp_path):
    file = file_of(tmp_path)
    lines = probe_plan_lines(probe_plan(file, TARGETS), file, ())
    assert (
        "  score coverage, no allowed drop, so intervals only; at a fixed number, 90 % against 50 % would need 23 runs of each"
        in lines
    )
    assert not [line for line in lines if "PASS" in line]


def test_no_verdict_takes_fewer_runs_than_the_policy_has(tmp_path):
    file = replace(file_of(tmp_path), policy=StudyPolicy(allowed_drop=0.3, fewest_runs=50))
    line = "  a PASS takes at least 50 runs of each, where all are equal, a FAIL 50, where all are opposites"
    assert line in probe_plan_lines(probe_plan(file, TARGETS), file, ())


def test_a_needed_budget_is_named_with_the_requests_that_are_possible(tmp_path):
    file = file_of(tmp_path, max_steps=334)
    (error,) = plan_errors(probe_plan(file, TARGETS), file)
    assert error.sentence == (
        "is needed: 2,004 requests are possible, and more than 2,000 are sent only within a limit; write requests = 2004, or"
        " tokens, money or minutes"
    )
