"""Drawings of courses and intervals: what is where, and what leaves a gap."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.pages.course_plot import course_plot, course_steps, highest, interval_scale, sparkline
from storage.page_rows import CoursePoint
from storage.rows import PairGroup


def point(place: int, differs: int, compared: int, own: tuple[int, int] = (0, 0), route: str = "default") -> CoursePoint:
    return CoursePoint(
        group=PairGroup(route=route, model="m", provider="p", reference="r"),
        signal="text",
        began=1_000.0 + place * 10,
        seconds=10.0,
        differs=differs,
        compared=compared,
        own_differs=own[0],
        own_compared=own[1],
    )


def test_routes_are_added_up():
    (step,) = course_steps([point(0, 1, 40), point(0, 3, 40, (1, 20), route="other")])
    assert (step.share, step.noise, step.compared) == (4 / 80, 1 / 20, 80)


def test_steps_of_few_pairs_are_joined_until_they_have_twenty():
    steps = course_steps([point(place, 1, 5) for place in range(8)])
    assert [(step.began, step.seconds, step.compared) for step in steps] == [(1_000.0, 40.0, 20), (1_040.0, 40.0, 20)]


def test_steps_of_twenty_pairs_stay_apart():
    assert len(course_steps([point(place, 1, 20) for place in range(8)])) == 8


def test_gap_in_the_pairs_is_a_gap_in_the_line():
    drawn = course_plot(course_steps([point(0, 20, 40), point(1, 20, 40), point(3, 20, 40)]))
    assert drawn.line.count("M") == 2


def test_line_is_at_the_height_of_its_share():
    drawn = course_plot(course_steps([point(0, 0, 40), point(1, 40, 40)]))
    assert (drawn.top, drawn.line) == (1.0, "M0 200H500V0H1000")


def test_noise_is_a_band_up_to_the_share_of_the_controls():
    drawn = course_plot(course_steps([point(0, 20, 40, (5, 40)), point(1, 20, 40, (15, 40))]))
    assert drawn.noise == "M0 200V100H1000V200Z"
    assert course_plot(course_steps([point(0, 20, 40), point(1, 20, 40)])).noise == ""


def test_single_step_is_not_drawn():
    assert course_plot(course_steps([point(0, 20, 40)])) is None
    assert course_plot(()) is None


def test_axis_reaches_a_tenth_so_that_chance_does_not_look_large():
    assert course_plot(course_steps([point(0, 1, 100), point(1, 0, 100)])).top == 0.1
    assert course_plot(course_steps([point(0, 11, 100), point(1, 0, 100)])).top == 0.2


def test_moments_outside_the_course_have_no_mark():
    steps = course_steps([point(0, 1, 40), point(1, 1, 40)])
    drawn = course_plot(steps, flags=[999.0, 1_005.0, 1_021.0], since=1_010.0)
    assert (drawn.flags, drawn.since) == ((250,), 500)
    assert course_plot(steps, since=5.0).since is None


def test_bars_share_a_top():
    steps = course_steps([point(0, 10, 40), point(1, 20, 40)])
    assert sparkline(steps, 1.0) == ((14, 6), (15, 12))
    assert sparkline(steps, highest(steps)) == ((14, 12), (15, 24))
    assert sparkline((), 1.0) == ()


def test_bar_without_difference_is_still_seen():
    assert sparkline(course_steps([point(0, 0, 40)]), 0.0) == ((15, 1),)


@given(st.lists(st.floats(-1, 1) | st.none(), max_size=8))
def test_every_end_of_an_interval_stands_on_its_axis(ends):
    scale = interval_scale(ends)
    assert -1 <= scale.low <= -0.1
    assert 0.1 <= scale.high <= 1
    assert all(scale.low - 1e-9 <= end <= scale.high + 1e-9 for end in ends if end is not None)
    assert 0 <= scale.at(0.0) <= 1_000


@given(st.dictionaries(st.integers(0, 200), st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=48))
def test_drawing_stays_inside_its_frame(found):
    steps = course_steps([point(place, min(pair), max(pair)) for place, pair in sorted(found.items())])
    drawn = course_plot(steps)
    numbers = [int(number) for number in re.findall(r"-?\d+", drawn.line)] if drawn else []
    assert all(0 <= number <= 1_000 for number in numbers)
    assert all(1 <= height <= 24 for _, height in sparkline(steps, highest(steps)))


@pytest.mark.parametrize(("ends", "labels"), [((), {"-10", "0", "+10"}), ((0.31, 0.42), {"0", "+10", "+20"})])
def test_axis_has_few_marks_in_round_numbers(ends, labels):
    found = [label for _, label in interval_scale(ends).ticks]
    assert len(found) <= 8
    assert labels <= set(found)


def test_points_repeat_the_last_step_at_its_end_and_leave_a_gap_where_nothing_was_compared():
    steps = course_steps([point(0, 0, 20, (5, 20)), point(1, 10, 20), point(4, 20, 20)])
    points = json.loads(course_plot(steps, flags=[1_015.0, 9_999.0], since=1_010.0).points)
    assert points["at"] == [1_000.0, 1_010.0, 1_020.0, 1_040.0, 1_050.0]
    assert points["share"] == [0.0, 0.5, None, 1.0, 1.0]
    assert points["pairs"] == [20, 20, None, 20, 20]
    assert (points["noise"], points["flags"], points["since"], points["top"]) == (0.25, [1_015.0], 1_010.0, 1.0)


def test_points_are_those_of_the_shorter_steps_where_there_are_any():
    coarse, fine = ([point(place, 0, 20) for place in range(count)] for count in (2, 6))
    assert len(json.loads(course_plot(course_steps(coarse), fine=course_steps(fine)).points)["at"]) == 7
