"""A study made for the tests of its outputs, ordinary or with hostile names and texts."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from random import Random

from shadow.studies.figures.answered_row import AnsweredRow, labelled_row
from shadow.studies.figures.verifier_summary import verifier_summary
from shadow.studies.measured_run import RunOutcome
from shadow.studies.outputs.study_report import StudyFacts, StudyReport, study_report
from shadow.studies.study_policy import PolicyScore, StudyPolicy
from shadow.studies.verdicts.study_rule import judge_study
from tests.shadow.studies.simulated import run_of, study, succeeds

HOSTILE = '<script>alert(1)</script>"&\x1b[2J\u202e| `x` [a](javascript:b) ![i](http://e.example/i) @someone ]]>\ud800'
GROUPS = ("battery", "charges", "vehicles")


def facts(**more) -> StudyFacts:
    return StudyFacts(
        **{
            "name": "battery",
            "kind": "probe",
            "version": "1.0",
            "began": 1_790_000_000.0,
            "ended": 1_790_000_734.5,
            "ended_by": "decided",
            "seed": 7,
            "planned": 40,
            "requests": 730,
            "prompt_tokens": 4_200_000,
            "completion_tokens": 31_000,
            "cost": 1.83,
            "models": {"maker": "nano-30b"},
            "command": "sameweights probe battery.toml --seed 7",
            **more,
        }
    )


def overflows(_random: Random, _task: str) -> RunOutcome:
    return RunOutcome.CONTEXT_OVERFLOW


@cache
def probe_report(candidate: str = "openrouter", *, detail: str = "context_length_exceeded") -> StudyReport:
    """One that fails, one that passes, one without a score."""
    policy = StudyPolicy(allowed_drop=0.3)
    draws = {"maker": succeeds(0.95), "bad": succeeds(0.1), "twin": succeeds(0.95), "small": overflows}
    _, runs = study(draws, policy=policy, reference="maker", seed=3)
    random = Random(1)
    made = [
        replace(
            run,
            provider=candidate if run.provider == "bad" else run.provider,
            detail="" if run.scored else detail,
            touched=GROUPS[: round((run.score or 0) * 3)],
            calls=("get",) * 5,
            steps=6,
            seconds=random.uniform(20, 800) if run.scored else None,
            prompt_tokens=23_000,
            completion_tokens=900,
            cost=0.011,
        )
        for run in runs
    ]
    names = [candidate, "twin", "small"]
    return study_report(facts(), judge_study(made, reference="maker", candidates=names, policy=policy), made)


@cache
def replay_report() -> StudyReport:
    """Two candidates by signals, one of them worse, with a verifier's summary and strata."""
    random, runs = Random(5), []
    for block in range(400):
        labels = ("call", "call") if block % 2 else ("call", "text")
        runs.append(run_of("maker", block, 1.0, position=len(runs), task=f"{block}"))
        for name, excess in (("same", 0.0), ("worse", 0.3)):
            odd = random.random()
            payoff = 1 if odd < 0.05 + excess else -1 if odd > 0.95 else 0
            payoffs = (("answer_kind", payoff), ("calls_tool_rate", 0), ("arguments", payoff), ("error", 0))
            more = {"task": f"{block}", "payoffs": payoffs, "stratum_labels": labels}
            runs.append(run_of(name, block, 1.0, position=len(runs), **more))
    policy = StudyPolicy(score=PolicyScore.SIGNALS, allowed_drop=0.05)
    rows = [
        AnsweredRow(row=f"{n}", answered=True, finish_reason=("stop", "tool_calls")[n % 2], classes=("valid",) * (n % 2))
        for n in range(60)
    ]
    labels_of = [labelled_row(f"{n}", calls=n % 3 == 0) for n in range(60)]
    summary = verifier_summary(rows, provider="worse", model="m", reference=labels_of, control=labels_of, choose=range)
    result = judge_study(runs, reference="maker", candidates=["same", "worse"], policy=policy)
    return study_report(facts(kind="replay", name="k2", planned=400), result, runs, [summary])
