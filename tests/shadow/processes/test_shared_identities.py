"""What other processes have stored of serving identities is taken over, also after the store was away."""

import asyncio
from types import SimpleNamespace

from shadow.pipeline.identity_observer import IdentityObserver
from shadow.processes import shared_identities
from shadow.settings.top_level_config import Config
from storage.store import StoreError
from tests.passing_clock import PassingAsyncio
from tests.running import until
from tests.storage.test_identity_repeats import learned, store_rows


async def test_identity_that_another_process_stored_is_known_here_after_an_outage_too(sqlite_store, monkeypatch):
    monkeypatch.setattr(shared_identities, "LOOK_SECONDS", 0.01)
    store_rows(sqlite_store, learned("a", "one"))
    answers = iter([StoreError("away")])

    def latest(limit):
        for error in answers:
            raise error
        return sqlite_store.identity_queries.latest(limit)

    taken = []
    store = SimpleNamespace(identity_queries=SimpleNamespace(latest=latest))
    observer = IdentityObserver(Config(), clean=str)
    running = asyncio.create_task(shared_identities.shared_identities(store, observer, taken.append))
    await until(lambda: taken)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert [row.identity for row in taken] == ["one"]


async def test_identities_of_others_are_looked_for_every_five_seconds_and_256_of_them(monkeypatch):
    passing, limits = PassingAsyncio(), []
    monkeypatch.setattr(shared_identities, "asyncio", passing)
    store = SimpleNamespace(identity_queries=SimpleNamespace(latest=lambda limit: limits.append(limit) or []))
    observer = IdentityObserver(Config(), clean=str)
    looking = asyncio.create_task(shared_identities.shared_identities(store, observer, print))
    await until(lambda: len(passing.pauses) > 1)
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
    assert ({*passing.pauses}, {*limits}) == ({5.0}, {256})
