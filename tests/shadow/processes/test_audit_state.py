"""How store and judge stand, over a real store: in the lines of /readyz and in /metrics."""

import asyncio
import threading
import time
from contextlib import suppress

import pytest
from prometheus_client import CollectorRegistry

from shadow.judging.judge import Judge
from shadow.metrics.observe import Metrics
from shadow.processes import audit_state
from shadow.processes.audit_state import AuditState
from shadow.settings.top_level_config import Config
from storage.store import StoreError
from tests.payoffs import add
from tests.running import until

pytestmark = pytest.mark.slow


class Observed:
    """The state of a store, with what it exports."""

    def __init__(self, store, broker=lambda: ["broker: connected"]) -> None:
        self.registry = CollectorRegistry()
        self.judge = Judge(store.judgements, holder="me", pairs_per_false_alarm=1e7, fleet_wide=False, publish=lambda *_: None)
        metrics = Metrics(self.registry, Config())
        self.state = AuditState(store, self.judge, metrics, limit=0, broker=broker)

    async def looked(self) -> None:
        looking = asyncio.create_task(self.state.run())
        await until(lambda: self.value("database_bytes") > 0)
        await until(lambda: self.state._judging.waiting or self.state._judging.holder)
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking

    def value(self, name: str) -> float:
        self.state.show()
        found = self.registry.get_sample_value(f"sameweights_{name}")
        assert found is not None, name
        return found


async def test_lines_name_the_process_that_judges_and_what_waits(store):
    add(store, "a", started=time.time() - 100)
    observed = Observed(store)
    assert observed.judge.step(time.time()) is False
    add(store, "b", started=time.time() - 3_600)
    await observed.looked()
    broker, stored, judging = observed.state.lines()
    assert broker == "broker: connected"
    assert stored == "store: the last write succeeded; 0 records wait, the oldest for 0 s"
    assert judging.startswith("judge: this process judges; 1 pair waits for a judgement, the oldest for 3,")
    values = [observed.value(name) for name in ("judge_lease", "judge_waiting_pairs")]
    assert values == [1, 1]
    assert 3_500 < observed.value("judge_lag_seconds") < 3_700
    assert observed.value("store_batches_total") == store.batch_totals.batches


@pytest.mark.parametrize(("holder", "words"), [("other", "another process judges"), ("", "no process judges")])
async def test_lines_state_that_another_process_judges_or_none_does(store, holder, words):
    add(store, "a")
    if holder:
        assert store.judgements.claim(holder, time.time(), 30.0)
    observed = Observed(store)
    await observed.looked()
    assert [*observed.state.lines()][-1].startswith(f"judge: {words}; 1 pair waits")
    assert observed.value("judge_lease") == 0


async def test_store_that_does_not_answer_is_no_longer_ready_until_it_does(sqlite_store, monkeypatch):
    observed = Observed(sqlite_store)
    monkeypatch.setattr(audit_state, "AWAY_SECONDS", 0.01)
    monkeypatch.setattr(audit_state, "EXTENT_SECONDS", 0.01)
    looking = asyncio.create_task(observed.state.run())
    assert observed.state.why_not() == ""

    def away(_now):
        raise StoreError("gone")

    with monkeypatch.context() as gone:
        gone.setattr(type(sqlite_store.judgements), "judging", lambda _, now: away(now))
        await until(lambda: observed.state.why_not().startswith("the store does not answer; "))
        assert "store: it does not answer; the last write succeeded" in [*observed.state.lines()][1]
    await until(lambda: observed.state.why_not() == "")
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)


@pytest.mark.parametrize("hangs", ["judging", "extent"])
async def test_store_that_never_ends_a_look_is_no_longer_ready_until_it_does(sqlite_store, monkeypatch, hangs):
    observed, going_on = Observed(sqlite_store), threading.Event()
    monkeypatch.setattr(audit_state, "EXTENT_SECONDS", 0.01)
    monkeypatch.setattr(audit_state, "LOOK_SECONDS", 0.5)
    looked_at = type(sqlite_store.judgements) if hangs == "judging" else type(sqlite_store)
    look = getattr(looked_at, hangs)
    monkeypatch.setattr(looked_at, hangs, lambda *given: (going_on.wait(), look(*given))[1])
    looking = asyncio.create_task(observed.state.run())
    assert observed.state.why_not() == ""
    await until(lambda: observed.state.why_not().startswith("the store does not answer; "))
    assert "store: it does not answer; the last write succeeded" in [*observed.state.lines()][1]
    going_on.set()
    await until(lambda: observed.state.why_not() == "")
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)


HELD = "records are held, and exchanges wait in the broker"


@pytest.mark.parametrize(
    ("broker", "unwritable", "silent"),
    [
        (
            None,
            "traffic is forwarded, records are lost and counted",
            "traffic is forwarded, and what cannot be stored is counted",
        ),
        (tuple, HELD, HELD),
    ],
)
def test_sentence_states_what_becomes_of_records_with_a_broker_and_without(sqlite_store, monkeypatch, broker, unwritable, silent):
    state = Observed(sqlite_store, broker).state
    assert [line.partition(":")[0] for line in state.lines()] == ["store", "judge"]
    monkeypatch.setattr(audit_state, "LOOK_SECONDS", -audit_state.EXTENT_SECONDS)
    assert state.why_not() == f"the store does not answer; {silent}"
    monkeypatch.setattr(type(sqlite_store), "writable", lambda _: False)
    assert state.why_not() == f"the store cannot be written; {unwritable}"


def test_look_may_take_five_seconds_beside_the_ten_between_two():
    assert (audit_state.EXTENT_SECONDS, audit_state.LOOK_SECONDS) == (10.0, 5.0)


async def test_standby_that_is_away_leaves_the_store_ready_and_its_judge_shown(sqlite_store, monkeypatch):
    add(sqlite_store, "a")
    observed = Observed(sqlite_store)

    def away():
        raise StoreError("the standby is away")

    monkeypatch.setattr(sqlite_store, "extent", away)
    looking = asyncio.create_task(observed.state.run())
    await until(lambda: observed.value("judge_waiting_pairs") == 1)
    assert observed.state.why_not() == ""
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
