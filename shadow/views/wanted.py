"""What a person asks to see, from words to values: a moment, and a filter for the list of pairs; it is told the time."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from shadow.compare.finding import Aspect, State
from shadow.faults import ConfigError, meant, quoted
from storage.rows import PairFilter

_UNITS = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0, "w": 604_800.0}


def moment_of(flag: str, text: str, now: float) -> float:
    """Seconds since the epoch: so long before `now`, or the ISO moment that is written (UTC unless it says otherwise)."""
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


def pair_filter(*, provider: str, model: str, aspect: str, state: str, since: str, limit: int, now: float) -> PairFilter:
    """The filter that the flags make; ConfigError with every word that is none of the known ones."""
    faults = [*_unknown("--aspect", aspect, Aspect), *_unknown("--state", state, State)]
    start = 0.0
    try:
        start = moment_of("--since", since, now)
    except ConfigError as error:
        faults += error.faults
    if faults:
        raise ConfigError(faults)
    return PairFilter(provider=provider, model=model, aspect=aspect, state=state, since=start, limit=limit)


def _unknown(flag: str, word: str, known: Iterable[str]) -> list[str]:
    names = [str(name) for name in known]
    return [] if not word or word in names else [f"{flag}: no such word: {quoted(word)}{meant(word, names)}"]
