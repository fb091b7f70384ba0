"""exchange_audit(): what audits the exchanges of an audit process: itself, local workers, or itself with a broker."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from shadow.broker.broker_intake import BrokerIntake
from shadow.broker.delivered_outcomes import DeferredCounts, DeliveredOutcomes
from shadow.metrics.broker_metrics import ConsumerMetrics
from shadow.pipeline.audit_sinks import AuditCounts, AuditOutcomes, StoredOutcomes
from shadow.pipeline.candidate_copies import CandidateCopies
from shadow.pipeline.exchange_dispatcher import ExchangeDispatcher
from shadow.pipeline.exchange_ledger import PROCESS_KILLED
from shadow.pipeline.exchange_receiver import ExchangeReceiver
from shadow.pipeline.fetcher_client import SubprocessFetcher
from shadow.pipeline.frame_bytes import frame_bytes
from shadow.pipeline.local_audit import LocalAudit
from shadow.pipeline.reference_client import ReferenceClient
from shadow.pipeline.worker import Worker
from shadow.processes.supervisor_log import log_options
from shadow.settings.top_level_config import Config
from storage.source_names import source

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from shadow.metrics.observe import Metrics
    from shadow.pipeline.budget_account import StoredBudget
    from shadow.pipeline.exchange_ledger import ExchangeLedger
    from shadow.pipeline.identity_observer import IdentityObserver
    from shadow.privacy.privacy_policy import PrivacyPolicy
    from storage.store import Store

log = structlog.get_logger("sameweights.audit")

FLUSH_PATIENCE = 2.0
"""Seconds in which the store writes what was offered, so that the shadows of what is new begin before the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditParts:
    """What every kind of audit is made of; `run` names this `serve` in the store, "" where a broker delivers."""

    store: Store
    metrics: Metrics
    account: StoredBudget
    policy: PrivacyPolicy
    secret: bytes
    identities: IdentityObserver
    ledger: ExchangeLedger
    run: str


def broker_intake(
    config: Config, registry: CollectorRegistry, *, ledger: ExchangeLedger, store: Store, environ: Mapping[str, str] = os.environ
) -> BrokerIntake:
    """The intake of a host that consumes from a broker, with its metrics in `registry`."""
    credentials = environ.get(config.broker.credentials_env, "")
    return BrokerIntake(config, credentials, ledger=ledger, store=store, metrics=ConsumerMetrics(registry))


def exchange_audit(config: Config, parts: AuditParts, intake: ExchangeReceiver | BrokerIntake) -> LocalAudit | ExchangeDispatcher:
    """What audits the exchanges that `intake` takes. The shadows that a killed process before this one had are counted first."""
    _count_killed(parts)
    if isinstance(intake, BrokerIntake):
        return _delivered(config, parts, intake)
    if config.shadow.audit_workers > 1:
        return ExchangeDispatcher(
            config,
            source=intake,
            store=parts.store,
            metrics=parts.metrics,
            account=parts.account,
            welcome=(parts.secret, parts.policy.key),
            identities=parts.identities,
            ledger=parts.ledger,
            run=parts.run,
        )
    fetcher, references = _references(config)
    outcomes = StoredOutcomes(parts.ledger, parts.store)
    worker = _worker(config, parts, references, parts.metrics, outcomes, lambda plane: source(parts.run, plane))
    return LocalAudit(config, worker=worker, references=references, fetcher=fetcher, source=intake)


def _count_killed(parts: AuditParts) -> None:
    lost = parts.ledger.killed_shadows()
    for _ in range(lost):
        parts.metrics.shadow_skipped(PROCESS_KILLED)
    if lost:
        log.warning("shadows_lost", shadows=lost, reason=PROCESS_KILLED)


class DeliveredAudit(LocalAudit):
    """An audit in this process of what a broker delivers."""

    def __init__(
        self,
        config: Config,
        *,
        worker: Worker,
        references: ReferenceClient,
        fetcher: SubprocessFetcher,
        intake: BrokerIntake,
        outcomes: DeliveredOutcomes,
        store: Store,
    ) -> None:
        super().__init__(config, worker=worker, references=references, fetcher=fetcher, source=intake.consumer)
        self._intake = intake
        self._outcomes = outcomes
        self._store = store

    def work(self) -> list[Coroutine[None, None, None]]:
        """What runs until the end."""
        return [*super().work(), self._outcomes.keep()]

    def why_not(self) -> str:
        """A sentence that names what is missing; "" when all is well."""
        return self._intake.why_not() or super().why_not()

    async def drain(self, *, patience: float) -> None:
        """Have stored what was offered, then wait for the running shadows, at most `patience` seconds."""
        await asyncio.to_thread(self._store.flush, FLUSH_PATIENCE)
        await asyncio.sleep(0)  # the store's callbacks
        await super().drain(patience=patience)

    async def close(self) -> None:
        """End the process that sends requests to references, and acknowledge what is stored."""
        await super().close()
        await self._intake.close()


def _delivered(config: Config, parts: AuditParts, intake: BrokerIntake) -> DeliveredAudit:
    fetcher, references = _references(config)
    counts = DeferredCounts(parts.metrics)
    outcomes = DeliveredOutcomes(parts.ledger, parts.store, intake.consumer, counts)
    worker = _worker(config, parts, references, counts, outcomes, lambda _: "")
    return DeliveredAudit(
        config,
        worker=worker,
        references=references,
        fetcher=fetcher,
        intake=intake,
        outcomes=outcomes,
        store=parts.store,
    )


def _references(config: Config) -> tuple[SubprocessFetcher, ReferenceClient]:
    fetcher = SubprocessFetcher(config.proxy.timeouts, config.proxy.limits, frame_bytes(config), log_options(config))
    return fetcher, ReferenceClient(config, os.environ, fetcher)


def _worker(  # noqa: PLR0917 - the parts of one kind of audit
    config: Config,
    parts: AuditParts,
    references: ReferenceClient,
    counts: AuditCounts,
    outcomes: AuditOutcomes,
    sources: Callable[[int], str],
) -> Worker:
    return Worker(
        config=CandidateCopies().applied(config),
        metrics=counts,
        outcomes=outcomes,
        references=references,
        account=parts.account,
        policy=parts.policy,
        secret=parts.secret,
        identities=parts.identities,
        sources=sources,
        under_way=parts.ledger.shadows,
    )
