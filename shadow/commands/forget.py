"""`sameweights forget`: deletes records itself, or through the mailbox of the `serve` that writes the database."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import orjson

from shadow.commands.mailbox import PATIENCE, CommandMailbox, Mailbox
from shadow.findings.number_words import number_of
from shadow.report.filters import moment_of
from shadow.settings.config_errors import ConfigError, quoted
from storage.erasure_choice import ErasureChoice
from storage.opening import database_path, open_reader, open_store, store_url
from storage.rows import ErasureResult
from storage.storage_config import StorageConfig, is_server
from storage.store import BusyError, Store, StoreError


def chosen(conversation: str, tag: str, before: str, now: float) -> ErasureChoice:
    """The records that the flags choose; ConfigError when they choose none, or a time that cannot be read."""
    moment = moment_of("--before", before, now) if before else 0.0
    if not (conversation or tag or moment):
        raise ConfigError(["forget: choose records by --conversation ID, --tag TAG, or --before TIME (`now` is everything)"])
    return ErasureChoice(conversation=conversation, tag=tag, before=moment)


def forget(config: StorageConfig, choice: ErasureChoice) -> str:
    """Deletes the chosen records; returns a sentence for the user. StoreError when that failed."""
    result = _forget(config, choice)
    deleted = f"{number_of(result.exchanges, 'exchange')} deleted, with the pairs they belonged to"
    if is_server(store_url(config)):
        return f"{deleted}; the vacuum of the server overwrites their space"
    if result.log_emptied:
        return f"{deleted}; no byte of them is left in the database"
    pages = "a reader still holds old pages of the write-ahead log: they are removed by the next sweep, within a minute or two"
    return f"{deleted}; {pages}"


def would_forget(config: StorageConfig, choice: ErasureChoice) -> str:
    """What `forget` would delete of what is stored now, as a sentence for the user."""
    with closing(open_reader(config)) as reader:
        found = reader.erasure_extent(choice)
    exchanges = number_of(found.exchanges, "exchange")
    words = f"{exchanges} and {number_of(found.pairs, 'pair')} would be deleted; nothing was deleted now"
    return words + "".join(map(_tournament_words, found.tournaments))


def _tournament_words(route: str) -> str:
    words = "nothing would be claimed in it any more, and another one would have to begin"
    return f"; pairs of the tournament of the route {quoted(route)} are among them: {words}"


def forget_ordered(mailbox: CommandMailbox, store: Store) -> int:
    """Executes the commands that wait; returns the number of exchanges deleted."""
    results = mailbox.answer(lambda command: store.forget(ErasureChoice(**orjson.loads(command))))
    return sum(result.exchanges for result in results if result is not None)


def send_forget(database: Path, choice: ErasureChoice, patience: float = PATIENCE) -> ErasureResult:
    """The result of a deletion by the process that writes `database`; StoreError when it failed or did not answer."""
    result = Mailbox(database=database, kind="forget").send(choice, patience=patience)
    if not isinstance(result, dict):
        raise StoreError(f"the sameweights that writes {database} is of another version: restart it")
    return ErasureResult(**result)


def _forget(config: StorageConfig, choice: ErasureChoice) -> ErasureResult:
    open_reader(config).close()  # raises for an absent database, which `open_store` would create
    try:
        store = open_store(config)
    except BusyError:
        return send_forget(database_path(store_url(config)), choice)
    with closing(store):
        return store.forget(choice)
