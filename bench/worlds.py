"""Generates the traffic of the drift simulations: three answers to each request, from one distribution unless a fault is on.

An answer is one of seven outcomes. Each request has an outcome that is usual for it and a chance of another one; two answers
then differ in a share of requests that is the floor. A fault replaces the provider's answer with some chance.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import exp, pi, sin

from shadow.drift.drift_signals import DriftSignal

CALL, TEXT, OTHER_TOOL, OTHER_ARGUMENTS, INVALID, REFUSAL, CUT = range(7)
DEVIANT = {TEXT: 0.35, OTHER_TOOL: 0.15, OTHER_ARGUMENTS: 0.25, INVALID: 0.05, REFUSAL: 0.1, CUT: 0.1}
FLOORS = {"greedy": 0.005, "T=0.6": 0.10, "T=1": 0.235}
WORLDS = ("greedy", "T=0.6", "T=1", "mix", "mix+conv")
JUMP = 2_000
TALK = 10

CALLS = frozenset({CALL, OTHER_TOOL, OTHER_ARGUMENTS, INVALID})
NAME = {OTHER_TOOL: "b"}
ARGUMENTS = {OTHER_ARGUMENTS: "b", INVALID: "c"}
FINISH = {CUT: "length"}

LABELS = {
    DriftSignal.ANSWER_KIND: lambda o: NAME.get(o, "a") if o in CALLS else o,
    DriftSignal.CALLS_TOOL: lambda o: o in CALLS,
    DriftSignal.TOOLS: lambda o: NAME.get(o, "a"),
    DriftSignal.ARGUMENTS: lambda o: ARGUMENTS.get(o, "a"),
    DriftSignal.FINISH: lambda o: "tool_calls" if o in CALLS else FINISH.get(o, "stop"),
    DriftSignal.REFUSAL: lambda o: o == REFUSAL,
}
NUMBERS = {
    DriftSignal.CALLS_TOOL_RATE: lambda o: o not in CALLS,
    DriftSignal.VALID_CALLS: lambda o: o == INVALID,
    DriftSignal.REFUSAL_RATE: lambda o: o == REFUSAL,
    DriftSignal.FINISH_LENGTH: lambda o: o == CUT,
}
BOTH_CALL = frozenset({DriftSignal.TOOLS, DriftSignal.ARGUMENTS, DriftSignal.VALID_CALLS})
SIGNALS = tuple(signal.value for signal in (*LABELS, *NUMBERS))

FAULTS = {
    "arguments": (OTHER_ARGUMENTS, {"arguments"}),
    "schema": (INVALID, {"valid_calls", "arguments"}),
    "tool name": (OTHER_TOOL, {"tools", "answer_kind"}),
    "calls less": (TEXT, {"calls_tool", "calls_tool_rate", "answer_kind", "finish_reason"}),
    "refusals": (REFUSAL, {"refusal", "refusal_rate", "calls_tool", "calls_tool_rate", "answer_kind", "finish_reason"}),
    "cut answers": (CUT, {"finish_length", "finish_reason", "calls_tool", "calls_tool_rate", "answer_kind"}),
}
"""What replaces the provider's answer, and the signals that may truly be blamed for it."""


@dataclass(frozen=True, slots=True)
class Fault:
    outcome: int
    share: float
    begins: int


def payoffs_of(y: int, r: int, control: int) -> tuple[tuple[str, int], ...]:
    """By the definition; `control` is looked at only where y and r differ."""
    both = y in CALLS and r in CALLS
    found = []
    for signal, label in LABELS.items():
        if signal not in BOTH_CALL or both:
            one, other, judge = label(y), label(r), label(control)
            found.append((signal.value, 0 if one == other else int(one != judge) - int(other != judge)))
    for signal, number in NUMBERS.items():
        if signal not in BOTH_CALL or both:
            found.append((signal.value, int(number(y)) - int(number(r))))
    return tuple(found)


PAYOFFS = {kinds: payoffs_of(*kinds) for kinds in product(range(7), repeat=3)}


def chance(floor: float) -> float:
    """The chance of an unusual answer with which two answers differ in `floor` of the requests."""
    alike = sum(weight**2 for weight in DEVIANT.values())
    low, high = 0.0, 0.5
    for _ in range(60):
        q = (low + high) / 2
        low, high = (q, high) if 2 * q * (1 - q) + q * q * (1 - alike) < floor else (low, q)
    return low


CHANCES = tuple(chance(floor) for floor in FLOORS.values())


def natures(draw: random.Random, world: str, pairs: int) -> Iterator[tuple[float, int]]:
    """(chance of an unusual answer, usual outcome) of each request; a mix jumps, and a conversation keeps its nature."""
    fixed = {name: (index,) for index, name in enumerate(FLOORS)}.get(world)
    weights, left = [1.0] * 3, 0
    nature = (CHANCES[0], CALL)
    for pair in range(pairs):
        if pair % JUMP == 0:
            weights = [draw.random() ** 3 + 0.01 for _ in FLOORS]
        if left <= 0:
            place = fixed[0] if fixed else draw.choices(range(3), weights)[0]
            nature = (CHANCES[place], CALL if draw.random() < 0.6 else TEXT)
            left = 1 + int(draw.expovariate(1 / (TALK - 1))) if world == "mix+conv" else 1
        left -= 1
        yield nature


def kinds(draw: random.Random, world: str, pairs: int, fault: Fault | None = None) -> Iterator[tuple[int, int, int]]:
    """The provider's, the reference's and the second answer to each request."""
    others, weights = tuple(DEVIANT), tuple(DEVIANT.values())

    def answer(q: float, usual: int) -> int:
        if draw.random() >= q:
            return usual
        other = draw.choices(others, weights)[0]
        return CALL if other == usual else other

    for pair, (q, usual) in enumerate(natures(draw, world, pairs)):
        y = answer(q, usual)
        if fault and pair >= fault.begins and usual == CALL and draw.random() < fault.share:
            y = fault.outcome
        yield y, answer(q, usual), answer(q, usual)


def leaning(draw: random.Random, floor: float, excess: float) -> Iterator[int]:
    """Payoffs of one label of two values: the floor is split in two, the excess is the provider's."""
    odd, even = floor / 2 + excess, floor / 2
    while True:
        u = draw.random()
        yield 1 if u < odd else -1 if u < odd + even else 0


def paced(
    draw: random.Random, days: float, *, begins: float = 0.0, factor: float = 1.0, every: float = 12.0
) -> Iterator[tuple[float, float]]:
    """(end, seconds to the first token) of streams: a load that drifts by the minute (AR(1)), a daily swing, and noise."""
    load, at, day = 0.0, begins, 86_400.0
    while at < begins + days * day:
        load = 0.97 * load + draw.gauss(0, 0.05)
        yield at, factor * 0.4 * exp(load + 0.1 * sin(2 * pi * at / day) + draw.gauss(0, 0.3))
        at += draw.expovariate(1 / every)
