"""Renders the studies whose databases lie beside that of the records: providers compared on purpose, and how each ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
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


class StudiesPage:
    """Renders the page of the studies in `folder`."""

    def __init__(self, folder: Path, jinja: Environment) -> None:
        self._folder, self._jinja = folder, jinja

    def __repr__(self) -> str:
        return f"<StudiesPage of {self._folder}>"

    def page(self) -> str:
        """The studies, newest first; a file that is no database of a study is left out."""
        files = sorted(self._folder.glob(PATTERN), key=_changed, reverse=True)
        rows = sorted((line for path in files[:SHOWN] for line in _lines(path)), key=lambda line: -line.study.begun)
        return self._jinja.get_template("studies.html").render(rows=rows, more=max(0, len(files) - SHOWN))


def _lines(path: Path) -> Iterator[StudyOverview]:
    try:
        with closing(open_reader(StorageConfig(url=f"sqlite:///{path}"))) as reader:
            yield from [_line(reader, study, path.name) for study in reader.studies.studies()]
    except StoreError:
        return


def _line(reader: Reader, study: StudyRow, file: str) -> StudyOverview:
    states = Counter(request.state for request in reader.studies.requests(study.id))
    return StudyOverview(study=study, requests=dict(states), runs=len(reader.studies.runs(study.id)), file=file)


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
