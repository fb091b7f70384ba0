"""The times that a server reports: in the usage or beside it, and in the header fields of its answer; pure.

They are measured by its own clock, so they are shown beside the measured times and never replace them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from proxy.exchange import Headers

MOST = 8
"""Lines of one answer that are kept."""
LONGEST_NAME = 40
_FIELDS = {"openai-processing-ms": "processing", "x-envoy-upstream-service-time": "upstream service"}
"""Header fields that hold milliseconds until the server began to answer (OpenAI; Envoy's documentation of HTTP headers)."""
_ENTRY = re.compile(r"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]{1,80})((?:\s*;[^,;]*)*)")
_NUMBER_IN_QUOTES, _QUOTED = re.compile(r'"([0-9.]+)"'), re.compile(r'"[^"]*"')
_DURATION = re.compile(r";\s*dur\s*=\s*([0-9.eE+-]{1,24})", re.IGNORECASE)
_SECONDS = {"queue_time": "queue", "prompt_time": "prompt", "completion_time": "completion", "total_time": "total"}
"""Members of a usage (Groq) or of a `time_info` (Cerebras), in seconds."""
_MILLISECONDS = {"prompt_ms": "prompt", "predicted_ms": "completion"}
"""Members of the `timings` of llama.cpp."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerTime:
    """One time that the server states, in seconds; `of_head` where it is the time until it began to answer."""

    name: str
    seconds: float
    of_head: bool = False


def times_in_body(usage: Any, beside: Mapping[str, Any]) -> tuple[ServerTime, ...]:
    """The times in the usage of an answer, in its `time_info` and in its `timings`."""
    in_usage = isinstance(usage, dict) and not _SECONDS.keys().isdisjoint(usage)
    if not in_usage and "time_info" not in beside and "timings" not in beside:
        return ()  # of nearly all servers
    found = [*_members(usage, _SECONDS, 1.0), *_members(beside.get("time_info"), _SECONDS, 1.0)]
    found += _members(beside.get("timings"), _MILLISECONDS, 1_000.0)
    return tuple({time.name: time for time in found}.values())


def times_in_headers(headers: Headers) -> tuple[ServerTime, ...]:
    """The times in the header fields; of `Server-Timing` (W3C) each entry that has a duration."""
    found: dict[str, ServerTime] = {}
    for field, value in headers:
        name = field.lower()
        if name in _FIELDS and (seconds := _seconds(value, 1_000.0)) is not None:
            found[name] = ServerTime(name=_FIELDS[name], seconds=seconds, of_head=True)
        elif name == "server-timing":
            found |= {f"{name} {time.name}": time for time in _timings(value[:4_000])}
    return tuple(found.values())[:MOST]


def total_time(times: tuple[ServerTime, ...]) -> float | None:
    """The server's total time on an answer, as reported or as the sum of its parts: some totals omit the queue."""
    stated = {time.name: time.seconds for time in times}
    parts = [stated[name] for name in ("queue", "prompt", "completion") if name in stated]
    known = [*([stated["total"]] if "total" in stated else []), *([sum(parts)] if len(parts) > 1 else [])]
    return max(known, default=None)


def time_to_head(times: tuple[ServerTime, ...]) -> float | None:
    """The longest time until the server began to answer, where it states one."""
    return max((time.seconds for time in times if time.of_head), default=None)


def _members(given: Any, names: Mapping[str, str], unit: float) -> list[ServerTime]:
    if not isinstance(given, dict):
        return []
    read = ((name, _seconds(given.get(member), unit)) for member, name in names.items())
    return [ServerTime(name=name, seconds=seconds) for name, seconds in read if seconds is not None]


def _timings(value: str) -> Iterator[ServerTime]:
    bare = _QUOTED.sub("", _NUMBER_IN_QUOTES.sub(r"\1", value))
    for entry in _ENTRY.finditer(bare):
        duration = _DURATION.search(entry[2])
        seconds = _seconds(duration[1], 1_000.0) if duration else None
        if seconds is not None:
            yield ServerTime(name=f"server-timing {entry[1][:LONGEST_NAME]}", seconds=seconds)


def _seconds(value: Any, unit: float) -> float | None:
    """A time in seconds, from 0 to a day; None for anything else."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    seconds = value / unit
    return seconds if 0 <= seconds <= 86_400 else None
