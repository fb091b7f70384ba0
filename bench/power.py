"""Show that what a quiet report prints as "would have been seen" is seen: bar F of the verdicts.

python bench/power.py                 40 tables a cell, about a minute python bench/power.py --tables 200    the committed
table; --markdown prints it as docs/reference/report.md has it

A cell is a number of pairs, a floor, one or twenty providers, and single requests or conversations whose faults fill them
whole. In each table a quiet report is made first, by the product's own functions; where it prints a size, a second report is
made with an excess of just that size in the kind of answer, and another with two thirds of it. Seeded, standard library only;
the exit code is 1 when a bar is missed.
"""

import argparse
import random
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from shadow.drift.drift_signals import DriftSignal
from shadow.drift.excess_estimates import ClusterSum, EffectEstimate, SignalOutcome, table
from shadow.verdict.evidence import Evidence, PeriodCoverage, SignalEvidence
from shadow.verdict.verdict_rule import decide
from shadow.verdict.verdict_value import Verdict, VerdictWord

PAIRS = (62, 200, 1_000)
FLOORS = (0.0, 0.005, 0.02, 0.10, 0.235)
PROVIDERS = (1, 20)
TALKS = (1, 3, 8)
"""Mean requests of a conversation."""
LONGEST = 10
"""Pairs that one conversation counts for at most, as in the judge."""
LEAST, MEAN, MODEST = 0.70, 0.80, 0.70
"""Seen at the printed size: in each cell, and in the mean; seen at two thirds of it, in the mean, at most."""
SEEN = frozenset({SignalOutcome.DIFFERS, SignalOutcome.DRIFTS, SignalOutcome.WITHIN})
SHIFTED = DriftSignal.ANSWER_KIND.value


@dataclass(frozen=True, slots=True)
class Cell:
    pairs: int
    floor: float
    providers: int
    talk: int


@dataclass(frozen=True, slots=True)
class Measured:
    """Of `tables`, `printed` quiet reports printed a size, `points` in the mean; seen at it, and at two thirds of it."""

    cell: Cell
    tables: int
    printed: int
    points: float
    seen: float
    smaller: float


def cells() -> Iterator[Cell]:
    for talk in TALKS:
        for providers in PROVIDERS:
            for pairs in PAIRS:
                for floor in FLOORS:
                    yield Cell(pairs, floor, providers, talk)


def talks(draw: random.Random, cell: Cell) -> list[int]:
    """How many pairs each conversation has: geometric by the mean, ten at most."""
    sizes, left = [], cell.pairs
    while left:
        size = 1
        while size < LONGEST and draw.random() < 1 - 1 / cell.talk:
            size += 1
        sizes.append(min(size, left))
        left -= sizes[-1]
    return sizes


def row(draw: random.Random, cell: Cell, sizes: Sequence[int], signal: str, excess: float) -> list[ClusterSum]:
    """The payoffs of one signal; a faulty conversation has its fault in every request."""
    group, half = ("", "m", "p00", "r"), cell.floor / 2
    sums = []
    for number, size in enumerate(sizes):
        plus, minus = 0, 0
        # of the pairs that the floor leaves even, those of a faulty conversation are odd
        faulty = draw.random() < excess / (1 - cell.floor)
        for _ in range(size):
            luck = draw.random()
            minus += luck < half
            plus += half <= luck < cell.floor or (faulty and luck >= cell.floor)
        sums.append(ClusterSum(group=group, signal=signal, cluster=number, pairs=size, plus=plus, minus=minus))
    return sums


def others(draw: random.Random, cell: Cell) -> list[ClusterSum]:
    """The rows of the other providers, at rest: they make Holm's correction what it is, and are never looked at."""
    sums = []
    for provider in range(1, cell.providers):
        for signal in DriftSignal:
            odd = sum(draw.random() < cell.floor for _ in range(min(cell.pairs, 200)))
            plus = sum(draw.random() < 0.5 for _ in range(odd))
            group = ("", "m", f"p{provider:02}", "r")
            sums.append(ClusterSum(group=group, signal=signal.value, cluster=0, pairs=cell.pairs, plus=plus, minus=odd - plus))
    return sums


def report(draw: random.Random, cell: Cell, excess: float) -> tuple[Verdict, SignalOutcome]:
    """The verdict about the first provider, and what the row of its kind of answer comes to."""
    sizes = talks(draw, cell)
    own = [
        one for signal in DriftSignal for one in row(draw, cell, sizes, signal.value, excess if signal.value == SHIFTED else 0.0)
    ]
    scores = [score for score in table([*own, *others(draw, cell)]) if score.group[2] == "p00"]
    coverage = PeriodCoverage(requests=cell.pairs, asked=cell.pairs, compared=cell.pairs)
    evidence = Evidence(provider="p00", model="m", reference="r", coverage=coverage, signals=tuple(map(signal_evidence, scores)))
    return decide(evidence), next(score.outcome for score in scores if score.signal == SHIFTED)


def signal_evidence(score: EffectEstimate) -> SignalEvidence:
    return SignalEvidence(
        signal=score.signal,
        pairs=score.n,
        provider_odd=score.provider_odd,
        reference_odd=score.reference_odd,
        excess=score.excess,
        low=score.low,
        high=score.high,
        outcome=score.outcome,
        smallest=score.smallest,
    )


def measured(tables: int, cell: Cell) -> Measured:
    draw = random.Random(f"power {cell}")
    sizes, seen, smaller = [], 0, 0
    for _ in range(tables):
        quiet, _ = report(draw, cell, 0.0)
        if quiet.word is VerdictWord.NONE_SEEN and quiet.power is not None and quiet.power.smallest is not None:
            size = quiet.power.smallest
            sizes.append(size)
            seen += report(draw, cell, size)[1] in SEEN
            smaller += report(draw, cell, size / 1.5)[1] in SEEN
    found = len(sizes) or 1
    return Measured(cell, tables, len(sizes), 100 * sum(sizes) / found, seen / found, smaller / found)


def often(one: Measured) -> bool:
    """Whether so many of a cell's tables print a size that their share counts."""
    return one.printed >= one.tables / 3


def markdown(rows: Sequence[Measured]) -> Iterator[str]:
    yield "| pairs | floor | providers | requests of a conversation | prints points | seen at it | seen at two thirds |"
    yield "|---|---|---|---|---|---|---|"
    for one in rows:
        cell = one.cell
        shown = f"{one.points:.1f} | {one.seen:.2f} | {one.smaller:.2f}"
        if not often(one):
            shown = "rarely | - | -" if one.printed else "none: undecided | - | -"
        yield f"| {cell.pairs:,} | {cell.floor:g} | {cell.providers} | {cell.talk} | {shown} |"


def verdicts(rows: Sequence[Measured]) -> Iterator[tuple[str, bool]]:
    """Each bar in words with the figure, and whether it is met; cells that print in at least a third of their tables count."""
    shown = [one for one in rows if often(one)]
    least = min(shown, key=lambda one: one.seen)
    mean = sum(one.seen for one in shown) / len(shown)
    modest = sum(one.smaller for one in shown) / len(shown)
    yield (
        f"seen at the printed size, least of {len(shown)} cells: {least.seen:.2f} ({least.cell}), >= {LEAST}",
        least.seen >= LEAST,
    )
    yield f"seen at the printed size, mean: {mean:.3f}, >= {MEAN}", mean >= MEAN
    yield f"seen at two thirds of it, mean: {modest:.3f}, <= {MODEST}", modest <= MODEST


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=int, default=40)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--markdown", action="store_true")
    asked = parser.parse_args()
    begun = time.monotonic()
    with ProcessPoolExecutor(asked.jobs) as pool:
        rows = list(pool.map(partial(measured, asked.tables), cells()))
    for line in markdown(rows):
        print(line)
    found = list(verdicts(rows))
    for words, met in () if asked.markdown else found:
        print(f"{words}: {'met' if met else 'MISSED'}")
    print(f"{asked.tables} tables a cell, {time.monotonic() - begun:.0f} s", file=sys.stderr)
    return 0 if all(met for _, met in found) else 1


if __name__ == "__main__":
    sys.exit(main())
