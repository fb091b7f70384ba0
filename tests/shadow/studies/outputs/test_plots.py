from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from shadow.studies.measured_run import RunOutcome
from shadow.studies.outputs.plots import (
    OUTCOME_CLASSES,
    SHARES,
    PlotScale,
    course_plot,
    drop_scale,
    interval_strip,
    outcome_class,
    outcome_strip,
)
from shadow.studies.outputs.study_report import StudyReport
from shadow.studies.study_policy import StudyPolicy
from tests.shadow.studies.outputs.made import probe_report

UNIT = PlotScale(low=0.0, high=1.0)


def shapes(drawn: str) -> dict[str, list[tuple[float, ...]]]:
    """The shapes of a drawing by class: a line as x, y, x, y, a rectangle as x, y, width, height, a course as its points."""
    found: dict[str, list[tuple[float, ...]]] = {}
    for one in ET.fromstring(drawn):
        box = " ".join(one.get(name, "") for name in ("x", "y", "width", "height"))
        numbers = (one.get("d") or one.get("points") or box).strip("M").replace("L", " ").replace(",", " ")
        found.setdefault(one.get("class", ""), []).append(tuple(map(float, numbers.split())))
    return found


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (-0.02, 1.02, "0 20 40 60 80 100"),
        (-0.3, 0.9, "-20 0 20 40 60 80"),
        (0.0, 0.85, "0 20 40 60 80"),
        (-0.1, 0.1, "-10 -5 0 5 10"),
        (-0.3, 0.3, "-30 -20 -10 0 10 20 30"),
        (0.0, 0.08, "0 1 2 3 4 5 6 7 8"),
        (0.0, 0.16, "0 2 4 6 8 10 12 14 16"),
        (0.0, 0.4, "0 5 10 15 20 25 30 35 40"),
        (0.0, 0.8, "0 10 20 30 40 50 60 70 80"),
        (-0.8, 0.8, "-80 -60 -40 -20 0 20 40 60 80"),
        (-1.0, 1.0, "-100 -75 -50 -25 0 25 50 75 100"),
    ],
)
def test_an_axis_has_round_marks_no_more_than_nine_its_ends_included(low: float, high: float, labels: str):
    assert [label for _, label in PlotScale(low=low, high=high).ticks] == labels.split()


def test_marks_of_an_axis_stand_at_their_percent_of_the_width():
    assert PlotScale(low=-0.5, high=0.5).ticks[:3] == [(pytest.approx(10), "-40"), (pytest.approx(30), "-20"), (50, "0")]


def test_a_value_beyond_the_scale_stays_on_the_strip():
    assert (UNIT.at(-1), UNIT.at(2), UNIT.at(0.25)) == (0, 1000, 1000 / 4)


def test_scale_of_shares_leaves_two_percent_of_room_at_either_end():
    assert (SHARES.at(0), SHARES.at(0.5), SHARES.at(1)) == pytest.approx((20, 500, 980), abs=1)


def bounded(low: float | None, high: float | None, allowed: float | None) -> StudyReport:
    """A report of one verdict with such bounds."""
    result = probe_report().result
    verdict = replace(result.verdicts[0], low=low, high=high)
    return replace(probe_report(), result=replace(result, verdicts=(verdict,), policy=StudyPolicy(allowed_drop=allowed)))


@pytest.mark.parametrize(
    ("low", "high", "allowed", "ends"),
    [
        (-0.05, 0.42, 0.3, (-0.1, 0.5)),
        (0.25, 0.39, 0.3, (-0.1, 0.5)),
        (-0.19, -0.09, None, (-0.3, 0.1)),
        (-0.17, -0.09, 0.3, (-0.2, 0.4)),
        (None, None, None, (-0.1, 0.1)),
        (None, 0.35, None, (-0.1, 0.4)),
        (-0.99, 0.99, 0.3, (-1.0, 1.0)),
    ],
)
def test_scale_of_drops_holds_bounds_zero_and_allowed_drop_with_room_in_steps_of_a_tenth(low, high, allowed, ends):
    scale = drop_scale(bounded(low, high, allowed))
    assert (scale.low, scale.high) == pytest.approx(ends)


def test_an_interval_has_its_ends_its_mean_and_the_ground_beyond_the_limit():
    drawn = interval_strip(UNIT, 0.25, 0.75, 0.5, zero=0.1, limit=0.9)
    assert ET.fromstring(drawn).get("viewBox") == "0 0 1000 24"
    assert shapes(drawn) == {
        "beyond": [(900, 0, 100, 24)],
        "zero": [(100, 0, 100, 24)],
        "reach": [(250, 12, 750, 12)],
        "end": [(250, 6, 250, 18), (750, 6, 750, 18)],
        "dot": [(500, 12, 500, 12)],
    }


def test_what_is_not_known_is_not_drawn():
    assert shapes(interval_strip(SHARES, None, None, None, zero=None, limit=None)) == {}
    assert list(shapes(interval_strip(UNIT, 0.2, None, 0.5, zero=None, limit=None))) == ["dot"]
    assert list(shapes(interval_strip(UNIT, None, 0.2, 0.5, zero=None, limit=None))) == ["dot"]


@pytest.mark.parametrize("runs", [60, 60 + 1])
def test_few_runs_are_squares_and_many_are_shares(runs: int):
    found = shapes(outcome_strip(["complete"] * (runs - 1) + ["error"], runs))
    assert len(found["complete"]) == (runs - 1 if runs <= 60 else 1)
    assert len(found["failed"]) == 1


@pytest.mark.parametrize(
    ("longest", "squares"),
    [(3, [(0, 2, 44, 20), (50, 2, 44, 20)]), (20, [(0, 2, 44, 20), (50, 2, 44, 20)]), (40, [(0, 2, 22, 20), (25, 2, 22, 20)])],
)
def test_squares_stand_side_by_side_with_a_gap_and_are_never_wider_than_those_of_twenty_runs(longest, squares):
    found = shapes(outcome_strip(["complete", "error"], longest))
    assert [found["complete"], found["failed"]] == [[squares[0]], [squares[1]]]


def test_shares_of_the_outcomes_follow_each_other_without_a_gap():
    found = shapes(outcome_strip(["complete"] * 25 + ["error"] * 25 + ["partial"] * 50, 200))
    assert found == {"complete": [(0, 2, 125, 20)], "partial": [(125, 2, 250, 20)], "failed": [(375, 2, 125, 20)]}


@pytest.mark.parametrize("outcome", RunOutcome)
def test_every_outcome_has_a_colour(outcome: RunOutcome):
    assert outcome_class(outcome.value) in OUTCOME_CLASSES


def test_a_course_that_stopped_early_ends_before_the_right_end():
    drawn = course_plot((1, 2), (1.0, 0.5), UNIT, limit=0.75, longest=4)
    assert ET.fromstring(drawn).get("viewBox") == "0 0 1000 240"
    assert shapes(drawn) == {"beyond": [(0, 0, 1000, 60)], "zero": [(0, 240, 1000, 240)], "course": [(250, 0, 500, 120)]}


def test_a_course_without_a_limit_has_no_shaded_ground():
    assert "beyond" not in shapes(course_plot((1,), (1.0,), UNIT, limit=None, longest=1))


def test_the_line_of_no_drop_stands_where_the_scale_has_zero():
    assert shapes(course_plot((1,), (1.0,), PlotScale(low=-1.0, high=1.0), limit=None, longest=1))["zero"] == [
        (0, 120, 1000, 120)
    ]
