import pytest

from shadow.studies.outputs.study_report import study_report
from shadow.studies.study_policy import StudyPolicy
from shadow.studies.verdicts.study_rule import judge_study
from tests.shadow.studies.outputs.made import facts, probe_report, replay_report
from tests.shadow.studies.simulated import run_of


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
