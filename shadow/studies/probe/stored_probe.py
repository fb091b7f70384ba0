"""stored_probe(): a probe from its database alone, judged again by the same rule and shown as its run showed it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields

from shadow.studies.outputs.study_report import StudyFacts, StudyReport, study_report
from shadow.studies.probe.run_rows import measured_of
from shadow.studies.study_policy import OnUndecided, PolicyScore, StudyPolicy
from shadow.studies.verdicts.study_rule import judge_study
from storage.store import Reader
from storage.study_rows import StudyRow


def stored_probe(reader: Reader, row: StudyRow) -> StudyReport | None:
    """The report of a probe or fork; None for one that has not ended."""
    plan = json.loads(row.plan)
    if "facts" not in plan:
        return None
    runs = [measured_of(run) for run in reader.studies.runs(row.id)]
    settings = plan["settings"]
    verdicts = judge_study(
        runs,
        reference=settings["reference"],
        candidates=settings["providers"],
        policy=_policy(json.loads(row.policy)),
        barred=plan["barred"],
    )
    return study_report(_facts(plan["facts"]), verdicts, runs)


def _policy(found: Mapping[str, object]) -> StudyPolicy:
    values = dict(found)
    values["score"] = PolicyScore(str(found["score"]))
    values["on_undecided"] = OnUndecided(str(found["on_undecided"]))
    return StudyPolicy(**values)  # type: ignore[arg-type] # written from the same class


def _facts(found: Mapping[str, object]) -> StudyFacts:
    known = {field.name for field in fields(StudyFacts)}
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in found.items() if name in known}
    return StudyFacts(**values)  # type: ignore[arg-type] # as above
