"""The commands on studies that were run: list, show, export and forget; each reads the database of the study itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from shadow.settings.config_errors import ConfigError, quoted
from shadow.studies.outputs.print_report import print_report
from shadow.studies.outputs.write_outputs import OutputFormat, output_formats
from shadow.studies.probe.stored_probe import stored_probe
from shadow.studies.replay.print_outputs import print_outputs
from shadow.studies.replay.replay_report import stored_replay
from shadow.studies.study_database import open_study_store
from shadow.verdict.phrases import moment
from storage.opening import OpenedReader, database_path, open_reader
from storage.storage_config import StorageConfig
from storage.store import StoreError
from storage.study_rows import StudyRow

REPLAYED = frozenset({"replay", "try"})
"""Kinds of studies whose answers are stored row by row."""


def listed(folder: Path) -> list[str]:
    """A line for each study of the databases study-*.db of a folder, the oldest first, then one for each that cannot be read."""
    unread: dict[Path, str] = {}
    found = sorted(_studies(folder, unread), key=lambda each: each[1].begun)
    lines = [f"{row.name}  {row.kind}, begun {moment(row.begun)} UTC, {_end(row)}  ({path.name})" for path, row in found]
    lines += [f"{path.name}: {why}" for path, why in unread.items()]
    return lines or [f"no study-*.db in {folder}"]


def show(name: str, db: str | None, formats: Sequence[OutputFormat], folder: Path) -> None:
    """Print a study as its run printed it, and write the files of the other formats."""
    path = found_database(name, db)
    with closing(_reader(path)) as reader:
        row = study_of(reader, path, name)
        if row.kind not in REPLAYED:
            _show_runs(reader, row, formats, folder)
            return
        print_outputs(reader, stored_replay(reader, row), formats, folder)


def _show_runs(reader: OpenedReader, row: StudyRow, formats: Sequence[OutputFormat], folder: Path) -> None:
    report = stored_probe(reader, row)
    if report is None:
        raise ConfigError([f"study {row.name}: has not ended; run its command again, nothing is sent twice"])
    print_report(report, formats, folder)


def export(name: str, db: str | None, formats: str, folder: Path) -> None:
    """Write the files of a study; JSON where no file is named."""
    chosen = output_formats(formats)
    show(name, db, [each for each in chosen if each is not OutputFormat.TEXT] or [OutputFormat.JSON], folder)


def forget(name: str, db: str | None) -> str:
    """Delete a study with its answers for good; a sentence for the user."""
    path = found_database(name, db)
    with closing(_reader(path)) as reader:
        row = study_of(reader, path, name)
    with closing(open_study_store(path, StorageConfig())) as store:
        result = store.studies.forget(row.id)
    left = "no byte of them is left" if result.log_emptied else "a reader still holds old pages of the log"
    return f"study {row.name} forgotten: {result.exchanges} exchanges deleted from {path.name}, and their pairs; {left}"


def found_database(name: str, db: str | None) -> Path:
    """The database of a study by its name, or the file that is named; ConfigError where there is none."""
    named = Path(name)
    path = database_path(db) if db else named if named.suffix == ".db" else Path(f"study-{name}.db")
    if path.is_file():
        return path.resolve()
    known = [row.name for _, row in _studies(Path(), {})]
    raise ConfigError([f"study {quoted(name)}: there is no {path}; known here: {', '.join(known) or 'none'}"])


def study_of(reader: OpenedReader, path: Path, name: str) -> StudyRow:
    """The study of a database: the one of this name, else the only one."""
    rows = reader.studies.studies()
    row = next((each for each in rows if each.name == name), rows[0] if len(rows) == 1 else None)
    if row is None:
        raise ConfigError([f"study {quoted(name)}: {path} holds {', '.join(each.name for each in rows) or 'no study'}"])
    return row


def _studies(folder: Path, unread: dict[Path, str]) -> Iterator[tuple[Path, StudyRow]]:
    """The studies of each database; `unread` receives why a file could not be read."""
    for path in sorted(folder.glob("study-*.db")):
        try:
            with closing(_reader(path.resolve())) as reader:
                rows = reader.studies.studies()
        except StoreError as why:
            unread[path] = str(why)
        else:
            yield from ((path, row) for row in rows)


def _reader(path: Path) -> OpenedReader:
    return open_reader(StorageConfig(url=f"sqlite:///{path}"))


def _end(row: StudyRow) -> str:
    return f"ended {moment(row.ended)} UTC: {row.outcome}" if row.ended else "not ended: run its command again"
