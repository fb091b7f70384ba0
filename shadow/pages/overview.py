"""Renders the first page: the verdict of each provider and model over a period, exactly as the report has it.

A report is built at most once in `FRESH_SECONDS` for each period, because building one reads the whole period.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from jinja2 import Environment

from shadow.report.build_report import build
from shadow.report.figures import Report
from shadow.report.filters import moment_of
from shadow.verdict.verdict_value import VerdictWord
from storage.store import Reader

FRESH_SECONDS = 10.0
PERIODS = ("1h", "24h", "7d", "all")
KEPT = 8
"""Reports of different periods that are cached."""
STATES: Mapping[VerdictWord, tuple[str, str]] = {
    VerdictWord.DIFFERS: ("✗", "differ"),
    VerdictWord.FAULTY: ("✗", "differ"),
    VerdictWord.SUSPECT: ("~", "neither"),
    VerdictWord.UNDECIDED: ("?", "not_measured"),
    VerdictWord.NONE_SEEN: ("✓", "match"),
    VerdictWord.NOT_MEASURED: ("?", "not_measured"),
    VerdictWord.WAITING: ("…", "not_measured"),
}
"""The mark and the CSS class of each verdict."""


class OverviewPage:
    """Renders the page; `now` returns seconds since the epoch, `clock` monotonic seconds."""

    def __init__(
        self,
        reader: Reader,
        jinja: Environment,
        *,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reader, self._jinja = reader, jinja
        self._now, self._clock = now, clock
        self._lock = threading.Lock()
        self._cached: dict[str, tuple[float, Report]] = {}

    def __repr__(self) -> str:
        return f"<OverviewPage cached={sorted(self._cached)}>"

    def page(self, query: Mapping[str, str]) -> str:
        """The verdicts of the period `since` (24h by default); ConfigError when it is not a time."""
        since = query.get("since", "24h")
        start = moment_of("since", since, self._now())
        with self._lock:
            report = self._report(since, start)
        return self._jinja.get_template("overview.html").render(
            report=report, states={word.value: state for word, state in STATES.items()}, since=since, periods=PERIODS
        )

    def _report(self, since: str, start: float) -> Report:
        built, report = self._cached.get(since, (0.0, None))
        if report is None or self._clock() - built >= FRESH_SECONDS:
            report = build(self._reader, start, self._now())
            self._cached.pop(since, None)
            self._cached[since] = self._clock(), report
            while len(self._cached) > KEPT:
                del self._cached[next(iter(self._cached))]
        return report
