"""`sameweights alarms ack`, and acknowledgements from pages: done here, or through the mailbox of the `serve` that judges."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Protocol

from pydantic import TypeAdapter, ValidationError

from shadow.commands.mailbox import PATIENCE, CommandMailbox, Mailbox
from shadow.commands.table_mailbox import TableMailbox
from shadow.drift.state_transitions import Acknowledgement, AckOutcome, AckResult, done_sentences
from shadow.judging.judge import LEASE_LOST, Judge, LeaseLostError
from shadow.judging.operator_words import ActionLog
from shadow.settings.top_level_config import Config
from storage.opening import database_path, open_reader, open_store, store_url
from storage.order_table import OrderTable
from storage.page_rows import OperatorActionRow
from storage.store import BusyError, Store, StoreError

KIND = "ack"
PAGE_PATIENCE = 10.0
"""Seconds for which a page waits for the process that judges, which looks for acknowledgements twice a second."""
_ACKNOWLEDGEMENT = TypeAdapter(Acknowledgement)
_RESULTS = TypeAdapter(list[AckResult])


class AlarmAcknowledger(Protocol):
    """Holds the alarms of one database."""

    def acknowledge(self, acknowledgement: Acknowledgement, now: float) -> Sequence[AckResult]:
        """Acknowledges the alarms of the groups that fit; returns a result for each group."""


class SharedAlarms:
    """The alarms of a store that one of several processes judges: acknowledged by this one where it does, otherwise by that one.
    The process that judges notes in its `log` who gave an acknowledgement, at the moment of the change that it brought.

    Without `orders` no other process can be reached, and LeaseLostError is raised.
    """

    def __init__(
        self, judge: AlarmAcknowledger, log: ActionLog, orders: OrderTable | None, *, patience: float = PAGE_PATIENCE
    ) -> None:
        self._judge = judge
        self._log = log
        self._orders = orders
        self._patience = patience

    def __repr__(self) -> str:
        return f"<SharedAlarms {self._judge!r}>"

    def acknowledge(self, acknowledgement: Acknowledgement, now: float) -> Sequence[AckResult]:
        """A result for each group; StoreError where the process that judges does not answer. Slow: off the loop."""
        try:
            return _noted(self._judge, self._log, acknowledgement, now)
        except LeaseLostError:
            return _by_another(self._orders, acknowledgement, self._patience)


def acknowledge(config: Config, given: Iterable[Acknowledgement], *, patience: float = PATIENCE) -> Iterator[AckResult]:
    """Acknowledges alarms; yields a result for each group as soon as it is known, because a later one may fail.

    StoreError when the process that judges does not answer.
    """
    open_reader(config.storage).close()  # raises for an absent database, which `open_store` would create
    try:
        store = open_store(config.storage)
    except BusyError:
        database = database_path(store_url(config.storage))
        for each in given:
            yield from send_acknowledgement(database, each, patience)
        return
    with closing(store), closing(_judge(config, store)) as judge:
        for each in given:
            yield from _acknowledged(judge, store, each, patience)


def _judge(config: Config, store: Store) -> Judge:
    return Judge.configured(config, store.judgements, holder=secrets.token_hex(8), publish=lambda *_: None)


def _acknowledged(judge: Judge, store: Store, given: Acknowledgement, patience: float) -> Sequence[AckResult]:
    """The results of this process where it has the lease, otherwise of the one that judges the same tables."""
    try:
        return _noted(judge, store, given, time.time())
    except LeaseLostError:
        return _by_another(store.orders, given, patience)


def _by_another(orders: OrderTable | None, given: Acknowledgement, patience: float) -> Sequence[AckResult]:
    """The results of the process that judges the same tables."""
    if orders is None:
        raise LeaseLostError(LEASE_LOST)
    return _results(TableMailbox(orders=orders, kind=KIND).send(given, patience=patience))


def acknowledge_ordered(
    mailbox: CommandMailbox, judge: AlarmAcknowledger, log: ActionLog, clock: Callable[[], float] = time.time
) -> int:
    """Executes the acknowledgements that wait, each at a moment of its own, and notes who gave them; returns their number."""
    return len(mailbox.answer(lambda command: _noted(judge, log, _ACKNOWLEDGEMENT.validate_json(command), clock())))


def _noted(judge: AlarmAcknowledger, log: ActionLog, given: Acknowledgement, now: float) -> list[AckResult]:
    """The results of an acknowledgement, after who gave it and why was stored at the same moment, where it changed anything."""
    results = list(judge.acknowledge(given, now))
    done = done_sentences(results)
    if given.by and done:
        try:
            log.note_action(_action(given, now, done))
        except StoreError as why:
            sentence = f"done, but who did it and why could not be stored: {why}"
            results.append(AckResult(sentence=sentence, outcome=AckOutcome.NOT_NOTED))
    return results


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


def send_acknowledgement(database: Path, acknowledgement: Acknowledgement, patience: float = PATIENCE) -> Sequence[AckResult]:
    """The results of the process that judges `database`; StoreError when it failed or did not answer."""
    return _results(Mailbox(database=database, kind=KIND).send(acknowledgement, patience=patience))


def _results(result: object) -> Sequence[AckResult]:
    try:
        return _RESULTS.validate_python(result)
    except ValidationError:
        raise StoreError("the sameweights that judges this database is of another version: restart it") from None
