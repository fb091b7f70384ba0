"""AnswerRecorder: checks and counts one answer, live or shadow, and returns the rows that may be stored of it."""

from __future__ import annotations

import structlog
from structlog.typing import FilteringBoundLogger

from proxy.exchange import AUDITED, Exchange, Role
from shadow.checks.registry import check
from shadow.findings.finding import DIFFER
from shadow.measures.schema_validation import call_kinds
from shadow.pipeline.audit_sinks import AuditCounts
from shadow.pipeline.identity_observer import IdentityObserver
from shadow.privacy.privacy_policy import PrivacyPolicy
from shadow.reading.parsed_exchange import ParsedExchange
from shadow.settings.top_level_config import Config
from storage.rows import ExchangeRecord

log = structlog.get_logger("sameweights.worker")


class AnswerRecorder:
    """Treats every answer alike: a shadow's rows are stored with its pair, a live one's at once."""

    def __init__(self, config: Config, *, metrics: AuditCounts, policy: PrivacyPolicy, identities: IdentityObserver) -> None:
        self.reload(config, policy)
        self._metrics = metrics
        self._identities = identities
        self._warned = False
        self._log: FilteringBoundLogger = log.bind()
        """For what each answer logs: a logger of a module is looked up again with each call."""

    def __repr__(self) -> str:
        return f"<AnswerRecorder bodies={self._policy.bodies} providers={len(self._providers)}>"

    def reload(self, config: Config, policy: PrivacyPolicy) -> None:
        """Use the providers of `config`, and `policy`, from the next answer on."""
        self._providers = config.proxy.providers
        self._policy = policy

    def record(self, parsed: ParsedExchange, *, pair_id: str = "") -> ExchangeRecord:
        """The rows of one answer; `pair_id` is the pair that the exemplars of its times name."""
        exchange = parsed.exchange
        outcomes = call_kinds(parsed.request, parsed.answer)
        found = check(parsed.request, parsed.answer, sent_as=self._sent_as(exchange), known_as=self._identities.names(exchange))
        failed = sorted({each.signal.value for each in found if each.state is DIFFER})
        self._log.debug("answer_checked", exchange=exchange.id, role=exchange.role._value_, failed=failed)
        self._metrics.exchange(exchange, parsed.answer, outcomes, pair_id=pair_id)
        if exchange.role in AUDITED:
            self._metrics.findings(exchange.labels.provider, exchange.labels.model, "check", "", found, pair_id="")
        identities = () if exchange.role is Role.GREEDY else self._identities.observe(exchange, parsed.answer)
        for row in identities:
            self._metrics.identity(row)
        self._check_tenant(exchange.labels.tenant)
        record = self._policy.of(exchange.labels.tenant).exchange_record(parsed, outcomes=outcomes, checks=found)
        return record._replace(identities=identities) if identities else record

    def _check_tenant(self, tenant: str) -> None:
        """Log once that the tenants of another host are not configured here."""
        if not (self._warned or self._policy.knows(tenant)):
            self._warned = True
            log.warning(
                "tenant_unknown",
                tenant=tenant,
                effect="its requests are not shadowed, and no bodies of them are kept",
                remedy="give this host the [[tenants]] of the hosts that forward",
            )

    def _sent_as(self, exchange: Exchange) -> str:
        """The provider's name for the model that the client named; "" where it is the same."""
        provider = self._providers.get(exchange.labels.provider)
        return provider.upstream_model(exchange.labels.model) if provider else ""
