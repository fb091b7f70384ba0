"""begin_tournament(): stores the start of a tournament, or sends it to the mailbox of the `serve` that writes this database."""

from __future__ import annotations

from contextlib import closing

from pydantic import TypeAdapter

from shadow.commands.mailbox import PATIENCE, CommandMailbox, Mailbox
from shadow.tournament.tournament_record import TournamentRecord, row_of, running
from storage.opening import database_path, open_store, store_url
from storage.storage_config import StorageConfig
from storage.store import BusyError, Store

_RECORD = TypeAdapter(TournamentRecord)
KIND = "tournament"


def begin_tournament(config: StorageConfig, record: TournamentRecord, *, patience: float = PATIENCE) -> None:
    """Store it; one of the same route that runs ends at its start. StoreError when the process that writes does not answer."""
    try:
        store = open_store(config)
    except BusyError:
        Mailbox(database=database_path(store_url(config)), kind=KIND).send(record, patience=patience)
        return
    with closing(store):
        begin(store, record)


def begin(store: Store, record: TournamentRecord) -> str:
    """Store the start, and the end of the one before; the id. One of this id that is stored stays as it is."""
    rows = store.studies.studies()
    if any(row.id == record.id for row in rows):
        return record.id
    if (before := running(rows, record.route)) is not None:
        store.studies.end(before.id, record.begun, "a new tournament began")
    store.studies.begin(row_of(record))
    return record.id


def begin_ordered(mailbox: CommandMailbox, store: Store) -> int:
    """Executes the starts that wait; returns their number."""
    return len(mailbox.answer(lambda command: begin(store, _RECORD.validate_json(command))))
