"""Measures the drift detector: false alarms, delays, the signal it names, the date it gives, the calls that it costs.

    python bench/drift.py             reduced, about two minutes
    python bench/drift.py --full      1,000 runs of 100,000 pairs; about a quarter of an hour on two cores

Seeded, standard library only. Every figure stands beside its bar; the exit code is 1 when one is not met.
"""

import argparse
import random
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from math import exp, isclose, sqrt
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import worlds
from shadow.drift.alarm_budget import PROVIDER, REFERENCE, WEIGHTS, AlertBudget
from shadow.drift.alarm_state import AlarmState
from shadow.drift.betting_factors import GRID
from shadow.drift.change_point import EvaluatedPair, estimate
from shadow.drift.distributions import always_reach
from shadow.drift.e_detector import EDetector
from shadow.drift.pace import BLOCK, Pace, PaceState
from shadow.drift.state_transitions import DriftState, Latch

BUDGET = AlertBudget()
KEYS = tuple((signal, direction) for signal in worlds.SIGNALS for direction in (PROVIDER, REFERENCE))
DELAYS = {0.005: (606, 240, 75), 0.10: (1_806, 566, 128), 0.235: (3_142, 945, 179)}
FROM_THE_START = {0.005: (490, 191, 60), 0.10: (1_443, 426, 87), 0.235: (2_986, 770, 135)}
SIZES = (0.05, 0.10, 0.30)
RECOVERY = {0.005: 144, 0.10: 462, 0.235: 942}
Row = tuple[str, str, str, bool]


@dataclass(frozen=True, slots=True)
class Extent:
    null_runs: int
    null_pairs: int
    delay_runs: int
    begins: int
    fault_runs: int
    looks_runs: int
    pace_runs: int
    pace_days: int


REDUCED = Extent(
    null_runs=50, null_pairs=20_000, delay_runs=15, begins=5_000, fault_runs=4, looks_runs=60, pace_runs=6, pace_days=5
)
FULL = Extent(
    null_runs=1_000,
    null_pairs=100_000,
    delay_runs=100,
    begins=20_000,
    fault_runs=20,
    looks_runs=1_000,
    pace_runs=60,
    pace_days=13,
)


class Sums:
    """The evidence of one test in plain numbers, pairs without a payoff taken at once: quick, and only ever used to find the
    runs that the detector itself must judge. In such a stretch each sum grows by one a pair.
    """

    def __init__(self, key: tuple[str, int]) -> None:
        self.direction = key[1]
        self.sums = [BUDGET.head_start] * len(GRID)
        self.bar = BUDGET.threshold / WEIGHTS[key] * len(GRID)
        self.ups, self.downs = [1 + bet for bet in GRID], [1 - bet for bet in GRID]
        self.seen = 0

    def add(self, pairs: int, payoff: int) -> bool:
        """`pairs` counted so far, with this one; whether the bar of the evidence alone was reached."""
        still = pairs - self.seen
        self.seen = pairs
        factors = self.ups if payoff == self.direction else self.downs
        before = sum(self.sums) + (still - 1) * len(GRID)
        self.sums = [(old + still) * factor for old, factor in zip(self.sums, factors, strict=True)]
        return before >= self.bar or sum(self.sums) >= self.bar


def null_run(pairs: int, run: int) -> tuple[bool, bool, int, float]:
    """Whether a run of A/A traffic alarms, and whether it would have without the tolerance; the second answers
    that were asked for; the largest error of the quick sums.
    """
    world = worlds.WORLDS[run % len(worlds.WORLDS)]
    draw = random.Random(f"null {run}")
    coin = random.Random(f"coin {run}")
    tests = {key: Sums(key) for key in KEYS}
    crossed, asked, count, calling = set(), 0, 0, 0
    kept: list[tuple[int, int, int]] = []
    for kinds in worlds.kinds(draw, world, pairs):
        y, r, _ = kinds
        kept.append(kinds)
        both = y in worlds.CALLS and r in worlds.CALLS
        count, calling = count + 1, calling + both
        asked += y != r or coin.random() < 0.10
        if y != r:
            for signal, payoff in worlds.PAYOFFS[kinds]:
                if payoff:
                    seen = calling if signal in worlds.BOTH_CALL else count
                    crossed |= {key for key in ((signal, 1), (signal, -1)) if tests[key].add(seen, payoff)}
    last = {key: tests[key] for key in KEYS if key[0] not in worlds.BOTH_CALL} if run < 5 else {}
    error = max((exactness(kept, key, sums) for key, sums in last.items()), default=0.0)
    return any(alarms(kept, key) for key in crossed), bool(crossed), asked, error


def sharp_run(run: int) -> bool:
    """Whether one test alone, with a bar of a million, passes it within 100,000 pairs of A/A traffic with a floor of 0.235."""
    sums = Sums(("answer_kind", PROVIDER))
    sums.bar, sums.sums = 1e6 * len(GRID), [1e3] * len(GRID)
    payoffs = islice(worlds.leaning(random.Random(f"sharp {run}"), 0.235, 0.0), 100_000)
    return any(payoff and sums.add(number, payoff) for number, payoff in enumerate(payoffs, 1))


def replay(kept: Sequence[tuple[int, int, int]], key: tuple[str, int]) -> Iterator[EDetector]:
    """The detector itself after each pair that counts for it."""
    test = EDetector(key=key, budget=BUDGET)
    for kinds in kept:
        payoff = dict(worlds.PAYOFFS[kinds]).get(key[0]) if kinds[0] != kinds[1] else 0
        if payoff is not None and (kinds[0] in worlds.CALLS or key[0] not in worlds.BOTH_CALL):
            test.add(payoff)
            yield test


def alarms(kept: Sequence[tuple[int, int, int]], key: tuple[str, int]) -> bool:
    return any(test.alarms for test in replay(kept, key))


def exactness(kept: Sequence[tuple[int, int, int]], key: tuple[str, int], sums: Sums) -> float:
    """The relative error of the quick sums against the detector's, at the end of a run."""
    [test] = deque(replay(kept, key), maxlen=1)
    still = test.pairs - sums.seen
    return max(abs((old + still) / exp(log) - 1) for old, log in zip(sums.sums, test.even, strict=True))


def delay_run(floor: float, size: float, begins: int, run: int) -> int | None:
    """Pairs from the change to the alarm; None when it came before or never."""
    draw = random.Random(f"delay {floor} {size} {begins} {run}")
    test = EDetector(key=("calls_tool", PROVIDER), budget=BUDGET)
    for payoff in islice(worlds.leaning(draw, floor, 0.0), begins):
        test.add(payoff)
        if test.alarms:
            return None
    for number, payoff in enumerate(islice(worlds.leaning(draw, floor, size), 60_000), 1):
        test.add(payoff)
        if test.alarms:
            return number
    return None


def watch_run(fault: worlds.Fault, run: int) -> tuple[str, int, bool]:
    """(the signal named first, the error of its start in pairs, whether the true start lies in the interval given)."""
    draw = random.Random(f"fault {fault} {run}")
    watch = AlarmState(BUDGET)
    kept: dict[str, list[EvaluatedPair]] = {signal: [] for signal in worlds.SIGNALS}
    for pair, kinds in enumerate(worlds.kinds(draw, "mix", 60_000, fault)):
        payoffs = worlds.PAYOFFS[kinds if kinds[0] != kinds[1] else (kinds[0], kinds[1], kinds[1])]
        for signal, payoff in payoffs:
            kept[signal].append(EvaluatedPair(pair_id=str(pair), started=float(pair), conversation="", kind="", payoff=payoff))
        change = watch.add(str(pair), float(pair), payoffs, kept.__getitem__)
        if change and change.new is DriftState.DRIFT:
            found = next((found for key, _, found in change.tests if key[0] == change.name), change.tests[0][2])
            return change.name, int(found.since) - fault.begins, found.earliest <= fault.begins <= found.latest
    return "none", 60_000, False


def recovery_run(floor: float, run: int) -> tuple[int, bool]:
    """(pairs from the fix to recovery, whether it recovered while the excess of ten points went on for 20,000 pairs)."""
    draw = random.Random(f"recovery {floor} {run}")
    drifting = alarmed(draw, floor)
    for payoff in islice(worlds.leaning(draw, floor, 0.10), 20_000):
        drifting.add(payoff)
    recovering = alarmed(draw, floor)
    for payoff in worlds.leaning(draw, floor, 0.0):
        recovering.add(payoff)
        if recovering.mended:
            break
    return recovering.pairs, drifting.mended


def alarmed(draw: random.Random, floor: float) -> Latch:
    """The latch of an alarm on an excess of ten points."""
    test, kept = EDetector(key=("calls_tool", PROVIDER), budget=BUDGET), []
    for excess, pairs in ((0.0, 2_000), (0.10, 60_000)):
        for payoff in islice(worlds.leaning(draw, floor, excess), pairs):
            kept.append(EvaluatedPair(pair_id="", started=float(len(kept)), conversation="", kind="", payoff=payoff))
            test.add(payoff)
            if test.alarms:
                found = estimate(kept, direction=PROVIDER, tolerance=0.02)
                return Latch(key=test.key, pair_id="", at=0.0, evidence=test.evidence, estimate=found, baseline=0.0)
    raise AssertionError("an excess of ten points was not found in 60,000 pairs")


def spread(job: Callable[[int], object], runs: int, jobs: int) -> list:
    if jobs == 1:
        return [job(run) for run in range(runs)]
    with ProcessPoolExecutor(jobs) as pool:
        return list(pool.map(job, range(runs), chunksize=max(runs // (jobs * 20), 1)))


def false_alarms(extent: Extent, jobs: int) -> Iterator[Row]:
    found = spread(partial(null_run, extent.null_pairs), extent.null_runs, jobs)
    false = sum(alarmed for alarmed, *_ in found)
    bound = extent.null_runs * (extent.null_pairs + BUDGET.head_start) / BUDGET.threshold
    bar = 10 if extent is FULL else round(bound + 3 * sqrt(bound) + 1)
    yield f"runs with a false alarm, of {extent.null_runs} x {extent.null_pairs:,} pairs", str(false), f"<= {bar:g}", false <= bar
    ungated = sum(crossed for _, crossed, *_ in found)
    most = round(bound + 3 * sqrt(bound) + 1)  # the promise is of the mean; this is what it may come to by chance
    yield "the same without the tolerance", str(ungated), f"<= {most}, {bound:.3g} promised", ungated <= most
    runs = extent.null_runs // 5 * 2
    sharp, promised = sum(spread(sharp_run, runs, jobs)), runs * 101_000 / 1e6
    most = round(promised + 3 * sqrt(promised))
    yield (
        f"one test alone at a bar of a million, of {runs} runs",
        str(sharp),
        f"<= {most}, {promised:.3g} promised",
        sharp <= most,
    )
    calls = 1 + sum(asked for _, _, asked, _ in found) / extent.null_runs / extent.null_pairs
    yield "reference calls per pair, mixed null", f"{calls:.3f}", "<= 1.35", calls <= 1.35
    error = max(error for *_, error in found)
    yield "quick sums against the detector, relative error", f"{error:.1e}", "<= 1e-6", isclose(error, 0, abs_tol=1e-6)


def delays(extent: Extent, jobs: int) -> Iterator[Row]:
    for title, begins, table in (("after", extent.begins, DELAYS), ("from the first pair", 0, FROM_THE_START)):
        for floor, expected in table.items():
            for size, usual in zip(SIZES, expected, strict=True):
                found = spread(partial(delay_run, floor, size, begins), extent.delay_runs, jobs)
                pairs = [delay for delay in found if delay is not None]
                missed = extent.delay_runs - len(pairs)
                middle = median(pairs)
                shown = f"{middle:g}, {missed} missed"
                yield (
                    f"delay {title}, floor {floor:g}, {size:.0%}",
                    shown,
                    f"<= {1.5 * usual:g}, 0",
                    middle <= 1.5 * usual and not missed,
                )


def naming(extent: Extent, jobs: int) -> Iterator[Row]:
    begins, wrong, alarms_, held = 2_000, 0, 0, 0
    for name, (outcome, blamed) in worlds.FAULTS.items():
        for size in (0.2, 0.5):
            fault = worlds.Fault(outcome, size, begins)
            found = spread(partial(watch_run, fault), extent.fault_runs, jobs)
            named = [signal for signal, _, _ in found]
            wrong += sum(signal not in blamed for signal in named)
            alarms_ += len(named)
            held += sum(inside for *_, inside in found)
            most = max(set(named), key=named.count)
            middle = median(error for _, error, _ in found)
            yield (
                f"{name}, {size:.0%} of calls: named first; start off by",
                f"{most}; {middle:+g}",
                "150 at most",
                abs(middle) <= 150,
            )
    yield "alarms that blame a wrong signal", f"{wrong} of {alarms_}", "<= 5 %", wrong <= 0.05 * alarms_
    yield "alarms whose interval of the start holds it", f"{held / alarms_:.0%}", "approximate", True


def mending(extent: Extent, jobs: int) -> Iterator[Row]:
    for floor, usual in RECOVERY.items():
        found = spread(partial(recovery_run, floor), extent.delay_runs, jobs)
        middle, false = median(pairs for pairs, _ in found), sum(wrong for _, wrong in found)
        fine = middle <= 1.5 * usual and not false
        yield f"recovery after a fix, floor {floor:g}, 10%", f"{middle:g}, {false} false", f"<= {1.5 * usual:g}, 0", fine


def looks_run(floor: float, run: int) -> tuple[bool, bool]:
    """Whether the interval for any time leaves the truth anywhere from the 100th to the 20,000th pair, and whether the ordinary
    one does.
    """
    total = squares = 0
    left = ordinary = False
    for n, payoff in enumerate(islice(worlds.leaning(random.Random(f"looks {floor} {run}"), floor, 0.0), 20_000), 1):
        total, squares = total + payoff, squares + payoff * payoff
        if n >= 100 and payoff:  # between two payoffs both only come nearer
            mean, variance = total / n, squares / n - (total / n) ** 2
            left = left or abs(mean) > always_reach(n, variance)
            ordinary = ordinary or abs(mean) > 1.96 * sqrt(variance / n)
    return left, ordinary


def looking(extent: Extent, jobs: int) -> Iterator[Row]:
    runs = extent.looks_runs
    for floor in RECOVERY:
        found = spread(partial(looks_run, floor), runs, jobs)
        left, ordinary = (sum(each) / runs for each in zip(*found, strict=True))
        bar = 0.05 + 2 * sqrt(0.05 * 0.95 / runs)
        yield (
            f"interval for any time leaves the truth, floor {floor:g} (the ordinary one: {ordinary:.0%})",
            f"{left:.1%}",
            f"<= {bar:.1%}",
            left <= bar,
        )


def pace_run(days: int, run: int) -> tuple[int, int | None, float]:
    """(alarms while nothing changed, requests until a time to the first token of half as much again is found, hours by which its
    start is misdated).
    """
    draw, pace = random.Random(f"pace {run}"), Pace()
    false = sum(turn is not None for _, turn in (pace.add(*each) for each in worlds.paced(draw, days + 1)))
    change = (days + 1) * 86_400.0
    for number, each in enumerate(worlds.paced(draw, 3, begins=change, factor=1.5), 1):
        _, turn = pace.add(*each)
        if turn and turn.new is PaceState.SLOWER:
            return false, number, (turn.since - change) / 3_600
    return false, None, 0.0


def pacing(extent: Extent, jobs: int) -> Iterator[Row]:
    runs = extent.pace_runs
    found = spread(partial(pace_run, extent.pace_days), runs, jobs)
    blocks = int(extent.pace_days * 86_400 / BLOCK)
    false = sum(each for each, _, _ in found)
    yield f"pace: false alarms in {runs} runs of {blocks:,} blocks (load and daily swing)", str(false), "0", false == 0
    delays_ = [each for _, each, _ in found if each is not None]
    middle = median(delays_)
    missed = runs - len(delays_)
    fine = middle <= 1.5 * 950 and not missed
    yield "pace: requests until half as slow again is found", f"{middle:g}, {missed} missed", "<= 1425, 0", fine
    error = median(abs(each) for _, _, each in found)
    yield "pace: its start off by, hours", f"{error:.2f}", "1 at most", error <= 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--jobs", type=int, default=1)
    chosen = parser.parse_args()
    extent, begun, met = FULL if chosen.full else REDUCED, time.monotonic(), True
    print("| measured | value | bar | met |\n|---|---|---|---|", flush=True)
    for part in (false_alarms, delays, naming, mending, looking, pacing):
        for title, value, bar, fine in part(extent, chosen.jobs):
            print(f"| {title} | {value} | {bar} | {'yes' if fine else 'NO'} |", flush=True)
            met = met and fine
    print(f"\n{time.monotonic() - begun:.0f} s", flush=True)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
