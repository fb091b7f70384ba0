"""Measures how rarely an equal provider is reported faulty, and how soon a worse one is, over simulated reports of 30 checks.

    .venv/bin/python -m bench.check_rates [--reports 1000] [--write]

`shadow.drift.paired_checks.excesses` judges the votes of made-up conversations. Seeded, standard library only; the exit code is 1
when a bar is missed. `--write` puts the tables into docs/reference/signals.md, between their two marks.
"""

import argparse
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from math import log, log1p
from pathlib import Path

from shadow.drift.effect_phrases import points
from shadow.drift.paired_checks import Votes, excesses

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "signals.md"
BEGIN, END = "<!-- begin: python -m bench.check_rates --write -->", "<!-- end of check rates -->"
CHECKS = 30
LIVE = 5
"""Of the 30 checks, those that fire now and then; the others hardly do."""
QUIET = 0.0001
PARTY = ("p", "m", "ref")
Tally = tuple[int, int]
"""Conversations in which the provider, and in which the reference, had more faulty answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """`conversations` of `size` compared requests; a share `rate` of the answers is faulty.

    `shared`: hard requests come in hard conversations, the same for both sides. `stick`: the share of the faults of a side that
    fill a whole conversation, which the other side does not share.
    """

    name: str
    conversations: int
    size: int
    rate: float = 0.02
    shared: bool = False
    stick: float = 0.0
    checks: int = CHECKS


WORLDS = (
    World(name="single requests", conversations=200, size=1),
    World(name="hard requests shared", conversations=200, size=3, shared=True),
    World(name="hard requests shared, long", conversations=100, size=10, shared=True),
    World(name="hard requests shared, very long", conversations=25, size=30, shared=True),
    World(name="each side has bad conversations of its own", conversations=100, size=10, stick=1.0),
    World(name="three faults of ten stick", conversations=100, size=10, stick=0.3),
    World(name="bad conversations of its own, all sampled", conversations=300, size=10, stick=1.0),
    World(name="three live checks", conversations=300, size=1, checks=3),
    World(name="one live check", conversations=300, size=1, checks=1),
)
TWENTY = (
    World(name="20 live checks, faults fill conversations", conversations=300, size=10, stick=1.0, checks=20),
    World(name="20 live checks, faults fill conversations, rare", conversations=300, size=10, rate=0.01, stick=1.0, checks=20),
    World(name="20 live checks, faults fill conversations, often", conversations=300, size=10, rate=0.1, stick=1.0, checks=20),
)
MOST, MOST_OF_TWENTY = 0.05, 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """One check worse by `excess`, `rate` the share of faulty answers of the live checks; the bar of seeing it."""

    conversations: int
    size: int
    excess: float
    rate: float
    bar: float | None


GAINS = (
    Gain(conversations=100, size=3, excess=0.03, rate=0.001, bar=0.8),
    Gain(conversations=100, size=3, excess=0.1, rate=0.001, bar=0.98),
    Gain(conversations=400, size=3, excess=0.01, rate=0.001, bar=None),
    Gain(conversations=100, size=10, excess=0.01, rate=0.001, bar=None),
    Gain(conversations=100, size=3, excess=0.03, rate=0.02, bar=None),
    Gain(conversations=100, size=3, excess=0.1, rate=0.02, bar=None),
    Gain(conversations=20, size=3, excess=1.0, rate=0.02, bar=1.0),
)


def places(chance: random.Random, count: int, share: float) -> Iterator[int]:
    """Which of `count` independent draws come out, each with probability `share`."""
    at = -1
    while share > 0:
        at += 1 + (int(log(1 - chance.random()) / log1p(-share)) if share < 1 else 0)
        if at >= count:
            return
        yield at


def faulty(chance: random.Random, world: World, rate: float) -> dict[int, int]:
    """Faulty answers by conversation, of one side, where it has any."""
    found: dict[int, int] = {}
    filled = places(chance, world.conversations, rate * world.stick)
    alone = (place // world.size for place in places(chance, world.conversations * world.size, rate * (1 - world.stick)))
    for conversation, answers in chain(((place, world.size) for place in filled), ((place, 1) for place in alone)):
        found[conversation] = min(world.size, found.get(conversation, 0) + answers)
    return found


def hard(chance: random.Random, world: World) -> Callable[[], dict[int, int]]:
    """As `faulty`, of two sides to which the same conversations are hard: a tenth of them holds all faults."""
    where = [*places(chance, world.conversations, 0.1)]

    def one_side() -> dict[int, int]:
        found: dict[int, int] = {}
        for place in places(chance, len(where) * world.size, 10 * world.rate):
            found[where[place // world.size]] = found.get(where[place // world.size], 0) + 1
        return found

    return one_side


def tally(provider: dict[int, int], reference: dict[int, int]) -> Tally:
    """One vote a conversation."""
    signs = [provider.get(place, 0) - reference.get(place, 0) for place in provider.keys() | reference.keys()]
    return sum(sign > 0 for sign in signs), sum(sign < 0 for sign in signs)


def drawn(chance: random.Random, world: World, excess: float = 0.0) -> Tally:
    """The votes on one check."""
    if world.shared:
        side = hard(chance, world)
        return tally(side(), side())
    return tally(faulty(chance, world, world.rate + excess), faulty(chance, world, world.rate))


def named(tallies: list[Tally]) -> frozenset[int]:
    """What the running function names."""
    votes = [
        Votes(party=PARTY, signal=f"check_{place}", plus=plus, minus=minus, alone=plus, conversations=plus + minus)
        for place, (plus, minus) in enumerate(tallies)
    ]
    return frozenset(place for place, one in enumerate(excesses(votes)) if one.named)


def false_reports(world: World, reports: int, seed: int) -> int:
    """Reports of an equal provider that name any check."""
    chance = random.Random(f"{seed} {world.name}")
    return sum(bool(named([drawn(chance, world) for _ in range(world.checks)])) for _ in range(reports))


def seen(gain: Gain, reports: int, seed: int) -> int:
    """Reports that name the check that is worse."""
    chance = random.Random(f"{seed} {gain}")
    live = World(name="", conversations=gain.conversations, size=gain.size, rate=gain.rate)
    quiet = World(name="", conversations=gain.conversations, size=gain.size, rate=QUIET if gain.rate < 0.01 else gain.rate)
    worse = min(gain.excess, 1 - gain.rate)
    return sum(
        0
        in named(
            [
                drawn(chance, live, worse),
                *(drawn(chance, live) for _ in range(LIVE - 1)),
                *(drawn(chance, quiet) for _ in range(CHECKS - LIVE)),
            ]
        )
        for _ in range(reports)
    )


def measure(reports: int, seed: int = 1) -> tuple[str, list[str]]:
    """Both tables as Markdown, and what missed its bar."""
    lines = ["| the provider is its reference | conversations compared | faulty answers | checks | reports | name any | bar |"]
    lines.append("|---|---:|---:|---:|---:|---:|---:|")
    missed = []
    for world, bar in (*((one, MOST) for one in WORLDS), *((one, MOST_OF_TWENTY) for one in TWENTY)):
        false = false_reports(world, reports, seed)
        shape = f"{world.conversations} of {world.size} | {world.rate:.0%} | {world.checks} | {reports:,}"
        lines.append(f"| {world.name} | {shape} | {false} | {bar * reports:.0f} |")
        missed += [world.name] if false > bar * reports else []
    lines += ["", "| one check worse by | conversations compared | other checks | reports | named in | bar |"]
    lines.append("|---:|---:|---|---:|---:|---:|")
    for gain in GAINS:
        share = seen(gain, reports, seed) / reports
        others = f"all 30 fail {gain.rate:.0%}" if gain.rate >= 0.01 else f"{LIVE} fail {gain.rate:.1%}, the others {QUIET:.2%}"
        bar = "" if gain.bar is None else f"{gain.bar:.2f}"
        shape = f"{gain.conversations} of {gain.size} | {others} | {reports:,}"
        lines.append(f"| {points(gain.excess)} | {shape} | {share:.3f} | {bar} |")
        missed += [f"{gain}"] if gain.bar is not None and share < gain.bar else []
    return "\n".join(lines), missed


def write(text: str) -> None:
    """Put the tables between the marks of the reference page."""
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    text, missed = measure(chosen.reports, chosen.seed)
    print(text)
    if chosen.write:
        write(text)
    sys.exit(f"over the bar: {', '.join(missed)}" if missed else 0)


if __name__ == "__main__":
    main()
