"""Student's t, the sign test, Holm's and e-BH corrections and clustered errors, by the standard library alone.

The tests compare them with scipy.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import exp, inf, lgamma, log, log1p, sqrt

TINY = 1e-300
TIGHTEST = 1_000


@lru_cache(maxsize=1024)
def t_quantile(probability: float, freedom: int) -> float:
    """The quantile of Student's t with `freedom` >= 1 degrees of freedom, for 0 < probability < 1; good to 1e-9."""
    if probability < 0.5:
        return -t_quantile(1 - probability, freedom)
    low, high = 0.0, 1.0
    while t_distribution(high, freedom) < probability:
        low, high = high, high * 2
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if t_distribution(middle, freedom) < probability else (low, middle)
        if high - low <= 1e-12 * high:
            break
    return (low + high) / 2


def t_distribution(t: float, freedom: int) -> float:
    """P(T <= t) for Student's t, by the incomplete beta function (DLMF 8.17); near 0 from the middle, else from the tail."""
    if t * t < 1:
        middle = incomplete_beta(0.5, freedom / 2, t * t / (freedom + t * t)) / 2
        return 0.5 + middle if t >= 0 else 0.5 - middle
    tail = incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t)) / 2
    return 1 - tail if t >= 0 else tail


def incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(b, a, 1 - x)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a
    return front * _fraction(a, b, x)


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function, by Lentz's method (DLMF 8.17.22)."""
    c, d = 1.0, 1 / _not_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, 1000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d, c = 1 / _not_zero(1 + term * d), _not_zero(1 + term / c)
            step = d * c
            value *= step
        if abs(step - 1) < 1e-15:
            break
    return value


def _not_zero(value: float) -> float:
    return value if abs(value) > TINY else TINY


def sign_test(plus: int, minus: int) -> float:
    """The exact two-sided p of `plus` heads and `minus` tails of a fair coin, summed in logarithms: no count is too large."""
    return 1.0 if plus == minus else min(1.0, 2 * _at_most(min(plus, minus), plus + minus))


def one_sided_sign_test(plus: int, minus: int) -> float:
    """The exact probability that a fair coin shows `plus` heads or more in `plus` + `minus` throws."""
    n = plus + minus
    return _at_most(minus, n) if plus >= minus else 1 - _at_most(plus - 1, n)


def _at_most(heads: int, n: int) -> float:
    """The chance of at most `heads` heads, under half of `n` or half of it; summed from the largest term."""
    if heads < 0:
        return 0.0
    largest = lgamma(n + 1) - lgamma(heads + 1) - lgamma(n - heads + 1) - n * log(2)
    total, term, k = 1.0, 1.0, heads
    while k > 0 and term > 1e-18 * total:
        term *= k / (n - k + 1)
        total += term
        k -= 1
    return exp(largest + log(total))


def holm(values: Sequence[float]) -> tuple[float, ...]:
    """Holm's adjusted p of each, in the order given: the chance of any false one among all is bounded by it."""
    order = sorted(range(len(values)), key=values.__getitem__)
    adjusted, highest = [1.0] * len(values), 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, values[index] * (len(values) - rank)))
        adjusted[index] = highest
    return tuple(adjusted)


def e_benjamini_hochberg(logs: Sequence[float], alpha: float) -> frozenset[int]:
    """The places of the e-values, given by their logarithms, that are discoveries: of all of them at most a share of `alpha` is
    false in the mean, however they depend on each other (Wang and Ramdas 2022).
    """
    order = sorted(range(len(logs)), key=lambda place: -logs[place])
    passed = [rank for rank, place in enumerate(order, 1) if logs[place] >= log(len(logs) / (rank * alpha))]
    return frozenset(order[: max(passed, default=0)])


def always_reach(n: int, variance: float, alpha: float = 0.05) -> float:
    """The distance from a mean of `n` values within which the truth lies, whenever one looks while they come in, but for a share
    of `alpha`.

    An asymptotic confidence sequence (Waudby-Smith and others 2024), tightest at a thousand values.
    """
    scale = (-2 * log(alpha) + log(-2 * log(alpha)) + 1) / TIGHTEST
    spread = (n * variance + 1) / (n + 1)
    return sqrt(spread * 2 * (n * scale + 1) / (n**2 * scale) * log(sqrt(n * scale + 1) / alpha))


def clustered_error(sums: Sequence[tuple[int, int]], mean: float) -> float:
    """The standard error of a mean whose values come in clusters, each given as (count, sum); infinite below two clusters.

    V = G/(G-1) sum u^2 / n^2 with u the sum of deviations in a cluster, plus 1/n^2, so that zero disagreement does not count as
    certainty.
    """
    groups, n = len(sums), sum(count for count, _ in sums)
    if groups < 2:
        return inf
    spread = sum((total - count * mean) ** 2 for count, total in sums)
    return sqrt(groups / (groups - 1) * spread / n**2 + 1 / n**2)
