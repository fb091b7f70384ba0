"""StoreAwayError: what a caller waits for, beside the errors of a store that only another configuration ends."""

from __future__ import annotations

from storage.store import StoreError


class StoreAwayError(StoreError):
    """The database cannot be used now (not reached, starting, full, locked); the same attempt may succeed later."""
