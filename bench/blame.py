"""Shows that the judge names the side that moved: a provider, its reference, or a reference that fails.

    python bench/blame.py             reduced, about two minutes
    python bench/blame.py --full      1,000 runs a cell at 30 points; about two hours of one core

Seeded, standard library only: the store is a list in memory, all else is the code that judges live. Each figure stands beside its
bar; the exit code is 1 when one is not met.
"""

import argparse
import random
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from shadow.drift.alarm_titles import REFERENCE_FAILING, REFERENCE_MOVED
from shadow.drift.attribution import Blame
from shadow.drift.state_transitions import DriftState
from shadow.judging.judge import Judge
from storage.judgement_rows import AlarmRow, EvidenceRow, JudgedPairRow, JudgementBatch
from storage.rows import PairGroup

TOGETHER = "candidates: each request goes to all three"
SHARES = {
    "1 : 1 : 1": (1, 1, 1),
    TOGETHER: (1, 1, 1),
    "90 : 9 : 1": (90, 9, 1),
    "1 : 1": (1, 1),
    "1 : 1, the second idle": (1, 1),
}
IDLE = "1 : 1, the second idle"
FLOORS = (0.05, 0.15)
CHUNK = 50
IDLE_GUARD = 3_000
"""Requests of a run in which nothing more can come than that it is not yet known."""
AFTER = 500
"""Requests that are looked at after the reference was named, in which a provider might still be."""
SIGNAL = "calls_tool"
Row = tuple[str, str, str, bool]


@dataclass(frozen=True, slots=True)
class Extent:
    large_runs: int
    small_runs: int
    failing_runs: int
    calm: int
    policy: int


REDUCED = Extent(large_runs=8, small_runs=4, failing_runs=8, calm=600, policy=3_000)
FULL = Extent(large_runs=1_000, small_runs=100, failing_runs=100, calm=600, policy=6_000)


@dataclass
class Shelf:
    """What a judge needs of a store, in memory."""

    rows: list[JudgedPairRow] = field(default_factory=list)
    alarms: list[AlarmRow] = field(default_factory=list)
    kept: dict[tuple[PairGroup, str], list[EvidenceRow]] = field(default_factory=dict)
    judged: float = 0.0
    lease_seconds: float = 30.0

    def add(self, group: PairGroup, payoffs: Sequence[tuple[str, int]]) -> None:
        no = len(self.rows) + 1
        self.rows.append(
            JudgedPairRow(
                no=no,
                pair_id=str(no),
                group=group,
                started=float(no),
                conversation="",
                fingerprint="",
                kind="",
                excluded=(),
                payoffs=tuple(payoffs),
            )
        )
        for signal, payoff in payoffs:
            row = EvidenceRow(pair_id=str(no), started=float(no), conversation="", kind="", payoff=payoff)
            self.kept.setdefault((group, signal), []).append(row)

    def claim(self, _holder: str, _now: float, _seconds: float) -> bool:
        return True

    renew = claim

    def unjudged(self, after: int, limit: int) -> Sequence[JudgedPairRow]:
        return self.rows[after : after + limit]

    def evidence(self, group: PairGroup, signal: str, *, limit: int, **_: bool) -> Sequence[EvidenceRow]:
        """The pairs of the batches before; the judge itself adds those of the batch."""
        return [row for row in self.kept.get((group, signal), ()) if row.started <= self.judged][-limit:]

    def record(self, _holder: str, batch: JudgementBatch) -> bool:
        self.alarms += batch.alarms
        self.judged = max([self.judged, *(float(row.no) for row in batch.judgements)])
        return True

    def last_judged(self) -> int:
        return int(self.judged)

    def nothing(self, *_: object, **__: object) -> tuple[()]:
        return ()

    group_states = pending_acknowledgements = recently_counted = identities_of = paces = timed_answers = nothing


@dataclass(frozen=True, slots=True)
class World:
    shares: str
    moved: str
    """"provider": the one with most traffic; "reference"; "down" or "failing": the reference's answers, all or half."""
    size: float
    floor: float


def names(shares: str) -> list[str]:
    return [chr(ord("a") + place) for place in range(len(SHARES[shares]))]


def payoffs(draw: random.Random, world: World, provider: str, *, calm: bool) -> list[tuple[str, int]]:
    """Of one pair. A reference that fails has no answer that could be compared."""
    failing = world.moved in {"down", "failing"}
    if failing and not calm and draw.random() < (1.0 if world.moved == "down" else 0.5):
        return [("error", -1)]
    leans = not calm and (world.moved == "reference" or (world.moved, provider) == ("provider", "a"))
    odd, even = world.floor / 2 + (world.size if leans else 0.0), world.floor / 2
    u = draw.random()
    found = [(SIGNAL, 1 if u < odd else -1 if u < odd + even else 0)]
    return [*found, ("error", 0)] if failing else found


def shared_payoffs(draw: random.Random, world: World, *, calm: bool) -> dict[str, list[tuple[str, int]]]:
    """Of the pairs of one request that goes to all: they share r and r', so that what is unusual in r shows in all of them.

    An answer is the usual one, or one of four others; in a share `size` of requests the side that moved has an answer of its own.
    """
    usual = 0.2 + 0.8 * (1 - 1.25 * world.floor) ** 0.5

    def answered() -> int:
        return 0 if draw.random() < usual else draw.randrange(1, 5)

    changed = not calm and draw.random() < world.size
    r, second = (5, 5) if changed and world.moved == "reference" else (answered(), answered())
    found = {}
    for provider in names(world.shares):
        y = 5 if changed and (world.moved, provider) == ("provider", "a") else answered()
        found[provider] = [(SIGNAL, 0 if y == r else int(second == r) - int(second == y))]
    if world.moved in {"down", "failing"} and not calm and draw.random() < (1.0 if world.moved == "down" else 0.5):
        return {provider: [("error", -1)] for provider in found}
    return {provider: [*own, ("error", 0)] if world.moved in {"down", "failing"} else own for provider, own in found.items()}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Providers named as those who moved, whether the reference was, requests to the alarm and from it to the answer."""

    named: frozenset[str]
    reference: bool
    paged: frozenset[str]
    alarm: int | None
    answer: int | None
    pages: int = 0


def run(world: World, extent: Extent, number: int) -> Outcome:
    draw = random.Random(f"{world} {number}")
    shelf, answered = Shelf(), names(world.shares)
    judge = Judge(shelf, holder="bench", pairs_per_false_alarm=1e7, fleet_wide=False, publish=lambda *_: None)
    alarm = answer = None
    ended = 0
    guard = min(extent.policy, IDLE_GUARD) if world.shares == IDLE else extent.policy
    for begun in range(0, extent.calm + guard, CHUNK):
        for place in range(begun, begun + CHUNK):
            calm = place < extent.calm
            if world.shares == TOGETHER:
                for each, paid in shared_payoffs(draw, world, calm=calm).items():
                    shelf.add(PairGroup(route="default", model="m", provider=each, reference="r"), paid)
                continue
            [provider] = draw.choices(answered, SHARES[world.shares])
            if not calm and world.shares == IDLE:
                provider = "a"
            group = PairGroup(route="default", model="m", provider=provider, reference="r")
            shelf.add(group, payoffs(draw, world, provider, calm=calm))
        judge.step(0.0)
        looks = [case.look for case in judge.groups.values() if case.look]
        if alarm is None and (looks or shelf.alarms):
            alarm = max(begun - extent.calm, 0)
        if looks and answer is None and any(look.blame is not Blame.NOT_YET_KNOWN for look in looks):
            answer = begun - extent.calm - (alarm or 0)
        ended = ended or (begun + (0 if world.moved == "provider" else AFTER) if alarmed(shelf.alarms) else 0)
        if ended and begun >= ended:
            break
    return Outcome(
        named=frozenset(row.group.provider for row in shelf.alarms if blamed(row)),
        reference=any(row.name in {REFERENCE_MOVED, REFERENCE_FAILING} for row in shelf.alarms),
        paged=frozenset(row.group.provider for row in shelf.alarms if row.new == DriftState.DRIFT),
        alarm=alarm,
        answer=answer,
    )


def blamed(row: AlarmRow) -> bool:
    return row.new == DriftState.DRIFT and f'"blame":"{Blame.PROVIDER.value}"' in row.details


def alarmed(alarms: Sequence[AlarmRow]) -> bool:
    """Whether the side that moved was decided."""
    return any(blamed(row) or row.name in {REFERENCE_MOVED, REFERENCE_FAILING} for row in alarms)


def spread(world: World, extent: Extent, runs: int, jobs: int) -> list[Outcome]:
    job = partial(run, world, extent)
    if jobs == 1:
        return [job(number) for number in range(runs)]
    with ProcessPoolExecutor(jobs) as pool:
        return list(pool.map(job, range(runs), chunksize=max(runs // (jobs * 10), 1)))


def cell(world: World, extent: Extent, runs: int, jobs: int) -> tuple[float, float, float, Outcome]:
    """Shares of runs: right name, not yet known, wrong name; and medians of the requests to the alarm and to the answer."""
    found = spread(world, extent, runs, jobs)
    paged = sum(bool(each.paged) for each in found)
    wrong = sum(_wrong(world, each) for each in found) / runs
    right = sum(not _wrong(world, each) and _right(world, each) for each in found) / runs
    middle = Outcome(
        named=frozenset(),
        reference=False,
        paged=frozenset(),
        pages=paged,
        alarm=_median([each.alarm for each in found]),
        answer=_median([each.answer for each in found]),
    )
    return right, 1 - right - wrong, wrong, middle


def _wrong(world: World, found: Outcome) -> bool:
    return bool(found.named) if world.moved == "reference" else found.reference or bool(found.named - {"a"})


def _right(world: World, found: Outcome) -> bool:
    return found.reference if world.moved == "reference" else "a" in found.named


def _median(values: Sequence[int | None]) -> int | None:
    known = sorted(value for value in values if value is not None)
    return known[len(known) // 2] if known else None


def moving(extent: Extent, jobs: int) -> Iterator[Row]:
    for shares in SHARES:
        for moved in ("reference", "provider"):
            for size in (0.30, 0.10):
                for floor in FLOORS if size == 0.10 else FLOORS[:1]:
                    runs = extent.large_runs if size == 0.30 else extent.small_runs
                    right, unknown, wrong, middle = cell(World(shares, moved, size, floor), extent, runs, jobs)
                    title = f"{moved} moves {size * 100:.0f} points, floor {floor:g}, shares {shares}, {runs} runs"
                    value = f"{right:.3f} / {unknown:.3f} / {wrong:.3f}; {middle.alarm} + {middle.answer}"
                    value += f"; {middle.pages} paged" if moved == "reference" else ""
                    yield title, value, bar(shares, size), met(shares, size, (right, unknown, wrong), runs)


def bar(shares: str, size: float) -> str:
    if shares == IDLE or size < 0.30:
        return "wrong <= .025" if shares == IDLE else "right or not yet known >= .90"
    return "right >= .95, wrong <= .025"


def met(shares: str, size: float, found: tuple[float, float, float], runs: int) -> bool:
    right, unknown, wrong = found
    few = 1 / runs if runs < 100 else 0.0  # one run of a few is no share
    if shares == IDLE:
        return wrong <= 0.025 + few
    return (right >= 0.95 - few and wrong <= 0.025 + few) if size == 0.30 else right + unknown >= 0.90 - few


def failing(extent: Extent, jobs: int) -> Iterator[Row]:
    for shares in SHARES:
        for moved in ("down", "failing"):
            found = spread(World(shares, moved, 0.0, 0.05), extent, extent.failing_runs, jobs)
            paged, seen = sum(bool(each.paged) for each in found), sum(each.reference for each in found)
            how, runs = "down" if moved == "down" else "failing by half", extent.failing_runs
            title = f"reference {how}, shares {shares}, {runs} runs: paged for a provider; reported for the reference"
            yield title, f"{paged}; {seen}", f"0; {runs}", paged == 0 and seen == runs


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--jobs", type=int, default=1)
    chosen = parser.parse_args()
    extent, begun, fine = FULL if chosen.full else REDUCED, time.monotonic(), True
    head = "| who moves | right / not yet known / wrong; median requests to the alarm + to the answer | bar | met |"
    print(f"{head}\n|---|---|---|---|", flush=True)
    for part in (moving, failing):
        for title, value, limit, good in part(extent, chosen.jobs):
            print(f"| {title} | {value} | {limit} | {'yes' if good else 'NO'} |", flush=True)
            fine = fine and good
    print(f"\n{time.monotonic() - begun:.0f} s", flush=True)
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
