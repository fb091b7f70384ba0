"""The list of alarms for a terminal and as JSON: what each is about, since when, how large, and who acknowledged it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from shadow.presentation.safe_text import one_line, short_name
from shadow.report.alarm_lines import AlarmLine
from shadow.terminal.screen import wrapped
from shadow.verdict.phrases import moment, named, rfc3339

ALARMS_SCHEMA = "sameweights.alarms/1"
MOMENTS = ("reported", "since", "earliest", "latest", "ended", "muted_until")
"""Members that are moments, each of which the JSON also has in RFC 3339 under NAME_time."""
WHY = 300
"""Most characters of a reason that are shown."""


def alarms_text(lines: Sequence[AlarmLine], *, everything: bool, narrowed: bool = False, options: str = "") -> str:
    """The alarms, those that hold first; below them the command that acknowledges, or what to do without one: `everything` also
    lists those that ended, `narrowed` leaves out those that a filter does not match.
    """
    if not lines:
        none = "No active alarm matches." if narrowed else "No alarm is active."
        return "No alarm matches." if everything else f"{none} --all lists those that ended."
    held = [line for line in lines if line.held]
    text = [wrapped(part, indent=4) for line in lines for part in _parts(line)]
    if held:
        command = f"Next: sameweights alarms ack {held[0].id or held[0].provider}{options} --fixed --why REASON"
        text.append(wrapped(command, indent=4))
    return "\n".join(text)


def _parts(line: AlarmLine) -> Iterator[str]:
    state = line.state.replace("_", " ") if line.held else f"ended {moment(line.ended)} UTC" if line.ended else "ended"
    where = f", route {line.route}" if line.route else ""
    since = f", since {moment(line.since)} UTC" if line.since is not None else ""
    yield f"{line.id or '-'}  {state}: {line.party}, {short_name(line.model)}{where}{since}"
    size = f"; {_points(line)}" if line.low is not None and line.high is not None else ""
    yield f"    {one_line(line.sentence, WHY) or named(line.signal)}{size}"
    if line.acknowledged:
        what = line.acknowledged
        by = f" by {one_line(what.by, WHY)}" if what.by else ""
        why = f": {one_line(what.why, WHY)}" if what.why else ""
        yield f"    acknowledged{f' ({what.action})' if what.action else ''}{by} at {moment(what.at)} UTC{why}"
    if line.muted_until is not None:
        yield f"    muted until {moment(line.muted_until)} UTC"


def _points(line: AlarmLine) -> str:
    low, high, size = (f"{(value or 0.0) * 100:.0f}" for value in (line.low, line.high, line.size))
    return f"{named(line.signal)} {size} points [{low} to {high}]"


def alarms_json(lines: Sequence[AlarmLine]) -> str:
    """The list as JSON; moments in epoch seconds and, under NAME_time, in RFC 3339."""
    return json.dumps({"schema": ALARMS_SCHEMA, "alarms": [_members(line) for line in lines]}, indent=2)


def _members(line: AlarmLine) -> dict[str, object]:
    times = {f"{name}_time": rfc3339(getattr(line, name)) for name in MOMENTS}
    acknowledged = asdict(line.acknowledged) | {"at_time": rfc3339(line.acknowledged.at)} if line.acknowledged else None
    return {**asdict(line), **times, "acknowledged": acknowledged}
