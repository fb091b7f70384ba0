from math import log
from random import Random

import pytest

from shadow.drift.paired_evidence import PAYOFF_BETS, BettingWealth
from shadow.studies.verdicts.signal_power import smallest_excess_found

BAR = log(20)


@pytest.mark.parametrize(("floor", "pairs"), [(0.02, 130), (0.10, 307), (0.235, 669)])
def test_more_pairs_and_less_noise_show_a_smaller_excess(floor: float, pairs: int):
    found = smallest_excess_found(pairs, floor, BAR, PAYOFF_BETS)
    assert 0 < found < 0.2
    assert smallest_excess_found(4 * pairs, floor, BAR, PAYOFF_BETS) < found
    assert smallest_excess_found(pairs, floor + 0.2, BAR, PAYOFF_BETS) > found


@pytest.mark.parametrize("pairs", [0, 5])
def test_a_handful_of_pairs_shows_nothing(pairs: int):
    assert smallest_excess_found(pairs, 0.1, BAR, PAYOFF_BETS) is None


@pytest.mark.parametrize(("floor", "pairs"), [(0.0, 60), (0.1, 60), (0.235, 200)])
def test_the_smallest_excess_is_found_in_half_of_the_studies_or_more(floor: float, pairs: int):
    random, excess = Random(f"{floor} {pairs}"), smallest_excess_found(pairs, floor, BAR, PAYOFF_BETS)
    found = 0
    for _ in range(200):
        wealth = BettingWealth(PAYOFF_BETS)
        for _ in range(pairs):
            drawn = random.random()
            wealth.add(1.0 if drawn < floor / 2 + excess else -1.0 if drawn >= 1 - floor / 2 else 0.0)
            if wealth.reaches(BAR):
                found += 1
                break
    assert 0.4 < found / 200 < 0.85


@pytest.mark.parametrize(
    ("pairs", "floor", "excess"),
    [
        (7, 0.0, None),
        (8, 0.0, 0.9502),
        (60, 0.0, 0.127),
        (130, 0.02, 0.0847),
        (307, 0.10, 0.0765),
        (669, 0.235, 0.0699),
        (18, 0.3, None),
        (19, 0.3, 0.6990),
        (100_000, 1.0, None),
        (307, 2.0, None),
    ],
)
def test_the_smallest_excess_depends_on_the_pairs_and_on_the_noise_of_the_reference(
    pairs: int, floor: float, excess: float | None
):
    assert smallest_excess_found(pairs, floor, BAR, PAYOFF_BETS) == (excess and pytest.approx(excess, abs=0.0001))
