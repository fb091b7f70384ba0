"""The Protocol of the tables of studies: what was planned, sent, answered and run, each written when it is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from storage.rows import ErasureResult, ExchangeRecord
from storage.spending import NOTHING, Spending
from storage.study_rows import RecordedCallRow, RecordedFilter, RunRow, SetbackRow, StudyRequestRow, StudyRow


class StudyQueries(Protocol):
    """Read-only queries about studies."""

    def studies(self) -> Sequence[StudyRow]:
        """Every study of this database, in the order in which they began."""

    def requests(self, study_id: str) -> Sequence[StudyRequestRow]:
        """The requests of a study, in the order in which they were sent first; one whose answer is stored is `answered`."""

    def request_counts(self, study_id: str) -> Mapping[str, int]:
        """The requests of a study by state, states as `requests` has them."""

    def run_count(self, study_id: str) -> int:
        """The runs of a study."""

    def deleted_pairs(self, study_id: str) -> int:
        """How many pairs of a tournament were deleted: those of its route that started within it."""

    def setbacks(self, study_id: str) -> Sequence[SetbackRow]:
        """The tries that gave no answer, in their order."""

    def runs(self, study_id: str) -> Sequence[RunRow]:
        """The runs of a study with their steps and results, in the order in which they ended."""

    def conversation(self, key: str, provider: str, limit: int) -> Sequence[str]:
        """The ids of a conversation's exchanges with one provider, in the order in which they began."""

    def recorded_requests(self, wanted: RecordedFilter) -> Sequence[str]:
        """The ids of the newest live requests of the filter that were held whole, newest first."""

    def recorded_calls(self, study_id: str) -> Sequence[RecordedCallRow]:
        """The recorded tool calls of a study, in their order."""


class StudyStore(StudyQueries, Protocol):
    """The same, and what a study writes; each method returns when it is on disk. Slow: call it off the loop."""

    def begin(self, study: StudyRow) -> None:
        """Store a study; one of the same id keeps its requests and its beginning, and is open again."""

    def number_blocks(self, study_id: str, blocks: Mapping[str, int]) -> None:
        """Store the block of each request by its key, as the plan of this run numbers it; -1 for those that it does not need."""

    def end(self, study_id: str, ended: float, outcome: str, plan: str = "") -> None:
        """Store when the study ended, and how; `plan` takes the place of the stored one unless it is empty."""

    def ask(self, study_id: str, request: StudyRequestRow, at: float = 0.0, most: Spending = NOTHING) -> None:
        """Store that a request is sent at `at`, under the id of its exchange, and the most that it can cost as spent.

        A request of this key is written over.
        """

    def set_back(self, study_id: str, setback: SetbackRow, change: Spending = NOTHING) -> None:
        """Store one try of a request that gave no answer, and what it cost less the most that it could have."""

    def answer(self, study_id: str, request: StudyRequestRow, record: ExchangeRecord, change: Spending = NOTHING) -> None:
        """Store an answer, the state of its request, and what it cost less the most that it could have; all or nothing."""

    def add_run(self, study_id: str, run: RunRow, exchanges: Sequence[ExchangeRecord] = ()) -> None:
        """Store a run with its steps, results and those of its exchanges that are not stored yet, all or nothing."""

    def add_recorded_calls(self, study_id: str, calls: Sequence[RecordedCallRow]) -> None:
        """Store tool calls with their results."""

    def forget(self, study_id: str) -> ErasureResult:
        """Delete a study with its requests, runs, exchanges and pairs for good; StoreError when the database refuses."""
