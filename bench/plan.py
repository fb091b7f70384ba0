"""Checks `sameweights plan` by simulation: the pairs until a drift is found, in half of the cases and in nine of ten.

python bench/plan.py                20 runs a cell, about half a minute python bench/plan.py --runs 100     the committed table;
--markdown prints it as docs/explanation/power.md has it

In each run the detector itself takes 20,000 good pairs, then a drift begins. Seeded, standard library only; the exit code is 1
when a bar is missed.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from statistics import median, quantiles

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.drift import delay_run
from shadow.drift.alarm_budget import AlertBudget
from shadow.drift.planner import HALF, NINE_OF_TEN, pairs_to_find

FLOORS = (0.005, 0.10, 0.235)
DROPS = (0.03, 0.05, 0.10, 0.20, 0.30)
BEGINS = 20_000
NEAR = 0.35
"""How far a planned number may be from the simulated one, as a share of it."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Pairs from the change to the alarm, simulated and planned: in half of the cases, and in nine of ten."""

    floor: float
    drop: float
    half: float
    nine: float
    planned_half: float
    planned_nine: float

    @property
    def met(self) -> bool:
        return all(
            abs(planned / found - 1) <= NEAR
            for planned, found in ((self.planned_half, self.half), (self.planned_nine, self.nine))
        )


def measured(runs: int, begins: int, cell: tuple[float, float]) -> Measured:
    floor, drop = cell
    found = [delay_run(floor, drop, begins, run) for run in range(runs)]
    delays = [float("inf") if delay is None else float(delay) for delay in found]
    planned = [pairs_to_find(drop, floor, AlertBudget(), share=share) for share in (HALF, NINE_OF_TEN)]
    return Measured(floor, drop, median(delays), quantiles(delays, n=10)[8], *planned)


def markdown(rows: Sequence[Measured]) -> Iterator[str]:
    yield "| floor | points | pairs in half of the cases | planned | in nine of ten | planned |"
    yield "|---|---|---|---|---|---|"
    for one in rows:
        yield (
            f"| {one.floor:g} | {one.drop * 100:.0f} | {one.half:,.0f} | {one.planned_half:,.0f} | {one.nine:,.0f} "
            f"| {one.planned_nine:,.0f} |"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--markdown", action="store_true")
    asked = parser.parse_args()
    begun = time.monotonic()
    with ProcessPoolExecutor(asked.jobs) as pool:
        rows = list(pool.map(partial(measured, asked.runs, BEGINS), product(FLOORS, DROPS)))
    for line in markdown(rows):
        print(line)
    missed = [one for one in rows if not one.met]
    if not asked.markdown:
        print(f"within {NEAR:.0%} of the simulated number: {len(rows) - len(missed)} of {len(rows)}")
    print(f"{asked.runs} runs a cell, {time.monotonic() - begun:.0f} s", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
