"""Which kind of audit a configuration makes, and what is counted of the shadows that a killed process had."""

from types import SimpleNamespace

import pytest
from prometheus_client import CollectorRegistry

from proxy.process.shared_counters import SharedCounters
from shadow.metrics.observe import Metrics
from shadow.pipeline.exchange_dispatcher import ExchangeDispatcher
from shadow.pipeline.exchange_ledger import ExchangeLedger
from shadow.pipeline.exchange_receiver import ExchangeReceiver
from shadow.pipeline.identity_observer import IdentityObserver
from shadow.pipeline.local_audit import LocalAudit
from shadow.processes.exchange_audits import AuditParts, DeliveredAudit, broker_intake, exchange_audit
from shadow.settings.top_level_config import BrokerConfig, Config, ShadowConfig
from storage.store import Outcome
from tests.exchanges import asked, exchange, guard, said


class Store:
    """Keeps what it is offered."""

    def __init__(self) -> None:
        self.records, self.flushed = [], []

    def add_exchange(self, record, settled) -> bool:
        self.records.append(record)
        settled(Outcome.STORED)
        return True

    def is_known(self, exchange_id) -> bool:
        return False

    def flush(self, patience) -> bool:
        self.flushed.append(patience)
        return True


class Auditing:
    """The parts of an audit, and one made of them for a configuration."""

    def __init__(self, **config) -> None:
        self.config = Config(**config)
        self.registry, self.board, self.store = CollectorRegistry(), SharedCounters(), Store()
        self.ledger = ExchangeLedger(self.board, {})
        self.parts = AuditParts(
            store=self.store,
            metrics=Metrics(self.registry, self.config),
            account=SimpleNamespace(exhausted=lambda _="": "", reached=dict),
            policy=guard(),
            secret=bytes(32),
            identities=IdentityObserver(self.config, clean=str),
            ledger=self.ledger,
            run="run",
        )

    def local(self):
        receiver = ExchangeReceiver(
            limit=10, limit_bytes=1_000_000, frame_limit=1_000_000, on_stats=lambda _: None, ledger=self.ledger
        )
        return exchange_audit(self.config, self.parts, receiver)


@pytest.mark.parametrize(("workers", "kind"), [(1, LocalAudit), (2, ExchangeDispatcher)])
async def test_audit_of_several_workers_is_a_dispatcher_and_of_one_runs_here(workers, kind):
    audit = Auditing(shadow=ShadowConfig(audit_workers=workers)).local()
    assert type(audit) is kind
    await audit.close()


async def test_exchange_that_is_audited_here_is_stored_under_the_run_and_its_sender():
    auditing = Auditing()
    audit = auditing.local()
    audit._worker.handle(exchange(said(), request=asked(), worker=3))
    await audit.close()
    assert [record.source for record in auditing.store.records] == ["run/3"]
    assert auditing.board.row(3)["stored"] == 1


@pytest.mark.parametrize("shadows", [0, 2])
async def test_shadows_of_a_killed_process_are_counted_once_and_logged(logged, shadows):
    calls = logged("shadow.processes.exchange_audits")
    auditing = Auditing()
    auditing.ledger.shadows(shadows)
    for _ in range(2):
        await auditing.local().close()
    counted = auditing.registry.get_sample_value("sameweights_shadow_dropped_total", {"reason": "process_killed"})
    assert (counted or 0) == shadows
    assert [call.kwargs for call in calls] == [{"event": "shadows_lost", "shadows": 2, "reason": "process_killed"}] * bool(
        shadows
    )


async def test_audit_of_what_a_broker_delivers_is_not_ready_without_it_and_stores_before_its_shadows_end():
    auditing = Auditing(broker=BrokerConfig(url="nats://127.0.0.1:9"))
    intake = broker_intake(auditing.config, auditing.registry, ledger=auditing.ledger, store=auditing.store, environ={})
    audit = exchange_audit(auditing.config, auditing.parts, intake)
    assert type(audit) is DeliveredAudit
    assert "the broker has not been reached yet" in audit.why_not()
    works = audit.work()
    assert len(works) == 2, "there is no reference, and what is stored is acknowledged"
    for work in works:
        work.close()
    await audit.drain(patience=0.0)
    assert auditing.store.flushed == [2.0]
    audit._worker.handle(exchange(said(), request=asked(), worker=0))
    assert [record.source for record in auditing.store.records] == [""]
    await audit.close()
