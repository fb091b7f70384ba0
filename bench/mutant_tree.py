"""`Tree`: a copy of the source in which changes are judged by tests and by the type checker."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

import bench.mutant_process
from bench.mutant_coverage import gather
from bench.mutation import Change

NO_TESTS = 5
"""Exit code of pytest where no test was selected."""
TYPE_ERROR = 1
"""Exit code of mypy."""
PATIENCE = 240
"""Seconds for the session of one change."""
FAILURE = re.compile(r"^(?:FAILED|ERROR) (tests/.+?)(?: - .*)?$", re.MULTILINE)
"""How pytest names a test that failed, in the summary at its end."""
ORACLES = Path("build/oracles")
QUIET = ("-q", "-p", "no:randomly", "--hypothesis-seed=0")


def own_tests(tree: Path, module: str) -> Path:
    """The test file of a module: x/y.py has tests/x/test_y.py, a package tests/x/test_x.py."""
    path = Path(module)
    name = path.parent.name if path.name == "__init__.py" else path.stem
    return tree / "tests" / path.parent / f"test_{name}.py"


def copied(root: Path, into: Path) -> None:
    """Copy every file that is or would be committed, and link the programs that tests compare with, where they are there."""
    if (root / ORACLES).exists():
        (into / ORACLES).parent.mkdir(parents=True)
        (into / ORACLES).symlink_to(root / ORACLES)
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=root, capture_output=True, check=True
    )
    for name in filter(None, listing.stdout.decode().split("\0")):
        if (root / name).is_file():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / name, into / name)


class Tree:
    """One copy of the tree at `root`; for one thread."""

    def __init__(self, root: Path, place: Path) -> None:
        copied(root, place)
        if (root / ".mypy_cache").exists():
            shutil.copytree(root / ".mypy_cache", place / ".mypy_cache")
        self.place = place
        self._environment = os.environ | {"PYTHONPATH": str(place), "PYTHONDONTWRITEBYTECODE": "1", "HYPOTHESIS_PROFILE": "quick"}
        self._typed = not self._type_errors()

    def close(self) -> None:
        """End the type checker, which waits for further changes."""
        self._mypy("stop")

    def in_forks(self, tests: dict[Change, set[str]], seconds: dict[str, float], most: float) -> dict[Change, tuple[str, str]]:
        """The verdict on each change and the test that gave it, by one session of the tests that touch their lines."""
        order = list(tests)
        job = {
            "seconds": seconds,
            "most": most,
            "changes": [self._described(number, tests[order[number]], order) for number in range(len(order))],
        }
        files = {name.partition("::")[0] for names in tests.values() for name in names} | self._own_files(order)
        verdicts = self._session(job, sorted(name for name in files if (self.place / name).exists()))
        return {change: verdicts.get(number, ("untested", "")) for number, change in enumerate(order)}

    def _own_files(self, some: list[Change]) -> set[str]:
        """The test files of these modules."""
        own = (own_tests(self.place, change.path) for change in some)
        return {path.relative_to(self.place).as_posix() for each in own for path in each.parent.glob(f"{each.stem}*.py")}

    def _described(self, number: int, names: set[str], order: list[Change]) -> dict[str, object]:
        change = order[number]
        own = self._own(change)
        where = {"path": change.path, "start": change.start, "end": change.end, "new": change.new}
        return {"id": number, "own": own, "tests": sorted(names), **where}

    def _session(self, job: dict[str, object], files: list[str]) -> dict[int, tuple[str, str]]:
        given, verdicts = self.place / "mutant-job.json", self.place / "mutant-verdicts.jsonl"
        given.write_text(json.dumps(job), encoding="utf-8")
        verdicts.write_text("", encoding="utf-8")
        paths = {"MUTANT_JOB": str(given), "MUTANT_VERDICTS": str(verdicts)}
        if files:
            self._pytest(["-p", "bench.mutant_forks", *files], self._environment | paths, patience=None)
        rows = map(json.loads, verdicts.read_text(encoding="utf-8").splitlines())
        return {row["id"]: (row["verdict"], row["by"]) for row in rows}

    def in_a_session(self, change: Change, names: set[str]) -> tuple[str, str]:
        """The verdict on a change that takes effect at import; of the tests beside the module's own, the quick ones alone run."""
        files = sorted({name.partition("::")[0] for name in names})
        own = [name for name in files if name.startswith(self._own(change))]
        others = [name for name in files if name not in own]
        for some, marks in ((own, "not journey"), (others, "not slow and not journey")):
            words = ["-x", "-m", marks, *some]
            with self._made(change):
                code = self._pytest(words, self._environment, PATIENCE) if some else 0
            if code not in {0, NO_TESTS}:
                sound = self._pytest(words, self._environment, PATIENCE) == 0
                return ("killed", some[0]) if sound else ("unclear", "fails without the change too")
        return "survived", ""

    def in_journeys(self, change: Change, names: list[str], patience: float) -> tuple[str, str]:
        """The verdict of these tests, and the one that gave it; never one that fails without the change too."""
        while names:
            with self._made(change):
                failed = self._first_failure(names, patience)
            if failed is None:
                return "survived", ""
            if failed and self._first_failure([failed], PATIENCE) is None:
                return "killed", failed
            names = names[1 + names.index(failed) :] if failed in names else []
        return "survived", ""

    def _first_failure(self, names: list[str], patience: float) -> str | None:
        """The first of these tests that fails, "" where none is known to have or they took too long, None where none fails."""
        said = self.place / "mutant-said.txt"
        code = self._pytest(["-x", "--tb=no", "-rfE", "-m", "", *names], self._environment, patience, said)
        found = FAILURE.search(said.read_text(encoding="utf-8", errors="replace"))
        return None if code == 0 else found[1] if found else ""

    def _own(self, change: Change) -> str:
        """How the names of the module's own test files begin: test_y.py, and test_y_subject.py."""
        return own_tests(self.place, change.path).relative_to(self.place).with_suffix("").as_posix()

    def refused_by_types(self, change: Change) -> bool:
        """Whether the type checker refuses the change; never where it refuses the tree without one."""
        with self._made(change):
            return self._typed and f"{change.path}:" in self._type_errors()

    def _type_errors(self) -> str:
        done = self._mypy("run", "--", "proxy", "storage", "shadow")
        return done.stdout if done.returncode == TYPE_ERROR else ""

    def _mypy(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).with_name("dmypy")), *words]
        return subprocess.run(command, cwd=self.place, env=self._environment, capture_output=True, text=True, check=False)

    @contextmanager
    def _made(self, change: Change):
        path = self.place / change.path
        before = path.read_bytes()
        path.write_bytes(change.applied(before))
        try:
            yield
        finally:
            path.write_bytes(before)

    def _pytest(
        self, words: list[str], environment: dict[str, str], patience: float | None, said: Path = Path(os.devnull)
    ) -> int | None:
        """The exit code; None where it took too long. Whatever the tests started is ended. What pytest prints goes to `said`."""
        command = [sys.executable, "-m", "pytest", *QUIET, *words]
        with (
            said.open("wb") as output,
            subprocess.Popen(
                command, cwd=self.place, env=environment, stdout=output, stderr=subprocess.DEVNULL, start_new_session=True
            ) as running,
        ):
            with suppress(subprocess.TimeoutExpired):
                running.wait(patience)
            code = running.poll()
            with suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
        return code


def measured(root: Path, folder: Path, workers: int, marks: str) -> int:
    """Run the tests with these marks in a copy of the tree, and record which lines each of them touches; pytest's exit code."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    words = ["-p", "bench.mutant_coverage", "-m", marks, "-n", str(workers), "--timeout=900", "tests"]
    with tempfile.TemporaryDirectory() as place, tempfile.TemporaryDirectory() as short:
        tree = Path(place)
        words.append(f"--basetemp={short}/t")  # beside the names of workers, pytest's own folder is too long for a socket's path
        copied(root, tree)
        shutil.copy(bench.mutant_process.__file__, tree / "sitecustomize.py")
        environment = os.environ | {"MUTANT_COVERAGE": str(folder), "HYPOTHESIS_PROFILE": "quick", "PYTHONPATH": str(tree)}
        code = subprocess.run([sys.executable, "-m", "pytest", *QUIET, *words], cwd=tree, env=environment, check=False).returncode
        gather(folder, root, tree)
    return code
