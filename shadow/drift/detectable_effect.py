"""smallest_seen(): the smallest excess that the scorecard's own rule would have called a difference in four tables of five.

The rule is that of `scorecard`: at least `ENOUGH_COUNTS` pairs in which one side was the odd one, and a two-sided test of flipped
conversations whose p, times the rows of the table (Holm's first step), is at most the level. A standard error is no substitute,
because it is 0 where no difference was seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from math import exp, lgamma, log, log1p, sqrt
from statistics import NormalDist

from shadow.drift.distributions import incomplete_beta, sign_test

ALPHA = 0.05
"""Bound on Holm's p: among all rows of one table, one false difference in twenty tables."""
DECISIVE = 0.001
"""The same where conversations are too few for an interval, and the test of flips decides alone."""
ENOUGH_CLUSTERS = 50
ENOUGH_COUNTS = 10
POWER = 0.8
EXACT = 0.003
"""Relative error of a size, which is printed with two digits."""
WIDEST = 6.5
"""Standard deviations around the mean within which a binomial sum is taken."""
MANY = 1_500
"""Odd pairs from which the normal form is good to 1 %, and the sum would take long."""


def level(rows: int, clusters: int) -> float:
    """The two-sided p that one row of a table of `rows` must reach when no other row differs."""
    return (ALPHA if clusters >= ENOUGH_CLUSTERS else DECISIVE) / rows


def smallest_seen(*, conversations: Sequence[tuple[int, int]], rows: int) -> float | None:
    """The least excess (a share of pairs in 0..1) that such a table would have shown with a chance of 80 %; None if there is
    none. `conversations` holds of each its pairs and the sum of their payoffs.

    A fault may fill whole conversations, and where all agree the data cannot show whether it would: so each counts as one. The
    floor is estimated from those in which the reference was the odd one more often, by the squares of their sums as the test
    weighs them, one conversation added: no count of zero is certain.
    """
    clusters = len(conversations)
    mean = sum(pairs for pairs, _ in conversations) / clusters
    reference_odd = sum((total / mean) ** 2 for _, total in conversations if total < 0)
    return _smallest(clusters, min(2 * (reference_odd + 1) / clusters, 1.0), level(rows, clusters))


@lru_cache(maxsize=4096)
def _smallest(n: int, floor: float, p_limit: float) -> float | None:
    low, high = 0.0, 1.0 - floor
    if chance_seen(high, n=n, floor=floor, p_limit=p_limit) < POWER:
        return None
    guess = _guess(n, floor, p_limit)
    for at in (guess / 1.5, guess * 1.2):
        if low < at < high:
            low, high = (at, high) if chance_seen(at, n=n, floor=floor, p_limit=p_limit) < POWER else (low, at)
    while high - low > max(EXACT * high, 1e-6):
        middle = (low + high) / 2
        low, high = (middle, high) if chance_seen(middle, n=n, floor=floor, p_limit=p_limit) < POWER else (low, middle)
    return high


def _guess(n: int, floor: float, p_limit: float) -> float:
    """The size in closed form, by the normal form of the sign test: the starting point of the search."""
    k = NormalDist().inv_cdf(1 - p_limit / 2) + NormalDist().inv_cdf(POWER)
    return (k**2 + sqrt(k**4 + 4 * k**2 * n * floor)) / (2 * n)


def chance_seen(excess: float, *, n: int, floor: float, p_limit: float) -> float:
    """The chance that n independent pairs show an `excess`, where the reference differs from itself in a share of `floor` and a
    row must reach the two-sided p `p_limit`: the sum over the number of odd pairs, binomial in n, of a binomial tail.
    """
    odd = min(floor + excess, 1.0)
    if n < ENOUGH_COUNTS or odd <= 0:
        return 0.0
    share = min((floor / 2 + excess) / odd, 1.0)
    if n * odd > MANY:
        return _normal(n, odd, share, p_limit)
    reach = WIDEST * sqrt(n * odd * (1 - odd)) + 1
    first, last = max(ENOUGH_COUNTS, int(n * odd - reach)), min(n, int(n * odd + reach) + 1)
    terms = zip(_binomial(n, odd, first, last), _tails(share, p_limit, first, last), strict=True)
    return min(1.0, sum(chance * tail for chance, tail in terms))


def _normal(n: int, odd: float, share: float, p_limit: float) -> float:
    """As the sum, by the normal form of the sign test."""
    reach = NormalDist().inv_cdf(1 - p_limit / 2) * sqrt(n * odd)
    mean = n * odd * (2 * share - 1)
    spread = sqrt(max(n * (odd - (odd * (2 * share - 1)) ** 2), 1.0))
    return 1 - NormalDist(mean, spread).cdf(reach)


def _binomial(n: int, p: float, first: int, last: int) -> Iterator[float]:
    """P[Bin(n, p) = k] for k from `first` to `last`, each from the one before: logarithms take longer."""
    mass = _mass(n, p, first)
    yield mass
    for k in range(first, last):
        mass = mass * (n - k) / (k + 1) * p / (1 - p) if p < 1 else float(k + 1 == n)
        yield mass


def _mass(n: int, p: float, k: int) -> float:
    """P[Bin(n, p) = k] for a p above 0."""
    if p >= 1.0:
        return float(k == n)
    return exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) + k * log(p) + (n - k) * log1p(-p))


def _tails(share: float, p_limit: float, first: int, last: int) -> Iterator[float]:
    """P[Bin(D, share) >= c(D)] for D from `first` to `last`, each from the one before: c grows by 0 or 1 when D does."""
    need = least(first, p_limit)
    tail, below = _at_least(first, share, need), _mass(first, share, need - 1)
    yield tail
    for count in range(first + 1, last + 1):
        tail += share * below
        if least(count, p_limit) > need:
            below *= share * count / need
            tail -= below
            need += 1
        else:
            below *= (1 - share) * count / (count + 1 - need)
        yield min(max(tail, 0.0), 1.0)


def _at_least(n: int, p: float, k: int) -> float:
    if k > n:
        return 0.0
    return incomplete_beta(k, n - k + 1, p)


@lru_cache(maxsize=65_536)
def least(count: int, p_limit: float) -> int:
    """The least number of heads in `count` fair tosses whose two-sided p is at most `p_limit`; count + 1 where none is."""
    low, high = count // 2, count + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if sign_test(middle, count - middle) > p_limit else (low, middle)
    return high
