from math import log
from random import Random

import pytest

from shadow.studies.verdicts.difficulty import Difficulty, by_difficulty, difficulty_of, labels_of_other_passes
from tests.shadow.studies.simulated import run_of

BAR = log(20)


def answer(random: Random, hard: bool) -> str:
    """One answer's label: a coin on hard rows, always the same on easy ones."""
    return random.choice(["call", "text"]) if hard else "call"


def payoff(own: str, reference: str, control: str) -> float:
    """The swap payoff: whose side the reference's second answer is on."""
    return 0.0 if own == reference else float(reference == control) - float(own == control)


def pretended(random: Random, *, worse_on_hard: bool, rows: int = 4000):
    """(run, payoff, r, r') of a candidate that is the reference, or that never calls on hard rows."""
    for block in range(rows):
        hard = random.random() < 0.5
        own, reference, control = (answer(random, hard) for _ in range(3))
        if worse_on_hard and hard:
            own = "refusal"
        labels = tuple(answer(random, hard) for _ in range(2))
        yield run_of("c", block, 1.0, stratum_labels=labels), payoff(own, reference, control), reference, control


@pytest.mark.parametrize(
    ("labels", "difficulty"),
    [
        ((), None),
        (("a",), None),
        (("a", "a"), Difficulty.EASY),
        (("a", "b"), Difficulty.HARD),
        (("a", "a", "b"), Difficulty.HARD),
    ],
)
def test_a_row_is_hard_where_two_or_more_further_answers_disagree(labels: tuple[str, ...], difficulty: Difficulty | None):
    assert difficulty_of(labels) is difficulty


@pytest.mark.slow
def test_a_candidate_that_is_the_reference_has_no_excess_in_either_stratum():
    found = list(pretended(Random(5), worse_on_hard=False))
    easy, hard = by_difficulty([(run, drop) for run, drop, _, _ in found], BAR, 0.05)
    assert (easy.difficulty, easy.mean, easy.worse) == (Difficulty.EASY, pytest.approx(0, abs=0.03), False)
    assert (hard.difficulty, hard.mean, hard.worse) == (Difficulty.HARD, pytest.approx(0, abs=0.05), False)


def test_strata_of_the_answers_that_are_compared_would_make_the_reference_itself_too_faithful():
    found = [drop for _, drop, reference, control in pretended(Random(5), worse_on_hard=False) if reference != control]
    assert sum(found) / len(found) < -0.39


@pytest.mark.slow
def test_a_candidate_that_differs_on_hard_rows_is_shown_there_alone():
    found = list(pretended(Random(6), worse_on_hard=True))
    easy, hard = by_difficulty([(run, drop) for run, drop, _, _ in found], BAR, 0.05)
    assert hard.worse
    assert hard.low > 0.3
    assert hard.mean > 3 * abs(easy.mean)


def test_rows_without_further_answers_are_in_neither_stratum():
    assert by_difficulty([(run_of("c", 0, 1.0), 1.0)], BAR, 0.05) == ()


def test_the_labels_of_a_pass_are_those_of_the_other_passes_alone():
    answers = [("a", 0, "call"), ("a", 0, "text"), ("a", 3, "call"), ("a", 3, "call"), ("b", 1, "call")]
    found = labels_of_other_passes(answers)
    assert found == {("a", 0): ("call", "call"), ("a", 3): ("call", "text"), ("b", 1): ()}
    assert difficulty_of(found["a", 0]) is Difficulty.EASY
    assert difficulty_of(found["a", 3]) is Difficulty.HARD
    assert difficulty_of(found["b", 1]) is None


@pytest.mark.slow
def test_two_passes_sorted_by_each_other_find_no_excess_in_the_reference_itself():
    random, answers, payoffs = Random(8), [], []
    for row in range(3000):
        hard = random.random() < 0.5
        for turn in range(2):
            block = 2 * row + turn
            own, reference, control = (answer(random, hard) for _ in range(3))
            answers += [(f"{row}", block, reference), (f"{row}", block, control)]
            payoffs.append((f"{row}", block, payoff(own, reference, control)))
    labels = labels_of_other_passes(answers)
    pairs = [(run_of("c", block, 1.0, stratum_labels=labels[row, block]), drop) for row, block, drop in payoffs]
    easy, hard = by_difficulty(pairs, BAR, 0.05)
    assert (easy.worse, hard.worse) == (False, False)
    assert hard.mean == pytest.approx(0, abs=0.05)
    assert easy.pairs + hard.pairs == 6000
