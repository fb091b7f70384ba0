"""Parses the filters of a list: a moment, and a filter for the list of pairs; the caller passes the time."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime

from shadow.findings.finding import FindingState, Signal
from shadow.identity.request_shape import SEGMENTS, TAG
from shadow.reading.upstream_name import upstream_name
from shadow.report.signal_names import CHECK_IDS, EVERY, signal_of
from shadow.settings.config_errors import ConfigError, meant, quoted
from storage.rows import AnswerFilter, PairFilter

SEGMENT_NAMES = tuple(f"{division}={value}" for division, values in SEGMENTS.items() for value in values)
"""Every segment of the requests, as a filter names it."""
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


def pair_filter(
    *,
    provider: str,
    model: str,
    signal: str,
    state: str,
    since: str,
    limit: int,
    now: float,
    until: str = "",
    route: str = "",
    upstream: str = "",
    tag: str = "",
    conversation: str = "",
    tenant: str = "",
    segment: str = "",
    evidence: bool = False,
    flag: str = "--",
) -> PairFilter:
    """The filter that these words make; ConfigError with every unknown one, its name after `flag`."""
    found, errors = _signal(f"{flag}signal", signal, EVERY)
    errors += _unknown(f"{flag}state", state, FindingState) + _segment(f"{flag}segment", segment)
    start, end, late = period_of(flag, since, until, now)
    if errors or late:
        raise ConfigError([*errors, *late])
    return PairFilter(
        provider=provider,
        model=model,
        signal=found,
        state=state,
        since=start,
        until=end,
        route=route,
        upstream=upstream_name(upstream),
        tag=tag,
        conversation=conversation,
        tenant=tenant,
        segment=segment,
        evidence=evidence,
        limit=limit,
    )


def answer_filter(
    *, provider: str, model: str, signal: str, since: str, limit: int, now: float, until: str = "", flag: str = "--"
) -> AnswerFilter:
    """The filter of `answers`; ConfigError with every unknown word, its name after `flag`."""
    found, errors = _signal(f"{flag}signal", signal, CHECK_IDS)
    start, end, late = period_of(flag, since, until, now)
    if errors or late:
        raise ConfigError([*errors, *late])
    return AnswerFilter(provider=provider, model=model, signal=found, since=start, until=end, limit=limit)


def period_of(flag: str, since: str, until: str, now: float) -> tuple[float, float, list[str]]:
    """Begin and end of a period (0 without one), and what is wrong with their words."""
    ends = [0.0, 0.0]
    errors: list[str] = []
    for place, (name, text) in enumerate((("since", since), ("until", until))):
        try:
            ends[place] = moment_of(f"{flag}{name}", text, now) if text else 0.0
            if name == "until" and text not in {"", "all"}:
                ends[place] = max(ends[place], sys.float_info.min)  # because 0, the moment of the epoch itself, is no bound
        except ConfigError as error:
            errors += error.errors
    if ends[1] and ends[0] >= ends[1]:
        end = "now" if until == "now" else f"{flag}until {quoted(until)}"
        errors.append(f"{flag}since {quoted(since)} is not before {end}")
    return ends[0], ends[1], errors


def _signal(flag: str, text: str, signals: frozenset[Signal]) -> tuple[str, list[str]]:
    """The id of the signal that the text names, empty without a text; and what is wrong with it."""
    found = signal_of(text, signals)
    if found or not text:
        return (found.value if found else ""), []
    return "", [f"{flag}: no such signal: {quoted(text)}{meant(text, sorted(signals))}"]


def _segment(flag: str, word: str) -> list[str]:
    """What is wrong with a segment; that of a tag may have any value, because tags are the configuration's."""
    division, _, value = word.partition("=")
    return [] if division == TAG and value else _unknown(flag, word, SEGMENT_NAMES)


def _unknown(flag: str, word: str, known: Iterable[str]) -> list[str]:
    names = [str(name) for name in known]
    return [] if not word or word in names else [f"{flag}: no such word: {quoted(word)}{meant(word, names)}"]
