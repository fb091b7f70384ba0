"""How often the database is looked at, what a look shows, and how a store is worded that answers late; a store that is played."""

import asyncio
from types import SimpleNamespace

import pytest
from prometheus_client import CollectorRegistry

from shadow.metrics.observe import Metrics
from shadow.processes import audit_state
from shadow.processes.audit_state import AuditState
from shadow.settings.top_level_config import Config
from storage.judgement_rows import JudgingState
from storage.store import BatchTotals, StoreError
from tests.passing_clock import PassingAsyncio
from tests.running import until


class Store:
    """Answers as `answers` has it, the last one again and again."""

    queued, lag, batch_totals = 2, 1.5, BatchTotals(3, 0.5)

    def __init__(self, *answers) -> None:
        self.answers, self.is_writable = list(answers), True
        self.judgements = SimpleNamespace(judging=self._judging)

    def _judging(self, _now):
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def extent(self):
        return 4_096, 7.0

    def writable(self) -> bool:
        return self.is_writable


class Observed:
    def __init__(self, *answers, holds=False) -> None:
        self.registry, self.store = CollectorRegistry(), Store(*answers)
        judge = SimpleNamespace(holds_lease=lambda _: holds)
        self.state = AuditState(self.store, judge, Metrics(self.registry, Config()), limit=9_000)

    async def look(self, monkeypatch, count: int) -> list[float]:
        monkeypatch.setattr(audit_state, "asyncio", passing := PassingAsyncio())
        looking = asyncio.create_task(self.state.run())
        await until(lambda: len(passing.pauses) >= count)
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        return passing.pauses[:count]

    def value(self, name):
        return self.registry.get_sample_value(f"sameweights_{name}")


async def test_next_look_follows_after_ten_seconds_and_after_one_where_the_store_did_not_answer(monkeypatch):
    observed = Observed(JudgingState(), StoreError("away"), StoreError("away"), JudgingState())
    assert await observed.look(monkeypatch, 5) == [10.0, 1.0, 1.0, 10.0, 10.0]


async def test_look_shows_what_waits_for_a_judgement_and_how_large_the_database_is(monkeypatch):
    observed = Observed(JudgingState(holder="other", waiting=4, waited=6.5))
    await observed.look(monkeypatch, 1)
    names = ("judge_waiting_pairs", "judge_lag_seconds", "database_bytes", "database_limit_bytes")
    assert [observed.value(name) for name in names] == [4, 6.5, 4_096, 9_000]
    stored, judging = observed.state.lines()
    assert stored == "store: the last write succeeded; 2 records wait, the oldest for 2 s"
    assert judging.startswith("judge: another process judges; 4 pairs wait for a judgement")


@pytest.mark.parametrize(
    ("holds", "holder", "who"), [(True, "me", "this process"), (False, "x", "another"), (False, "", "no process")]
)
async def test_line_names_who_judges(monkeypatch, holds, holder, who):
    observed = Observed(JudgingState(holder=holder), holds=holds)
    await observed.look(monkeypatch, 1)
    observed.state.show()
    assert [*observed.state.lines()][-1].startswith(f"judge: {who}")
    assert (observed.value("judge_lease"), observed.value("store_batches_total")) == (holds, 3)


@pytest.mark.parametrize(("passed", "late"), [(14.9, False), (15.0, True)])
async def test_look_is_late_fifteen_seconds_after_the_last_one_ended(monkeypatch, passed, late):
    now = [100.0]
    monkeypatch.setattr(audit_state, "time", SimpleNamespace(monotonic=lambda: now[0], time=lambda: 0.0))
    observed = Observed(JudgingState())
    now[0] = 150.0
    await observed.look(monkeypatch, 1)
    now[0] += passed
    assert (observed.state.why_not() != "") == late
    observed.store.is_writable = False
    line = next(iter(observed.state.lines()))
    assert line.startswith("store: it does not answer; the last write failed" if late else "store: the last write failed")
