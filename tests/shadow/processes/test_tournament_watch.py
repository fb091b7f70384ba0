"""The watch passes on each change of the tournaments that run, by the configuration of the moment, and outlives a store error."""

import asyncio

import pytest

from shadow.commands.begin_tournament import begin
from shadow.pipeline.candidate_copies import CandidateCopies
from shadow.processes import tournament_watch
from shadow.processes.tournament_watch import TournamentWatch
from shadow.tournament.tournament_spending import TournamentSpending
from storage.store import StoreError
from tests.passing_clock import PassingAsyncio
from tests.running import until
from tests.shadow.tournament.arm_rows import RECORD
from tests.shadow.tournament.stored_arms import CONFIG

BEGUN = CandidateCopies(begun=frozenset({"agents"}))


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(tournament_watch, "TOURNAMENT_SECONDS", 0.01)


class Looks(TournamentSpending):
    """Counts the looks, of which the first ends in an error of the store."""

    count = 0

    def copies(self, *given):
        self.count += 1
        if self.count == 1:
            raise StoreError("locked")
        return super().copies(*given)


class WaitedFor(asyncio.Event):
    """Notes that it is waited for."""

    waited = False

    async def wait(self):
        self.waited = True
        return await super().wait()


async def test_a_tournament_that_begins_is_passed_on_once_also_after_an_error_of_the_store(store):
    held = []
    watch = TournamentWatch(store, lambda: CONFIG, held.append)
    watch._spending = looks = Looks()
    running = asyncio.create_task(watch.run())
    await until(lambda: looks.count > 2)
    assert held == []
    begin(store, RECORD)
    await until(lambda: held)
    seen = looks.count
    await until(lambda: looks.count > seen + 2)
    assert held == [BEGUN]
    running.cancel()


async def test_watch_that_is_woken_looks_at_once(store, monkeypatch):
    monkeypatch.setattr(tournament_watch, "TOURNAMENT_SECONDS", 1e6)
    held = []
    watch = TournamentWatch(store, lambda: CONFIG, held.append)
    watch._spending = looks = Looks()
    looks.count = 1
    running = asyncio.create_task(watch.run())
    await until(lambda: looks.count == 2)
    begin(store, RECORD)
    watch.wake()
    await until(lambda: held == [BEGUN])
    running.cancel()


@pytest.mark.parametrize("turns", range(4))
async def test_watch_that_is_woken_as_it_is_cancelled_ends(store, monkeypatch, turns):
    """`asyncio.wait_for` of Python 3.11 would forget the cancellation in one of these turns of the loop."""
    monkeypatch.setattr(tournament_watch, "TOURNAMENT_SECONDS", 1e6)
    watch = TournamentWatch(store, lambda: CONFIG, print)
    watch._spending, watch._woken = looks, _ = Looks(), WaitedFor()
    looks.count = 1
    running = asyncio.create_task(watch.run())
    await until(lambda: watch._woken.waited)
    watch.wake()
    for _ in range(turns):
        await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait([running])
    assert running.cancelled()


async def test_watch_looks_every_five_seconds(sqlite_store, monkeypatch):
    monkeypatch.undo()
    passing = PassingAsyncio()

    class Passed:
        async def __aenter__(self):
            raise TimeoutError

        async def __aexit__(self, *_):
            pass

    def timeout(seconds):
        passing.limits.append(seconds)
        return Passed()

    passing.timeout = timeout
    monkeypatch.setattr(tournament_watch, "asyncio", passing)
    watching = asyncio.create_task(TournamentWatch(sqlite_store, lambda: CONFIG, print).run())
    await until(lambda: len(passing.limits) > 1)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    assert {*passing.limits} == {5.0}


@pytest.mark.parametrize(("copies", "logs"), [("started", [{"event": "candidate_copies", "held": []}]), ("always", [])])
async def test_change_of_the_routes_whose_candidates_get_no_copies_is_logged(sqlite_store, logged, copies, logs):
    calls, held = logged("shadow.processes.tournament_watch"), []
    config = CONFIG.model_copy(update={"tournament": CONFIG.tournament.model_copy(update={"copies": copies})})
    begin(sqlite_store, RECORD)
    watching = asyncio.create_task(TournamentWatch(sqlite_store, lambda: config, held.append).run())
    await until(lambda: held == [BEGUN])
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    assert [call.kwargs for call in calls] == logs
