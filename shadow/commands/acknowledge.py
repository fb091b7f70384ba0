"""`sameweights alarms ack`: acknowledges alarms itself, or through the mailbox of the `serve` that judges this database."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Protocol

from pydantic import TypeAdapter

from shadow.commands.mailbox import PATIENCE, CommandMailbox, Mailbox
from shadow.commands.table_mailbox import TableMailbox
from shadow.drift.state_transitions import Acknowledgement
from shadow.judging.judge import Judge, LeaseLostError
from shadow.judging.operator_words import ActionLog
from shadow.settings.top_level_config import Config
from storage.opening import database_path, open_reader, open_store, store_url
from storage.page_rows import OperatorActionRow
from storage.store import BusyError, Store, StoreError

KIND = "ack"
_ACKNOWLEDGEMENT = TypeAdapter(Acknowledgement)


class AlarmAcknowledger(Protocol):
    """Holds the alarms of one database."""

    def acknowledge(self, acknowledgement: Acknowledgement, now: float) -> Sequence[str]:
        """Acknowledges the alarms of the groups that fit; returns a sentence for each group."""


def acknowledge(config: Config, acknowledgement: Acknowledgement, *, patience: float = PATIENCE) -> Sequence[str]:
    """Acknowledges alarms; returns a sentence for each group. StoreError when the process that judges does not answer."""
    open_reader(config.storage).close()  # raises for an absent database, which `open_store` would create
    try:
        store = open_store(config.storage)
    except BusyError:
        return send_acknowledgement(database_path(store_url(config.storage)), acknowledgement, patience)
    with closing(store):
        try:
            return _acknowledged(config, store, acknowledgement)
        except LeaseLostError:
            if store.orders is None:
                raise
            return _sentences(TableMailbox(orders=store.orders, kind=KIND).send(acknowledgement, patience=patience))


def _acknowledged(config: Config, store: Store, acknowledgement: Acknowledgement) -> Sequence[str]:
    judge = Judge.configured(config, store.judgements, holder=secrets.token_hex(8), publish=lambda *_: None)
    try:
        return _noted(judge, store, acknowledgement, time.time())
    finally:
        judge.close()


def acknowledge_ordered(mailbox: CommandMailbox, judge: AlarmAcknowledger, log: ActionLog, now: float) -> int:
    """Executes the acknowledgements that wait, and notes who gave them; returns their number."""
    return len(mailbox.answer(lambda command: _noted(judge, log, _ACKNOWLEDGEMENT.validate_json(command), now)))


def _noted(judge: AlarmAcknowledger, log: ActionLog, given: Acknowledgement, now: float) -> list[str]:
    """The sentences of an acknowledgement, after who gave it and why was stored at the same moment."""
    sentences = list(judge.acknowledge(given, now))
    if given.by:
        try:
            log.note_action(_action(given, now, "; ".join(sentences)))
        except StoreError as why:
            sentences.append(f"done, but who did it and why could not be stored: {why}")
    return sentences


def _action(given: Acknowledgement, now: float, result: str) -> OperatorActionRow:
    return OperatorActionRow(
        at=now,
        action=given.answer.value,
        by=given.by,
        why=given.why,
        provider=given.provider,
        model=given.model,
        until=0.0,
        result=result,
    )


def send_acknowledgement(database: Path, acknowledgement: Acknowledgement, patience: float = PATIENCE) -> Sequence[str]:
    """The sentences of the process that judges `database`; StoreError when it failed or did not answer."""
    return _sentences(Mailbox(database=database, kind=KIND).send(acknowledgement, patience=patience))


def _sentences(result: object) -> Sequence[str]:
    if not isinstance(result, list):
        raise StoreError("the sameweights that judges this database is of another version: restart it")
    return [str(sentence) for sentence in result]
