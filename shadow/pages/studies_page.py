"""Renders the studies whose databases are in the folder of the records' database, and how each ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment

from storage.opening import open_reader
from storage.storage_config import StorageConfig
from storage.store import Reader, StoreError
from storage.study_rows import StudyRow

PATTERN = "study-*.db"
SHOWN = 50
"""Most databases that are opened, those changed last first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyOverview:
    """One study with its requests by state and its runs, and the name of the database that holds it."""

    study: StudyRow
    requests: Mapping[str, int]
    runs: int
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadFile:
    """A file that is named as a study's database and cannot be read as one."""

    file: str
    why: str


class StudiesPage:
    """Renders the page of the studies in `folder`."""

    def __init__(self, folder: Path, jinja: Environment) -> None:
        self._folder, self._jinja = folder, jinja

    def __repr__(self) -> str:
        return f"<StudiesPage of {self._folder}>"

    def page(self) -> str:
        """The studies, newest first; then the files that cannot be read, each with the reason."""
        files = sorted(self._folder.glob(PATTERN), key=_changed, reverse=True)
        found = [_read(path) for path in files[:SHOWN]]
        rows = sorted((line for lines in found if not isinstance(lines, UnreadFile) for line in lines), key=_newest)
        unread = [each for each in found if isinstance(each, UnreadFile)]
        more = max(0, len(files) - SHOWN)
        return self._jinja.get_template("studies.html").render(rows=rows, unread=unread, more=more)


def _read(path: Path) -> Sequence[StudyOverview] | UnreadFile:
    try:
        with closing(open_reader(StorageConfig(url=f"sqlite:///{path}"))) as reader:
            return [_line(reader, study, path.name) for study in reader.studies.studies()]
    except StoreError as why:
        return UnreadFile(file=path.name, why=str(why))


def _line(reader: Reader, study: StudyRow, file: str) -> StudyOverview:
    queries = reader.studies
    return StudyOverview(study=study, requests=queries.request_counts(study.id), runs=queries.run_count(study.id), file=file)


def _newest(line: StudyOverview) -> float:
    return -line.study.begun


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
