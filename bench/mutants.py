"""Changes the source at one place at a time, in a copy of the tree, and shows which changes no unit test notices.

    nice -n 15 .venv/bin/python bench/mutants.py --count 60 --seed 1       # a sample; exit 1 when a change survives
    .venv/bin/python bench/mutants.py --only proxy/upstream/connection_pool.py --count 20      # one module or package
    .venv/bin/python bench/mutants.py --only proxy/upstream/connection_pool.py --list          # the possible changes, none is run

Each change runs against the test file that mirrors its module, then against the other test files beside that one, then against
those of the modules that import it, at last against those of the folder above, where both engines of the store have theirs: no
journey is run. A test that fails is run again without the change: only where it passes there is the change killed, else the
others go on without it. Tests that do not end are run again likewise, since the machine itself may be slow. Changes known to
make no difference stand with their reason in mutants.toml beside this file; they are found by function and text, so they
survive a move of their module.
"""

import argparse
import ast
import os
import queue
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import cache_from_source
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.mutation import Change, changes

ROOT = Path(__file__).resolve().parent.parent
FLOORS = ("proxy", "shadow", "storage")
EQUIVALENTS = Path(__file__).with_suffix(".toml")
FAILED, BROKEN_COLLECTION, NO_TESTS = 1, 2, 5
"""Exit codes of pytest: a test failed, a file could not be imported, no test was selected."""
MOST_UNRELIABLE = 3
"""Tests of one selection that may fail without the change too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one change: `verdict` is killed, survived, equivalent or unclear, `by` the test or the reason."""

    change: Change
    verdict: str
    by: str
    seconds: float


def sites(only: list[str]) -> list[Change]:
    """Every possible change of the modules below the given paths, in the order of the tree."""
    wanted = [Path(part) for part in only] or [Path(floor) for floor in FLOORS]
    found: list[Change] = []
    for path in sorted(path.relative_to(ROOT) for floor in FLOORS for path in (ROOT / floor).rglob("*.py")):
        if any(path == part or part in path.parents for part in wanted):
            found += changes((ROOT / path).read_text(encoding="utf-8"), path.as_posix())
    return found


def equivalents() -> dict[tuple[str, str, str], str]:
    """The reason of each change that is known to make no difference, by function, line before and line after."""
    listed = tomllib.loads(EQUIVALENTS.read_text(encoding="utf-8"))["equivalent"]
    return {(one["function"], one["was"], one["becomes"]): one["why"] for one in listed}


def key(change: Change) -> tuple[str, str, str]:
    return change.function.rpartition(".")[2], change.was, change.becomes


def own_tests(tree: Path, module: str) -> Path:
    """The test file of a module: x/y.py has tests/x/test_y.py, a package tests/x/test_x.py."""
    path = Path(module)
    name = path.parent.name if path.name == "__init__.py" else path.stem
    return tree / "tests" / path.parent / f"test_{name}.py"


def users(tree: Path, module: str) -> list[Path]:
    """The test files that import a module, and those of the modules that do."""
    name = module.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    using = [path.relative_to(tree) for floor in FLOORS for path in (tree / floor).rglob("*.py") if _imports(path, name)]
    tests = [path for path in (tree / "tests").rglob("test_*.py") if "journeys" not in path.parts and _imports(path, name)]
    return sorted({*tests, *filter(Path.exists, (own_tests(tree, path.as_posix()) for path in using))})


def _imports(path: Path, name: str) -> bool:
    text = path.read_text(encoding="utf-8")
    if name.rpartition(".")[2] not in text:
        return False
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module:
            if node.module == name or any(f"{node.module}.{each.name}" == name for each in node.names):
                return True
        elif isinstance(node, ast.Import) and any(each.name == name for each in node.names):
            return True
    return False


def copied(into: Path) -> Path:
    """A copy of every file that is or would be committed."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=True
    )
    for name in filter(None, listing.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, into / name)
    return into


class Tests:
    """Runs test files in one copy of the tree; a run beyond `patience` seconds is ended with every process it started."""

    def __init__(self, tree: Path, patience: float) -> None:
        self.tree = tree
        self._patience = patience
        self._environment = os.environ | {"PYTHONPATH": str(tree)}

    def failing(self, names: list[str]) -> tuple[int | None, str]:
        """The exit code of pytest (None: it took too long) and the first test or file that failed."""
        words = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:randomly", "-p", "no:cacheprovider", "--hypothesis-seed=0"]
        with subprocess.Popen(
            [*words, f"--timeout={self._patience / 2:g}", *names],
            cwd=self.tree,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as running:
            try:
                said, _ = running.communicate(timeout=self._patience)
            except subprocess.TimeoutExpired:
                said = ""
            code = running.poll()
            self._end(running)
        failed = re.search(r"^(?:FAILED|ERROR) (\S+?\.py(?:::\w+)*)", said, re.MULTILINE)
        return code, failed[1] if failed else said.strip()[-200:]

    def _end(self, running: subprocess.Popen[str]) -> None:
        try:
            os.killpg(running.pid, signal.SIGKILL)
        except ProcessLookupError:
            return

    def selections(self, module: str) -> list[list[str]]:
        """What to run for a change of this module: its own test file, those beside it, of its users, and of the folder above."""
        own = own_tests(self.tree, module)
        beside = [path for path in sorted(own.parent.glob("test_*.py")) if path != own]
        further = [path for path in users(self.tree, module) if path.parent != own.parent]
        above = sorted({*own.parent.parent.glob("test_*.py")} - {*further}) if own.parent.parent != self.tree / "tests" else []
        groups = [[own] if own.exists() else [], beside, further, above]
        return [[path.relative_to(self.tree).as_posix() for path in group] for group in groups if group]


def judged(tests: Tests, change: Change) -> tuple[str, str]:
    """The verdict on one change, and the test that gave it."""
    for selection in tests.selections(change.path):
        verdict = _noticed(tests, change, selection)
        if verdict is not None:
            return verdict
    return "survived", ""


def _noticed(tests: Tests, change: Change, selection: list[str]) -> tuple[str, str] | None:
    """The first failure of these test files under the change; None where they pass."""
    path = tests.tree / change.path
    whole = path.read_bytes()
    unreliable: list[str] = []
    for _ in range(MOST_UNRELIABLE):
        _replace(path, change.applied(whole))
        code, failed = tests.failing([*selection, *(f"--deselect={name}" for name in unreliable)])
        _replace(path, whole)
        if code is None:
            ends = tests.failing(selection)[0] is not None
            why = "no end within the time allowed" if ends else "no end within the time allowed without the change either"
            return "killed" if ends else "unclear", f"{why}: {selection[0]}"
        if code in {0, NO_TESTS}:
            return None
        if code not in {FAILED, BROKEN_COLLECTION}:
            return "unclear", f"pytest ended with {code}: {failed}"
        if tests.failing([failed])[0] == 0:
            return "killed", failed
        unreliable.append(failed)
    return "unclear", f"fail without the change too: {', '.join(unreliable)}"


def _replace(path: Path, content: bytes) -> None:
    """Without the compiled copy: a copy is recognised by size and whole seconds only, which a change of one digit keeps."""
    path.write_bytes(content)
    Path(cache_from_source(str(path))).unlink(missing_ok=True)


def run(sample: list[Change], *, workers: int, patience: float) -> list[Outcome]:
    """Every change of the sample judged, each worker in its own copy of the tree; printed as they come."""
    known = equivalents()
    free: queue.Queue[Tests] = queue.Queue()

    def one(change: Change) -> Outcome:
        started = time.monotonic()
        tests = free.get()
        try:
            verdict, by = ("equivalent", known[key(change)]) if key(change) in known else judged(tests, change)
        finally:
            free.put(tests)
        done = Outcome(change=change, verdict=verdict, by=by, seconds=time.monotonic() - started)
        print(f"{verdict:10} {change.place:44} {change.operator:20} {done.seconds:5.0f} s  {by}", flush=True)
        return done

    with tempfile.TemporaryDirectory() as folder:
        for number in range(workers):
            free.put(Tests(copied(Path(folder, f"tree{number}")), patience))
        with ThreadPoolExecutor(workers) as pool:
            return list(pool.map(one, sample))


def summary(outcomes: list[Outcome]) -> str:
    """The counts, the rate without equivalents, and each survivor as its line before and after."""
    counts = Counter(outcome.verdict for outcome in outcomes)
    tried = counts["killed"] + counts["survived"]
    rate = f"{counts['killed'] / tried:.0%}" if tried else "nothing tried"
    lines = [", ".join(f"{counts[verdict]} {verdict}" for verdict in ("killed", "survived", "equivalent", "unclear"))]
    lines.append(f"{rate} killed of {tried} that are not equivalent")
    for outcome in outcomes:
        if outcome.verdict in {"survived", "unclear"}:
            change = outcome.change
            where = f"{change.place} in {change.function or 'the module'}"
            lines += ["", f"{outcome.verdict} {where} ({change.operator}) {outcome.by}"]
            lines += [f"  - {change.was}", f"  + {change.becomes}"]
    return "\n".join(lines)


def arguments() -> argparse.Namespace:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--seed", type=int, default=1, help="the sample is the same for the same seed and tree")
    words.add_argument("--count", type=int, default=60, help="how many changes")
    words.add_argument("--only", nargs="*", default=[], metavar="PATH", help="modules or packages, from the top of the tree")
    most = os.cpu_count() or 1
    words.add_argument("--workers", type=int, default=1, choices=range(1, most + 1), help="copies of the tree, side by side")
    words.add_argument("--timeout", type=float, default=240, help="seconds for one run of pytest; longer counts as killed")
    words.add_argument("--list", action="store_true", help="print the changes of the sample and run none")
    return words.parse_args()


def main() -> int:
    given = arguments()
    found = sites(given.only)
    sample = random.Random(given.seed).sample(found, min(given.count, len(found)))
    print(f"{len(sample)} of {len(found)} possible changes, seed {given.seed}", flush=True)
    for function, was, _ in [] if given.only else equivalents().keys() - set(map(key, found)):
        print(f"stale in {EQUIVALENTS.name}, nothing like it stands in the source: {function}: {was}")
    if given.list:
        print("\n".join(f"{change.place:44} {change.operator:20} {change.was}  ->  {change.becomes}" for change in sample))
        return 0
    outcomes = run(sample, workers=given.workers, patience=given.timeout)
    print(f"\n{summary(outcomes)}")
    return int(any(outcome.verdict in {"survived", "unclear"} for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
