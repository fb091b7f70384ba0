"""shared_identities(): takes over the serving identities that other processes of the same store have learned."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from shadow.pipeline.identity_observer import KEPT, IdentityObserver
from storage.rows import IdentityRow
from storage.store import Store, StoreError

LOOK_SECONDS = 5.0


async def shared_identities(store: Store, identities: IdentityObserver, taken: Callable[[IdentityRow], None]) -> None:
    """Look again and again, until cancelled; `taken` is called with each identity that is taken over."""
    while True:
        with suppress(StoreError):  # the next look tries again
            for row in identities.adopt(await asyncio.to_thread(store.identity_queries.latest, KEPT)):
                taken(row)
        await asyncio.sleep(LOOK_SECONDS)
