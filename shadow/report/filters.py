"""Parses the filters of a list: a moment, and a filter for the list of pairs; the caller passes the time."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from shadow.findings.finding import FindingState, Signal
from shadow.report.signal_names import CHECK_IDS, EVERY, signal_of
from shadow.settings.config_errors import ConfigError, meant, quoted
from storage.rows import AnswerFilter, PairFilter

_UNITS = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0, "w": 604_800.0}


def moment_of(flag: str, text: str, now: float) -> float:
    """Seconds since the epoch: so long before `now`, or the given ISO moment (UTC without an offset)."""
    ago = re.fullmatch(r"\s*([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*([smhdw])\s*", text)
    if ago:
        return max(0.0, now - float(ago.group(1)) * _UNITS[ago.group(2)])
    if text in {"now", "all"}:
        return now if text == "now" else 0.0
    try:
        found = datetime.fromisoformat(text.strip())
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        known = "30m, 24h, 7d, 2w, all, now, or a moment such as 2026-01-31 or 2026-01-31T12:00"
        raise ConfigError([f"{flag}: no such time: {quoted(text)}  (known: {known})"]) from None


def pair_filter(*, provider: str, model: str, signal: str, state: str, since: str, limit: int, now: float) -> PairFilter:
    """The filter that the flags make; ConfigError with every unknown word."""
    found, errors = _signal("--signal", signal, EVERY)
    errors += _unknown("--state", state, FindingState)
    start, late = _start(since, now)
    if errors or late:
        raise ConfigError([*errors, *late])
    return PairFilter(provider=provider, model=model, signal=found, state=state, since=start, limit=limit)


def answer_filter(*, provider: str, model: str, signal: str, since: str, limit: int, now: float) -> AnswerFilter:
    """The filter of `answers`; ConfigError with every unknown word."""
    found, errors = _signal("--signal", signal, CHECK_IDS)
    start, late = _start(since, now)
    if errors or late:
        raise ConfigError([*errors, *late])
    return AnswerFilter(provider=provider, model=model, signal=found, since=start, limit=limit)


def _start(since: str, now: float) -> tuple[float, list[str]]:
    try:
        return moment_of("--since", since, now), []
    except ConfigError as error:
        return 0.0, list(error.errors)


def _signal(flag: str, text: str, signals: frozenset[Signal]) -> tuple[str, list[str]]:
    """The id of the signal that the text names, empty without a text; and what is wrong with it."""
    found = signal_of(text, signals)
    if found or not text:
        return (found.value if found else ""), []
    return "", [f"{flag}: no such signal: {quoted(text)}{meant(text, sorted(signals))}"]


def _unknown(flag: str, word: str, known: Iterable[str]) -> list[str]:
    names = [str(name) for name in known]
    return [] if not word or word in names else [f"{flag}: no such word: {quoted(word)}{meant(word, names)}"]
