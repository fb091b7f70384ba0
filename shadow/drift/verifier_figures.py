"""triggering(): the figures of K2-Vendor-Verifier, each beside what the reference reaches against itself on the same requests.

One answer triggers when its finish_reason is `tool_calls`, as there; arguments and names are not compared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shadow.drift.bootstrap import Choose, interval

FEWEST_CONTROLS = 30
"""Controls below which no interval is given."""
BINS = 2_000
"""Clusters beyond this number are joined, to bound the time."""

Counts = tuple[int, int, int, int]
"""Both trigger, the first alone, the second alone, neither."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairEnding:
    """Whether the answers of one pair with tools triggered; `control` only where it was drawn at random, because
    tie-breaks are selected by disagreement.
    """

    conversation: str
    provider: bool
    reference: bool
    control: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Triggering:
    """`f1`: tool_call_f1 of the provider against the reference, over all pairs; `f1_limit` the highest that its number of calls
    permits; `kappa` Cohen's; `ratio` its calls over the reference's. On the `control_pairs` alone, where the reference
    answered twice at random: `own_f1`, the reference against itself, and `f1` less that as `difference`, with its 95 %
    interval `low`..`high` (bootstrap, conversations as clusters; none for fewer than 30 controls). None where a figure is
    undefined.
    """

    pairs: int
    f1: float | None
    f1_limit: float | None
    kappa: float | None
    ratio: float | None
    control_pairs: int
    own_f1: float | None
    difference: float | None
    low: float | None
    high: float | None


def triggering(endings: Iterable[PairEnding], choose: Choose) -> Triggering:
    """The figures of one provider, for one model and one reference."""
    found = list(endings)
    asked_twice = [each for each in found if each.control is not None]
    whole = _counts((each.provider, each.reference) for each in found)
    cross = _counts((each.provider, each.reference) for each in asked_twice)
    own = _counts((bool(each.control), each.reference) for each in asked_twice)
    enough = len(asked_twice) >= FEWEST_CONTROLS
    bounds = interval(_clusters(asked_twice), _difference_of, choose) if enough else None
    calls, theirs = whole[0] + whole[1], whole[0] + whole[2]
    return Triggering(
        pairs=len(found),
        f1=f1(whole),
        f1_limit=2 * min(calls, theirs) / (calls + theirs) if calls + theirs else None,
        kappa=kappa(whole),
        ratio=calls / theirs if theirs else None,
        control_pairs=len(asked_twice),
        own_f1=f1(own),
        difference=_difference(cross, own),
        low=bounds[0] if bounds else None,
        high=bounds[1] if bounds else None,
    )


def f1(counts: Counts) -> float | None:
    """The harmonic mean of precision and recall; None where neither ever triggers."""
    both, one, other, _ = counts
    return 2 * both / (2 * both + one + other) if both + one + other else None


def kappa(counts: Counts) -> float | None:
    """Cohen's kappa: agreement beyond what two that trigger as often would have by chance; None where chance explains all."""
    both, one, other, neither = counts
    n = sum(counts)
    if not n:
        return None
    first, second = (both + one) / n, (both + other) / n
    expected = first * second + (1 - first) * (1 - second)
    return ((both + neither) / n - expected) / (1 - expected) if expected < 1 else None


def _difference(cross: Counts, own: Counts) -> float | None:
    one, other = f1(cross), f1(own)
    return None if one is None or other is None else one - other


def _counts(pairs: Iterable[tuple[bool, bool]]) -> Counts:
    found = list(pairs)
    both, one, other = (found.count(each) for each in ((True, True), (True, False), (False, True)))
    return both, one, other, len(found) - both - one - other


def _clusters(endings: Sequence[PairEnding]) -> list[tuple[Counts, Counts]]:
    kept: dict[str, list[PairEnding]] = defaultdict(list)
    places: dict[str, int] = {}
    for each in endings:
        place = places.setdefault(each.conversation, len(places))
        kept[f"{place % BINS}"].append(each)
    return [
        (
            _counts((each.provider, each.reference) for each in found),
            _counts((bool(each.control), each.reference) for each in found),
        )
        for found in kept.values()
    ]


def _difference_of(clusters: Sequence[tuple[Counts, Counts]]) -> float | None:
    cross, own = (tuple(map(sum, zip(*side, strict=True))) for side in zip(*clusters, strict=True))
    return _difference((cross[0], cross[1], cross[2], cross[3]), (own[0], own[1], own[2], own[3]))
