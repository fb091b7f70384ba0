import pytest

from shadow.studies.measured_run import MeasuredRun, RunOutcome
from shadow.studies.outputs.study_lines import remarks
from shadow.studies.outputs.study_report import StudyReport, study_report
from shadow.studies.study_policy import PolicyScore, StudyPolicy
from shadow.studies.verdicts.study_rule import judge_study
from tests.shadow.studies.outputs.made import facts, probe_report, replay_report
from tests.shadow.studies.simulated import run_of


def report_of(*runs: MeasuredRun, policy: StudyPolicy | None = None) -> StudyReport:
    """The report of some runs of the candidate `c` against `r`."""
    result = judge_study(runs, reference="r", candidates=["c"], policy=policy or StudyPolicy())
    return study_report(facts(), result, runs)


def test_groups_count_the_scored_runs_that_touched_them():
    groups = {one.group: one.touched for one in probe_report().groups}
    assert list(groups) == ["battery", "charges", "vehicles"]
    hits, of = groups["battery"]["maker"]
    assert 0 < hits <= of
    assert groups["battery"]["small"] == (0, 0)


@pytest.mark.parametrize(("pairs", "points"), [(200, 200), (2 * 200 + 1, 134)])
def test_a_course_has_at_most_two_hundred_points_and_ends_with_the_last_pair(pairs: int, points: int):
    runs = [run_of(name, block, float(name == "r"), position=2 * block) for block in range(pairs) for name in "rc"]
    result = judge_study(runs, reference="r", candidates=["c"], policy=StudyPolicy())
    (course,) = study_report(facts(), result, runs).courses
    assert len(course.pairs) == points
    assert (course.pairs[-1], course.means[-1]) == (pairs, 1.0)


def test_a_replay_has_the_course_of_its_kinds_of_answer():
    courses = {one.candidate: one for one in replay_report().courses}
    assert courses["worse"].means[-1] == pytest.approx(0.3, abs=0.1)
    assert courses["same"].means[-1] == pytest.approx(0.0, abs=0.1)


def test_outcomes_stand_in_the_order_of_blocks():
    assert set(probe_report().outcomes["small"]) == {"context_overflow"}
    assert probe_report().blocks == len(probe_report().outcomes["maker"])


def test_runs_of_a_task_skip_no_row():
    assert probe_report().facts.skipped == ()
    assert not [line for line in remarks(probe_report()) if "skipped" in line]


def test_outcomes_stand_by_block_and_within_it_by_position_however_the_runs_came():
    report = report_of(
        run_of("c", 2, RunOutcome.ERROR, position=0),
        run_of("c", 1, 0.5, position=9),
        run_of("c", 1, 1.0, position=3),
        run_of("r", 2, 1.0, position=1),
    )
    assert report.outcomes == {"r": ("complete",), "c": ("complete", "partial", "error")}
    assert report.blocks == 2


def test_a_group_counts_the_scored_runs_of_each_provider_alone():
    (group,) = report_of(
        run_of("c", 1, 1.0, touched=("b",)),
        run_of("c", 2, 1.0),
        run_of("c", 3, RunOutcome.ERROR, touched=("b",)),
        run_of("r", 1, 1.0),
    ).groups
    assert (group.group, group.touched) == ("b", {"r": (0, 1), "c": (1, 2)})


def test_a_course_is_the_mean_drop_of_the_blocks_that_both_scored():
    (course,) = report_of(
        *(run_of("r", block, score) for block, score in enumerate((1.0, 0.5, 1.0, RunOutcome.ERROR))),
        *(run_of("c", block, score) for block, score in enumerate((0.0, 0.5, RunOutcome.ERROR, 0.0, 1.0))),
    ).courses
    assert (course.candidate, course.pairs, course.means) == ("c", (1, 2), (1.0, 0.5))


def test_a_course_of_signals_takes_the_rows_that_have_a_kind_of_answer():
    payoffs = ((("answer_kind", 1), ("text", -1)), (("text", 1),), (("answer_kind", 0),))
    rows = [run_of("c", block, 1.0, payoffs=one) for block, one in enumerate(payoffs)]
    policy = StudyPolicy(score=PolicyScore.SIGNALS)
    (course,) = report_of(*(run_of("r", block, 1.0, payoffs=payoffs[0]) for block in range(3)), *rows, policy=policy).courses
    assert (course.pairs, course.means) == ((1, 2), (1.0, 0.5))


def test_a_long_course_keeps_every_so_manieth_pair_and_the_last():
    def pairs(blocks: int) -> tuple[int, ...]:
        return report_of(*(run_of(name, block, 1.0) for block in range(blocks) for name in "rc")).courses[0].pairs

    assert pairs(0) == ()
    assert pairs(200) == tuple(range(1, 201))
    assert pairs(201) == (*range(2, 201, 2), 201)
    assert pairs(401)[:2] == (3, 6)
