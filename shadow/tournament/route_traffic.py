"""route_traffic(): what the last week of a route shows for the plan of a tournament: rates, floors and conversations."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import sqrt

from proxy.exchange import Role
from shadow.choice.tournament_plan import RouteTraffic, SignalTraffic
from shadow.drift.admission import PER_CONVERSATION
from shadow.drift.drift_signals import AGREEMENT
from shadow.findings.finding import FindingState
from shadow.findings.pair import ControlReason
from shadow.pricing.price_list import PriceList
from shadow.tournament.candidate_costs import call_price
from shadow.tournament.tournament_route import TournamentRoute
from storage.judgement_rows import ArmPairRow
from storage.rows import SignalCount
from storage.store import Reader

WEEK = 7 * 86_400.0
DAY = 86_400.0
LEAST_SPAN = 3_600.0
"""Seconds that traffic is spread over at least, so that a first minute does not look like a day."""
ENOUGH_CONTROLS = 20
"""Random controls from which the floor of a label is taken as seen."""
ENOUGH_PAIRS = 50
"""Pairs from which the floor of a number is taken as seen."""


def route_traffic(
    reader: Reader | None, route: TournamentRoute, now: float, control_fraction: float, prices: PriceList
) -> RouteTraffic:
    """The traffic of the week before `now` (epoch seconds), and what a call costs by its token counts; nothing is known without
    a reader.
    """
    if reader is None:
        return traffic_of([], [], now=now, control_fraction=control_fraction)
    since = now - WEEK
    rows = reader.judgements.arm_pairs(route.name, since, 0.0)
    live = [row for row in rows if row.role == Role.PRIMARY and row.reference == route.reference]
    counts = [
        count
        for count in reader.signal_counts(since, 0.0)
        if (count.group.route, count.group.reference, count.comparison) == (route.name, route.reference, "self")
    ]
    return replace(
        traffic_of(live, counts, now=now, control_fraction=control_fraction),
        reference_price=call_price(live, route.reference, prices),
        candidate_prices=tuple(call_price(live, name, prices) for name in route.candidates),
    )


def traffic_of(live: Sequence[ArmPairRow], counts: Iterable[SignalCount], *, now: float, control_fraction: float) -> RouteTraffic:
    """The traffic of the live pairs of a route, oldest first, and the counts of the reference against itself."""
    span = max(now - live[0].started, LEAST_SPAN) if live else DAY
    return RouteTraffic(
        signals=_signals(live, _floors(counts)),
        sampled_per_day=len(live) / span * DAY,
        pairs_per_conversation=_length(live),
        control_fraction=control_fraction,
    )


def _length(live: Iterable[ArmPairRow]) -> float:
    sizes = [min(size, PER_CONVERSATION) for size in Counter(row.conversation for row in live).values()]
    return sum(sizes) / len(sizes) if sizes else 1.0


def _floors(counts: Iterable[SignalCount]) -> Mapping[str, float]:
    """How often the reference differs from itself in each signal, by its random controls."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for count in counts:
        if count.control_reason == ControlReason.RANDOM:
            found[count.signal][count.state] += count.count
    floors = {}
    for signal, states in found.items():
        compared = states[FindingState.MATCH] + states[FindingState.DIFFER]
        if compared >= ENOUGH_CONTROLS:
            floors[signal] = seen_floor(states[FindingState.DIFFER], compared)
    return floors


def seen_floor(differed: int, compared: int) -> float:
    """How often the reference differs from itself where it did in so many of the answers compared: one standard error above that.

    Twenty answers show no difference in a third of the cases in which one of twenty differs. With the plain share, three of ten
    tournaments would take more calls than what is printed for nine of ten.
    """
    return min((differed + sqrt(differed + 1)) / (compared + 1), 1.0)


def _signals(live: Sequence[ArmPairRow], floors: Mapping[str, float]) -> Mapping[str, SignalTraffic]:
    paid: dict[str, Counter[int]] = defaultdict(Counter)
    for row in live:
        for signal, payoff in row.payoffs.items():
            paid[signal][payoff] += 1
    return {signal: found for signal, counts in paid.items() if (found := _signal(signal, counts, len(live), floors))}


def _signal(signal: str, counts: Counter[int], pairs: int, floors: Mapping[str, float]) -> SignalTraffic | None:
    """Of a number no control is needed: the reference is the odd one as often as an equal provider is."""
    counted = counts.total()
    share = counted / pairs
    if signal in floors and signal in AGREEMENT:
        return SignalTraffic(share=share, floor=floors[signal], assumed=False)
    if signal not in AGREEMENT and counted >= ENOUGH_PAIRS:
        return SignalTraffic(share=share, floor=seen_floor(2 * counts[-1], counted), assumed=False)
    return SignalTraffic(share=share)
