"""ShadowRunner: one sampled request sent to the reference, once or twice, compared, and mapped to one record.

The second response is drawn at random beforehand, or requested because the two disagree: never because of which is which.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog

from proxy.exchange import Role
from shadow.compare.comparators import compare
from shadow.drift.exclusions import Exclusion
from shadow.drift.payoff import counted, needs_control
from shadow.drift.request_kind import kind
from shadow.findings.finding import Comparison
from shadow.findings.pair import ControlReason, Pair, PairKind
from shadow.identity.request_shape import request_shape
from shadow.pipeline.greedy_audit import GreedyAnswers, send_greedily, takes_temperature
from shadow.pipeline.reference_client import ReferenceClient
from shadow.privacy.privacy_policy import PrivacyPolicy
from shadow.reading.parsed_exchange import ParsedExchange, parse_shadow_exchange
from shadow.records import AnsweredPair, pair_record
from shadow.sampling.sampler import is_drawn
from shadow.settings.top_level_config import ShadowConfig
from storage.rows import ExchangeRecord, PairRecord

log = structlog.get_logger("sameweights.worker")

Record = Callable[[ParsedExchange], ExchangeRecord]
"""Checks and counts one answer, and returns its rows: `AnswerRecorder.record`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowRun:
    """One sampled request: its shadow exchanges (one or two, and two greedy ones), their comparisons, and the record."""

    exchanges: tuple[ParsedExchange, ...]
    comparisons: tuple[Comparison, ...]
    record: PairRecord


class ShadowRunner:
    """Runs the shadows of sampled requests."""

    def __init__(
        self, *, shadow: ShadowConfig, policy: PrivacyPolicy, references: ReferenceClient, record: Record, secret: bytes
    ) -> None:
        self._shadow = shadow
        self._policy = policy
        self._references = references
        self._record = record
        self._secret = secret

    def __repr__(self) -> str:
        return f"<ShadowRunner tiebreak={self._shadow.tiebreak} greedy={self._shadow.greedy} {self._references!r}>"

    async def run(self, live: ParsedExchange, *, control: bool) -> ShadowRun:
        """Shadowed, compared, mapped to a record. `control`: the random control, drawn before anything was sent."""
        asked = self._references.prepare(live.exchange)
        first = parse_shadow_exchange(await self._references.ask(live.exchange, asked, Role.SHADOW), live)
        _log_answered(live, first)
        reason = self._second(live, first, control=control)
        exchanges = [first]
        if reason is not ControlReason.NONE:
            exchanges.append(parse_shadow_exchange(await self._references.ask(live.exchange, asked, Role.CONTROL), live))
            _log_answered(live, exchanges[-1])
        shadow = self._shadow
        greedily = is_drawn("greedy", live.exchange.id, shadow.greedy, self._secret) and takes_temperature(live)
        return self._judged(
            live, tuple(exchanges), reason, asked.alterations, await send_greedily(self._references, live) if greedily else None
        )

    def _second(self, live: ParsedExchange, first: ParsedExchange, *, control: bool) -> ControlReason:
        if control:
            return ControlReason.RANDOM
        if self._shadow.tiebreak and needs_control(live.request, live.answer, first.answer):
            return ControlReason.TIEBREAK
        return ControlReason.NONE

    def _judged(
        self,
        live: ParsedExchange,
        exchanges: tuple[ParsedExchange, ...],
        reason: ControlReason,
        alterations: tuple[str, ...],
        greedily: GreedyAnswers | None,
    ) -> ShadowRun:
        reference = exchanges[0]
        control = exchanges[1] if len(exchanges) > 1 else None
        pair = Pair(kind=PairKind.CROSS, request=live.request, subject=live.answer, reference=reference.answer)
        cross = compare(pair)
        own = (
            compare(Pair(kind=PairKind.SELF, request=live.request, subject=reference.answer, reference=control.answer))
            if control
            else None
        )
        comparisons = (cross, *((own,) if own else ()), *((greedily.comparison,) if greedily else ()))
        exchanges += greedily.exchanges if greedily else ()
        second = control.answer if control else None
        payoffs, excluded = counted(live.request, live.answer, reference.answer, second, tiebreak=self._shadow.tiebreak)
        record = pair_record(
            AnsweredPair(live=live, reference=reference, control=control, reason=reason),
            comparisons=comparisons,
            payoffs=payoffs,
            exchanges=tuple(self._record(each) for each in exchanges),
            alterations=alterations,
            shape=request_shape(pair),
            secret=self._secret,
        )
        record = replace(record, kind=kind(live.request), excluded=excluded)
        if self._references.same_server(live.exchange):
            record = replace(
                record, excluded=(Exclusion.SAME_SERVER.value, *excluded)
            )  # a report counts the payoffs, the judge none
        return ShadowRun(exchanges=exchanges, comparisons=comparisons, record=self._policy.pair_record(record))


def _log_answered(live: ParsedExchange, shadow: ParsedExchange) -> None:
    exchange = shadow.exchange
    failure = exchange.failure.kind.value if exchange.failure else ""
    log.debug(
        "shadow_answered", exchange=live.exchange.id, role=exchange.role.value, status=shadow.answer.status, failure=failure
    )
