"""State that mirrors the store, changed in units of work: a unit that is not committed leaves it stale, to be read again.

The state and the store thereby never part: an exception, or a transaction that the store refuses, discards what was changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

State = TypeVar("State")


class UnitOfWork(Generic[State]):
    """One change of `state`, in memory first; `commit` marks it as written to the store."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.committed = False

    def __repr__(self) -> str:
        return f"<UnitOfWork {'committed' if self.committed else 'open'}>"

    def commit(self, *, written: bool = True) -> None:
        """State that memory and store agree; `written` False, as after a lost lease, leaves the unit uncommitted."""
        self.committed = written


class MirroredState(Generic[State]):
    """What `read` returned from the store, with the committed units since; one thread at a time."""

    def __init__(self, read: Callable[[], State]) -> None:
        self._read = read
        self._state: State | None = None

    def __repr__(self) -> str:
        return f"<MirroredState {'stale' if self.stale else 'current'}>"

    @property
    def stale(self) -> bool:
        """Whether the next use reads the store."""
        return self._state is None

    def current(self) -> State:
        """The state, read from the store when it is stale; the errors of `read` pass."""
        if self._state is None:
            self._state = self._read()
        return self._state

    def discard(self) -> None:
        """Mark the state stale, as when another process may have changed the store."""
        self._state = None

    @contextmanager
    def unit_of_work(self) -> Iterator[UnitOfWork[State]]:
        """Yield the state to be changed. It is stale from here on, and current again when the block ends committed."""
        unit = UnitOfWork(self.current())
        self.discard()
        yield unit
        if unit.committed:
            self._state = unit.state
