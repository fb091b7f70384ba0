"""The pages on studies: every table is what the functions give, and every member and word of the outputs is named."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from shadow.drift.repeated_runs import fisher, runs_to_separate
from shadow.drift.stopping_power import StoppingRule, fewest_pairs, stopping_chance
from shadow.studies.figures.verifier_summary import VerifierSummary
from shadow.studies.measured_run import RunOutcome
from shadow.studies.outputs.study_report import DropCourse, StudyFacts, StudyReport, TouchedGroup
from shadow.studies.own_checks.check_spec import MEMBERS
from shadow.studies.study_policy import StudyPolicy
from shadow.studies.verdicts.difficulty import DifficultyFigures
from shadow.studies.verdicts.provider_figures import ProviderFigures
from shadow.studies.verdicts.study_sentences import one_run_sentence
from shadow.studies.verdicts.study_verdict import EXITS, SignalDrop, StudyVerdict

DOCS = Path(__file__).resolve().parent.parent / "docs"
WHY = (DOCS / "explanation" / "one-run.md").read_text(encoding="utf-8")
OUTPUTS = (DOCS / "reference" / "studies.md").read_text(encoding="utf-8")


def row(page: str, name: str) -> list[str]:
    """The cells behind the first one of a table's row."""
    (found,) = re.findall(rf"^\| {re.escape(name)} \| (.+) \|$", page, re.MULTILINE)
    return [cell.strip() for cell in found.split(" | ")]


def test_the_chances_of_total_opposites_are_fishers():
    expected = [f"{fisher(runs, runs, 0, runs):.2f}" for runs in (1, 2, 3, 4)]
    assert row(WHY, "chance of it between equal providers (Fisher)") == expected


@pytest.mark.slow
def test_the_runs_that_separate_two_rates_are_computed():
    rates = [(0.95, 0.05), (0.9, 0.3), (0.9, 0.5), (0.8, 0.4), (0.8, 0.6)]
    assert row(WHY, "runs of each") == [f"{runs_to_separate(*pair)}" for pair in rates]


def test_the_sentence_of_one_run_stands_as_it_is_printed():
    assert f"`{one_run_sentence(0.05)}`" in WHY


def test_the_fewest_pairs_are_computed():
    allowed = (0.05, 0.1, 0.2, 0.3)
    rules = [StoppingRule(), *(StoppingRule(allowed=one, within=True) for one in allowed)]
    rules += [StoppingRule(allowed=one) for one in allowed]
    assert row(WHY, "fewest pairs") == [f"{fewest_pairs(rule)}" for rule in rules]


@pytest.mark.parametrize("rates", [(0.9, 0.5), (0.9, 0.3), (0.95, 0.05)])
def test_what_stopping_takes_is_computed(rates: tuple[float, float]):
    found = stopping_chance(StoppingRule(), rate=rates[0], other_rate=rates[1], most=40)
    name = " and ".join(f"{rate:g}".removeprefix("0") for rate in rates)
    cells = [f"{found.decided:.2f}", f"{found.pairs:.1f}", f"{runs_to_separate(*rates)}"]
    assert row(WHY, name) == cells


def test_the_rows_of_a_replay_are_those_that_were_measured():
    results = (DOCS.parent / "bench" / "results" / "2026-11-29-studies.md").read_text(encoding="utf-8")
    found = re.findall(r"floor ([\d.]+), excess ([\d.]+): median rows to (\w+) \([\d.]+ of them\) \| (\d+) ", results)
    for name, excess in (
        ("PASS, no excess", "0.0"),
        ("FAIL, an excess of 10 points", "0.1"),
        ("FAIL, an excess of 30 points", "0.3"),
    ):
        assert row(WHY, name) == [rows for _, one, _, rows in found if one == excess]


def test_every_word_has_its_exit_code_on_the_page():
    for word, code in EXITS.items():
        assert row(OUTPUTS, f"`{word}`")[-1] == f"{code}"


@pytest.mark.parametrize(
    "model",
    [
        StudyFacts,
        StudyReport,
        StudyVerdict,
        SignalDrop,
        DifficultyFigures,
        ProviderFigures,
        TouchedGroup,
        DropCourse,
        StudyPolicy,
        VerifierSummary,
    ],
)
def test_every_member_of_the_json_is_named(model: type):
    renamed = {"facts": "study", "result": "verdicts"}
    assert [field.name for field in fields(model) if f"`{renamed.get(field.name, field.name)}`" not in OUTPUTS] == []


def test_every_outcome_is_named_under_what_it_counts_as():
    for outcome in RunOutcome:
        (line,) = [line for line in OUTPUTS.split("## Outcomes")[1].split("##")[0].split("\n") if f"`{outcome.value}`" in line]
        assert outcome.kind.value in line or outcome is RunOutcome.DENIED


def test_every_check_and_every_member_of_it_is_named():
    for kind, members in MEMBERS.items():
        cells = " ".join(row(OUTPUTS, f"`{kind.value}`"))
        assert [name for name in members if f"`{name}`" not in cells] == []


def test_the_defaults_of_the_policy_are_those_in_force():
    for field in fields(StudyPolicy):
        shown = row(OUTPUTS, f"`{field.name}`")[-1].strip("`")
        assert shown.startswith("none") if field.default is None else shown == f"{field.default}"
