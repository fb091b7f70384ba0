"""result_lines(): what a replay came to, as text for a terminal. Pure."""

from __future__ import annotations

from shadow.studies.verdicts.study_verdict import StudyResult


def result_lines(result: StudyResult) -> list[str]:
    """A line for each candidate, worst first."""
    return [f"{verdict.word.value}  {verdict.candidate}: {verdict.sentence}" for verdict in result.verdicts]
