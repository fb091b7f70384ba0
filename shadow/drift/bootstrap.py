"""interval(): the bootstrap interval of a figure over clusters; the caller passes the source of randomness."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

Cluster = TypeVar("Cluster")

Choose = Callable[[int], Sequence[int]]
"""n -> n places in 0..n-1, drawn with replacement."""

ROUNDS = 200
FEWEST = 10
"""Clusters below which there is no interval."""


def interval(
    clusters: Sequence[Cluster], figure: Callable[[Sequence[Cluster]], float | None], choose: Choose, rounds: int = ROUNDS
) -> tuple[float, float] | None:
    """The 95 % interval of a figure of clusters; None for too few of them, or where the figure is missing in more than 5 % of the
    rounds.
    """
    if len(clusters) < FEWEST:
        return None
    drawn = (figure([clusters[place] for place in choose(len(clusters))]) for _ in range(rounds))
    found = sorted(value for value in drawn if value is not None)
    if len(found) < rounds * 0.95:
        return None
    edge = round(0.025 * len(found))
    return found[edge], found[-1 - edge]
