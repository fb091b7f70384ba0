"""Measures what studies promise, by the code that judges them: wrong verdicts, pairs taken, and what a replay takes.

    .venv/bin/python -m bench.studies [--studies 1000] [--replays 200] [--candidates 300] [--only errors,power,...]

Pretended providers answer through the plan of blocks, the watch that stops a study, and the final verdict. Seeded; prints
Markdown; the exit code is 1 when a bar is missed. About ten minutes at full size.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import log
from random import Random
from statistics import fmean, median

from shadow.drift.paired_evidence import PAYOFF_BETS, PairedEvidence
from shadow.drift.stopping_power import StoppingRule, stopping_chance
from shadow.studies.interleaving import Block, Blocks
from shadow.studies.measured_run import MeasuredRun, RunOutcome
from shadow.studies.study_policy import StudyPolicy
from shadow.studies.verdicts.study_rule import judge_study
from shadow.studies.verdicts.study_verdict import StudyVerdict, StudyWord
from tests.shadow.studies.simulated import Draw, run_of, study, succeeds

LEVEL = 0.05
ALLOWED = 0.3
PAIRS = 40
MOST_ROWS = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure, the bar that it must not pass ("" for none), and whether it is kept."""

    what: str
    value: str
    bar: str = ""
    fine: bool = True


def share(what: str, hits: int, of: int, most: float | None = None) -> Figure:
    found = hits / of
    return Figure(what=what, value=f"{found:.3f}", bar="" if most is None else f"≤ {most:g}", fine=most is None or found <= most)


def mean_pairs(what: str, pairs: list[int], most: float | None = None) -> Figure:
    found = fmean(pairs)
    return Figure(what=what, value=f"{found:.1f}", bar="" if most is None else f"≤ {most:g}", fine=most is None or found <= most)


def one_candidate(reference: Draw, candidate: Draw, policy: StudyPolicy, count: int, **more) -> Iterator[StudyVerdict]:
    for seed in range(count):
        result, _ = study({"reference": reference, "candidate": candidate}, policy=policy, seed=seed, passes=PAIRS, **more)
        yield result.verdicts[0]


def errors(count: int) -> Iterator[Figure]:
    """One candidate that is equal, or worse by exactly the allowed drop of 30 points; at most 40 pairs."""
    for rate in (0.5, 0.7, 0.9):
        found = list(one_candidate(succeeds(rate), succeeds(rate), StudyPolicy(), count))
        yield share(f"worse, both succeed at {rate}", sum(one.worse for one in found), count, LEVEL)
    policy = StudyPolicy(allowed_drop=ALLOWED)
    for rate in (0.9, 0.6):
        found = list(one_candidate(succeeds(rate), succeeds(rate - ALLOWED), policy, count))
        for word in (StudyWord.PASS, StudyWord.FAIL):
            what = f"{word} at exactly the allowed drop, {rate} against {rate - ALLOWED:.1f}"
            yield share(what, sum(one.word is word for one in found), count, LEVEL)


def tasks(count: int) -> Iterator[Figure]:
    """Ten tasks, half of them easy: a candidate that is worse by the allowed drop in the mean, all of it on the hard ones."""
    names = tuple(f"{'easy' if n < 5 else 'hard'}{n}" for n in range(10))

    def reference(random: Random, _task: str) -> float:
        return float(random.random() < 0.95)

    def candidate(random: Random, task: str) -> float:
        return float(random.random() < (0.95 if task.startswith("easy") else 0.95 - 2 * ALLOWED))

    policy, passed = StudyPolicy(allowed_drop=ALLOWED), 0
    for seed in range(count):
        draws = {"reference": reference, "candidate": candidate}
        result, _ = study(draws, policy=policy, seed=seed, passes=PAIRS // len(names), tasks=names)
        passed += result.verdicts[0].word is StudyWord.PASS
    yield share("PASS, tasks shuffled in passes", passed, count, LEVEL)
    easy_first = [Block(number=n, task=name, order=("a", "b")) for n, name in enumerate(sorted(names * 4))]
    try:
        Blocks(tuple(easy_first))
        refused = False
    except ValueError:
        refused = True
    yield Figure(what="all easy tasks first", value="refused" if refused else "planned", bar="refused", fine=refused)


def swinging(count: int) -> Iterator[Figure]:
    """Both succeed at .9 in the first half of a study and at .4 in the second, as servers that swing with the hour."""
    worse = blocked_worse = 0
    for seed in range(count):
        random = Random(seed)
        runs = [
            run_of(name, block, float(random.random() < (0.9 if block < PAIRS / 2 else 0.4)), position=2 * block + place)
            for block in range(PAIRS)
            for place, name in enumerate(("reference", "candidate"))
        ]
        worse += _worse(runs)
        blocked_worse += _worse(_blocked(random))
    yield share("worse, interleaved", worse, count, LEVEL)
    yield share("worse, one host after the other", blocked_worse, count, 0.0)


def _worse(runs: list[MeasuredRun]) -> bool:
    return judge_study(runs, reference="reference", candidates=["candidate"], policy=StudyPolicy()).verdicts[0].worse


def _blocked(random: Random) -> list[MeasuredRun]:
    """All runs of the reference in the good hours, then all of the candidate in the bad ones."""
    runs = [run_of("reference", n, float(random.random() < 0.9), position=n) for n in range(PAIRS)]
    return runs + [run_of("candidate", n, float(random.random() < 0.4), position=PAIRS + n) for n in range(PAIRS)]


def power(count: int) -> Iterator[Figure]:
    """Studies that stop when they are decided; at most 40 pairs."""
    for rate, other, most in ((0.9, 0.5, 19.5), (0.9, 0.3, 12.0), (0.95, 0.05, None)):
        found = list(one_candidate(succeeds(rate), succeeds(other), StudyPolicy(), count))
        yield share(f"worse, {rate} against {other}, at most {PAIRS} pairs", sum(one.worse for one in found), count)
        yield mean_pairs("  mean pairs", [one.pairs for one in found], most)
        exact = stopping_chance(StoppingRule(), rate=rate, other_rate=other, most=PAIRS)
        yield Figure(what="  mean pairs, summed exactly", value=f"{exact.pairs:.2f}")
    policy = StudyPolicy(allowed_drop=ALLOWED)
    for rate, other, word in ((0.9, 0.9, StudyWord.PASS), (0.5, 0.5, StudyWord.PASS), (0.9, 0.1, StudyWord.FAIL)):
        found = list(one_candidate(succeeds(rate), succeeds(other), policy, count))
        yield share(f"{word}, {rate} against {other}", sum(one.word is word for one in found), count)
        yield mean_pairs("  mean pairs", [one.pairs for one in found])


def candidates(count: int) -> Iterator[Figure]:
    """Six candidates that share the reference's runs, some of them at .3 where the others are at the reference's .9."""
    for bad in (0, 2, 4):
        false_shares, found_bad, wrong_pass = [], 0, []
        for seed in range(count):
            draws = {"reference": succeeds(0.9)} | {f"c{n}": succeeds(0.3 if n < bad else 0.9) for n in range(6)}
            result, _ = study(draws, policy=StudyPolicy(allowed_drop=ALLOWED), seed=seed, passes=PAIRS)
            worse = [one.candidate for one in result.verdicts if one.worse]
            false = [name for name in worse if int(name[1]) >= bad]
            false_shares.append(len(false) / len(worse) if worse else 0.0)
            found_bad += len(worse) - len(false)
            passed = [one.candidate for one in result.verdicts if one.word is StudyWord.PASS]
            wrong_pass.append(sum(int(name[1]) < bad for name in passed) / len(passed) if passed else 0.0)
        rate = fmean(false_shares)
        yield Figure(what=f'false share of "worse", {bad} of 6 bad', value=f"{rate:.4f}", bar="≤ 0.05", fine=rate <= LEVEL)
        wrong = fmean(wrong_pass)
        yield Figure(what=f"false share of PASS, {bad} of 6 bad", value=f"{wrong:.4f}", bar="≤ 0.05", fine=wrong <= LEVEL)
        if bad:
            yield share("  bad ones found", found_bad, bad * count)


def replays(count: int) -> Iterator[Figure]:
    """One signal of a replay by its swap payoffs, allowed excess .05, rows until it is decided, at most 4,000."""
    for floor, faithful, tenth, third in ((0.02, 130, 240, 30), (0.10, 307, 515, 41), (0.235, 669, 1010, 56)):
        for excess, word, bar in ((0.0, "PASS", faithful), (0.10, "FAIL", tenth), (0.30, "FAIL", third)):
            ends = [_replay(floor, excess, seed) for seed in range(count)]
            rows = median(n for _, n in ends)
            right = sum(how == word for how, _ in ends) / count
            what = f"floor {floor}, excess {excess}: median rows to {word} ({right:.2f} of them)"
            yield Figure(what=what, value=f"{rows:.0f}", bar=f"≤ {1.25 * bar:.0f}", fine=rows <= 1.25 * bar and right >= 0.9)
        ends = [_replay(floor, 0.05, seed) for seed in range(count)]
        for word in ("PASS", "FAIL"):
            yield share(f"floor {floor}, at the boundary: {word}", sum(how == word for how, _ in ends), count, LEVEL)


def _replay(floor: float, excess: float, seed: int) -> tuple[str, int]:
    """(how it was decided, after how many rows)."""
    random, bar = Random(seed), log(1 / LEVEL)
    evidence = PairedEvidence(allowed=0.05, bar=bar, bets=PAYOFF_BETS, within_bets=PAYOFF_BETS)
    for row in range(1, MOST_ROWS + 1):
        drawn = random.random()
        evidence.add(1.0 if drawn < floor / 2 + excess else -1.0 if drawn >= 1 - floor / 2 else 0.0)
        if evidence.within.reaches(bar):
            return "PASS", row
        if evidence.fail.reaches(bar):
            return "FAIL", row
    return "", MOST_ROWS


def failing(count: int) -> Iterator[Figure]:
    """A host that fails in half of its runs and scores as the reference in the others, and one that never gives a score."""

    def half(random: Random, _task: str) -> RunOutcome | float:
        return RunOutcome.ERROR if random.random() < 0.5 else float(random.random() < 0.9)

    policy = StudyPolicy(allowed_drop=ALLOWED)
    found = list(one_candidate(succeeds(0.9), half, policy, count))
    yield share("PASS of a host that fails in half of its runs", sum(one.word is StudyWord.PASS for one in found), count, LEVEL)
    yield share("  said to fail more often", sum(one.errors_worse for one in found), count)
    never = list(one_candidate(succeeds(0.9), lambda _random, _task: RunOutcome.CONTEXT_OVERFLOW, policy, min(count, 50)))
    measured = sum(one.word is not StudyWord.NOT_MEASURED for one in never)
    yield share("any other word than NOT MEASURED without a score", measured, len(never), 0.0)
    yield mean_pairs("  runs given to it", [one.figures.runs for one in never], 3)


PARTS: dict[str, tuple[str, Callable[[int], Iterator[Figure]]]] = {
    "errors": ("Wrong verdicts at their boundaries", errors),
    "tasks": ("Several tasks", tasks),
    "swinging": ("Hosts that swing with the hour", swinging),
    "power": ("What is found, and after how many pairs", power),
    "candidates": ("Six candidates", candidates),
    "replays": ("A replay of one signal", replays),
    "failing": ("Hosts that fail", failing),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=1_000)
    parser.add_argument("--candidates", type=int, default=300)
    parser.add_argument("--replays", type=int, default=200)
    parser.add_argument("--only", default=",".join(PARTS))
    given = parser.parse_args()
    missed = 0
    for name in given.only.split(","):
        title, part = PARTS[name]
        count = {"candidates": given.candidates, "replays": given.replays}.get(name, given.studies)
        print(
            f"\n## {title}\n\n{part.__doc__} {count} studies each.\n\n| | measured | bar | |\n|---|---:|---:|---|",
            flush=True,
        )
        for figure in part(count):
            missed += not figure.fine
            print(f"| {figure.what} | {figure.value} | {figure.bar} | {'' if figure.fine else 'missed'} |", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
