"""Drawings of courses and intervals: what is where, and what leaves a gap."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.pages.course_plot import CourseStep, IntervalScale, course_plot, course_steps, highest, interval_scale, sparkline
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


def step(began: float, seconds: float, share: float | None, compared: int = 30) -> CourseStep:
    return CourseStep(began=began, seconds=seconds, share=share, noise=None, compared=compared)


def test_routes_are_added_up():
    (step,) = course_steps([point(0, 1, 40), point(0, 3, 40, (1, 20), route="other")])
    assert (step.share, step.noise, step.compared) == (4 / 80, 1 / 20, 80)


def test_steps_of_few_pairs_are_joined_until_they_have_twenty():
    steps = course_steps([point(place, 1, 5) for place in range(8)])
    assert [(step.began, step.seconds, step.compared) for step in steps] == [(1_000.0, 40.0, 20), (1_040.0, 40.0, 20)]


@pytest.mark.parametrize(("pairs", "steps"), [(20, 8), (19, 4)])
def test_steps_of_twenty_pairs_stay_apart(pairs, steps):
    assert len(course_steps([point(place, 1, pairs) for place in range(8)])) == steps


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
    assert course_plot(steps, since=999.0).since is None
    assert course_plot(steps, since=1_021.0).since is None


def test_moments_at_either_end_of_the_course_have_a_mark():
    steps = [step(1_000.0, 10.0, 0.1), step(1_010.0, 20.0, 0.1)]
    drawn = course_plot(steps, flags=[1_000.0, 1_030.0], since=1_030.0)
    assert (drawn.begin, drawn.end, drawn.flags, drawn.since) == (1_000.0, 1_030.0, (0, 1_000), 1_000)
    assert course_plot(steps, since=1_000.0).since == 0


def test_steps_in_which_nothing_was_compared_stay_apart_and_have_no_share():
    steps = course_steps([point(0, 0, 0), point(1, 0, 0), point(2, 0, 0)])
    assert [(one.began, one.share) for one in steps] == [(1_000.0, None), (1_010.0, None), (1_020.0, None)]
    drawn = course_plot(steps)
    assert (drawn.top, drawn.line, drawn.noise, json.loads(drawn.points)["top"]) == (0.1, "", "", 0.1)


def test_highest_share_of_no_steps_is_0():
    assert highest(()) == 0.0
    assert highest([step(0.0, 10.0, None)]) == 0.0


def test_only_the_sixteen_newest_steps_have_bars():
    steps = [step(10.0 * place, 10.0, place / 20) for place in range(18)]
    assert [place for place, _ in sparkline(steps, 1.0)] == list(range(16))
    assert sparkline(steps, 1.0)[0] == (0, 2)


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


@pytest.mark.parametrize(
    ("ends", "low", "high"),
    [
        ((), -0.1, 0.1),
        ((None, 0.02), -0.1, 0.1),
        ((0.3, 0.4), -0.1, 0.4),
        ((0.31, 0.42), -0.1, 0.5),
        ((-0.31, 0.02), -0.4, 0.1),
        ((-0.7, 0.7), -0.7, 0.7),
        ((-1.0, 1.0), -1.0, 1.0),
    ],
)
def test_axis_ends_at_the_next_tenth_and_ten_points_from_0_at_least(ends, low, high):
    scale = interval_scale(ends)
    assert (scale.low, scale.high) == (low, high)


@pytest.mark.parametrize(
    ("low", "high", "marks"),
    [
        (-0.1, 0.1, {0: "-10", 250: "-5", 500: "0", 750: "+5", 1_000: "+10"}),
        (-0.3, 0.1, {0: "-30", 250: "-20", 500: "-10", 750: "0", 1_000: "+10"}),
        (-0.1, 0.4, {0: "-10", 200: "0", 400: "+10", 600: "+20", 800: "+30", 1_000: "+40"}),
        (-0.5, 0.5, {100: "-40", 300: "-20", 500: "0", 700: "+20", 900: "+40"}),
        (-0.5, 1.0, {0: "-50", 166.7: "-25", 333.3: "0", 500: "+25", 666.7: "+50", 833.3: "+75", 1_000: "+100"}),
        (-1.0, 1.0, {0: "-100", 250: "-50", 500: "0", 750: "+50", 1_000: "+100"}),
    ],
)
def test_axis_has_at_most_eight_marks_in_round_numbers(low, high, marks):
    assert dict(IntervalScale(low=low, high=high).ticks) == marks


def test_axis_of_seven_spaces_has_no_wider_ones():
    assert [label for _, label in IntervalScale(low=-0.75, high=1.0).ticks][:3] == ["-75", "-50", "-25"]


def test_value_beside_the_axis_stands_at_its_end():
    scale = IntervalScale(low=-0.1, high=0.1)
    assert [scale.at(value) for value in (-0.5, 1 / 30, 0.5)] == [0.0, 666.7, 1_000.0]


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


def test_points_are_rounded_to_four_places_and_the_last_step_is_repeated_as_it_is():
    points = json.loads(course_plot([step(0.0, 10.0, 1 / 3, 21), step(10.0, 10.0, 1 / 7, 28)]).points)
    assert (points["share"], points["pairs"]) == ([0.3333, 0.1429, 0.1429], [21, 28, 28])
    assert points["top"] == 0.4


@pytest.mark.parametrize(("began", "gap"), [(15.0, False), (15.1, True), (20.0, True)])
def test_points_show_a_gap_where_more_than_half_a_step_is_missing(began, gap):
    points = json.loads(course_plot([step(0.0, 10.0, 0.2), step(began, 10.0, 0.2)]).points)
    assert (None in points["share"]) is gap


def test_top_of_the_points_includes_the_noise():
    steps = [CourseStep(began=began, seconds=10.0, share=0.05, noise=0.25, compared=20) for began in (0.0, 10.0)]
    assert json.loads(course_plot(steps).points)["top"] == 0.3
