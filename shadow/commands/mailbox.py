"""Orders to forget, given to a running `serve` as files beside its database: one process writes it, and no port is opened for it.

An order is a file `DB-forget-ID.json`, its answer `DB-forget-ID.done`; both are their owner's alone and gone when read.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from shadow.commands.file_ownership import log_refused, owned
from storage.store import ErasureChoice, ErasureResult, Store, StoreError

PATIENCE = 60.0
"""Seconds in which a running `serve` must have carried an order out."""
_LOOK = 0.1


def give(database: Path, chosen: ErasureChoice, patience: float = PATIENCE) -> ErasureResult:
    """Have the process that writes `database` forget what was chosen, and wait; StoreError when it cannot, or is silent."""
    order = Path(f"{database}-forget-{secrets.token_hex(8)}.json")
    done = order.with_suffix(".done")
    _write(order, json.dumps(asdict(chosen)))
    with _removed(order, done):
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if done.exists():
                return _read_answer(done)
            time.sleep(_LOOK)
    raise StoreError(f"the sameweights that writes {database} did not answer within {patience:g} s: see what it logs, or stop it")


def carry_out(database: Path, store: Store) -> int:
    """Carry out the orders that wait beside `database`; the number of exchanges that went."""
    gone = 0
    for order in sorted(database.parent.glob(f"{database.name}-forget-*.json")):
        answer: dict[str, object] = {}
        try:
            told = store.forget(ErasureChoice(**json.loads(owned(order))))
            gone += told.exchanges
            answer = asdict(told)
        except (StoreError, ValueError, TypeError) as error:
            answer = {"error": str(error)}
        except OSError:  # its giver gave up, or it is not this user's alone
            log_refused(order)
            continue
        with suppress(OSError):
            _write(order.with_suffix(".done"), json.dumps(answer))
            order.unlink()
    return gone


def _write(path: Path, text: str) -> None:
    """All of it at once, for nobody else to read."""
    draft = path.with_suffix(".draft")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w", encoding="utf-8") as out:  # noqa: PTH123 - a mode from the start
        out.write(text)
    draft.rename(path)


@contextmanager
def _removed(*paths: Path) -> Iterator[None]:
    try:
        yield
    finally:
        for path in paths:
            path.unlink(missing_ok=True)


def _read_answer(done: Path) -> ErasureResult:
    answer = json.loads(owned(done))
    if "error" in answer:
        raise StoreError(str(answer["error"]))
    return ErasureResult(**answer)
