"""claims(): what may be said of each candidate: same, worse, differs, undecided or not measured, at the tournament's level.

Two families, each with its own 5 %: any false "same", by Holm's steps over the places; any false "worse" or "differs", by
Bonferroni over the places and the weights of the tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import ceil, inf, log

from shadow.choice.arm_evidence import ArmEvidence, SignalPairs, UnitMoments
from shadow.choice.tournament_terms import TournamentTerms, is_closer
from shadow.drift.alarm_budget import TestKey
from shadow.drift.e_process import ClaimedEvidence, units_left

FEWEST_CONVERSATIONS = 30
"""Conversations below which nothing is claimed."""
FARTHEST = 50_000
"""Pairs beyond which no end is foreseen."""
FIRM = 2.0
"""How many times the evidence of a first place a candidate needs to be named the cheapest: it is the one to switch to."""
HALF = 0.7
"""The share of the planned units at which half of the tournaments have proven an equal candidate."""


class ChoiceVerdict(StrEnum):
    """What is claimed of a candidate."""

    SAME = "same"
    WORSE = "worse"
    DIFFERS = "differs"
    UNDECIDED = "undecided"
    NOT_MEASURED = "not_measured"


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingEvidence:
    """What the slowest required test still needs: `pairs` of `signal` counted, of about `needed` in half of the cases; infinite
    where its excess so far is too near to the tolerance.
    """

    signal: str
    pairs: int
    needed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateClaim:
    """The claim about one candidate. `worse` and `differs` hold the tests that passed, the strongest first; `closer` those by
    which it is closer to the reference than that is to itself; `same` whether all required tests passed, `firm` whether they
    passed twice the bar of a first place, as the one that is named the cheapest must. A difference in
    a signal that is not required is in `differs` and decides no verdict.
    """

    verdict: ChoiceVerdict
    same: bool
    firm: bool
    worse: tuple[TestKey, ...]
    differs: tuple[TestKey, ...]
    closer: tuple[TestKey, ...]
    missing: MissingEvidence | None


def claims(evidence: Mapping[str, ArmEvidence], terms: TournamentTerms) -> dict[str, CandidateClaim]:
    """The claim about each candidate, by the names of their places."""
    proven = _proven(evidence, terms)
    return {name: _claim(one, terms, same=name in proven) for name, one in evidence.items()}


def _proven(evidence: Mapping[str, ArmEvidence], terms: TournamentTerms) -> frozenset[str]:
    """The candidates whose "same" holds: the k-th by evidence needs (places - k + 1) / alpha, and all before it theirs."""
    found: set[str] = set()
    for rank, name in enumerate(sorted(evidence, key=lambda each: -evidence[each].same_evidence)[: terms.places], 1):
        if evidence[name].same_evidence < terms.same_threshold(rank):
            break
        if evidence[name].conversations >= FEWEST_CONVERSATIONS:
            found.add(name)
    return frozenset(found)


def _claim(one: ArmEvidence, terms: TournamentTerms, *, same: bool) -> CandidateClaim:
    odd = _passed(one.odd, terms)
    differs = tuple(key for key in odd if not is_closer(key))
    worse = tuple(key for key in _passed(one.beyond, terms) if key in differs)
    return CandidateClaim(
        verdict=_verdict(one, same=same, worse=bool(worse), differs=any(key in terms.proven for key in differs)),
        same=same,
        firm=same and one.same_evidence >= terms.same_threshold(1) + log(FIRM),
        worse=worse,
        differs=differs,
        closer=tuple(key for key in odd if is_closer(key)),
        missing=None if same else _missing(one, terms),
    )


def _passed(processes: Mapping[TestKey, ClaimedEvidence], terms: TournamentTerms) -> tuple[TestKey, ...]:
    found = {key: one.highest - terms.difference_threshold(key) for key, one in processes.items()}
    return tuple(sorted((key for key, beyond in found.items() if beyond >= 0), key=lambda key: -found[key]))


def _verdict(one: ArmEvidence, *, same: bool, worse: bool, differs: bool) -> ChoiceVerdict:
    if not one.pairs:
        return ChoiceVerdict.NOT_MEASURED
    if one.conversations < FEWEST_CONVERSATIONS:
        return ChoiceVerdict.UNDECIDED
    if worse:
        return ChoiceVerdict.WORSE
    if same:
        return ChoiceVerdict.SAME
    return ChoiceVerdict.DIFFERS if differs else ChoiceVerdict.UNDECIDED


def _missing(one: ArmEvidence, terms: TournamentTerms) -> MissingEvidence | None:
    """The required signal that needs most requests yet; a signal without a pair comes before all others."""
    lacking = [_left(one, key, terms) for key in terms.proven if one.same[key].highest < terms.same_threshold(1)]
    return max(lacking, key=lambda each: (each.pairs == 0, each.needed - each.pairs), default=None)


def signal_needed(one: ArmEvidence, signal: str, terms: TournamentTerms) -> float | None:
    """Pairs that one required signal takes in about half of the cases, those counted included; None where it is proven."""
    lacking = [key for key in terms.proven if key[0] == signal and one.same[key].highest < terms.same_threshold(1)]
    return max((_left(one, key, terms).needed for key in lacking), default=None)


def _left(one: ArmEvidence, key: TestKey, terms: TournamentTerms) -> MissingEvidence:
    signal, side = key
    moments, counts = one.moments.get(signal, UnitMoments()), one.counts.get(signal, SignalPairs())
    spread = moments.squares / moments.units if moments.units else one.floor(signal)
    excess = max(moments.mean * side, 0.0) if moments.units >= FEWEST_CONVERSATIONS else 0.0
    left = HALF * units_left(one.same[key].logs, one.same[key].bound, max(spread - excess, 0.0), terms.same_threshold(1), excess)
    per_unit = counts.pairs / moments.units if moments.units else 1.0
    needed = counts.pairs + left * per_unit
    return MissingEvidence(signal=signal, pairs=counts.pairs, needed=ceil(needed) if needed <= FARTHEST else inf)
