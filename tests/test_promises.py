"""Every promise has a test, every journey a promise, and the page shows them all."""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from bench.seeded_faults import FAULTS, bearing, found
from tests.parsed_modules import parsed
from tests.promises import PROMISES, ROWS

TESTS = Path(__file__).resolve().parent
PAGE = TESTS.parent / "docs" / "explanation" / "promises.md"


def _ids(node: ast.expr) -> list[str]:
    """The ids of `pytest.mark.promise("a", "b")`, also inside a list."""
    return [
        str(argument.value)
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("mark.promise")
        for argument in call.args
        if isinstance(argument, ast.Constant)
    ]


@cache
def _borne() -> dict[str, list[str]]:
    """The promises that each test of the suite is marked with, its own and its file's."""
    found = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        tree = parsed(path)
        names = [node for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark"]
        whole = [id_ for node in names for id_ in _ids(node.value)]
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                own = [id_ for decorator in node.decorator_list for id_ in _ids(decorator)]
                found[f"{path.relative_to(TESTS)}::{node.name}"] = [*whole, *own]
    return found


@pytest.mark.slow
def test_each_promise_has_a_test_and_each_mark_a_promise():
    known = {promise.id for promise in PROMISES}
    borne = {id_ for ids in _borne().values() for id_ in ids}
    assert known - borne == set(), "promised, and no test shows it"
    assert borne - known == set(), "marks of no promise in tests/promises.py"


@pytest.mark.slow
def test_each_journey_shows_a_promise():
    idle = [name for name, ids in _borne().items() if name.startswith("journeys/") and not ids]
    assert not idle, "journeys without a promise:\n" + "\n".join(idle)


def test_each_journey_is_run_by_make_journeys():
    """`make check` leaves the folder out, so that a test without a mark would run in CI alone."""
    marked = re.compile(r"^pytestmark = .*mark\.(?:journey|slow)\b", re.MULTILINE)
    files = sorted((TESTS / "journeys").glob("test_*.py"))
    assert [path.name for path in files if not marked.search(path.read_text(encoding="utf-8"))] == []


def test_promises_have_one_id_each_and_stand_under_a_row_of_the_table():
    assert [id_ for id_, count in Counter(promise.id for promise in PROMISES).items() if count > 1] == []
    assert {promise.row for promise in PROMISES} == set(ROWS)
    assert all(promise.sentence.endswith(".") and promise.source for promise in PROMISES)


def test_the_page_shows_every_row_and_every_promise():
    page = PAGE.read_text(encoding="utf-8")
    assert [row for row in ROWS if row not in page] == []
    assert [promise.id for promise in PROMISES if f"`{promise.id}`" not in page] == []


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_each_planted_bug_has_one_place_a_promise_and_a_test_file(fault):
    [place] = found(fault, TESTS.parent)
    ast.parse(place.applied())
    assert fault.promise in {promise.id for promise in PROMISES}
    assert bearing(fault.promise, TESTS.parent)
