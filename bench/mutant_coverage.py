"""A plugin of pytest that records which tests touch which line, and how long each takes; `Coverage` reads what it recorded.

mutants.py loads it with `-p bench.mutant_coverage`; MUTANT_COVERAGE names the folder. Lines that only an import touches are not
seen, and those that only a process of its own touches where mutant_process.py records it.
"""

import hashlib
import json
import math
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import coverage
import pytest

FLOORS = ("proxy", "shadow", "storage")
DATA, SECONDS, SOURCES, PROCESSES = "lines", "seconds", "sources.json", "processes.jsonl"
MUTED = ["module-not-measured", "no-data-collected", "module-not-imported"]


class Recorder:
    """Records one process of a test run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seconds: dict[str, float] = {}
        self._coverage = coverage.Coverage(data_file=folder / DATA, data_suffix=True, source=list(FLOORS), config_file=False)
        self._coverage.set_option("run:disable_warnings", MUTED)

    def pytest_sessionstart(self) -> None:
        self._coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._coverage.switch_context(item.nodeid)
        try:
            return (yield)
        finally:
            self._coverage.switch_context("")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._seconds[report.nodeid] = self._seconds.get(report.nodeid, 0) + report.duration

    def pytest_sessionfinish(self) -> None:
        self._coverage.stop()
        self._coverage.save()
        (self._folder / f"{SECONDS}.{os.getpid()}.json").write_text(json.dumps(self._seconds), encoding="utf-8")


def pytest_configure(config: pytest.Config) -> None:
    """In a worker of pytest-xdist and where there is none: their controller runs no test."""
    if not config.getoption("numprocesses", None):
        config.pluginmanager.register(Recorder(Path(os.environ["MUTANT_COVERAGE"])))


def sources(tree: Path) -> dict[str, str]:
    """The digest of each module, by path."""
    paths = (path for floor in FLOORS for path in (tree / floor).rglob("*.py"))
    return {path.relative_to(tree).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(paths)}


def gather(folder: Path, tree: Path, ran: Path) -> None:
    """Join what the processes of a run in the tree `ran` recorded, as of `tree`, and remember of which sources."""
    whole = coverage.Coverage(data_file=folder / DATA, config_file=False)
    whole.set_option("paths", {"tree": [str(tree), str(ran)]})
    whole.combine([str(path) for path in folder.glob(f"{DATA}.*")])
    for test, lines in _of_processes(folder).items():
        whole.get_data().set_context(test)
        whole.get_data().add_lines({str(tree / path): numbers for path, numbers in lines.items()})
    whole.save()
    (folder / SOURCES).write_text(json.dumps(sources(tree)), encoding="utf-8")


def _of_processes(folder: Path) -> dict[str, dict[str, set[int]]]:
    """The lines by module that the processes of each test touched."""
    found: defaultdict[str, defaultdict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    path = folder / PROCESSES
    for row in map(json.loads, path.read_bytes().splitlines() if path.exists() else []):
        for module, numbers in row["lines"].items():
            found[row["test"]][module].update(numbers)
    return {test: dict(lines) for test, lines in found.items()}


def is_recorded(folder: Path) -> bool:
    """Whether a run was gathered there."""
    return (folder / SOURCES).exists()


class Coverage:
    """Which tests touch a line of the modules below `tree`, as they were when it was recorded."""

    def __init__(self, folder: Path, tree: Path) -> None:
        self._tree = tree
        self._recorded = json.loads((folder / SOURCES).read_text(encoding="utf-8"))
        self.changed = sorted(path for path, digest in sources(tree).items() if self._recorded.get(path) != digest)
        self.seconds: dict[str, float] = {}
        for path in folder.glob(f"{SECONDS}.*.json"):
            self.seconds |= json.loads(path.read_text(encoding="utf-8"))
        self._lines = coverage.CoverageData(str(folder / DATA))
        self._lines.read()

    def tests(self, path: str, line: int) -> set[str]:
        """The tests that touch the line; of a module that has changed since, those that touch any of its lines."""
        lines = self._of(path)
        touched = lines.values() if path in self.changed else [lines.get(line, [])]
        return {name for names in touched for name in names if name}

    def spread(self, names: Iterable[str], most: float) -> list[str]:
        """Of these tests, the quickest of each file, then the second of each, until they take `most` seconds; at least one."""
        by_file: defaultdict[str, list[str]] = defaultdict(list)
        for name in sorted(names, key=self._cost):
            by_file[name.partition("::")[0]].append(name)
        turns = sorted((turn, self._cost(name), name) for some in by_file.values() for turn, name in enumerate(some))
        chosen, total = [], 0.0
        for _, seconds, name in turns:
            total += seconds
            if chosen and total > most:
                break
            chosen.append(name)
        return chosen

    def _cost(self, name: str) -> float:
        return self.seconds.get(name, math.inf)

    @cache  # noqa: B019 - each lives as long as the run
    def _of(self, path: str) -> dict[int, list[str]]:
        return self._lines.contexts_by_lineno(str(self._tree / path))
