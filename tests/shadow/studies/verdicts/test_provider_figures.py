import pytest

from shadow.drift.score_intervals import score_interval
from shadow.studies.measured_run import RunOutcome
from shadow.studies.verdicts.provider_figures import provider_figures
from tests.shadow.studies.simulated import run_of


def test_errors_stand_beside_the_mean_and_never_in_it():
    runs = [run_of("p", 0, 1.0), run_of("p", 1, 0.5), run_of("p", 2, RunOutcome.ERROR, detail="http_500")]
    found = provider_figures("p", runs)
    assert (found.mean, found.scored, found.failed, found.errors) == (0.75, 2, 1, {"http_500": 1})
    assert found.outcomes == {"complete": 1, "error": 1, "partial": 1}
    assert found.unscored_share == pytest.approx(1 / 3)


def test_a_provider_without_a_scored_run_has_no_mean_and_no_interval():
    found = provider_figures("p", [run_of("p", 0, RunOutcome.DENIED)])
    assert (found.mean, found.low, found.stopped_high, found.seconds, found.denied) == (None, None, None, None, 1)


def test_availability_counts_first_tries_of_all_but_void_runs():
    runs = [
        run_of("p", 0, 1.0),
        run_of("p", 1, 1.0, tries=2),
        run_of("p", 2, RunOutcome.ERROR),
        run_of("p", 3, RunOutcome.WORLD_FAILED),
    ]
    found = provider_figures("p", runs)
    assert (found.first_try, found.asked) == (1, 3)
    assert found.unscored_share == 0.5, "a void run gave nothing to score either"


@pytest.mark.parametrize(("tasks", "units"), [(9, 18), (10, 10)])
def test_the_interval_takes_tasks_from_ten_on_and_runs_below(tasks: int, units: int):
    runs = [run_of("p", block, float(block % 2), task=f"{block // 2}") for block in range(2 * tasks)]
    found = provider_figures("p", runs)
    assert (found.tasks, found.units) == (tasks, units)
    assert (found.low, found.high) == score_interval(units / 2, units)


def test_repeats_of_one_prompt_are_one_unit():
    runs = [run_of("p", block, 1.0, task=f"{block}", cluster=f"{block % 10}") for block in range(40)]
    assert provider_figures("p", runs).units == 10


def test_pass_to_the_fourth_needs_four_runs_of_each_task():
    runs = [run_of("p", block, float(block < 4)) for block in range(5)]
    assert provider_figures("p", runs).all_of_four == pytest.approx(1 / 5)
    assert provider_figures("p", runs[:3]).all_of_four is None


def test_times_are_medians_and_costs_are_summed():
    runs = [run_of("p", block, 1.0, seconds=seconds, cost=0.5) for block, seconds in enumerate((1.0, 2.0, 729.0))]
    found = provider_figures("p", runs)
    assert (found.seconds, found.cost, found.prompt_tokens) == (2.0, 1.5, None)


def test_runs_of_another_provider_are_left_out():
    assert provider_figures("p", [run_of("q", 0, 1.0)]).runs == 0


def test_runs_are_counted_by_what_they_count_as():
    outcomes = [1.0, 0.25, RunOutcome.ERROR, RunOutcome.DENIED, RunOutcome.DENIED, RunOutcome.BUDGET]
    found = provider_figures("p", [run_of("p", block, came) for block, came in enumerate(outcomes)])
    assert (found.runs, found.scored, found.failed, found.denied, found.void, found.complete) == (6, 2, 1, 2, 1, 1)
    assert found.errors == {"budget": 1, "denied": 2, "error": 1}
    assert provider_figures("p", []).unscored_share == 0.0


def test_means_and_medians_are_of_scored_runs_that_have_the_figure_and_the_cost_of_all():
    scored = {"steps": 3, "calls": ("a", "b"), "first_token": 0.5, "tool_seconds": 4.0, "points": 3.0, "of": 5.0}
    runs = [
        run_of("p", 0, 1.0, prompt_tokens=10, completion_tokens=4, cost=0.5, **scored),
        run_of("p", 1, 1.0, prompt_tokens=30, steps=6),
        run_of("p", 2, RunOutcome.ERROR, prompt_tokens=500, steps=90, cost=0.25),
    ]
    found = provider_figures("p", runs)
    assert (found.steps, found.calls, found.prompt_tokens, found.completion_tokens) == (4.5, 1.0, 20.0, 4.0)
    assert (found.first_token, found.tool_seconds, found.points, found.of, found.cost) == (0.5, 2.0, 3.0, 5.0, 0.75)


def test_both_intervals_hold_the_mean_and_the_one_of_a_stopped_study_is_wider():
    found = provider_figures("p", [run_of("p", block, float(block % 4 > 0)) for block in range(40)])
    assert found.stopped_low < found.low < found.mean == 0.75 < found.high < found.stopped_high


def test_pass_to_the_fourth_is_the_mean_over_tasks_that_all_have_four_runs():
    tasks = [run_of("p", block, 1.0, task="a") for block in range(4)] + [run_of("p", block, 0.0, task="b") for block in range(4)]
    assert provider_figures("p", tasks).all_of_four == 0.5
    assert provider_figures("p", tasks[:-1]).all_of_four is None
