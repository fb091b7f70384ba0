"""The tools about studies: the list of studies, and the outcome of one at each provider."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from shadow.mcp_server.inputs import instant, one_of, rfc3339
from shadow.mcp_server.stored_text import recorded_name, stored_text
from shadow.mcp_server.tool_results import StudyDetail, StudyLine, StudyList, StudyTarget
from storage.store import Reader
from storage.study_rows import ANSWERED, ASKED, FAILED, RunRow, SetbackRow, StudyRequestRow, StudyRow

PLAN = 20_000
"""Most characters of a plan."""


class StudyTools:
    """Answers from `reader`. Safe from any thread."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def list_studies(self) -> StudyList:
        """Every study of the database."""
        return StudyList(studies=[_line(row) for row in self._reader.studies.studies()])

    def get_study(self, study_id: str) -> StudyDetail:
        """One study; ConfigError when none has this id."""
        queries = self._reader.studies
        rows = {row.id: row for row in queries.studies()}
        one_of("study", study_id, rows)
        row, requests = rows[study_id], queries.requests(study_id)
        runs, setbacks = queries.runs(study_id), queries.setbacks(study_id)
        names = sorted({request.target for request in requests} | {run.target for run in runs})
        return StudyDetail(
            **_line(row).model_dump(),
            seed=row.seed,
            plan=stored_text(row.plan, limit=PLAN),
            policy=stored_text(row.policy, limit=PLAN),
            targets=[_target(name, requests, runs, setbacks) for name in names],
        )


def _line(row: StudyRow) -> StudyLine:
    return StudyLine(
        id=row.id,
        kind=row.kind,
        name=recorded_name(row.name),
        begun=instant(row.begun),
        ended=rfc3339(row.ended),
        outcome=stored_text(row.outcome),
    )


def _target(
    name: str, requests: Sequence[StudyRequestRow], runs: Sequence[RunRow], setbacks: Sequence[SetbackRow]
) -> StudyTarget:
    of_it = {request.key: request for request in requests if request.target == name}
    states = Counter(request.state for request in of_it.values())
    own_runs = [run for run in runs if run.target == name]
    scores = [run.score for run in own_runs if run.score is not None]
    return StudyTarget(
        target=recorded_name(name),
        asked=states[ASKED],
        answered=states[ANSWERED],
        failed=states[FAILED],
        setbacks=dict(Counter(recorded_name(each.reason) for each in setbacks if each.key in of_it)),
        runs=len(own_runs),
        outcomes=dict(Counter(run.outcome for run in own_runs)),
        mean_score=sum(scores) / len(scores) if scores else None,
    )
