"""measured(): the times of stored answers, one row for each measure that an answer has; the same for every engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

MEASURES = ("first_chunk", "first_token", "seconds")
Latency = tuple[str, str, str, str, float]
"""(provider, model, role, measure, seconds)."""


def measured(rows: Iterable[tuple[str, str, str, float | None, float | None, float | None]]) -> Iterator[Latency]:
    """The times of rows of provider, model, role and the `MEASURES` in their order, None where an answer has none."""
    for provider, model, role, *times in rows:
        for measure, seconds in zip(MEASURES, times, strict=True):
            if seconds is not None:
                yield provider, model, role, measure, seconds
