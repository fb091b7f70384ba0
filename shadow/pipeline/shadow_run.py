"""ShadowRunner: the pairs of one sampled request: the live answer's, and that of each candidate, compared with one r and one r'.

The second response r' is drawn at random beforehand, or requested because an answer and r disagree: never because of which is
which. A pair has it where it was drawn, or where its own answer differs from r; what the other candidates answered, and when,
decides nothing about a pair.
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
from shadow.identity.request_shape import request_shape, tag_segment
from shadow.pipeline.greedy_audit import GreedyAnswers, send_greedily, takes_temperature
from shadow.pipeline.reference_answers import Record, ReferenceAnswers
from shadow.pipeline.reference_client import TO_PROVIDER, ReferenceClient
from shadow.privacy.privacy_policy import PrivacyPolicy
from shadow.reading.parsed_exchange import ParsedExchange, parse_shadow_exchange
from shadow.records import AnsweredPair, pair_record
from shadow.sampling.sampler import is_drawn
from shadow.sampling.shadow_body import ShadowBody
from shadow.settings.top_level_config import ShadowConfig
from storage.rows import ExchangeRecord, PairRecord

log = structlog.get_logger("sameweights.worker")

Came = Callable[[ParsedExchange], None]
"""Called with each answer that was requested for a pair, as it comes: the pair may end in an error later, and is paid for."""


def _unheard(_: ParsedExchange) -> None:
    """For a caller that pays for nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowRun:
    """One pair: the exchanges that were requested for it (r and r' for the first pair that needed them), its comparisons, its
    record.
    """

    exchanges: tuple[ParsedExchange, ...]
    comparisons: tuple[Comparison, ...]
    record: PairRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answered:
    """A subject's answer with r, and r' where the pair has it. `sent` were requested for this pair, `rows` are in its record."""

    pair: AnsweredPair
    sent: tuple[ParsedExchange, ...]
    rows: tuple[ExchangeRecord, ...]
    alterations: tuple[str, ...]


class ShadowRunner:
    """Runs the shadows of sampled requests."""

    def __init__(
        self,
        *,
        shadow: ShadowConfig,
        policy: PrivacyPolicy,
        references: ReferenceClient,
        record: Record,
        secret: bytes,
        upstream: Callable[[ParsedExchange], str] = lambda _: "",
    ) -> None:
        """`upstream` returns the server behind a router that gave an answer."""
        self._shadow = shadow
        self._upstream = upstream
        self.policy = policy
        """What may be stored of a pair; another one is used from the next pair on."""
        self._references = references
        self._record = record
        self._secret = secret

    def __repr__(self) -> str:
        return f"<ShadowRunner tiebreak={self._shadow.tiebreak} greedy={self._shadow.greedy} {self._references!r}>"

    def answers(self, live: ParsedExchange, *, control: bool) -> ReferenceAnswers:
        """The reference's answers to a sampled request, for `run` and `run_candidate`; nothing is sent yet."""
        return ReferenceAnswers(self._references, self._record, live, control=control)

    async def run(self, answers: ReferenceAnswers, came: Came = _unheard) -> ShadowRun:
        """The pair of the live answer."""
        live = answers.live
        asked = answers.asked
        answered = await self._answered(answers, live, (), (*asked.alterations, *asked.of_live), came)
        greedily = is_drawn("greedy", live.exchange.id, self._shadow.greedy, self._secret) and takes_temperature(live)
        return self._judged(answered, await send_greedily(self._references, live, came) if greedily else None)

    async def run_candidate(self, answers: ReferenceAnswers, candidate: str, came: Came = _unheard) -> ShadowRun:
        """The pair of a candidate's answer, with all that the candidate does as a value."""
        live = answers.live
        asked = self._references.prepare(live.exchange, candidate)
        exchange = await self._references.ask(live.exchange, asked, Role.CANDIDATE, candidate)
        labels = exchange.labels._replace(reference=live.exchange.labels.reference)
        subject = parse_shadow_exchange(exchange._replace(labels=labels), live)
        came(subject)
        subject = subject._replace(upstream=self._upstream(subject))
        _log_answered(live, subject)
        alterations = _beside(answers.asked, asked)
        answered = await self._answered(answers, subject, (self._record(subject),), alterations, came)
        return self._judged(replace(answered, sent=(subject, *answered.sent)), None)

    async def _answered(
        self,
        answers: ReferenceAnswers,
        subject: ParsedExchange,
        rows: tuple[ExchangeRecord, ...],
        alterations: tuple[str, ...],
        came: Came,
    ) -> _Answered:
        """Request r, and r' where this pair needs it."""
        reference, sent = await self._reference(answers, Role.SHADOW, came)
        reason = self._second(subject, reference, control=answers.control)
        control = None
        roles: tuple[Role, ...] = (Role.SHADOW,)
        if reason is not ControlReason.NONE:
            control, new = await self._reference(answers, Role.CONTROL, came)
            sent += new
            roles += (Role.CONTROL,)
        return _Answered(
            pair=AnsweredPair(live=subject, reference=reference, control=control, reason=reason),
            sent=sent,
            rows=rows + tuple(answers.record(role) for role in roles),
            alterations=alterations,
        )

    @staticmethod
    async def _reference(answers: ReferenceAnswers, role: Role, came: Came) -> tuple[ParsedExchange, tuple[ParsedExchange, ...]]:
        """An answer of the reference, and the same as what was requested for this pair, where it was."""
        answer, new = await answers.answer(role)
        if new:
            came(answer)
            _log_answered(answers.live, answer)
        return answer, (answer,) if new else ()

    def _second(self, subject: ParsedExchange, first: ParsedExchange, *, control: bool) -> ControlReason:
        if control:
            return ControlReason.RANDOM
        if self._shadow.tiebreak and needs_control(subject.request, subject.answer, first.answer):
            return ControlReason.TIEBREAK
        return ControlReason.NONE

    def _judged(self, answered: _Answered, greedily: GreedyAnswers | None) -> ShadowRun:
        subject, reference, control = answered.pair.live, answered.pair.reference, answered.pair.control
        second = control.answer if control else None
        pair = Pair(kind=PairKind.CROSS, request=subject.request, subject=subject.answer, reference=reference.answer)
        own = replace(pair, kind=PairKind.SELF, subject=reference.answer, reference=second) if second else None
        comparisons = (compare(pair), *((compare(own),) if own else ()), *((greedily.comparison,) if greedily else ()))
        others = greedily.exchanges if greedily else ()
        payoffs, excluded = counted(subject.request, subject.answer, reference.answer, second, tiebreak=self._shadow.tiebreak)
        record = pair_record(
            answered.pair,
            comparisons=comparisons,
            payoffs=payoffs,
            exchanges=(*answered.rows, *map(self._record, others)),
            alterations=answered.alterations,
            shape=request_shape(pair, tag_segment(subject.exchange.labels.tag, self._shadow.tags)),
            secret=self._secret,
        )
        if self._references.same_server(subject.exchange):
            excluded = (Exclusion.SAME_SERVER.value, *excluded)  # a report counts the payoffs, the judge none
        record = replace(record, kind=kind(subject.request), excluded=excluded)
        return ShadowRun(
            exchanges=answered.sent + others,
            comparisons=comparisons,
            record=self.policy.of(subject.exchange.labels.tenant).pair_record(record),
        )


def _beside(reference: ShadowBody, candidate: ShadowBody) -> tuple[str, ...]:
    """How the two copies differ from what the application sent; what is the same in both is named once."""
    own = (sentence for sentence in candidate.alterations if sentence not in reference.alterations)
    return (*reference.alterations, *(TO_PROVIDER + sentence for sentence in own))


def _log_answered(live: ParsedExchange, shadow: ParsedExchange) -> None:
    exchange = shadow.exchange
    failure = exchange.failure.kind.value if exchange.failure else ""
    log.debug(
        "shadow_answered", exchange=live.exchange.id, role=exchange.role.value, status=shadow.answer.status, failure=failure
    )
