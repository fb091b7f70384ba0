"""What an alarm is called: of all tests past the bar, the most specific; and who may be meant, the provider or the reference."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shadow.drift.scorecard import GroupKey
from shadow.drift.signals import AGREEMENT, Signal
from shadow.drift.stakes import REFERENCE, TestKey

TOO_FAITHFUL = "too_faithful"
"""The provider is closer to the reference than that is to itself: answers from a cache, a temperature that is ignored."""

SPECIFIC = (
    Signal.ERROR,
    Signal.SCHEMA,
    Signal.ARGUMENTS,
    Signal.TOOL_NAMES,
    Signal.REFUSAL_RATE,
    Signal.REFUSAL,
    Signal.FINISH_LENGTH,
    Signal.TRIGGER_RATE,
    Signal.TRIGGER,
    Signal.FINISH,
    Signal.PROMPT_TOKENS,
    Signal.COMPLETION_TOKENS,
    Signal.TEXT,
    Signal.ACTION,
)
"""From the narrowest to the widest: a wrong argument is seen in the action too, and not the other way round."""
_RANK = {signal.value: rank for rank, signal in enumerate(SPECIFIC)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """One group's alarm, credible to have begun between `earliest` and `latest` (epoch seconds)."""

    group: GroupKey
    earliest: float
    latest: float


def title(key: TestKey) -> str:
    """What an alarm of this test is called."""
    signal, direction = key
    return TOO_FAITHFUL if direction == REFERENCE and signal in AGREEMENT else signal


def most_specific(tests: Iterable[tuple[TestKey, float]]) -> TestKey:
    """Which of the tests past the bar, each with its evidence, names the alarm; a degradation before `too_faithful`."""
    return min(tests, key=lambda each: (title(each[0]) == TOO_FAITHFUL, _RANK[each[0][0]], -each[1]))[0]


def reference_suspected(alarms: Sequence[Since], calm: Iterable[GroupKey] = ()) -> frozenset[GroupKey]:
    """The groups whose reference may be the one that moved: another provider of the same model drifts from it since then too.

    A well-measured group in `calm`, still one with that reference, acquits it: a reference that moved would have left all.
    """
    fine = tuple(calm)
    return frozenset(
        one.group
        for one in alarms
        if any(_same_reference(one.group, other.group) and _overlap(one, other) for other in alarms)
        and not any(_same_reference(one.group, group) for group in fine)
    )


def _same_reference(one: GroupKey, other: GroupKey) -> bool:
    _, model, provider, reference = one
    return (model, reference) == (other[1], other[3]) and provider != other[2]


def _overlap(one: Since, other: Since) -> bool:
    return one.earliest <= other.latest and other.earliest <= one.latest
