"""alarm_details(): the stored details of a change of state; those of older versions lack members."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import TypeAdapter

from storage.judgement_rows import AlarmRow


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmTestDetails:
    """One test past the threshold, as `PastThreshold`."""

    signal: str = ""
    sentence: str = ""
    since: float | None = None
    earliest: float | None = None
    latest: float | None = None
    size: float | None = None
    low: float | None = None
    high: float | None = None
    pair_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmDetails:
    """What was known at the change; `latency` is the measure of a pace, "" for a drift state."""

    sentence: str = ""
    verdict_sentence: str = ""
    blame: str = ""
    blame_why: str = ""
    latency: str = ""
    since: float | None = None
    tests: tuple[AlarmTestDetails, ...] = ()


_DETAILS = TypeAdapter(AlarmDetails)


def alarm_details(row: AlarmRow) -> AlarmDetails:
    """The details of a row."""
    return _DETAILS.validate_json(row.details or "{}")
