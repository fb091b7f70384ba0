"""The bootstrap: how far a figure would move if the same clusters had come in other numbers; chance is handed in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

Cluster = TypeVar("Cluster")

Choose = Callable[[int], Sequence[int]]
"""n -> n places in 0..n-1, drawn with replacement."""

ROUNDS = 200
FEWEST = 10
"""Clusters below which nothing is said."""


def interval(
    clusters: Sequence[Cluster], figure: Callable[[Sequence[Cluster]], float | None], choose: Choose, rounds: int = ROUNDS
) -> tuple[float, float] | None:
    """The 95 % interval of a figure of clusters; None for too few of them, or where the figure is hardly ever there."""
    if len(clusters) < FEWEST:
        return None
    drawn = (figure([clusters[place] for place in choose(len(clusters))]) for _ in range(rounds))
    found = sorted(value for value in drawn if value is not None)
    if len(found) < rounds * 0.95:
        return None
    edge = round(0.025 * len(found))
    return found[edge], found[-1 - edge]
