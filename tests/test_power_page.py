"""The page on power, and its daily simulation: every number of it is what the functions give, at a size for every day."""

import re
from pathlib import Path

import pytest

from bench import power, sticking
from bench.plan import NEAR, Measured
from shadow.drift.alarm_budget import AlertBudget
from shadow.drift.detectable_effect import POWER, chance_seen, level, smallest_seen
from shadow.drift.planner import HALF, NINE_OF_TEN, pairs_to_find

pytestmark = pytest.mark.slow


ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "explanation" / "power.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (.+) \|$", re.MULTILINE)


def table(heading: str) -> list[list[str]]:
    """The rows of the table whose first line begins so, as cells."""
    found = re.search(rf"^\| {re.escape(heading)} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert found, heading
    return [line.split(" | ") for line in ROW.findall(found.group(1))]


def number(cell: str) -> float:
    return float(cell.replace(",", ""))


POINTS = [(int(number(pairs)), cells) for pairs, *cells in table("pairs")]
FLOORS = (0.0, 0.005, 0.02, 0.05, 0.10, 0.15, 0.235, 0.30)


@pytest.mark.parametrize(("pairs", "cells"), POINTS, ids=[f"{pairs}" for pairs, _ in POINTS])
def test_each_size_on_the_page_is_detected_in_four_of_five_and_a_smaller_one_is_not(pairs, cells):
    for floor, cell in zip(FLOORS, cells, strict=True):
        p_limit = level(14, pairs)
        if cell == "never":
            assert chance_seen(1 - floor, n=pairs, floor=floor, p_limit=p_limit) < POWER
            continue
        size, rounding = float(cell) / 100, 0.0051 if "." not in cell else 0.00051
        assert chance_seen(size + rounding, n=pairs, floor=floor, p_limit=p_limit) >= POWER
        assert chance_seen(size - rounding, n=pairs, floor=floor, p_limit=p_limit) < POWER


@pytest.mark.parametrize(("pairs", "points"), [(62, 23), (200, 7), (1_000, 1.5)])
def test_the_readme_states_what_a_report_prints(pairs, points):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert (
        "62 pairs that all agree show a difference of 23 points in four of five reports, 200 one of 7, 1,000 one of 1.5" in text
    )
    found = 100 * smallest_seen(conversations=[(1, 0)] * pairs, rows=14)
    assert round(found, 0 if points > 5 else 1) == points


@pytest.mark.parametrize(("pairs", "shown"), [(200, (8.4, 11, 16)), (1_000, (1.7, 3.3, 5.8))])
def test_the_sizes_of_twenty_providers_are_those_of_the_page(pairs, shown):
    words = " ".join(PAGE.split())
    assert "200 pairs show 8.4 points at a floor of 0, 11 at 0.02 and 16 at 0.1; 1,000 pairs 1.7, 3.3 and 5.8." in words
    for floor, points in zip((0.0, 0.02, 0.1), shown, strict=True):
        rounding = 0.51 if points > 10 else 0.051
        at = {"n": pairs, "floor": floor, "p_limit": level(280, pairs)}
        assert chance_seen((points + rounding) / 100, **at) >= POWER > chance_seen((points - rounding) / 100, **at)


@pytest.mark.parametrize("row", table("floor"), ids=lambda row: " ".join(row[:2]))
def test_the_plan_on_the_page_is_what_the_planner_gives_and_near_what_was_simulated(row):
    floor, points, half, planned_half, nine, planned_nine = map(number, row)
    planned = [pairs_to_find(points / 100, floor, AlertBudget(), share=share) for share in (HALF, NINE_OF_TEN)]
    assert [round(pairs) for pairs in planned] == [planned_half, planned_nine]
    assert Measured(floor, points / 100, half, nine, *planned).met
    assert NEAR <= 0.35


def test_the_simulated_sizes_on_the_page_are_within_their_bars():
    seen, smaller = [], []
    for *_, at, below in table("requests of a conversation"):
        seen += [float(cell) for cell in at.split(", ") if cell not in {"-", ""}]
        smaller += [float(cell) for cell in below.split(", ") if cell not in {"-", ""}]
    assert min(seen) >= power.LEAST
    assert sum(seen) / len(seen) >= power.MEAN
    assert sum(smaller) / len(smaller) <= power.MODEST


@pytest.mark.parametrize("cell", [power.Cell(200, 0.02, 1, 1), power.Cell(200, 0.0, 1, 3)], ids=["single", "conversations"])
def test_printed_size_is_found(cell):
    """A size for every day: 40 reports, in which four of five are 32 and fewer than 25 come by chance once in a hundred."""
    found = power.measured(40, cell)
    assert found.printed >= 38
    assert found.seen >= 25 / 40
    assert found.smaller < found.seen


@pytest.mark.parametrize("cell", [sticking.Cell(30, 8, 0.6), sticking.Cell(70, 8, 0.6)], ids=["few", "many"])
def test_an_equal_provider_is_not_different_where_disagreement_fills_conversations(cell):
    """40 reports: at a level of 0.05 more than 6 come by chance less than once in a hundred; by pairs 16 and more did."""
    assert sticking.share(40, cell) <= 6 / 40
