"""Worker.handle(): one live exchange, top to bottom: received, parsed, sampled, checked, recorded, and shadowed where sampled.

An error of ours never ends the loop: it is logged and counted.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Protocol

import structlog
from structlog.typing import FilteringBoundLogger

from proxy.exchange import Exchange
from proxy.process.shared_counters import PAIRS
from shadow.pipeline.answer_recorder import AnswerRecorder
from shadow.pipeline.audit_sinks import AuditCounts, AuditOutcomes
from shadow.pipeline.budget_account import BudgetAccount
from shadow.pipeline.candidate_copies import CandidateCopies
from shadow.pipeline.configured_privacy import reloaded_privacy
from shadow.pipeline.identity_observer import IdentityObserver
from shadow.pipeline.reference_client import ReferenceClient
from shadow.pipeline.row_retention import retained
from shadow.pipeline.shadow_run import ShadowRunner
from shadow.pipeline.shadow_scheduler import ShadowScheduler, unnoted
from shadow.pipeline.shadow_selection import ShadowSelector
from shadow.privacy.privacy_policy import PrivacyPolicy
from shadow.reading.completion import Completion
from shadow.reading.parsed_exchange import ParsedExchange, new_parsed_exchange, parse_exchange
from shadow.reading.upstream_name import UNNAMED, named_upstream, upstream_name
from shadow.sampling.conversations import ConversationPlace, Conversations
from shadow.sampling.sampler import SamplingDecision
from shadow.settings.base_url_checks import doubt
from shadow.settings.top_level_config import Config

log = structlog.get_logger("sameweights.worker")

TURN_SECONDS = 0.002
"""How long exchanges are handled in one turn of the loop; the last of them may end later."""


class ExchangeSource(Protocol):
    """Where exchanges come from: the receiver of the local socket."""

    async def take(self) -> Exchange:
        """The next exchange; waits for one."""

    def take_now(self) -> Exchange | None:
        """The next exchange, or None when none waits."""


class Worker:
    """Handles live exchanges one by one; their shadows run beside (`ShadowScheduler`)."""

    def __init__(
        self,
        *,
        config: Config,
        metrics: AuditCounts,
        outcomes: AuditOutcomes,
        references: ReferenceClient,
        account: BudgetAccount,
        policy: PrivacyPolicy,
        secret: bytes,
        identities: IdentityObserver | None = None,
        sources: Callable[[int], str] = lambda _: "",
        under_way: Callable[[int], None] = unnoted,
    ) -> None:
        """`secret` keys the sample and the names of conversations: 32 bytes, the same for every process of an installation.

        `sources` names a data-plane process in the store, which counts what it has stored of each. `under_way` as for
        `ShadowScheduler`.
        """
        self._config = config
        self._secret = secret
        self._conversations = Conversations(secret)
        self._outcomes = outcomes
        self._sources = sources
        self._metrics = metrics
        self._policy = policy
        identities = identities or IdentityObserver(config, clean=policy.redactor.text)
        self._recorder = AnswerRecorder(config, metrics=metrics, policy=policy, identities=identities)
        self._selector = ShadowSelector(config, secret)
        self._runner = ShadowRunner(
            shadow=config.shadow,
            policy=policy,
            references=references,
            record=self._recorder.record,
            secret=secret,
            upstream=self._upstream,
        )
        self._shadows = ShadowScheduler(
            config,
            runner=self._runner,
            metrics=metrics,
            account=account,
            outcomes=outcomes,
            secret=secret,
            under_way=under_way,
        )
        self._hinted: set[str] = set()
        self._log: FilteringBoundLogger = log.bind()
        """For what each exchange logs: a logger of a module is looked up again with each call."""

    def __repr__(self) -> str:
        return f"<Worker {self._shadows!r}>"

    def reload(self, config: Config) -> None:
        """Use the providers, routes and tenants of `config` from the next exchange on."""
        self._config = config
        self._policy = reloaded_privacy(self._policy, config)
        self._recorder.reload(config, self._policy)
        self._runner.policy = self._policy
        self._selector.reload(config)
        self._shadows.reload(config)

    def renew(self, copies: CandidateCopies) -> None:
        """Use what is left of the money of tournaments from the next copy on."""
        self._shadows.renew(copies)

    @property
    def shadowing(self) -> int:
        """Shadows that run now."""
        return self._shadows.running

    @property
    def waiting(self) -> int:
        """Sampled exchanges whose shadow waits for a place now."""
        return self._shadows.waiting

    @property
    def references_heard(self) -> frozenset[str]:
        """The references that a shadow request has reached, or failed to reach, since the start."""
        return self._shadows.reached

    async def run(self, source: ExchangeSource) -> None:
        """Handle exchanges of `source` until cancelled, those of a moment together, so that they share a turn of the loop."""
        while True:
            exchange: Exchange | None = await source.take()
            begun = time.perf_counter()
            while exchange is not None:
                self.handle(exchange)
                # a full receiver never awaits, and the shadows, heartbeats and the admin port need their turn
                exchange = source.take_now() if time.perf_counter() - begun < TURN_SECONDS else None
            await asyncio.sleep(0)

    def handle(self, exchange: Exchange, place: ConversationPlace | None = None) -> None:
        """Record one live exchange, and start its shadow where it is sampled; never raises.

        `place` is its place in a conversation where another process has found it.
        """
        self._log_received(exchange)
        try:
            parsed, place = self._parsed(exchange, place)
            decision = self._sampled(parsed, place)
            record = self._recorder.record(parsed, pair_id=exchange.id if decision.shadow else "")
            record = retained(record, self._config.storage.keep_rate, self._secret, sampled=decision.shadow)
        except Exception:
            self._outcomes.lost(exchange.worker, "error", exchange.id)
            log.exception("exchange_failed", exchange=exchange.id)
            return
        self._log_doubtful_address(exchange)
        self._outcomes.offer(
            exchange.worker,
            record._replace(source=self._sources(exchange.worker)),
            then=partial(self._start_shadow, parsed, decision),
        )
        self._log.debug("exchange_recorded", exchange=exchange.id)

    async def drain(self, *, patience: float) -> None:
        """Wait for the running shadows, at most `patience` seconds; later ones, and those that wait, are ended and counted."""
        await self._shadows.drain(patience=patience)

    def _parsed(self, exchange: Exchange, place: ConversationPlace | None) -> tuple[ParsedExchange, ConversationPlace]:
        """The exchange in the normal form, without the credentials of its bodies, and its place in a conversation."""
        parsed = self._policy.without_body_credentials(parse_exchange(exchange))
        self._log.debug("exchange_parsed", exchange=exchange.id, api=parsed.request.api, unread=_unread(parsed))
        place = place or self._conversation_of(parsed)
        placed = new_parsed_exchange(
            exchange=parsed.exchange,
            request=parsed.request,
            answer=parsed.answer,
            conversation=place.conversation,
            upstream=self._upstream(parsed),
        )
        return placed, place

    def _upstream(self, parsed: ParsedExchange) -> str:
        """The server behind a router by the name that it gives, without what looks like a credential; "" for no router."""
        provider = self._config.proxy.providers.get(parsed.exchange.labels.provider)
        if provider is None or not provider.upstream_from:
            return ""
        named = named_upstream(parsed.exchange, parsed.answer, provider.upstream_from)
        return upstream_name(self._policy.redactor.text(named)) or UNNAMED

    def _conversation_of(self, parsed: ParsedExchange) -> ConversationPlace:
        request, completion = parsed.request, parsed.answer.completion
        place = self._conversations.place(
            request_id=parsed.exchange.id,
            model=request.model,
            named=parsed.exchange.labels.conversation,
            body=request.sent,
            messages=request.messages,
        )
        if request.api == "responses" and isinstance(completion, Completion):
            self._conversations.answered(place, completion.id)
        return place

    def _sampled(self, parsed: ParsedExchange, place: ConversationPlace) -> SamplingDecision:
        """Whether it is shadowed: as the selector decides, where there is room for one more."""
        decision = self._selector.decide(parsed, place)
        if decision.shadow and (why := self._shadows.why_full(parsed)):
            decision = SamplingDecision(shadow=False, control=False, why=why)
        fields = {"shadow": decision.shadow, "control": decision.control, "reason": decision.why}
        self._log.debug("exchange_sampled", exchange=parsed.exchange.id, **fields)
        return decision

    def _start_shadow(self, parsed: ParsedExchange, decision: SamplingDecision) -> None:
        try:
            self._shadow(parsed, decision)
        except Exception:
            self._outcomes.lost(PAIRS, "error")
            log.exception("shadow_not_started", exchange=parsed.exchange.id)

    def _shadow(self, parsed: ParsedExchange, decision: SamplingDecision) -> None:
        if decision.why:
            self._metrics.shadow_skipped(decision.why)
        if decision.shadow:
            self._shadows.add(parsed, decision)

    def _log_received(self, exchange: Exchange) -> None:
        response = exchange.response
        self._log.debug(
            "exchange_received",
            exchange=exchange.id,
            provider=exchange.labels.provider,
            status=response.status if response else None,
            failure=exchange.failure.kind.value if exchange.failure else "",
            request_bytes=exchange.request.size,
            response_bytes=response.size if response else 0,
        )

    def _log_doubtful_address(self, exchange: Exchange) -> None:
        """At a provider's first 404, log what is doubtful about its address."""
        name = exchange.labels.provider
        provider = self._config.proxy.providers.get(name)
        if provider is None or name in self._hinted or not exchange.response or exchange.response.status != 404:
            return
        if sentence := doubt(provider.base_url):
            self._hinted.add(name)
            log.warning("provider_answered_404", exchange=exchange.id, provider=name, hint=sentence)


def _unread(parsed: ParsedExchange) -> str:
    completion = parsed.answer.completion
    return "" if isinstance(completion, Completion) else completion.why.value
