"""One trial: the reference asked once, and again where the rule of validity says so; compared, and made into one record.

The second answer is asked for by a coin thrown beforehand or because the two answers disagree, never because of who said what.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from proxy.exchange import Role
from shadow.compare.comparators import compare
from shadow.drift.exclusions import Exclusion
from shadow.drift.payoff import counted, wants_control
from shadow.drift.request_kind import kind
from shadow.findings.finding import Comparison
from shadow.findings.pair import ControlReason, Kind, Pair
from shadow.identity.request_shape import shape_of
from shadow.pipeline.greedy_audit import Greedy, ask_greedily, takes_temperature
from shadow.pipeline.reference_client import Mirror
from shadow.privacy.privacy_policy import Guard
from shadow.reading.parsed_exchange import Seen, understand_leg
from shadow.records import Triple, pair_record
from shadow.sampling.sampler import tossed
from shadow.settings.config_model import ShadowConfig
from storage.rows import ExchangeRecord, PairRecord

Keep = Callable[[Seen], ExchangeRecord]
"""Counts one answer and makes its rows; the worker's, since every leg is counted alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What one sampled request came to: its shadow legs (one or two, and two greedy ones), their comparisons, and the record."""

    legs: tuple[Seen, ...]
    comparisons: tuple[Comparison, ...]
    record: PairRecord


class Trials:
    """Asks the reference about sampled requests."""

    def __init__(self, *, shadow: ShadowConfig, guard: Guard, mirror: Mirror, keep: Keep, secret: bytes) -> None:
        self._shadow = shadow
        self._guard = guard
        self._mirror = mirror
        self._keep = keep
        self._secret = secret

    async def run(self, live: Seen, *, control: bool) -> Trial:
        """Ask, compare, record. `control`: the coin of the random control, thrown before anything was sent."""
        asked = self._mirror.prepare(live.exchange)
        first = understand_leg(await self._mirror.ask(live.exchange, asked, Role.SHADOW), live)
        reason = self._second(live, first, control=control)
        legs = [first]
        if reason is not ControlReason.NONE:
            legs.append(understand_leg(await self._mirror.ask(live.exchange, asked, Role.CONTROL), live))
        shadow = self._shadow
        greedily = tossed("greedy", live.exchange.id, shadow.greedy, self._secret) and takes_temperature(live)
        return self._judged(
            live, tuple(legs), reason, asked.alterations, await ask_greedily(self._mirror, live) if greedily else None
        )

    def _second(self, live: Seen, first: Seen, *, control: bool) -> ControlReason:
        if control:
            return ControlReason.RANDOM
        if self._shadow.tiebreak and wants_control(live.ask, live.answer, first.answer):
            return ControlReason.TIEBREAK
        return ControlReason.NONE

    def _judged(
        self, live: Seen, legs: tuple[Seen, ...], reason: ControlReason, alterations: tuple[str, ...], greedily: Greedy | None
    ) -> Trial:
        reference = legs[0]
        control = legs[1] if len(legs) > 1 else None
        pair = Pair(kind=Kind.CROSS, ask=live.ask, subject=live.answer, reference=reference.answer)
        cross = compare(pair)
        own = compare(Pair(kind=Kind.SELF, ask=live.ask, subject=reference.answer, reference=control.answer)) if control else None
        comparisons = (cross, *((own,) if own else ()), *((greedily.comparison,) if greedily else ()))
        legs += greedily.legs if greedily else ()
        second = control.answer if control else None
        payoffs, excluded = counted(live.ask, live.answer, reference.answer, second, tiebreak=self._shadow.tiebreak)
        record = pair_record(
            Triple(live=live, reference=reference, control=control, reason=reason),
            comparisons=comparisons,
            payoffs=payoffs,
            legs=tuple(self._keep(leg) for leg in legs),
            alterations=alterations,
            bodies=self._guard.bodies,
            shape=shape_of(pair),
            secret=self._secret,
        )
        told = replace(record, kind=kind(live.ask), excluded=excluded)
        if self._mirror.same_server(live.exchange):
            told = replace(told, excluded=(Exclusion.SAME_SERVER.value, *excluded))  # a report counts the payoffs, the judge none
        return Trial(legs=legs, comparisons=comparisons, record=self._guard.pair(told))
