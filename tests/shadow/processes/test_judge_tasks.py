"""The judge of an audit process: steps and renewals beside each other, and nothing shown after the process was stopped."""

import asyncio
from collections import deque
from contextlib import asynccontextmanager
from dataclasses import asdict
from types import SimpleNamespace

import pytest
from aiohttp import web

from shadow.commands.mailbox import Mailbox
from shadow.judging.judge import Judge
from shadow.processes import judge_tasks
from shadow.processes.judge_tasks import JudgeTasks
from storage.judgement_rows import PairGroup
from tests.passing_clock import PassingAsyncio
from tests.payoffs import add
from tests.running import until


class Audit:
    """A judge with its tasks, and what they published; `clock` is the seconds that passed for it."""

    def __init__(self, store, folder, holder="me"):
        self.shown, self.stops, self.clock = [], 0, 0.0
        self.judge = Judge(
            store.judgements,
            holder=holder,
            pairs_per_false_alarm=1e7,
            fleet_wide=False,
            publish=self._publish,
            clock=lambda: self.clock,
        )
        mailbox = Mailbox(database=folder / "store.db", kind="ack")
        self.tasks = JudgeTasks(self.judge, mailbox, store, wake=lambda: None, stopped=self._stopped, clock=lambda: self.clock)

    def _publish(self, _, statuses):
        self.shown = statuses

    def _stopped(self):
        self.stops += 1

    @asynccontextmanager
    async def running(self):
        running = [asyncio.create_task(work) for work in self.tasks.work()]
        try:
            yield
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)


@pytest.fixture
def audit(sqlite_store, tmp_path):
    add(sqlite_store, "a")
    return Audit(sqlite_store, tmp_path)


async def test_stored_pairs_are_judged(audit):
    async with audit.running():
        await until(lambda: [status.pairs for status in audit.shown] == [1])


@pytest.mark.parametrize(("passed", "stops"), [((29.9,), 0), ((30.0,), 1), ((29.1, 30.1), 0), ((28.9, 30.1), 1)])
def test_process_that_was_stopped_while_its_lease_ran_out_shows_no_state(audit, passed, stops):
    audit.judge.step(0.0)
    assert audit.shown
    for audit.clock in passed:
        audit.tasks.note_awake()
        audit.tasks.note_awake()
    assert (bool(audit.shown), audit.stops) == (not stops, stops)


async def test_answer_after_a_stop_is_made_without_the_states_of_before(audit):
    audit.judge.step(0.0)
    audit.clock = 60.0

    async def scrape(_):
        return web.Response(text=str(len(audit.shown)))

    answer = await audit.tasks.middleware(None, scrape)
    assert answer.text == "0"


async def test_lease_is_renewed_while_a_step_waits(audit, sqlite_store, monkeypatch):
    monkeypatch.setattr(type(sqlite_store.judgements), "lease_seconds", 0.04)
    renewed = []
    audit.judge.step(0.0)
    with audit.judge._lock:  # as a step that takes long
        monkeypatch.setattr(audit.judge, "renew", renewed.append)
        async with audit.running():
            await until(lambda: len(renewed) >= 3)


def test_repr_shows_the_judge(audit):
    assert repr(audit.tasks).startswith("<JudgeTasks <Judge ")


async def test_lease_is_renewed_four_times_in_its_life_and_pairs_are_looked_for_twice_a_second(audit, monkeypatch):
    monkeypatch.setattr(judge_tasks, "asyncio", passing := PassingAsyncio())
    async with audit.running():
        await until(lambda: len(passing.pauses) > 20)
    assert {*passing.pauses} == {0.5, 7.5}


async def test_alarm_is_logged_with_its_group_and_sent_and_the_next_step_follows_at_once_while_there_is_more(monkeypatch, logged):
    calls, woken, answered = logged("shadow.processes.judge_tasks"), [], []
    monkeypatch.setattr(judge_tasks, "asyncio", passing := PassingAsyncio())
    group = PairGroup(route="agents", model="m", provider="p", reference="r")
    alarm = SimpleNamespace(new="drifting", old="steady", name="tool_choice", group=group)
    steps, alarms = deque([True, True, False]), deque([[], [alarm]])
    judge = SimpleNamespace(
        try_step=lambda _now: bool(steps) and steps.popleft(),
        take_alarms=lambda: alarms.popleft() if alarms else [],
        lease_seconds=30.0,
        lease_is_sure=True,
    )
    mailbox = SimpleNamespace(answer=lambda _handle: answered.append(len(steps)) or [])
    tasks = JudgeTasks(judge, mailbox, None, wake=lambda: woken.append(len(steps)), stopped=print)
    judging, *others = tasks.work()
    for other in others:
        other.close()
    running = asyncio.create_task(judging)
    await until(lambda: passing.pauses)
    running.cancel()
    assert (woken, answered[:3]) == ([1], [2, 1, 0])
    assert [call.kwargs for call in calls] == [
        {"event": "drift_state_changed", "state": "drifting", "previous": "steady", "signal": "tool_choice", **asdict(group)}
    ]
