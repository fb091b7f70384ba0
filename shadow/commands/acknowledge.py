"""`sameweights drift ack`: what an operator says to an alarm, by itself where nobody judges, else handed to the one who does.

It is handed over as a file beside the database, `DB-ack-ID.json`, and answered in `DB-ack-ID.done`; both are their owner's alone.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Protocol

import orjson
from pydantic import TypeAdapter, ValidationError

from shadow.commands.file_ownership import log_refused, owned
from shadow.drift.states import Acknowledgement
from shadow.judging.judge import Judge
from shadow.settings.config_model import Config
from storage.opening import database_path, open_reader, open_store
from storage.store import BusyError, StoreError

PATIENCE = 60.0
"""Seconds in which a running `serve` must have answered."""
LOOK = 0.1


_SLIP = TypeAdapter(Acknowledgement)


class AlarmAcknowledger(Protocol):
    """Who judges."""

    def acknowledge(self, acknowledgement: Acknowledgement, now: float) -> Sequence[str]:
        """What became of it, a sentence a group."""


def acknowledged(config: Config, acknowledgement: Acknowledgement, *, patience: float = PATIENCE) -> Sequence[str]:
    """Say it to whoever judges this store; StoreError when nobody can be reached."""
    open_reader(config.storage).close()  # an absent database is not made for this
    try:
        store = open_store(config.storage)
    except BusyError:
        return _hand_over(database_path(config.storage.url), acknowledgement, patience)
    with closing(store):
        judge = Judge.configured(config.drift, store.verdicts, holder=secrets.token_hex(8), tell=lambda *_: None)
        try:
            return judge.acknowledge(acknowledgement, time.time())
        finally:
            judge.close()


def answer_those_that_wait(database: Path, judge: AlarmAcknowledger, now: float) -> int:
    """Answer what lies beside the database; how many there were."""
    waiting = sorted(database.parent.glob(f"{database.name}-ack-*.json"))
    for slip in waiting:
        try:
            told: dict[str, object] = {"told": list(judge.acknowledge(_SLIP.validate_json(owned(slip)), now))}
        except (StoreError, ValidationError) as error:
            told = {"error": str(error)}
        except OSError:  # its giver gave up, or it is not this user's alone
            log_refused(slip)
            continue
        with suppress(OSError):
            _write(slip.with_suffix(".done"), orjson.dumps(told))
            slip.unlink()
    return len(waiting)


def _hand_over(database: Path, acknowledgement: Acknowledgement, patience: float) -> Sequence[str]:
    slip = Path(f"{database}-ack-{secrets.token_hex(8)}.json")
    done = slip.with_suffix(".done")
    _write(slip, _SLIP.dump_json(acknowledgement))
    try:
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if done.exists():
                told = orjson.loads(owned(done))
                if "error" in told:
                    raise StoreError(str(told["error"]))
                return [str(sentence) for sentence in told["told"]]
            time.sleep(LOOK)
    finally:
        for path in (slip, done):
            path.unlink(missing_ok=True)
    raise StoreError(f"the sameweights that writes {database} did not answer within {patience:g} s: see what it logs, or stop it")


def _write(path: Path, body: bytes) -> None:
    """All of it at once, for nobody else to read."""
    draft = path.with_suffix(".draft")
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(file, body)
    finally:
        os.close(file)
    draft.rename(path)
