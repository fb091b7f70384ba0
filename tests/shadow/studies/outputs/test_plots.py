from xml.etree import ElementTree as ET

import pytest

from shadow.studies.measured_run import RunOutcome
from shadow.studies.outputs.plots import (
    HEIGHT,
    OUTCOME_CLASSES,
    SHARES,
    PlotScale,
    course_plot,
    drop_scale,
    interval_strip,
    outcome_class,
    outcome_strip,
)
from tests.shadow.studies.outputs.made import probe_report

UNIT = PlotScale(low=0.0, high=1.0)


def paths(drawn: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in ET.fromstring(drawn):
        found.setdefault(one.get("class", ""), []).append(one.get("d") or one.get("x") or one.get("points") or "")
    return found


@pytest.mark.parametrize(
    ("scale", "labels"),
    [
        (SHARES, ["0", "20", "40", "60", "80", "100"]),
        (PlotScale(low=-0.3, high=0.9), ["-20", "0", "20", "40", "60", "80"]),
        (PlotScale(low=-0.1, high=0.1), ["-10", "-5", "0", "5", "10"]),
    ],
)
def test_an_axis_has_few_round_marks(scale: PlotScale, labels: list[str]):
    assert [label for _, label in scale.ticks] == labels


def test_a_value_beyond_the_scale_stays_on_the_strip():
    assert (UNIT.at(-1), UNIT.at(2), UNIT.at(0.25)) == (0, 1000, 1000 / 4)
    assert 0 < SHARES.at(0) < SHARES.at(1) < 1000


def test_the_scale_of_drops_holds_every_bound_zero_and_the_allowed_drop():
    scale, report = drop_scale(probe_report()), probe_report()
    for verdict in report.result.verdicts:
        assert all(end is None or scale.low <= end <= scale.high for end in (verdict.low, verdict.high, 0.0, 0.3))


def test_an_interval_has_its_ends_its_mean_and_the_ground_beyond_the_limit():
    found = paths(interval_strip(UNIT, 0.25, 0.75, 0.5, zero=0.0, limit=0.9))
    assert found["reach"] == [f"M250.0 {HEIGHT / 2:.1f}L750.0 {HEIGHT / 2:.1f}"]
    assert found["dot"][0].startswith("M500.0")
    assert found["beyond"] == ["900.0"]
    assert len(found["end"]) == 2


def test_what_is_not_known_is_not_drawn():
    assert paths(interval_strip(SHARES, None, None, None, zero=None, limit=None)) == {}


@pytest.mark.parametrize("runs", [60, 60 + 1])
def test_few_runs_are_squares_and_many_are_shares(runs: int):
    drawn = outcome_strip(["complete"] * (runs - 1) + ["error"], runs)
    found = paths(drawn)
    assert len(found["complete"]) == (runs - 1 if runs <= 60 else 1)
    assert len(found["failed"]) == 1


@pytest.mark.parametrize("outcome", RunOutcome)
def test_every_outcome_has_a_colour(outcome: RunOutcome):
    assert outcome_class(outcome.value) in OUTCOME_CLASSES


def test_a_course_that_stopped_early_ends_before_the_right_end():
    (points,) = paths(course_plot((1, 2), (1.0, 0.5), PlotScale(low=0.0, high=1.0), limit=None, longest=4))["course"]
    assert points == "250.0,0.0 500.0,120.0"
