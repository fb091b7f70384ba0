"""Runs of tasks as rows of the study's database, and the measured runs back from them. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields

from shadow.findings.finding_builders import short, storable
from shadow.studies.measured_run import MeasuredRun, RunOutcome
from shadow.studies.probe.agent_run import AgentRun, CallResult
from storage.study_rows import RecordedCallRow, RunResultRow, RunRow

LONGEST_DETAIL = 300
"""Characters of a run's detail that are kept."""
_IN_COLUMNS = frozenset(
    {"provider", "task", "block", "outcome", "detail", "score", "points", "touched", "seconds", "tool_seconds"}
)


def run_row(run: AgentRun, measured: MeasuredRun, *, clean: Callable[[str], str]) -> RunRow:
    """The row of a run; `clean` redacts each text of a provider or a tool, before it is cut."""
    details = {name: value for name, value in asdict(measured).items() if name not in _IN_COLUMNS}
    world = {"notes": sorted(set(run.notes)), "misses": run.misses, "measured": details}
    return RunRow(
        target=run.provider,
        task=run.task,
        block=run.block,
        outcome=measured.outcome.value,
        detail=short(clean(measured.detail), LONGEST_DETAIL),
        score=measured.score,
        points=measured.points,
        touched=json.dumps(measured.touched),
        begun=run.began,
        seconds=measured.seconds or 0.0,
        tools_seconds=measured.tool_seconds,
        world=json.dumps(world),
        steps=tuple(step.exchange.id for step in run.steps),
        results=tuple(_result_row(result, clean) for result in run.results),
    )


def _result_row(result: CallResult, clean: Callable[[str], str]) -> RunResultRow:
    answer = result.answer
    return RunResultRow(
        place=result.step,
        position=result.position,
        source=answer.source.value,
        is_error=answer.is_error,
        alterations=json.dumps([*result.call.notes, *answer.alterations]),
        seconds=answer.seconds,
        text=storable(clean(answer.text)),
    )


def measured_of(row: RunRow) -> MeasuredRun:
    """The measured run of a row."""
    details = _details(row)
    known = {field.name for field in fields(MeasuredRun)}
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in details.items() if name in known}
    return MeasuredRun(
        provider=row.target,
        task=row.task,
        block=row.block,
        outcome=RunOutcome(row.outcome),
        detail=row.detail,
        score=row.score,
        points=row.points,
        touched=tuple(json.loads(row.touched)),
        seconds=row.seconds,
        tool_seconds=row.tools_seconds,
        **values,  # type: ignore[arg-type] # written by run_row from the same members
    )


def _details(row: RunRow) -> Mapping[str, object]:
    found = json.loads(row.world).get("measured", {})
    return found if isinstance(found, dict) else {}


def misses_of(rows: Sequence[RunRow], provider: str) -> tuple[int, int]:
    """Calls of a provider that left the recording, and all of its calls that reached a tool."""
    own = [row for row in rows if row.target == provider]
    calls = sum(result.source != "refused" for row in own for result in row.results)
    return sum(int(json.loads(row.world).get("misses", 0)) for row in own), calls


def recorded_rows(run: AgentRun, clean: Callable[[str], str]) -> list[RecordedCallRow]:
    """The calls of a run that reached a tool, with their results, redacted by `clean`."""
    return [
        RecordedCallRow(
            name=result.call.name,
            arguments=storable(clean(result.call.written)),
            text=storable(clean(result.answer.text)),
            is_error=result.answer.is_error,
        )
        for result in run.results
        if result.executed
    ]
