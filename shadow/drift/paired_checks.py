"""excesses(): the checks that a provider fails in more conversations than its reference did on the same requests.

A conversation is one vote, for the provider or for the reference: requests that are hard are hard for both, and a fault that
repeats within a conversation counts once. Only requests that both answered give votes. The rate at which a report names a check
in error is bounded, and measured by bench/check_rates.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile

from shadow.drift.distributions import holm, one_sided_sign_test

Party = tuple[str, str, str]
"""(provider, model, reference)"""

ALONE = 0.032
MANY = 0.008
"""Bounds on the chance that a report names any check in error: where one check alone can be named, and where very many can."""
FEWEST = 5
"""Votes below which a check cannot be named: five to none have a p of 1/32, for one check alone."""
PLAIN_SHARE = 0.2
PLAIN_ANSWERS = 50
"""The absolute threshold: a fault in a fifth of 50 answers or more is stated where no reference answered the same requests."""
HARMLESS = frozenset({"lumpy_calls"})
"""Checks that never name a provider: some servers send long arguments whole, which breaks nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Votes:
    """One check in the compared conversations of one party: in `plus` the provider failed it more often than the reference, in
    `alone` of these the reference never; in `minus` the reference failed it more often.
    """

    party: Party
    signal: str
    plus: int
    minus: int
    alone: int
    conversations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckExcess:
    """The result of the votes on one check. `p`: the exact one-sided sign test of `plus` against `minus`; `p_holm`: the same,
    adjusted over all checks of the report that could be named at all, 1 for one that could not. `named`: the provider fails it
    more often than its reference, beyond chance in the whole report.
    """

    votes: Votes
    p: float
    p_holm: float
    named: bool


def excesses(votes: Sequence[Votes]) -> tuple[CheckExcess, ...]:
    """All checks of a report, in the order given.

    Holm's steps over the checks that can reach the level (Tarone 1990): the number of votes does not depend on which side
    they are for, so choosing these checks does not bias the test.
    """
    ps = [one_sided_sign_test(one.plus, one.minus) for one in votes]
    able = sorted(_able(votes), key=ps.__getitem__)
    adjusted = dict(zip(able, holm([ps[place] for place in able]), strict=True))
    levels = [_level(len(able) - rank) for rank in range(len(able))]
    passed = [*takewhile(lambda step: ps[step[0]] <= step[1], zip(able, levels, strict=True))]
    named = {place for place, _ in passed}
    return tuple(
        CheckExcess(votes=one, p=p, p_holm=adjusted.get(place, 1.0), named=place in named)
        for place, (one, p) in enumerate(zip(votes, ps, strict=True))
    )


def _level(checks: int) -> float:
    """The level of each of so many checks, falling with their number; all of them together have MANY + (ALONE - MANY) / checks.

    Holm's steps hold for any level that falls so: of true hypotheses, the first to be rejected was tested at the level for all.
    """
    return (MANY + (ALONE - MANY) / checks) / checks


def _able(votes: Iterable[Votes]) -> list[int]:
    """The places of the checks that can be named: least p within the level for K, for the least K that at most K of them keep."""
    least = [2.0 ** -(one.plus + one.minus) if one.signal not in HARMLESS else 1.0 for one in votes]
    level = next(_level(k) for k in range(1, len(least) + 2) if sum(p <= _level(k) for p in least) <= k)
    return [place for place, p in enumerate(least) if p <= level]


def plain(check: str, faulty: int, answers: int) -> bool:
    """Whether a fault is frequent enough to be stated without any answer of a reference."""
    return check not in HARMLESS and answers >= PLAIN_ANSWERS and faulty >= PLAIN_SHARE * answers
