"""Shows that candidates beside a live provider are compared fairly, and what their pairs cost at the reference.

    python bench/candidates.py             reduced, about ten seconds
    python bench/candidates.py --full      400,000 pairs of candidates; about four minutes of one core

Seeded. The answers are drawn here; which requests go out, how answers are read and what a pair counts is the pipeline's own code
(`shadow.pipeline.shadow_run`). Candidates answer in a random order, longer texts later. Each figure stands beside its bar; the
exit code is 1 when one is not met.
"""

import argparse
import asyncio
import json
import logging
import math
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from unittest.mock import patch

import structlog

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from proxy.exchange import ChunkTimings, Exchange, Labels, Request, Response, Role
from shadow.findings.finding import Comparison
from shadow.findings.pair import Pair
from shadow.pipeline import shadow_run
from shadow.pipeline.shadow_run import ShadowRun, ShadowRunner
from shadow.reading.parsed_exchange import parse_exchange
from shadow.records import exchange_record
from shadow.sampling.shadow_body import ShadowBody
from shadow.settings.top_level_config import ShadowConfig

TOLERANCE = 0.003
WORSE = 0.122
"""How much more often the live provider answers otherwise: an excess of ten points, because some of these would differ anyway."""
COIN = 0.10
SLICE = 2_000
"""Requests of one process at a time."""
JSON = (("content-type", "application/json"),)
TARGET = "/v1/chat/completions"
CITIES = ("Rome", "Paris", "Quito", "Oslo", "Lima")
WORDS = ("bread", "ferry", "garden", "harbour", "lamp", "morning", "old", "people", "rain", "river", "stone", "train", "window")
TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}
Row = tuple[str, str, str, bool]


@dataclass(frozen=True, slots=True)
class World:
    """`kind` is `calls` (five possible arguments of a call) or `texts` (sampled texts of any length, some cut)."""

    kind: str
    floor: float
    arms: int
    pairs: int


@dataclass
class Figures:
    """Sums of the payoffs of candidates by signal, and of their squares by request, for the error of a mean."""

    requests: int = 0
    pairs: int = 0
    calls: int = 0
    counted: Counter[str] = field(default_factory=Counter)
    sums: Counter[str] = field(default_factory=Counter)
    squares: Counter[str] = field(default_factory=Counter)
    live: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: "Figures") -> "Figures":
        names = ("requests", "pairs", "calls", "counted", "sums", "squares", "live")
        made = Figures()
        for name in names[:3]:
            setattr(made, name, getattr(self, name) + getattr(other, name))
        for name in names[3:]:
            getattr(made, name).update(getattr(self, name))
            getattr(made, name).update(getattr(other, name))
        return made

    def mean(self, signal: str) -> float:
        return self.sums[signal] / max(self.counted[signal], 1)

    def error(self, signal: str) -> float:
        """One standard error of the mean; the pairs of one request share r and r'."""
        return math.sqrt(self.squares[signal]) / max(self.counted[signal], 1)


class Drawn:
    """What stands for the providers: an answer to the request under way, drawn for each call."""

    def __init__(self, world: World, seed: int) -> None:
        self._draw = random.Random(f"{world}{seed}")
        self._world = world
        self._hard = 0.0
        self._numbers = 0
        self.calls = 0

    def next(self, number: int) -> Exchange:
        """The next request, with the live answer: wrong by `WORSE` more often."""
        share = self._draw.random() ** 3
        self._hard = share * (0.5 - math.sqrt(0.25 - 5 / 7 * self._world.floor)) / (5 / 14)
        asked = {"model": "m", "messages": [{"role": "user", "content": f"Question {number}"}], "temperature": 0.7}
        asked |= {"tools": [TOOL]} if self._world.kind == "calls" else {}
        request = Request(method="POST", target=TARGET, headers=JSON, body=json.dumps(asked).encode(), size=1)
        request = request._replace(size=len(request.body))
        body, _ = self._answer(worse=self._draw.random() < WORSE)
        labels = Labels(route="r", provider="live", reference="reference", model="m", conversation=f"c{number}")
        return _exchange(f"live-{number}", Role.PRIMARY, labels, request, body)

    def prepare(self, live: Exchange, _provider: str = "") -> ShadowBody:
        return ShadowBody(body=live.request.body, alterations=())

    def same_server(self, _live: Exchange) -> bool:
        return False

    async def ask(self, live: Exchange, _asked: ShadowBody, role: Role, provider: str = "") -> Exchange:
        """A candidate is the reference by another name: both draw from the same answers."""
        self.calls += role is not Role.CANDIDATE
        body, size = self._answer()
        for _ in range(self._draw.randrange(3) + size // 20):
            await asyncio.sleep(0)
        self._numbers += 1
        labels = live.labels._replace(provider=provider or "reference", reference="")
        return _exchange(f"{role}-{self._numbers}", role, labels, live.request, body)

    def _answer(self, *, worse: bool = False) -> tuple[dict, int]:
        if self._world.kind == "calls":
            odd = worse or self._draw.random() < self._hard
            city = CITIES[1 + self._draw.randrange(4)] if odd else CITIES[0]
            call = {"id": "c", "type": "function", "function": {"name": "get_weather", "arguments": json.dumps({"city": city})}}
            return {"message": {"role": "assistant", "content": None, "tool_calls": [call]}, "finish_reason": "tool_calls"}, 0
        size = 1 + int(60 * self._draw.random() ** 2)
        cut = self._draw.random() < self._hard / 2 + size / 200 or worse
        text = " ".join(self._draw.choices(WORDS, k=size))
        return {"message": {"role": "assistant", "content": text}, "finish_reason": "length" if cut else "stop"}, size


def _exchange(name: str, role: Role, labels: Labels, request: Request, choice: dict) -> Exchange:
    whole = {"id": name, "object": "chat.completion", "model": "m", "choices": [{"index": 0, **choice}]}
    body = json.dumps(whole).encode()
    response = Response(
        status=200, reason="OK", headers=JSON, body=body, size=len(body), marks=ChunkTimings([0.1], [len(body)]), head_seconds=0.1
    )
    return Exchange(
        id=name,
        role=role,
        started=0.0,
        labels=labels,
        request=request,
        response=response,
        failure=None,
        seconds=0.1,
        overhead=0.0,
    )


def no_findings(pair: Pair) -> Comparison:
    """What stands for the comparison of a pair."""
    return Comparison(kind=pair.kind, comparable="", findings=())


class Unchanged:
    """What stands for the privacy of records, which has no part in a payoff."""

    def of(self, _tenant):
        return self

    def pair_record(self, record):
        return record


def part(world: World, seed: int) -> Figures:
    """One slice. The findings of a pair and the shape of its request stand beside its payoffs and decide none, so that they are
    left out: they take most of the time.
    """
    logged = structlog.get_config()["wrapper_class"]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    try:
        with patch.multiple(shadow_run, compare=no_findings, request_shape=lambda *_: "{}"):
            return asyncio.run(_part(world, seed))
    finally:
        structlog.configure(wrapper_class=logged)


async def _part(world: World, seed: int) -> Figures:
    drawn, found = Drawn(world, seed), Figures()
    first = exchange_record(parse_exchange(drawn.next(0)), outcomes=["valid"] * (world.kind == "calls"), checks=())
    runner = ShadowRunner(shadow=ShadowConfig(), policy=Unchanged(), references=drawn, record=lambda _: first, secret=bytes(32))
    coin = random.Random(f"coin{seed}")
    for number in range(min(SLICE, -(-world.pairs // world.arms))):
        answers = runner.answers(parse_exchange(drawn.next(number)), control=coin.random() < COIN)
        names = [f"candidate-{arm}" for arm in range(world.arms)]
        live, *runs = await asyncio.gather(runner.run(answers), *(runner.run_candidate(answers, name) for name in names))
        _add(found, live, runs)
    found.calls = drawn.calls
    return found


def _add(found: Figures, live: ShadowRun, runs: list[ShadowRun]) -> None:
    found.requests += 1
    found.pairs += len(runs)
    here: Counter[str] = Counter()
    for run in runs:
        for row in run.record.payoffs:
            found.counted[row.signal] += 1
            here[row.signal] += row.payoff
    for signal, total in here.items():
        found.sums[signal] += total
        found.squares[signal] += total * total
    found.live["pairs"] += 1
    for row in live.record.payoffs:
        found.live[row.signal] += row.payoff


def measured(world: World, jobs: int) -> Figures:
    seeds = range(-(-world.pairs // (SLICE * world.arms)))
    if jobs == 1:
        return sum(map(partial(part, world), seeds), Figures())
    with ProcessPoolExecutor(jobs) as pool:
        return sum(pool.map(partial(part, world), seeds), Figures())


FAIR = {"calls": ("arguments",), "texts": ("finish_reason", "text")}
COSTS = ((1, 0.15), (2, 0.15), (3, 0.15), (5, 0.05), (5, 0.15), (5, 0.30), (8, 0.15))
"""Candidates and floor; the live provider, whose differences request r' too, stands beside them."""
MOST_CALLS = {5: 0.35}
"""Most reference calls for one pair of a candidate, by the number of candidates."""


def rows(pairs: int, jobs: int, *, full: bool) -> Iterator[Row]:
    for kind, signals in FAIR.items():
        found = measured(World(kind, 0.15, 5, pairs if kind == "calls" else pairs // 4), jobs)
        for signal in signals:
            title = f"mean payoff of a candidate that is the reference, {kind}, {signal}, {found.counted[signal]:,} pairs"
            mean, error = found.mean(signal), found.error(signal)
            bar = TOLERANCE if full and signal != "text" else 3 * error
            yield title, f"{mean:+.4f} (standard error {error:.4f})", f"within {bar:.4f}", abs(mean) <= bar
        signal = signals[0]
        excess = found.live[signal] / found.live["pairs"]
        yield f"the live provider beside it, {kind}, {signal}", f"{excess:+.4f}", "above +.05", excess > 0.05
    for arms, floor in COSTS:
        found = measured(World("calls", floor, arms, max(pairs // 40, 2_000)), jobs)
        cost = found.calls / found.pairs
        title, most = f"reference calls for one pair of a candidate: candidates {arms}, floor {floor:g}", MOST_CALLS.get(arms)
        yield title, f"{cost:.3f}", f"<= {most:g}" if most else "", not most or cost <= most


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--jobs", type=int, default=1)
    chosen = parser.parse_args()
    begun, fine = time.monotonic(), True
    print("| | measured | bar | met |\n|---|---|---|---|", flush=True)
    for title, value, bar, good in rows(400_000 if chosen.full else 10_000, chosen.jobs, full=chosen.full):
        print(f"| {title} | {value} | {bar} | {'yes' if good else 'NO'} |", flush=True)
        fine = fine and good
    print(f"\n{time.monotonic() - begun:.0f} s", flush=True)
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
