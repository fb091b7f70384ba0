"""A probe shown again from its database; whole ones are in `test_probe_study.py`."""

import json
from dataclasses import asdict

import pytest

from shadow.studies.measured_run import MeasuredRun, RunOutcome
from shadow.studies.outputs.study_lines import promises
from shadow.studies.probe.agent_run import AgentRun
from shadow.studies.probe.run_rows import run_row
from shadow.studies.probe.stored_probe import stored_probe
from shadow.studies.study_policy import OnUndecided, StudyPolicy
from shadow.studies.verdicts.study_verdict import StudyWord, exit_code
from storage.study_rows import StudyRow
from tests.shadow.studies.outputs.made import facts


def study(plan: dict[str, object], policy: StudyPolicy) -> StudyRow:
    values = {"id": "s", "kind": "probe", "name": "t", "begun": 1.0, "seed": 0, "version": "1"}
    return StudyRow(**values, plan=json.dumps(plan), policy=json.dumps(asdict(policy)))


def test_a_study_that_has_not_ended_has_no_report(sqlite_store):
    row = study({}, StudyPolicy())
    sqlite_store.studies.begin(row)
    assert stored_probe(sqlite_store, row) is None


@pytest.mark.parametrize(("on_undecided", "code"), [(OnUndecided.ACCEPT, 0), (OnUndecided.FAIL, 4)])
def test_a_study_that_has_ended_is_judged_again_by_its_policy_with_its_facts(sqlite_store, on_undecided, code):
    known = facts(skipped=("f:1: is not JSON",), notes=("a note",))
    plan = {"settings": {"reference": "r", "providers": ["p", "q"]}, "facts": asdict(known), "barred": {"q": "it left"}}
    row = study(plan, StudyPolicy(allowed_drop=0.3, on_undecided=on_undecided))
    sqlite_store.studies.begin(row)
    for place, (provider, block) in enumerate((name, block) for block in range(7) for name in "rp"):
        values = {"task": "t", "block": block, "position": place, "outcome": RunOutcome.COMPLETE, "score": 1.0}
        made = AgentRun(provider=provider, task="t", block=block, began=0.0)
        sqlite_store.studies.add_run("s", run_row(made, MeasuredRun(provider=provider, **values), clean=str))
    report = stored_probe(sqlite_store, row)
    assert report.facts == known
    words = {verdict.candidate: (verdict.word, verdict.pairs) for verdict in report.result.verdicts}
    assert words == {"p": (StudyWord.UNDECIDED, 7), "q": (StudyWord.NOT_MEASURED, 0)}
    assert exit_code(report.result) == 4
    alone = {**plan, "settings": {"reference": "r", "providers": ["p"]}}
    report = stored_probe(sqlite_store, study(alone, StudyPolicy(allowed_drop=0.3, on_undecided=on_undecided)))
    assert exit_code(report.result) == code
    assert promises(report)[0] == "Judged by coverage, allowed drop 30 points, not below 6 pairs."
