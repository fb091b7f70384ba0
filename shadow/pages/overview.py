"""The first page: the verdict of each provider and model over a period, as the report gives it; this page decides nothing.

A report is built at most once in `FRESH_SECONDS` for each period, since building reads the store and the page may be reloaded.
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
"""Reports of different periods that are kept at once."""
STATES: Mapping[VerdictWord, tuple[str, str]] = {
    VerdictWord.DIFFERS: ("✗", "differ"),
    VerdictWord.FAULTY: ("✗", "differ"),
    VerdictWord.SUSPECT: ("~", "neither"),
    VerdictWord.UNDECIDED: ("?", "not_measured"),
    VerdictWord.NONE_SEEN: ("✓", "match"),
    VerdictWord.NOT_MEASURED: ("?", "not_measured"),
    VerdictWord.WAITING: ("…", "not_measured"),
}
"""The mark and the colour of each verdict."""


class OverviewPage:
    """Makes the page; `now` gives seconds since the epoch, `clock` is monotonic."""

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
        self._kept: dict[str, tuple[float, Report]] = {}

    def page(self, query: Mapping[str, str]) -> str:
        """The verdicts of the period `since` (24h without one); ConfigError where that is no time."""
        since = query.get("since", "24h")
        start = moment_of("since", since, self._now())
        with self._lock:
            report = self._report(since, start)
        return self._jinja.get_template("overview.html").render(
            report=report, states={word.value: state for word, state in STATES.items()}, since=since, periods=PERIODS
        )

    def _report(self, since: str, start: float) -> Report:
        made, report = self._kept.get(since, (0.0, None))
        if report is None or self._clock() - made >= FRESH_SECONDS:
            report = build(self._reader, start, self._now())
            self._kept.pop(since, None)
            self._kept[since] = self._clock(), report
            while len(self._kept) > KEPT:
                del self._kept[next(iter(self._kept))]
        return report
