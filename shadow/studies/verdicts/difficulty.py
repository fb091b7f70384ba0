"""by_difficulty(): whether a candidate is the same on easy rows and differs on hard ones.

A row is hard where further answers of the reference to it disagree. Reading that from the answers of the comparison itself would
bias it: among rows where the reference's answer r and its second r' differ, a candidate that *is* the reference would be found to
be 39 points too faithful.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from shadow.drift.paired_evidence import PAYOFF_BETS, PairedEvidence, drop_bounds
from shadow.studies.measured_run import MeasuredRun

FEWEST_LABELS = 2
"""Further answers of the reference that a row needs."""


class Difficulty(StrEnum):
    """Of a row, by the reference's further answers: all alike, or not."""

    EASY = "easy"
    HARD = "hard"


@dataclass(frozen=True, slots=True, kw_only=True)
class DifficultyFigures:
    """The drop of one candidate on the rows of one difficulty, as in `SignalDrop`."""

    difficulty: Difficulty
    pairs: int
    mean: float
    low: float
    high: float
    worse: bool


def difficulty_of(labels: Sequence[str]) -> Difficulty | None:
    """The difficulty of a row whose further answers have these labels; None for fewer than two of them."""
    if len(labels) < FEWEST_LABELS:
        return None
    return Difficulty.EASY if len(set(labels)) == 1 else Difficulty.HARD


def labels_of_other_passes(answers: Iterable[tuple[str, int, str]]) -> Mapping[tuple[str, int], tuple[str, ...]]:
    """For each (row, block) the labels of the reference's answers to the same row in other blocks; empty for a row that was run
    once. `answers` are (row, block, label) of all answers of the reference.

    So a replay of two passes has its strata without a further request: what is compared in one pass is sorted by the other.
    """
    found: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for row, block, label in answers:
        found[row].append((block, label))
    return {
        (row, block): tuple(label for other, label in own if other != block)
        for row, own in found.items()
        for block in {place for place, _ in own}
    }


def by_difficulty(pairs: Iterable[tuple[MeasuredRun, float]], bar: float, alpha: float) -> tuple[DifficultyFigures, ...]:
    """The drops of (candidate's run, drop), apart for easy and hard rows; rows without further answers are in neither."""
    drops: dict[Difficulty, list[float]] = {Difficulty.EASY: [], Difficulty.HARD: []}
    for run, drop in pairs:
        if found := difficulty_of(run.stratum_labels):
            drops[found].append(drop)
    return tuple(_figures(difficulty, own, bar, alpha) for difficulty, own in drops.items() if own)


def _figures(difficulty: Difficulty, drops: Sequence[float], bar: float, alpha: float) -> DifficultyFigures:
    evidence = PairedEvidence(allowed=None, bar=bar, bets=PAYOFF_BETS, drops=list(drops))
    low, high = drop_bounds(drops, alpha, bets=PAYOFF_BETS, within_bets=PAYOFF_BETS)
    return DifficultyFigures(
        difficulty=difficulty,
        pairs=len(drops),
        mean=sum(drops) / len(drops),
        low=low,
        high=high,
        worse=evidence.worse.evidence >= bar,
    )
