"""upstream_claims(): what may be said of each server behind a router, at a level that is fixed for however many there are.

The k-th server to appear has the part 1/(k(k + 1)) of the 5 %, and these sum to 1: so any unchanged server is named in at most
one report of twenty. Whether a pair is taken is settled before the answer, so the router's choice makes no server look worse.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shadow.choice.arm_evidence import ArmEvidence, UnitMoments
from shadow.choice.candidate_claims import CandidateClaim, claims
from shadow.choice.tournament_terms import TournamentTerms
from shadow.drift.alarm_budget import TestKey
from shadow.drift.alarm_titles import naming
from shadow.drift.conversation_units import PairPayoffs
from shadow.drift.drift_signals import DriftSignal
from shadow.drift.e_process import ClaimedEvidence

WORSE_BEYOND = 0.02
"""The excess beyond which a server is called worse."""
FAVOURED = 0.75
"""The bet that is favoured: a server that is bad is usually bad in much of what it answers. With equal parts one of 30 % wrong
arguments is found after 1,300 pairs in .897, with this in .921; where 5 % are wrong, as often.
"""
SAME_WITHIN = 0.03
"""The excess within which it is called the same."""
REQUIRED = (DriftSignal.ANSWER_KIND, DriftSignal.ARGUMENTS, DriftSignal.VALID_CALLS, DriftSignal.CALLS_TOOL)
"""The signals that "the same" needs, as far as the router's pairs have them; errors are the router's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamClaim:
    """The claim about one server, the `place`-th to appear (from 1), with its evidence."""

    place: int
    claim: CandidateClaim
    evidence: ArmEvidence


def upstream_claims(pairs: Iterable[tuple[str, PairPayoffs]], now: float) -> Mapping[str, UpstreamClaim]:
    """The claims by name, in the order of first appearance, as known at `now` (epoch seconds). `pairs` are those of one router
    that count, each with the name of its server, oldest first.
    """
    found: dict[str, list[PairPayoffs]] = {}
    signals: set[str] = set()
    for name, pair in pairs:
        found.setdefault(name, []).append(_without_errors(pair))
        signals |= pair.payoffs.keys()
    required = tuple(signal.value for signal in REQUIRED if signal in signals) or (DriftSignal.ANSWER_KIND.value,)
    return {name: _claim(place, own, required, now) for place, (name, own) in enumerate(found.items(), 1)}


def server_evidence(place: int, required: tuple[str, ...]) -> ArmEvidence:
    """The evidence of the server in this place, before its first pair."""
    terms = TournamentTerms(tolerance=SAME_WITHIN, signals=required, places=place * (place + 1))
    one = ArmEvidence(terms=terms)
    bounds = {key: min(WORSE_BEYOND, terms.bound(key[0])) for key in one.beyond}
    one.beyond = {key: ClaimedEvidence(same=False, bound=bound, favoured=FAVOURED) for key, bound in bounds.items()}
    one.odd = {key: ClaimedEvidence(same=False, favoured=FAVOURED) for key in one.odd}
    return one


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamEffect:
    """What a server does otherwise by the test `key`: `size` is the excess as a share of its conversations, at least 0, with its
    always-valid interval.
    """

    key: TestKey
    size: float
    low: float
    high: float


def largest_effect(one: UpstreamClaim) -> UpstreamEffect | None:
    """The effect that names what a server is worse in, else what it differs in; None where it is neither."""
    effects = {key: _effect(key, one.evidence) for key in one.claim.worse or one.claim.differs}
    return effects[naming(effects.items())] if effects else None


def _effect(key: TestKey, evidence: ArmEvidence) -> UpstreamEffect:
    signal, side = key
    moments = evidence.moments.get(signal, UnitMoments())
    ends = sorted(end * side for end in moments.interval)
    size = max(moments.mean * side, 0.0)
    return UpstreamEffect(key=key, size=size, low=ends[0], high=max(ends[1], size))


def _claim(place: int, pairs: Iterable[PairPayoffs], required: tuple[str, ...], now: float) -> UpstreamClaim:
    one = server_evidence(place, required)
    one.take(pairs, now)
    return UpstreamClaim(place=place, claim=claims({"": one}, one.terms)[""], evidence=one)


def _without_errors(pair: PairPayoffs) -> PairPayoffs:
    """The pair without its error, which a router hides for some servers and takes over for others."""
    kept = {signal: payoff for signal, payoff in pair.payoffs.items() if signal != DriftSignal.ERROR}
    return PairPayoffs(started=pair.started, conversation=pair.conversation, payoffs=kept)
