"""Passes a command to the running `serve` as a file beside its database, and the result back: one process writes a database.

A command is a file `DB-KIND-ID.json`, its result `DB-KIND-ID.done`. Only this user can read them; both are deleted at the end.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import orjson

from shadow.commands.file_ownership import log_refused, read_owned
from storage.store import StoreError

PATIENCE = 60.0
"""Seconds in which a running `serve` must have answered."""
LOOK_SECONDS = 0.1
Result = TypeVar("Result")


class CommandMailbox(Protocol):
    """The commands of one kind that wait for this process."""

    def answer(self, handle: Callable[[bytes], Result]) -> list[Result | None]:
        """Answers each command that waits with what `handle` returns; one item a command, None for one that failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """The commands of one `kind` (`forget`, `ack`) beside one database."""

    database: Path
    kind: str

    def send(self, command: object, *, patience: float = PATIENCE) -> object:
        """Returns the result of a command as plain JSON; StoreError when it failed, or after `patience` seconds without one.

        `command` is anything that orjson writes.
        """
        path = Path(f"{self.database}-{self.kind}-{secrets.token_hex(8)}.json")
        done = path.with_suffix(".done")
        _write(path, orjson.dumps(command))
        with _removed(path, done):
            deadline = time.monotonic() + patience
            while time.monotonic() < deadline:
                if done.exists():
                    return _result(done)
                time.sleep(LOOK_SECONDS)
        raise StoreError(
            f"the sameweights that writes {self.database} did not answer within {patience:g} s: see its log, or stop it"
        )

    def answer(self, handle: Callable[[bytes], Result]) -> list[Result | None]:
        """Answers each command that waits with what `handle` returns; one item a command, None for one that failed."""
        waiting = sorted(self.database.parent.glob(f"{self.database.name}-{self.kind}-*.json"))
        return [self._answer(path, command, handle) for path in waiting if (command := _command(path)) is not None]

    @staticmethod
    def _answer(path: Path, command: bytes, handle: Callable[[bytes], Result]) -> Result | None:
        result: Result | None = None
        try:
            result = handle(command)
            answer: dict[str, object] = {"result": result}
        except (StoreError, ValueError, TypeError, OSError) as error:
            answer = {"error": str(error)}
        with suppress(OSError):  # because the sender gave up, or the disk is full; the next look tries again
            _write(path.with_suffix(".done"), orjson.dumps(answer))
            path.unlink()
        return result


def _command(path: Path) -> bytes | None:
    """The command in a file; None when its sender withdrew it, or another user can have written it, which is logged."""
    try:
        return read_owned(path)
    except OSError:
        log_refused(path)
        return None


def _result(done: Path) -> object:
    answer = orjson.loads(read_owned(done))
    if "error" in answer:
        raise StoreError(str(answer["error"]))
    return answer["result"]


def _write(path: Path, content: bytes) -> None:
    """The whole file at once, readable by its owner alone."""
    draft = path.with_suffix(".draft")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as out:  # noqa: PTH123 - a mode from the start
        out.write(content)
    draft.rename(path)


@contextmanager
def _removed(*paths: Path) -> Iterator[None]:
    try:
        yield
    finally:
        for path in paths:
            path.unlink(missing_ok=True)
