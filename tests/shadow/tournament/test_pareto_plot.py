from shadow.tournament.pareto_plot import pareto_plot
from tests.shadow.tournament.arm_rows import arm
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
