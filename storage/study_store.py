"""The Protocol of the tables of studies: what was planned, sent, answered and run, each written when it is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from storage.rows import ErasureResult, ExchangeRecord
from storage.study_rows import LegRow, RecordedCallRow, RunRow, SetbackRow, StudyRow


class StudyQueries(Protocol):
    """Read-only queries about studies."""

    def studies(self) -> Sequence[StudyRow]:
        """Every study of this database, in the order in which they began."""

    def legs(self, study_id: str) -> Sequence[LegRow]:
        """The legs of a study, in the order in which they were sent first; one whose answer is stored is `answered`."""

    def setbacks(self, study_id: str) -> Sequence[SetbackRow]:
        """The tries that gave no answer, in their order."""

    def runs(self, study_id: str) -> Sequence[RunRow]:
        """The runs of a study with their steps and results, in the order in which they ended."""

    def recorded_calls(self, study_id: str) -> Sequence[RecordedCallRow]:
        """The recorded tool calls of a study, in their order."""


class StudyStore(StudyQueries, Protocol):
    """The same, and what a study writes; each method returns when it is on disk. Slow: call it off the loop."""

    def begin(self, study: StudyRow) -> None:
        """Store a study; one of the same id keeps its legs and its beginning, and is open again."""

    def end(self, study_id: str, ended: float, outcome: str) -> None:
        """Store when the study ended, and how."""

    def ask(self, study_id: str, leg: LegRow) -> None:
        """Store that a leg is about to be sent, under the id of its exchange; a leg of this key is written over."""

    def set_back(self, study_id: str, setback: SetbackRow) -> None:
        """Store one try of a leg that gave no answer."""

    def answer(self, study_id: str, leg: LegRow, record: ExchangeRecord) -> None:
        """Store an answer and the state of its leg, both or neither."""

    def add_run(self, study_id: str, run: RunRow, exchanges: Sequence[ExchangeRecord] = ()) -> None:
        """Store a run with its steps, results and those of its exchanges that are not stored yet, all or nothing."""

    def add_recorded_calls(self, study_id: str, calls: Sequence[RecordedCallRow]) -> None:
        """Store tool calls with their results."""

    def forget(self, study_id: str) -> ErasureResult:
        """Delete a study with its legs, runs, exchanges and pairs for good; StoreError when the database refuses."""
