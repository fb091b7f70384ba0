"""bench/mutant_forks.py: changes judged by tests in forks of one session, and which of them cannot be."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bench.mutant_forks import replacements
from bench.mutation import changes

ROOT = Path(__file__).resolve().parent.parent
MODULE = """LEAST = 3
DOUBLES = [number * 2 for number in range(LEAST)]


class Counted:
    step = 2

    def enough(self, number):
        return number > LEAST


def doubled(number):
    while number < 0:
        number += 1
    return [number * each for each in (2,)][0]


def unseen(number):
    return number / 2


def spare(number):
    return number // 2


def later(number):
    return number - 8
"""
TESTS = """import gc

import made

gc.freeze()
for _ in range(100):  # until its code is specialised
    made.doubled(-1)


def test_enough_is_more_than_three():
    assert made.Counted().enough(4)
    assert not made.Counted().enough(3)


def test_double_of_a_number():
    assert made.doubled(4) == 8


def test_double_of_a_number_below_zero():
    assert made.doubled(-1) == 0


def test_half_of_a_number_is_anything():
    made.unseen(4)


def test_floor_of_half_of_a_number_is_anything():
    made.spare(4)


def test_fails_whatever_the_source_is():
    assert made.doubled(4) == 9


def test_newer_than_the_record():
    assert made.later(9) == 1
"""
ONLY = {
    "unseen": ["test_made.py::test_half_of_a_number_is_anything"],
    "later": [],
}
"""The tests that were recorded for a function; every test for another."""
MEASURED = re.findall(r"def (test_(?!newer)\w+)", TESTS)


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str]]:
    """The verdict on each change of the module by its line afterwards, and the test that gave it."""
    tree = tmp_path_factory.mktemp("tree")
    (tree / "made.py").write_text(MODULE)
    (tree / "test_made.py").write_text(TESTS)
    made = changes(MODULE, "made.py")
    described = [
        {
            "id": change.becomes,
            "path": "made.py",
            "start": change.start,
            "end": change.end,
            "new": change.new,
            "own": "test_made",
            "tests": ONLY.get(change.function, ["test_made.py"]),
        }
        for change in made
    ]
    job = {"seconds": dict.fromkeys([f"test_made.py::{name}" for name in MEASURED], 0.02), "most": 10, "changes": described}
    (tree / "job.json").write_text(json.dumps(job))
    environment = os.environ | {
        "PYTHONPATH": f"{ROOT}{os.pathsep}{tree}",
        "MUTANT_JOB": str(tree / "job.json"),
        "MUTANT_VERDICTS": str(tree / "verdicts.jsonl"),
        "PYTEST_ADDOPTS": "",
    }
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "bench.mutant_forks",
        "-p",
        "no:randomly",
        "--timeout=5",
        "test_made.py",
    ]
    subprocess.run(command, cwd=tree, env=environment, check=True, capture_output=True)
    assert (tree / "made.py").read_text() == MODULE
    rows = map(json.loads, (tree / "verdicts.jsonl").read_text().splitlines())
    return {row["id"]: (row["verdict"], row["by"].removeprefix("test_made.py::")) for row in rows}


@pytest.mark.slow
def test_change_of_a_function_is_killed_by_the_test_that_fails_with_it_alone(verdicts):
    assert verdicts["return (number >= LEAST)"] == ("killed", "test_enough_is_more_than_three")
    assert verdicts["return [(number + each) for each in (2,)][0]"] == ("killed", "test_double_of_a_number")
    assert verdicts["while number < -1:"] == ("killed", "test_double_of_a_number_below_zero")


@pytest.mark.slow
def test_change_that_no_test_notices_survives(verdicts):
    assert verdicts["return number / 3"] == ("survived", "")
    assert verdicts["return number / 1"] == ("survived", "")


@pytest.mark.slow
def test_change_is_killed_by_a_test_of_its_module_that_is_newer_than_the_record(verdicts):
    assert verdicts["return (number + 8)"] == ("killed", "test_newer_than_the_record")


@pytest.mark.slow
def test_change_is_left_to_a_session_of_its_own_where_a_test_fails_in_a_fork_without_it_too(verdicts):
    assert verdicts["return number // 3"] == ("imported", "")
    assert all(by != "test_fails_whatever_the_source_is" for _, by in verdicts.values())


@pytest.mark.slow
def test_change_at_the_level_of_a_module_or_class_is_left_to_a_session_of_its_own(verdicts):
    lines = ("LEAST = 4", "LEAST = 2", "step = 3", "step = 1", "DOUBLES = [(number + 2) for number in range(LEAST)]")
    assert {verdicts[line][0] for line in lines} == {"imported"}


@pytest.mark.slow
def test_change_after_which_tests_do_not_end_is_killed(verdicts):
    assert verdicts["number += 0"][0] == "killed"


@pytest.mark.parametrize(
    ("after", "made"),
    [
        ("LEAST = 3\ndef f(a):\n    return a\n", set()),
        ("LEAST = 3\ndef f(a):\n    return -a\n", {"f"}),
        ("LEAST = 4\ndef f(a):\n    return a\n", None),
        ("LEAST = 3\ndef f(a=1):\n    return a\n", None),
    ],
)
def test_code_is_replaced_where_functions_alone_differ(after, made):
    table = replacements("m.py", b"LEAST = 3\ndef f(a):\n    return a\n", after.encode())
    assert (None if table is None else {name for name, _, _ in table}) == made
