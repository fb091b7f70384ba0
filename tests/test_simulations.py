"""The simulations of drift at a size for every day: each figure within its bar; `python bench/drift.py --full` is the whole."""

import random
import re
from pathlib import Path

import pytest

from bench import blame, candidates, drift, worlds

pytestmark = pytest.mark.slow


DAILY = drift.Extent(
    null_runs=15, null_pairs=8_000, delay_runs=5, begins=1_000, fault_runs=1, looks_runs=15, pace_runs=2, pace_days=2
)


@pytest.mark.parametrize("part", [drift.false_alarms, drift.naming, drift.looking, drift.pacing])
def test_every_figure_is_within_its_bar(part):
    assert [title for title, _, _, fine in part(DAILY, 1) if not fine] == []


def test_a_drift_of_ten_points_is_never_missed():
    assert None not in {drift.delay_run(floor, 0.10, 500, run) for floor in drift.DELAYS for run in range(3)}


def test_recovery_is_found_and_never_before_the_fix():
    for run in range(2):
        pairs, false = drift.recovery_run(0.10, run)
        assert pairs < 3_000
        assert not false


def test_the_made_up_answers_differ_as_often_as_they_should():
    draw = random.Random(1)
    drawn = [y != r for y, r, _ in worlds.kinds(draw, "T=1", 20_000)]
    assert abs(sum(drawn) / len(drawn) - worlds.FLOORS["T=1"]) < 0.02


def test_the_made_up_payoffs_change_their_sign_when_the_answers_are_swapped():
    for (y, r, control), found in worlds.PAYOFFS.items():
        swapped = dict(worlds.PAYOFFS[r, y, control])
        assert dict(found) == {signal: -payoff for signal, payoff in swapped.items()}


TABLE = (Path(__file__).resolve().parents[1] / "docs" / "explanation" / "drift.md").read_text(encoding="utf-8")
MOVES = re.compile(
    r"^\| (\w+) moves (\d+) points, floor [\d.]+, shares (.+), (\d+) runs \| ([\d.]+) / ([\d.]+) / ([\d.]+);", re.MULTILINE
)
FAILS = re.compile(r"^\| reference (?:down|failing by half), shares .+, (\d+) runs: .+? \| (\d+); (\d+) \|", re.MULTILINE)
SHORT = blame.Extent(large_runs=2, small_runs=1, failing_runs=2, calm=300, policy=2_000)


@pytest.mark.parametrize("shares", ["1 : 1 : 1", "90 : 9 : 1", "1 : 1"])
@pytest.mark.parametrize("moved", ["reference", "provider"])
def test_a_provider_or_reference_that_moved_thirty_points_is_named(shares, moved):
    found = blame.spread(blame.World(shares, moved, 0.30, 0.05), SHORT, 2, 1)
    expected = [(frozenset({"a"}) if moved == "provider" else frozenset(), moved == "reference")] * 2
    assert [(each.named, each.reference) for each in found] == expected


@pytest.mark.parametrize("moved", ["down", "failing"])
def test_a_reference_that_fails_pages_for_no_provider(moved):
    found = blame.spread(blame.World("1 : 1", moved, 0.0, 0.05), SHORT, 2, 1)
    assert [(each.paged, each.reference) for each in found] == [(frozenset(), True)] * 2


def test_the_table_of_who_moved_is_of_full_runs_and_within_its_bars():
    """What `python bench/blame.py --full` printed stands in the docs."""
    rows = MOVES.findall(TABLE)
    assert {(row[2], row[0], row[1]) for row in rows} >= {
        (shares, moved, size)
        for shares in ("1 : 1 : 1", "90 : 9 : 1")
        for moved in ("reference", "provider")
        for size in ("30", "10")
    }
    for _, size, shares, runs, *found in rows:
        assert int(runs) >= (blame.FULL.large_runs if size == "30" else blame.FULL.small_runs)
        right, unknown, wrong = map(float, found)
        assert blame.met(shares, int(size) / 100, (right, unknown, wrong), int(runs))
    failing = FAILS.findall(TABLE)
    assert failing
    assert all(paged == "0" and runs == counted for runs, paged, counted in failing)


def test_candidate_that_is_the_reference_has_no_excess_beside_a_worse_live_provider():
    found = candidates.part(candidates.World("calls", 0.15, 5, 4_000), 3)
    assert abs(found.mean("arguments")) < 4 * found.error("arguments") < 0.05
    assert found.live["arguments"] / found.live["pairs"] > 0.05
    assert found.calls / found.pairs <= 0.35
