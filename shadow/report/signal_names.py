"""Finds the signal that a person means: by its id, by the name that any page, metric or alarm prints, or by an old name; pure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from shadow.checks.registry import CHECKS, EXCHANGE_CHECKS
from shadow.drift.alarm_titles import TOO_FAITHFUL
from shadow.findings.finding import Signal
from shadow.verdict.phrases import NAMES

STORED_AS: Mapping[str, Signal] = {
    "calls_tool_rate": Signal.CALLS_TOOL,
    "refusal_rate": Signal.REFUSAL,
    "finish_length": Signal.FINISH,
    "seconds": Signal.TOTAL,
    "token": Signal.RATE,
    "whole_token": Signal.RATE,
    TOO_FAITHFUL: Signal.ANSWER_KIND,
}
"""Names of tests and measures whose findings are stored under another id."""
RENAMED: Mapping[str, Signal] = {
    "action": Signal.ANSWER_KIND,
    "trigger": Signal.CALLS_TOOL,
    "trigger_rate": Signal.CALLS_TOOL,
    "tool_names": Signal.TOOLS,
    "args": Signal.ARGUMENTS,
    "schema": Signal.VALID_CALLS,
    "call_schema": Signal.VALID_CALLS,
}
"""Names of 0.1.0, accepted for one more version."""

EVERY = frozenset(Signal)
CHECK_IDS = frozenset(signal for signal, _ in (*CHECKS, *EXCHANGE_CHECKS))
"""The signals that one answer shows alone."""


@cache
def names_of(signals: frozenset[Signal]) -> Mapping[str, Signal]:
    """Every accepted name of these signals, in lower case, with the id under which their findings are stored."""
    ids = {signal.value: signal for signal in Signal if signal in signals}
    ids |= {name: signal for name, signal in {**STORED_AS, **RENAMED}.items() if signal in signals}
    # of two signals with one name in words, the first of NAMES is meant
    words = {NAMES[name].lower(): ids[name] for name in reversed(NAMES) if name in ids}
    return {**words, **{name.replace("_", " "): signal for name, signal in ids.items()}, **ids}


def signal_of(text: str, signals: frozenset[Signal] = EVERY) -> Signal | None:
    """The one of these signals that has this name, upper or lower case; None when there is none."""
    return names_of(signals).get(_spaced(text))


def new_name(text: str) -> str:
    """The present id of a signal that is given by its name of 0.1.0; empty for any other text."""
    found = {name.replace("_", " "): signal for name, signal in RENAMED.items()}.get(_spaced(text).replace("_", " "))
    return found.value if found else ""


def _spaced(text: str) -> str:
    return " ".join(text.lower().split())
