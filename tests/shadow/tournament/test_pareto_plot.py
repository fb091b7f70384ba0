import pytest

from shadow.choice.candidate_claims import ChoiceVerdict
from shadow.tournament.pareto_plot import ParetoPoint, pareto_plot
from shadow.tournament.tournament_figures import PriceFigures
from tests.shadow.tournament.arm_rows import arm
from tests.shadow.tournament.made_figures import candidate, signal, tournament
from tests.shadow.tournament.test_tournament_view import costs, figures


def test_the_dearest_is_at_the_right_and_the_worse_one_above_the_tolerance():
    money = {"host-a": costs(0.002), "host-b": costs(0.004)}
    plot = pareto_plot(figures(arm("host-a"), arm("host-b", excess=0.12), costs=money))
    good, bad = plot.points
    assert (good.x, bad.x) == (500, 960)
    assert bad.y < plot.tolerance < plot.zero == 150
    assert good.top < good.y < good.bottom
    assert round(plot.dearest, 6) == 5.2


def test_without_prices_candidates_stand_side_by_side():
    plot = pareto_plot(figures(arm("host-a"), arm("host-b")))
    assert [point.x for point in plot.points] == sorted({point.x for point in plot.points})
    assert plot.dearest is None


def test_every_point_lies_within_the_drawing():
    plot = pareto_plot(figures(arm("host-a", 40, floor=0, excess=1.0), arm("host-b", 31)))
    assert all(0 <= value <= 300 for point in plot.points for value in (point.top, point.y, point.bottom))


def test_nothing_is_drawn_without_a_difference():
    assert pareto_plot(figures()) is None


def drawn(name, excess, low, high, price=None):
    """A candidate with its difference and what a thousand of its requests cost."""
    found = PriceFigures(per_thousand=price, requests=100) if price is not None else None
    return candidate(name, ChoiceVerdict.SAME, signal(excess, low, high), price=found)


def test_heights_are_those_of_the_shares_on_an_axis_that_reaches_five_points_at_least():
    """The middle of 300 is no difference, and 130 above it the end of the axis."""
    plot = pareto_plot(tournament(drawn("host-a", 0.01, -0.01, 0.05, 2.0), candidate("host-b", ChoiceVerdict.NOT_MEASURED)))
    assert (plot.reach, plot.zero, plot.tolerance) == (0.05, 150, 72)
    assert plot.points == (ParetoPoint(number=1, verdict=ChoiceVerdict.SAME, x=960, y=124, top=20, bottom=176),)


@pytest.mark.parametrize(
    ("low", "high", "reach"),
    [(-0.01, 0.05, 0.05), (-0.01, 0.051, 0.1), (-0.12, 0.01, 0.15), (-1.0, 1.0, 1.0), (None, None, 0.05)],
)
def test_the_axis_reaches_the_farthest_end_of_an_interval_in_steps_of_five_points(low, high, reach):
    assert pareto_plot(tournament(drawn("host-a", 0.0, low, high))).reach == reach


def test_an_end_that_is_not_known_and_a_difference_of_zero_stand_in_the_middle():
    (point,) = pareto_plot(tournament(drawn("host-a", 0.0, None, None))).points
    assert (point.top, point.y, point.bottom) == (150, 150, 150)


def test_points_stand_by_price_and_carry_the_numbers_of_their_rows():
    waiting = candidate("host-w", ChoiceVerdict.NOT_MEASURED)
    plot = pareto_plot(tournament(waiting, drawn("host-a", 0.0, -0.01, 0.01, 1.0), drawn("host-b", 0.0, -0.01, 0.01, 4.0)))
    assert [(point.number, point.x) for point in plot.points] == [(2, 270), (3, 960)]
    assert plot.dearest == 4.0


def test_all_stand_side_by_side_where_the_price_of_one_is_not_known():
    plot = pareto_plot(tournament(drawn("host-a", 0.0, -0.01, 0.01, 4.0), drawn("host-b", 0.0, -0.01, 0.01)))
    assert [point.x for point in plot.points] == [347, 653]
    assert plot.dearest is None


def test_free_candidates_stand_side_by_side():
    plot = pareto_plot(tournament(drawn("host-a", 0.0, -0.01, 0.01, 0.0)))
    assert ([point.x for point in plot.points], plot.dearest) == ([500], 0.0)
