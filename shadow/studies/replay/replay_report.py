"""replay_report(): a replay as its outputs print it, with the figures of verifiers; read from its database alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shadow.privacy.privacy_policy import comparable
from shadow.reading.parsed_exchange import parse_exchange
from shadow.report.latency_lines import repeatable_choice
from shadow.studies.figures.answered_row import AnsweredRow, labelled_row
from shadow.studies.figures.verifier_summary import VerifierSummary, verifier_summary
from shadow.studies.outputs.study_report import StudyFacts, StudyReport, study_report
from shadow.studies.outputs.verifier_files import VerifierRow
from shadow.studies.own_checks.row_checks import stored_row_checks
from shadow.studies.replay.replay_evidence import CONTROL, REFERENCE, ReplayEvidence
from shadow.studies.replay.stored_replay import stored_evidence
from shadow.studies.study_policy import OnUndecided, PolicyScore, StudyPolicy
from shadow.studies.targets import Targets
from shadow.studies.verdicts.study_rule import judge_study
from shadow.studies.verdicts.study_verdict import StudyResult
from storage.store import Reader
from storage.study_rows import StudyRow


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReplay:
    """A replay of a database: its row, its providers and policy, its evidence, and the verdicts on it."""

    row: StudyRow
    targets: Targets
    policy: StudyPolicy
    evidence: ReplayEvidence
    result: StudyResult


def stored_replay(reader: Reader, row: StudyRow) -> StoredReplay:
    """The replay of this row, judged by all of its answers that are stored."""
    plan, policy = json.loads(row.plan), policy_of(row)
    targets = Targets(candidates=tuple(plan["candidates"]), reference=plan["reference"])
    evidence = stored_evidence(reader, row.id, targets, policy, stored_row_checks(plan))
    result = judge_study(evidence.runs, reference=targets.reference, candidates=targets.candidates, policy=policy)
    return StoredReplay(row=row, targets=targets, policy=policy, evidence=evidence, result=result)


def policy_json(policy: StudyPolicy) -> str:
    """The policy as it is stored with its study."""
    return json.dumps(
        {
            "score": policy.score.value,
            "allowed_drop": policy.allowed_drop,
            "alpha": policy.alpha,
            "fewest_runs": policy.fewest_runs,
            "on_undecided": policy.on_undecided.value,
        }
    )


def policy_of(row: StudyRow) -> StudyPolicy:
    """The stored policy of a study."""
    found = json.loads(row.policy)
    return StudyPolicy(
        score=PolicyScore(found["score"]),
        allowed_drop=found["allowed_drop"],
        alpha=found["alpha"],
        fewest_runs=found["fewest_runs"],
        on_undecided=OnUndecided(found["on_undecided"]),
    )


def replay_report(reader: Reader, stored: StoredReplay) -> StudyReport:
    """The report of a stored replay."""
    models = _models(reader, stored)
    return study_report(_facts(reader, stored, models), stored.result, stored.evidence.runs, _summaries(stored, models))


def verifier_rows(reader: Reader, stored: StoredReplay) -> Mapping[str, Sequence[VerifierRow]]:
    """The answers of each provider in the form of the verifier's rows; the reference's first."""
    requests = {request.key: request for request in reader.studies.requests(stored.row.id)}
    found = {}
    for name in (REFERENCE, *stored.targets.candidates):
        rows = []
        for index, (row, key) in enumerate(zip(stored.evidence.answered[name], stored.evidence.keys[name], strict=True), 1):
            kept = reader.exchange(requests[key].exchange_id)
            if kept is not None:
                parsed = parse_exchange(comparable(kept))
                body = parsed.exchange.request.body
                line = _line(requests[key].row_id, index)
                rows.append(VerifierRow(data_index=line, row=row, request=body, response=parsed.answer, key=key))
        found[stored.targets.reference if name == REFERENCE else name] = sorted(rows, key=lambda row: row.data_index)
    return found


def _line(row_id: str, position: int) -> int:
    """The line of a row in its data set, which is the verifier's `data_index`; its position where it came out of a database."""
    _, _, line = row_id.rpartition(":")
    return int(line) if line.isdecimal() else position


def _summaries(stored: StoredReplay, models: Mapping[str, str]) -> list[VerifierSummary]:
    answered, targets = stored.evidence.answered, stored.targets
    labels = json.loads(stored.row.plan).get("labels", {})
    return [
        verifier_summary(
            answered[name],
            provider=targets.reference if name == REFERENCE else name,
            model=models.get(targets.reference if name == REFERENCE else name, ""),
            reference=() if name == REFERENCE else answered[REFERENCE],
            control=() if name == REFERENCE else answered[CONTROL],
            labels=_labelled(answered[name], labels),
            choose=repeatable_choice(stored.row.id),
        )
        for name in (REFERENCE, *targets.candidates)
        if answered[name]
    ]


def _labelled(rows: Sequence[AnsweredRow], labels: Mapping[str, bool]) -> list[AnsweredRow]:
    """The published labels of these rows, whose ids are those of the data set with their block behind."""
    tasks = {row.row: row.row.rpartition(" ")[0] for row in rows}
    return [labelled_row(row, calls=labels[task]) for row, task in tasks.items() if task in labels]


def _facts(reader: Reader, stored: StoredReplay, models: Mapping[str, str]) -> StudyFacts:
    row, plan = stored.row, json.loads(stored.row.plan)
    traffic = reader.traffic(0, 0)
    spent = plan.get("spent", {})
    notes = [f"{name} was given up in the last run: {why}" for name, why in plan.get("down", {}).items()]
    return StudyFacts(
        name=row.name,
        kind=row.kind,
        version=row.version,
        began=row.begun,
        ended=row.ended or None,
        ended_by=plan.get("ended_by", ""),
        seed=row.seed,
        planned=plan["blocks"],
        requests=spent.get("requests") or sum(request.tries for request in reader.studies.requests(row.id)),
        prompt_tokens=sum(each.prompt_tokens for each in traffic),
        completion_tokens=sum(each.completion_tokens for each in traffic),
        cost=spent.get("money") or None,
        models=models,
        skipped=tuple(plan.get("skipped", ())),
        skipped_rows=plan.get("skipped_rows", 0),
        notes=tuple(notes),
        command=plan.get("command", ""),
    )


def _models(reader: Reader, stored: StoredReplay) -> Mapping[str, str]:
    """The model of each provider, as the answers name it, else as the requests do."""
    found: dict[str, str] = {}
    for request in reader.studies.requests(stored.row.id):
        if request.target not in found and (kept := reader.exchange(request.exchange_id)):
            found[request.target] = kept.echoed_model or kept.model
        if len(found) == len(stored.targets.names):
            break
    return found
