"""The experiment's instructions as rows: they are read whole, and give each scripted answer the points that it reports."""

import json

import pytest

from shadow.demo.fleet.host_scripts import SCRIPTS
from shadow.demo.fleet.instruction_rows import instruction_lines
from shadow.studies.own_checks.answer_facts import AnswerFacts
from shadow.studies.own_checks.run_checks import check_answer
from shadow.studies.rows.read_rows import read_rows
from shadow.studies.rows.row import Row

# By provider and model: points of fifteen, as the experiment reports them.
REPORTED = {
    ("ollama", "nano-30b"): 10,
    ("nim", "nano-30b"): 15,
    ("openrouter", "nano-30b"): 8,
    ("deepinfra", "nano-30b"): 15,
    ("nim", "super-120b"): 15,
    ("openrouter", "super-120b"): 15,
    ("deepinfra", "super-120b"): 15,
    ("nim", "nano-9b"): 5,
    ("openrouter", "nano-9b"): 10,
    ("deepinfra", "nano-9b"): 10,
}


@pytest.mark.parametrize(("script", "points"), REPORTED.items())
def test_the_points_of_each_provider_are_those_of_the_experiment(script, points):
    rows = list(read_rows("i", instruction_lines().encode().splitlines()))
    assert [sum(check.points for check in row.checks) for row in rows if isinstance(row, Row)] == [5, 5, 5]
    answers = (SCRIPTS[script].sentence, SCRIPTS[script].json_text, SCRIPTS[script].animals)
    given = [
        check_answer(check, AnswerFacts(text=answer, calls=[])).points
        for row, answer in zip(rows, answers, strict=True)
        for check in row.checks
    ]
    assert sum(given) == points


def test_rows_are_named_and_the_animals_are_given_once_each_out_of_order():
    rows = list(map(json.loads, instruction_lines().splitlines()))
    assert [row["id"] for row in rows] == ["twelve-words", "json", "animals"]
    given = rows[2]["messages"][0]["content"].rpartition(": ")[2].rstrip(".").split(", ")
    assert sorted(given) == ["ant", "bear", "cat", "dog", "eagle"] != given
    assert {row["temperature"] for row in rows} == {0}
