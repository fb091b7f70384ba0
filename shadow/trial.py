"""One trial: the reference asked once, and again where the rule of validity says so; compared, and made into one record.

The second answer is asked for by a coin thrown beforehand or because the two answers disagree, never because of who said what.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from proxy.exchange import Role
from shadow.compare.compare import compare
from shadow.compare.finding import Comparison
from shadow.compare.pair import ControlReason, Kind, Pair
from shadow.config import ShadowConfig
from shadow.drift.payoff import payoffs, wants_control
from shadow.keep import Triple, pair_record
from shadow.mirror import Mirror
from shadow.seen import Seen, understand_leg
from storage.config import Bodies
from storage.rows import ExchangeRecord, PairRecord

Keep = Callable[[Seen], ExchangeRecord]
"""Counts one answer and makes its rows; the worker's, since every leg is counted alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What one sampled request came to: its shadow legs (one or two), their comparisons, and the record of it all."""

    legs: tuple[Seen, ...]
    comparisons: tuple[Comparison, ...]
    record: PairRecord


class Trials:
    """Asks the reference about sampled requests."""

    def __init__(self, *, shadow: ShadowConfig, bodies: Bodies, mirror: Mirror, keep: Keep) -> None:
        self._shadow = shadow
        self._bodies = bodies
        self._mirror = mirror
        self._keep = keep

    async def run(self, live: Seen, *, control: bool) -> Trial:
        """Ask, compare, record. `control`: the coin of the random control, thrown before anything was sent."""
        asked = self._mirror.prepare(live.exchange)
        first = understand_leg(await self._mirror.ask(live.exchange, asked, Role.SHADOW), live)
        reason = self._second(live, first, control=control)
        legs = [first]
        if reason is not ControlReason.NONE:
            legs.append(understand_leg(await self._mirror.ask(live.exchange, asked, Role.CONTROL), live))
        return self._judged(live, tuple(legs), reason, asked.alterations)

    def _second(self, live: Seen, first: Seen, *, control: bool) -> ControlReason:
        if control:
            return ControlReason.RANDOM
        if self._shadow.tiebreak and wants_control(live.ask, live.answer, first.answer):
            return ControlReason.TIEBREAK
        return ControlReason.NONE

    def _judged(self, live: Seen, legs: tuple[Seen, ...], reason: ControlReason, alterations: tuple[str, ...]) -> Trial:
        reference = legs[0]
        control = legs[1] if len(legs) > 1 else None
        cross = compare(Pair(kind=Kind.CROSS, ask=live.ask, subject=live.answer, reference=reference.answer))
        own = compare(Pair(kind=Kind.SELF, ask=live.ask, subject=reference.answer, reference=control.answer)) if control else None
        comparisons = (cross, own) if own else (cross,)
        record = pair_record(
            Triple(live=live, reference=reference, control=control, reason=reason),
            comparisons=comparisons,
            payoffs=payoffs(
                live.ask,
                live.answer,
                reference.answer,
                control.answer if control else None,
                tiebreak=self._shadow.tiebreak,
            ),
            legs=tuple(self._keep(leg) for leg in legs),
            alterations=alterations,
            bodies=self._bodies,
        )
        return Trial(legs=legs, comparisons=comparisons, record=record)
