"""Simulates routers through the product's own claims and alarms about the servers behind them.

python -m bench.upstreams honest failover broken --runs 1000

honest: 4, 16 and 64 unchanged servers, chosen by length, load or conversation: any of them named. failover: the router hides
time-outs and repairs answers. broken: one of four servers gives wrong answers: pairs until it is named and until its alarm.

Requests, floors and payoffs are those of `bench.tournaments`. Seeded; the exit code is 1 when a bar is missed.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bench.tournaments import ACTIONS, COIN, WRONG, Labels, counted, met, payoff_table
from shadow.choice.arm_evidence import ArmEvidence
from shadow.choice.candidate_claims import ChoiceVerdict, claims
from shadow.choice.upstream_claims import REQUIRED, server_evidence
from shadow.drift.alarm_budget import PROVIDER, AlertBudget, share_of_upstream
from shadow.drift.conversation_units import ConversationUnit, PairPayoffs
from shadow.drift.drift_signals import DriftSignal
from shadow.drift.excess_estimates import ClusterSum, GroupKey, SignalOutcome, table
from shadow.drift.group_tests import GroupTests

PAIRS = 20_000
ROUTINGS = ("length", "load", "conversation")
SEEN = {SignalOutcome.DIFFERS, SignalOutcome.DRIFTS, SignalOutcome.WITHIN}
Names = NDArray[np.int64]
Rows = list[tuple[str, str, str]]


class Requests:
    """Requests of a made-up application: how hard each is, and the reference's two answers to it."""

    def __init__(self, seed: int, floor: float, n: int) -> None:
        self.rng = np.random.default_rng([seed, round(floor * 1_000), n])
        whole = 0.6 / floor
        self.hard = np.minimum(self.rng.beta(whole * floor, whole * (1 - floor), n), 0.79)
        self.main = (0.5 + np.sqrt(0.25 + 5 * (0.75 - self.hard))) / 2.5
        self.n = n
        self.r, self.control = self.answered(), self.answered()

    def __repr__(self) -> str:
        return f"<Requests {self.n}>"

    def answered(self) -> Labels:
        """Answers of an unchanged server."""
        return np.where(self.rng.random(self.n) < self.main, 0, self.rng.integers(1, ACTIONS, self.n)).astype(np.int8)

    def paid(self, y: Labels) -> Labels:
        """The product's payoffs; the control is requested on a difference or by the coin."""
        twice = (y != self.r) | (self.rng.random(self.n) < COIN)
        return payoff_table()[self.r, y, np.where(twice, self.control, ACTIONS)]

    def routed(self, servers: int, by: str) -> Names:
        """The server of each request: by its length, by changing load, or one for three requests in a row."""
        if by == "length":  # hard requests are the long ones
            rank = np.argsort(np.argsort(self.hard + self.rng.normal(0, 0.05, self.n)))
            return rank * servers // self.n
        if by == "load":
            weights = self.rng.dirichlet(np.ones(servers), self.n // 200 + 1)[np.arange(self.n) // 200]
            return (weights.cumsum(axis=1) < self.rng.random(self.n)[:, None]).sum(axis=1).clip(0, servers - 1)
        return self.rng.integers(0, servers, self.n // 3 + 1)[np.arange(self.n) // 3]


def by_appearance(names: Names) -> Iterator[tuple[int, int]]:
    """(place, name) of each server in the order of its first request."""
    firsts = {int(name): int(np.argmax(names == name)) for name in np.unique(names)}
    yield from enumerate(sorted(firsts, key=lambda name: firsts[name]), 1)


def evidence(place: int, values: Labels, signal: str) -> ArmEvidence:
    """The product's evidence of one server after these pairs, each a request of its own."""
    one = server_evidence(place, tuple(each.value for each in REQUIRED))
    changes = [0, *(np.flatnonzero(np.diff(values)) + 1).tolist(), len(values)] if len(values) else [0]
    for begin, end in pairwise(changes):
        value = int(values[begin])
        one.add_unit(ConversationUnit(opened=0.0, pairs=1, means={signal: float(value)}), end - begin)
        for _ in range(end - begin if value else 1):
            one.add_pair(PairPayoffs(started=1.0, conversation="", payoffs={signal: value}))
    return one


def verdict(place: int, values: Labels, signal: str = "answer_kind") -> ChoiceVerdict:
    one = evidence(place, values, signal)
    return claims({"": one}, one.terms)[""].verdict


def is_named(found: ChoiceVerdict) -> bool:
    return found in {ChoiceVerdict.WORSE, ChoiceVerdict.DIFFERS}


def honest(run: int, servers: int, floor: float) -> bool:
    """Whether any unchanged server is named in one report of all pairs."""
    requests = Requests(run, floor, PAIRS)
    names, paid = requests.routed(servers, ROUTINGS[run % 3]), requests.paid(requests.answered())
    return any(is_named(verdict(place, paid[names == name])) for place, name in by_appearance(names))


def failover(run: int, floor: float, kind: str) -> bool:
    """The same for four servers whose bad luck the router hides: another one answers in their place, and is named for it."""
    requests = Requests(run, floor, PAIRS)
    names, y = requests.routed(4, "load"), requests.answered()
    hidden = requests.rng.random(PAIRS) < (np.where(y >= 3, 0.5, 0.0) if kind == "time-outs" else np.where(y > 0, 0.3, 0.0))
    y = np.where(hidden, requests.answered(), y)
    names = np.where(hidden, (names + requests.rng.integers(1, 4, PAIRS)) % 4, names)
    paid = requests.paid(y)
    return any(is_named(verdict(place, paid[names == name])) for place, name in by_appearance(names))


def broken(run: int, *, share: float, floor: float, wrong: float, pairs: int, signal: str) -> tuple[bool, bool, bool, bool]:
    """(the broken server is called worse, another one is named, its alarm, the router as a whole shows a difference)."""
    requests = Requests(run, floor, pairs)
    names = requests.rng.choice(4, pairs, p=[(1 - share) / 3] * 3 + [share])
    own = (names == 3) & (requests.rng.random(pairs) < wrong)
    paid = requests.paid(np.where(own, WRONG, requests.answered()).astype(np.int8))
    worse = verdict(4, paid[names == 3], signal) is ChoiceVerdict.WORSE
    others = any(is_named(verdict(place, paid[names == place - 1], signal)) for place in (1, 2, 3))
    return worse, others, alarmed(paid[names == 3], signal), whole_differs(paid, signal)


def alarmed(values: Labels, signal: str) -> bool:
    """Whether the detector of the fourth server alarms."""
    tests = GroupTests(AlertBudget(head_start_share=share_of_upstream(4)))
    for number, value in enumerate(values.tolist()):
        tests.add(f"{number}", [(signal, value)])
        if tests.tests[signal, PROVIDER].alarms:
            return True
    return False


def whole_differs(values: Labels, signal: str) -> bool:
    """Whether the report's own table, whose other signals show nothing, finds a difference of the router as a whole."""
    group = GroupKey("", "m", "p", "r")
    sums = [
        ClusterSum(group=group, signal=signal, cluster=number, pairs=1, plus=int(value > 0), minus=int(value < 0))
        for number, value in enumerate(values.tolist())
    ]
    others = [name.value for name in DriftSignal if name != signal]
    calm = [ClusterSum(group=group, signal=name, cluster=0, pairs=len(values), plus=0, minus=0) for name in others]
    return next(row for row in table([*sums, *calm]) if row.signal == signal).outcome in SEEN


def honest_rows(pool: ProcessPoolExecutor, runs: int) -> Iterator[tuple[str, str, str]]:
    for servers in (4, 16, 64):
        rows: Rows = []
        found = list(pool.map(partial(honest, servers=servers, floor=0.15), range(runs), chunksize=5))
        counted(rows, f"any of {servers} unchanged servers named, floor .15, {PAIRS:,} pairs", found, runs, 0.05)
        yield from rows


def failover_rows(pool: ProcessPoolExecutor, runs: int) -> Iterator[tuple[str, str, str]]:
    for kind in ("time-outs", "repairs"):
        rows: Rows = []
        found = list(pool.map(partial(failover, floor=0.15, kind=kind), range(runs), chunksize=5))
        counted(rows, f"any of 4 unchanged servers named, {kind} hidden", found, runs, 0.05)
        yield from rows


def broken_rows(pool: ProcessPoolExecutor, runs: int) -> Iterator[tuple[str, str, str]]:
    for share, pairs, bar in ((0.1, 1_300, "≥ .90"), (0.1, 2_000, ""), (0.3, 500, "≥ .90")):
        for signal in ("answer_kind", "arguments"):
            run = partial(broken, share=share, floor=0.1, wrong=0.3, pairs=pairs, signal=signal)
            worse, others, alarms, whole = (
                sum(each) / runs for each in zip(*pool.map(run, range(runs), chunksize=5), strict=True)
            )
            title = f"one of four broken, share {share}, 30 % wrong, floor .10, {signal}, after {pairs:,} pairs"
            yield f"{title}: called worse", f"{worse:.3f}", bar
            yield f"{title}: alarm", f"{alarms:.3f}", "≥ .90" if pairs == 2_000 else ""
            yield f"{title}: another one named", f"{others:.3f}", "≤ .010" if bar else ""
            yield f"{title}: the router as a whole differs", f"{whole:.3f}", ""


PARTS = {"honest": honest_rows, "failover": failover_rows, "broken": broken_rows}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=[], help="all of them by default")
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    good = True
    print("| | measured | bar | |\n|---|---:|---:|---|")
    with ProcessPoolExecutor(asked.jobs) as pool:
        for part in asked.parts or PARTS:
            begun = time.monotonic()
            for name, measured, bar in PARTS[part](pool, asked.runs):
                good = good and met(measured, bar)
                print(f"| {name} | {measured} | {bar} | {'' if met(measured, bar) else 'MISSED'} |", flush=True)
            print(f"{part}: {asked.runs} runs, {time.monotonic() - begun:.0f} s", file=sys.stderr)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
