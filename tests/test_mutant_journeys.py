"""bench/mutant_process.py and the journeys of bench/mutants.py: what a process touches, and changes that only a process shows."""

import shutil
import subprocess
from pathlib import Path

import pytest

from bench.mutant_coverage import Coverage
from bench.mutant_tree import Tree, measured
from bench.mutation import changes

ROOT = Path(__file__).resolve().parent.parent
MODULE = """import sys


def doubled(number):
    return 2 * number


def unseen(number):
    return number - 1


if __name__ == "__main__":
    print(doubled(int(sys.argv[1])))
"""
JOURNEYS = """import subprocess
import sys

import pytest

pytestmark = pytest.mark.journey


def double(number):
    return subprocess.check_output([sys.executable, "-m", "proxy.doubling", number])


def test_double_of_three():
    assert double("3") == b"6\\n"


def test_that_never_passes():
    assert double("3") == b"7\\n"
"""
NAMES = [f"tests/journeys/test_doubling.py::{name}" for name in ("test_that_never_passes", "test_double_of_three")]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project with one module, whose journeys start it as a process of its own."""
    root = tmp_path_factory.mktemp("project")
    for path, text in {
        "proxy/doubling.py": MODULE,
        "tests/journeys/test_doubling.py": JOURNEYS,
        "pyproject.toml": '[tool.pytest.ini_options]\nmarkers = ["journey: starts processes"]\n',
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    shutil.copytree(
        ROOT / "bench", root / "bench", ignore=lambda _, names: [name for name in names if not name.startswith("mut")]
    )
    subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)
    return root


@pytest.mark.slow
def test_a_line_that_only_a_process_touches_has_the_journeys_that_started_it(project, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTEST_ADDOPTS", "")
    assert measured(project, tmp_path / "found", 1, "journey") == 1, "one of the journeys never passes"
    found = Coverage(tmp_path / "found", project)
    assert found.tests("proxy/doubling.py", 5) == set(NAMES)
    assert found.tests("proxy/doubling.py", 9) == set()
    assert not found.changed


@pytest.mark.slow
@pytest.mark.parametrize(("function", "expected"), [("doubled", ("killed", NAMES[1])), ("unseen", ("survived", ""))])
def test_a_change_is_killed_by_a_journey_that_passes_without_it_alone(project, tmp_path, monkeypatch, function, expected):
    monkeypatch.setenv("PYTEST_ADDOPTS", "")
    change = next(
        each for each in changes(MODULE, "proxy/doubling.py") if each.function == function and each.operator == "return None"
    )
    tree = Tree(project, tmp_path / "tree")
    try:
        assert tree.in_journeys(change, NAMES, 120) == expected
    finally:
        tree.close()
    assert (tmp_path / "tree/proxy/doubling.py").read_text(encoding="utf-8") == MODULE


def test_the_quickest_journey_of_each_file_comes_first_until_they_take_too_long(tmp_path):
    (tmp_path / "sources.json").write_text("{}", encoding="utf-8")
    (tmp_path / "seconds.1.json").write_text('{"a::1": 4, "a::2": 1, "b::1": 3, "b::2": 5, "c::1": 9}', encoding="utf-8")
    found = Coverage(tmp_path, tmp_path)
    names = ["a::1", "a::2", "b::1", "b::2", "c::1"]
    assert found.spread(names, 13.0) == ["a::2", "b::1", "c::1"]
    assert found.spread(names, 17.0) == ["a::2", "b::1", "c::1", "a::1"]
    assert found.spread(names, 0.5) == ["a::2"]
    assert found.spread([], 13.0) == []
