"""`sameweights forget`: by itself where nobody writes the database, else by an order to the one who does."""

from __future__ import annotations

from contextlib import closing

from shadow.commands import mailbox
from shadow.report.filters import moment_of
from shadow.settings.config_errors import ConfigError
from storage.opening import database_path, open_reader, open_store
from storage.storage_config import StorageConfig
from storage.store import BusyError, ErasureChoice, ErasureResult


def chosen(conversation: str, tag: str, before: str, now: float) -> ErasureChoice:
    """What the flags choose; ConfigError when they choose nothing, or no time that is known."""
    moment = moment_of("--before", before, now) if before else 0.0
    if not (conversation or tag or moment):
        raise ConfigError(["forget: say what: --conversation ID, --tag TAG, or --before TIME (`now` is everything)"])
    return ErasureChoice(conversation=conversation, tag=tag, before=moment)


def forgotten(config: StorageConfig, what: ErasureChoice) -> str:
    """Delete what was chosen, and say in a sentence what went; StoreError when that cannot be."""
    told = _forget(config, what)
    went = f"{told.exchanges} exchange{'' if told.exchanges == 1 else 's'} deleted, with the pairs they belonged to"
    if told.log_emptied:
        return f"{went}; no byte of them is left in the database"
    return f"{went}; a reader still holds old pages of the write-ahead log: they go with the next sweep, within a minute or two"


def _forget(config: StorageConfig, what: ErasureChoice) -> ErasureResult:
    open_reader(config).close()  # an absent database is not made for this
    try:
        store = open_store(config)
    except BusyError:
        return mailbox.give(database_path(config.url), what)
    with closing(store):
        return store.forget(what)
