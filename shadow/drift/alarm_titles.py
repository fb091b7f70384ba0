"""naming(): the test that names an alarm: the largest excess within the first family of signals, frozen when it is raised."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from shadow.drift.alarm_budget import REFERENCE, TestKey
from shadow.drift.drift_signals import AGREEMENT, DriftSignal

TOO_FAITHFUL = "too_faithful"
"""The provider is closer to the reference than the reference to itself: answers from a cache, an ignored temperature."""
REFERENCE_FAILING = "reference_failing"
"""The reference fails more often than the provider."""
REFERENCE_MOVED = "reference_moved"
"""Other providers differ from the reference since the same time."""

FAMILIES: tuple[tuple[DriftSignal, ...], ...] = (
    (DriftSignal.ERROR,),
    (DriftSignal.VALID_CALLS, DriftSignal.ARGUMENTS, DriftSignal.TOOLS),
    (
        DriftSignal.REFUSAL_RATE,
        DriftSignal.REFUSAL,
        DriftSignal.FINISH_LENGTH,
        DriftSignal.CALLS_TOOL_RATE,
        DriftSignal.CALLS_TOOL,
        DriftSignal.FINISH,
    ),
    (DriftSignal.PROMPT_TOKENS,),
    (DriftSignal.COMPLETION_TOKENS,),
    (DriftSignal.TEXT,),
    (DriftSignal.ANSWER_KIND,),
)
"""The most specific family first, and in each the narrowest signal first: another argument is also another action, but not the
reverse.
"""
WEIGHED = 3
"""So many first families are compared by size."""
SIDE_EFFECT = 1 / 3
"""Of these a family with less than this share of the largest excess is a side effect, and does not name the alarm."""


class Effect(Protocol):
    """The size of what a test found, a share of at least 0, and the upper end of its 95 % interval."""

    @property
    def size(self) -> float:
        """The size, at least 0."""

    @property
    def high(self) -> float:
        """The upper end, at least the size."""


Sized = tuple[TestKey, Effect]


def title(key: TestKey) -> str:
    """The name of an alarm of this test."""
    signal, direction = key
    return TOO_FAITHFUL if direction == REFERENCE and signal in AGREEMENT else signal


def naming(tests: Iterable[Sized]) -> TestKey:
    """The test that names the alarm, of at least one with its effect; a difference before `too_faithful`.

    Within the family the largest excess, and of those that reach it within their 95 % interval the narrowest.
    """
    found = list(tests)
    different = [each for each in found if title(each[0]) != TOO_FAITHFUL] or found
    family = _naming_family(different)
    within = {key: effect for key, effect in different if key[0] in family}
    largest = max(found.size for found in within.values())
    reaching = [key for key, found in within.items() if found.high >= largest]
    return min(reaching, key=lambda key: (family.index(DriftSignal(key[0])), -within[key].size))


def _naming_family(tests: Sequence[Sized]) -> tuple[DriftSignal, ...]:
    weighed = [_largest(tests, family) for family in FAMILIES[:WEIGHED]]
    least = SIDE_EFFECT * max(weighed)
    for family, size in zip(FAMILIES[:WEIGHED], weighed, strict=True):
        if size > 0 and size >= least:
            return family
    return next(family for family in FAMILIES if any(key[0] in family for key, _ in tests))


def _largest(tests: Iterable[Sized], family: Sequence[DriftSignal]) -> float:
    return max((effect.size for key, effect in tests if key[0] in family), default=0.0)
