"""The figures of a verdict beside its word: signals, difficulties, what would have been seen, and how many runs are missing."""

import pytest

from shadow.studies.study_policy import StudyPolicy
from shadow.studies.verdicts.difficulty import Difficulty
from shadow.studies.verdicts.study_rule import judge_study
from shadow.studies.verdicts.study_verdict import StudyVerdict
from tests.shadow.studies.simulated import run_of


def verdict(*scores: float, policy: StudyPolicy | None = None, **more: object) -> StudyVerdict:
    """The verdict on a candidate with these scores, against a reference that always has 1."""
    runs = []
    for block, score in enumerate(scores):
        runs += [run_of("r", block, 1.0, position=2 * block), run_of("c", block, score, position=2 * block + 1)]
    policy = policy or StudyPolicy(allowed_drop=0.3)
    return judge_study(runs, reference="r", candidates=["c"], policy=policy, **more).verdicts[0]


def test_a_score_is_the_only_signal_of_its_study_with_its_drop_and_bounds():
    [signal] = verdict(*[1.0, 0.5] * 5).signals
    assert (signal.name, signal.direction, signal.pairs, signal.mean) == ("score", 1, 10, 0.25)
    assert (signal.worse, signal.required) == (False, True)
    assert -0.2 < signal.low < 0.25 < signal.high < 0.7
    [worse] = verdict(*[0.0] * 8).signals
    assert worse.worse


def test_rows_that_the_reference_answers_alike_and_otherwise_have_their_own_drops():
    runs = []
    for block in range(20):
        labels = ("x", "x") if block % 2 else ("x", "y")
        runs += [
            run_of("r", block, 1.0, position=2 * block, stratum_labels=labels),
            run_of("c", block, 1.0 - block % 2, position=2 * block + 1, stratum_labels=labels),
        ]
    [found] = judge_study(runs, reference="r", candidates=["c"], policy=StudyPolicy(allowed_drop=0.3)).verdicts
    assert [(one.difficulty, one.pairs, one.mean, one.worse) for one in found.strata] == [
        (Difficulty.EASY, 10, 1.0, True),
        (Difficulty.HARD, 10, 0.0, False),
    ]


@pytest.mark.parametrize(
    ("pairs", "smallest"), [(1, None), (8, 0.805), (119, 0.066), (120, 0.066), (121, 0.051), (130, 0.047)], ids=str
)
def test_the_smallest_drop_that_would_have_been_seen_is_exact_to_120_pairs_and_by_growth_beyond(pairs, smallest):
    found = verdict(*[1.0] * pairs, policy=StudyPolicy()).smallest
    assert found == (smallest and pytest.approx(smallest, abs=0.001))


def test_the_smallest_drop_depends_on_how_many_candidates_share_the_level():
    def smallest(candidates: int, alpha: float = 0.05) -> float | None:
        names = ["r", *(f"c{number}" for number in range(candidates))]
        runs = [
            run_of(name, block, 1.0, position=len(names) * block + place)
            for block in range(30)
            for place, name in enumerate(names)
        ]
        return judge_study(runs, reference="r", candidates=names[1:], policy=StudyPolicy(alpha=alpha)).verdicts[0].smallest

    assert smallest(1) < smallest(3) == pytest.approx(0.324, abs=0.001)
    assert smallest(1, 4e-6) == pytest.approx(0.75, abs=0.001)


@pytest.mark.parametrize(
    ("score", "pairs", "more"), [(0.95, 6, 8), (0.95, 8, 6), (0.8, 6, 27), (0.6, 6, 47), (0.5, 6, 21), (0.7, 6, None)]
)
def test_the_missing_runs_are_those_to_the_nearer_decision(score, pairs, more):
    assert verdict(*[score] * pairs).more_pairs == more


def test_no_missing_runs_are_named_before_the_sixth_pair_or_without_an_allowed_drop():
    assert verdict(*[0.5] * 5).more_pairs is None
    assert verdict(*[0.5] * 6, policy=StudyPolicy()).more_pairs is None
