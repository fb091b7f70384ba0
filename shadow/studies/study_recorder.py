"""StudyRecorder: the rows of an answer and of a pair, checked, compared and redacted as those of live traffic are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from shadow.checks.registry import check
from shadow.compare.comparators import compare
from shadow.drift.payoff import counted
from shadow.drift.request_kind import kind
from shadow.findings.pair import ControlReason, Pair, PairKind
from shadow.identity.request_shape import request_shape
from shadow.measures.schema_validation import call_kinds
from shadow.pipeline.identity_observer import IdentityObserver
from shadow.privacy.privacy_policy import PrivacyPolicy
from shadow.reading.parsed_exchange import ParsedExchange
from shadow.records import AnsweredPair, pair_record
from shadow.settings.top_level_config import Config
from storage.rows import ExchangeRecord, PairRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedAnswers:
    """A candidate's answer beside the reference's two: the rows of the pair, and (signal, payoff) for each that counts."""

    record: PairRecord
    payoffs: tuple[tuple[str, int], ...]


class StudyRecorder:
    """Makes the rows of one study, which affect no metric and no alarm."""

    def __init__(self, config: Config, policy: PrivacyPolicy, identities: IdentityObserver, secret: bytes) -> None:
        self._providers = config.proxy.providers
        self._policy = policy
        self._identities = identities
        self._secret = secret

    def __repr__(self) -> str:
        return f"<StudyRecorder bodies={self._policy.bodies} providers={len(self._providers)}>"

    def answer(self, parsed: ParsedExchange) -> ExchangeRecord:
        """The rows of one answer."""
        exchange = parsed.exchange
        provider = self._providers[exchange.labels.provider]
        sent_as = provider.models.get(exchange.labels.model) or provider.models.get("*", "")
        found = check(parsed.request, parsed.answer, sent_as=sent_as, known_as=self._identities.names(exchange))
        outcomes = call_kinds(parsed.request, parsed.answer)
        record = self._policy.of(exchange.labels.tenant).exchange_record(parsed, outcomes=outcomes, checks=found)
        return record._replace(identities=self._identities.observe(exchange, parsed.answer))

    def pair(
        self, live: ParsedExchange, reference: ParsedExchange, control: ParsedExchange, alterations: Sequence[str]
    ) -> ComparedAnswers:
        """The pair of a candidate's answer; the reference's second is drawn for every row, so that it chooses no pairs."""
        cross = Pair(kind=PairKind.CROSS, request=live.request, subject=live.answer, reference=reference.answer)
        own = Pair(kind=PairKind.SELF, request=live.request, subject=reference.answer, reference=control.answer)
        payoffs, excluded = counted(live.request, live.answer, reference.answer, control.answer)
        record = pair_record(
            AnsweredPair(live=live, reference=reference, control=control, reason=ControlReason.RANDOM),
            comparisons=(compare(cross), compare(own)),
            payoffs=payoffs,
            exchanges=(),
            alterations=alterations,
            shape=request_shape(cross),
            secret=self._secret,
        )
        record = replace(record, kind=kind(live.request), excluded=excluded)
        return ComparedAnswers(record=self._policy.of(live.exchange.labels.tenant).pair_record(record), payoffs=payoffs)
