"""Changes the source at one place at a time, in a copy of the tree, and shows which changes no test notices.

    .venv/bin/python bench/mutants.py --measure --workers 2     # which tests touch which line, without the journeys: 13 minutes
    .venv/bin/python bench/mutants.py --measure-journeys        # the same of the journeys, and of the processes that they start
    .venv/bin/python bench/mutants.py --count 300 --seed 1      # a sample; exit 1 when a change survives
    .venv/bin/python bench/mutants.py --only proxy/upstream/connection_pool.py         # each change of one module or package
    .venv/bin/python bench/mutants.py --only proxy/upstream/connection_pool.py --list  # the possible changes, none is run

Each change runs against the tests that touch its line (and those of the module's own test files that are newer than the record
of it), those of the module's own test files first and then the quickest, until they take `--most` seconds; a line that only an
import touches, against the module's own test files. A test that fails is run again without the change: only where it passes
there is the change killed. What no test notices is shown to the type checker: what it refuses cannot be committed, and counts
as refused, not as killed. What is left runs against the journeys that touch its line, one of each file first, until they take
`--journeys` seconds (none without it, and those that they kill are counted apart, since a journey takes long to name what
broke). Changes known to make no difference stand with their reason in mutants.toml beside this file, by function and text, so
that they survive a move of their module.
"""

import argparse
import os
import queue
import random
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.mutant_coverage import FLOORS, Coverage, is_recorded
from bench.mutant_tree import Tree, measured, own_tests
from bench.mutation import Change, changes

ROOT = Path(__file__).resolve().parent.parent
EQUIVALENTS = Path(__file__).with_suffix(".toml")
MEASURED = ROOT / "build" / "mutants"
UNNOTICED = ("survived", "untested", "unclear")
JOURNEYS = ROOT / "build" / "mutant-journeys"
KILLED = ("killed", "killed by a journey")
GROUP = 60
"""Changes of one session of pytest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one change: killed, refused, survived, untested, equivalent or unclear; `by` is the test or the reason."""

    change: Change
    verdict: str
    by: str


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Touching:
    """Which tests touch which line, and how many seconds of them run for one change."""

    quick: Coverage
    most: float
    journeys: Coverage | None
    most_of_journeys: float


def run(sample: list[Change], touching: Touching, workers: int) -> list[Outcome]:
    """Every change of the sample judged, each worker in its own copy of the tree; printed as they come."""
    free: queue.Queue[Tree] = queue.Queue()

    def group(some: list[Change]) -> list[Outcome]:
        tree = free.get()
        try:
            return list(map(printed, judged(tree, some, touching)))
        finally:
            free.put(tree)

    sample = sorted(sample, key=lambda change: change.path)
    groups = [sample[start : start + GROUP] for start in range(0, len(sample), GROUP)]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(workers) as pool:
        trees = [Tree(ROOT, Path(folder, f"tree{number}")) for number in range(workers)]
        for tree in trees:
            free.put(tree)
        found = [outcome for outcomes in pool.map(group, groups) for outcome in outcomes]
        for tree in trees:
            tree.close()
    return found


def judged(tree: Tree, some: list[Change], touching: Touching) -> Iterator[Outcome]:
    """The changes in forks of one session; those that take effect at import, each in a session of its own."""
    known = equivalents()
    tried = [change for change in some if key(change) not in known]
    tests = {change: tests_of(change, touching.quick) for change in tried}
    verdicts = tree.in_forks(tests, touching.quick.seconds, touching.most)
    for change in some:
        verdict, by = verdicts.get(change, ("equivalent", known.get(key(change), "")))
        if verdict in {"imported", "survived", "untested"} and tree.refused_by_types(change):
            verdict, by = "refused", "mypy"
        if verdict == "imported":
            verdict, by = tree.in_a_session(change, tests[change])
        if verdict in UNNOTICED and touching.journeys:
            verdict, by = in_journeys(tree, change, touching.journeys, touching.most_of_journeys)
        yield Outcome(change=change, verdict=verdict, by=by)


def in_journeys(tree: Tree, change: Change, journeys: Coverage, most: float) -> tuple[str, str]:
    chosen = journeys.spread(journeys.tests(change.path, change.line), most)
    verdict, by = tree.in_journeys(change, chosen, 60 + 4 * most)
    return ("killed by a journey", by) if verdict == "killed" else (verdict, by)


def tests_of(change: Change, touched: Coverage) -> set[str]:
    """The tests that touch the line, and the module's own test files where an import alone may touch it."""
    found = touched.tests(change.path, change.line)
    own = own_tests(ROOT, change.path)
    files = [] if found and change.function else own.parent.glob(f"{own.stem}*.py")
    return found | {path.relative_to(ROOT).as_posix() for path in files}


def printed(outcome: Outcome) -> Outcome:
    print(f"{outcome.verdict:19} {outcome.change.place:44} {outcome.change.operator:20} {outcome.by}", flush=True)
    return outcome


def summary(outcomes: list[Outcome]) -> str:
    """The counts, the rate without equivalents, and each survivor as its line before and after."""
    counts = Counter(outcome.verdict for outcome in outcomes)
    tried = sum(counts[verdict] for verdict in (*KILLED, *UNNOTICED))
    rate = f"{sum(counts[verdict] for verdict in KILLED) / tried:.1%}" if tried else "nothing tried"
    lines = [", ".join(f"{counts[verdict]} {verdict}" for verdict in (*KILLED, *UNNOTICED, "refused", "equivalent"))]
    lines.append(f"{rate} killed of {tried} that are neither equivalent nor refused by the type checker")
    for outcome in outcomes:
        if outcome.verdict in UNNOTICED:
            change = outcome.change
            where = f"{change.place} in {change.function or 'the module'}"
            lines += ["", f"{outcome.verdict} {where} ({change.operator}) {outcome.by}"]
            lines += [f"  - {change.was}", f"  + {change.becomes}"]
    return "\n".join(lines)


def arguments() -> argparse.Namespace:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--seed", type=int, default=1, help="the sample is the same for the same seed and tree")
    words.add_argument("--count", type=int, help="how many changes (all, without it)")
    words.add_argument("--only", nargs="*", default=[], metavar="PATH", help="modules or packages, from the top of the tree")
    most = os.cpu_count() or 1
    words.add_argument("--workers", type=int, default=1, choices=range(1, most + 1), help="copies of the tree, side by side")
    words.add_argument("--most", type=float, default=10, help="seconds of tests for one change, as they were measured")
    words.add_argument("--journeys", type=float, default=0, help="seconds of journeys for one change that no other test notices")
    words.add_argument("--measure", action="store_true", help="run all tests but the journeys, to see which touch which line")
    words.add_argument("--measure-journeys", action="store_true", help="run the journeys, to see which touch which line")
    words.add_argument("--list", action="store_true", help="print the changes of the sample and run none")
    return words.parse_args()


def main() -> int:
    given = arguments()
    if given.measure:
        return measured(ROOT, MEASURED, given.workers, "not journey")
    if given.measure_journeys:
        return measured(ROOT, JOURNEYS, given.workers, "journey")
    found = sites(given.only)
    sample = random.Random(given.seed).sample(found, min(given.count or len(found), len(found)))
    print(f"{len(sample)} of {len(found)} possible changes, seed {given.seed}", flush=True)
    for function, was, _ in [] if given.only else equivalents().keys() - set(map(key, found)):
        print(f"stale in {EQUIVALENTS.name}, nothing like it stands in the source: {function}: {was}")
    if given.list:
        print("\n".join(f"{change.place:44} {change.operator:20} {change.was}  ->  {change.becomes}" for change in sample))
        return 0
    for folder, option in ((MEASURED, "--measure"), (JOURNEYS, "--measure-journeys")):
        if not is_recorded(folder) and (folder == MEASURED or given.journeys):
            print(f"{folder.relative_to(ROOT)} has no record of which tests touch which line: run {option} first")
            return 2
    quick, journeys = Coverage(MEASURED, ROOT), Coverage(JOURNEYS, ROOT) if given.journeys else None
    if quick.changed:
        print(f"{len(quick.changed)} modules have changed since --measure: their changes run against all tests of the module")
    touching = Touching(quick=quick, most=given.most, journeys=journeys, most_of_journeys=given.journeys)
    outcomes = run(sample, touching, given.workers)
    print(f"\n{summary(outcomes)}")
    return int(any(outcome.verdict in UNNOTICED for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
