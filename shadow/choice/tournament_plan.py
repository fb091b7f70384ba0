"""tournament_plan(): the requests, calls, money and days that it takes to prove an equal candidate, before anything is spent.

Given for half of the cases and for nine of ten, by the growth of the best bet; the signal that needs most requests decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, inf, isfinite

from shadow.choice.candidate_claims import HALF
from shadow.choice.tournament_terms import TournamentTerms
from shadow.drift.drift_signals import DriftSignal
from shadow.drift.e_process import units_needed

ASSUMED_FLOOR = 0.15
"""The floor of a signal of which the reference has not been seen twice."""
TOGETHER = 0.3
"""How much the payoffs of one conversation move together; a conversation of n pairs holds as much as n / (1 + .3 (n - 1))."""
SMALLEST_FLOOR = 1e-6
HARD = 0.6
"""Concentration of the difficulty of requests: a Beta distribution of mean `floor` with parameters that sum to .6 / floor."""
ODD_ONE_WAY = frozenset({DriftSignal.ERROR, DriftSignal.VALID_CALLS})
"""Signals that hardly ever differ between two healthy answers; where nothing is known, their floor is taken as `RARE`."""
RARE = 0.01
NINE_OF_TEN = 1.5
"""The share of the planned units at which nine of ten tournaments have proven an equal candidate (of half of them: `HALF`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalTraffic:
    """What is known of one signal from past pairs: the share of pairs that count for it, and how often the reference differs
    from itself; None and `assumed` where that was not seen.
    """

    share: float = 1.0
    floor: float | None = None
    assumed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteTraffic:
    """What is known of a route: its signals, compared pairs a day, pairs that count in each conversation, and the prices of one
    call to the reference and to each candidate, None where unknown. `per_request` candidates get a copy of a request, 0 all.
    """

    signals: Mapping[str, SignalTraffic]
    sampled_per_day: float
    pairs_per_conversation: float = 1.0
    control_fraction: float = 0.1
    reference_price: float | None = None
    candidate_prices: tuple[float | None, ...] = ()
    per_request: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalNeed:
    """Requests until one required signal is proven, in half of the cases and in nine of ten; `floor` as the plan took it, `share`
    of the requests has the signal.
    """

    signal: str
    half: float
    nine_of_ten: float
    floor: float
    assumed: bool
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TournamentPlan:
    """The plan for candidates of which `asked` get a copy of a request: `half` and `nine_of_ten` are sampled requests; calls and
    money are those of nine of ten, which is what may be spent; money is None where a price is unknown, days are infinite without
    traffic.
    """

    needs: tuple[SignalNeed, ...]
    half: float
    nine_of_ten: float
    candidate_calls: float
    reference_calls: float
    money: float | None
    half_days: float
    days: float
    asked: int

    @property
    def slowest(self) -> SignalNeed:
        """The signal that decides."""
        return max(self.needs, key=lambda need: need.nine_of_ten)


def tournament_plan(terms: TournamentTerms, candidates: int, traffic: RouteTraffic) -> TournamentPlan:
    """The plan for so many `candidates` on a route, each equal to the reference."""
    asked = min(traffic.per_request or candidates, candidates)
    turns = candidates / asked if asked else 1.0
    needs = tuple(_need(signal, terms, traffic, turns) for signal in terms.required)
    half, most = max(need.half for need in needs), max(need.nine_of_ten for need in needs)
    seen = traffic.signals.get("answer_kind", SignalTraffic()).floor
    reference = most * reference_calls(ASSUMED_FLOOR if seen is None else seen, asked + 1, traffic.control_fraction)
    per_day = traffic.sampled_per_day
    return TournamentPlan(
        needs=needs,
        half=half,
        nine_of_ten=most,
        candidate_calls=most * asked,
        reference_calls=ceil(reference) if isfinite(reference) else inf,
        money=_money(most / turns, reference, traffic),
        half_days=half / per_day if per_day > 0 else inf,
        days=most / per_day if per_day > 0 else inf,
        asked=asked,
    )


def _need(signal: str, terms: TournamentTerms, traffic: RouteTraffic, turns: float) -> SignalNeed:
    """Sampled requests, of which every `turns`-th goes to a candidate."""
    known = traffic.signals.get(signal, SignalTraffic())
    floor = known.floor if known.floor is not None else RARE if signal in ODD_ONE_WAY else ASSUMED_FLOOR
    length = max(traffic.pairs_per_conversation, 1.0)
    counting = 1 - (1 - known.share) ** length  # because a conversation counts for a signal when one of its requests does
    requests = inf
    if counting > 0:
        of_conversations = conversation_floor(floor, length * known.share / counting)
        requests = turns * units_needed(terms.bound(signal), of_conversations, terms.same_threshold(1)) * length / counting
    half, most = (ceil(share * requests) if isfinite(requests) else inf for share in (HALF, NINE_OF_TEN))
    return SignalNeed(signal=signal, half=half, nine_of_ten=most, floor=floor, assumed=known.assumed, share=known.share)


def conversation_floor(floor: float, length: float) -> float:
    """How often the reference differs from itself, as the mean over a conversation of `length` pairs spreads."""
    pairs = max(length, 1.0)
    return floor * (1 + TOGETHER * (pairs - 1)) / pairs


def reference_calls(floor: float, arms: int, control_fraction: float) -> float:
    """Calls to the reference for one sampled request: one, and a second when any of the `arms` (the live provider is one) differs
    or by chance.
    """
    if floor <= SMALLEST_FLOOR:
        return 1 + control_fraction
    whole = HARD / min(floor, 1.0)
    none_differs = 1.0
    for place in range(arms):
        none_differs *= (whole * (1 - floor) + place) / (whole + place)
    return 2 - (1 - control_fraction) * none_differs


def _money(requests: float, reference: float, traffic: RouteTraffic) -> float | None:
    prices = traffic.candidate_prices
    if traffic.reference_price is None or not prices or any(price is None for price in prices) or not isfinite(requests):
        return None
    return reference * traffic.reference_price + requests * sum(price or 0.0 for price in prices)
