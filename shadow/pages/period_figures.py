"""`PeriodFigures`: the verdicts of a period with their courses, built so seldom that building takes a small share of a core.

A page shows when its figures were built. Building reads the whole period, which takes a second for a million exchanges.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from shadow.report.build_report import scorecards
from shadow.report.drift_lines import DriftLine, drift_lines
from shadow.report.figures import STORED_SIGNAL, ReferenceLine, Scorecard, SignalLine
from shadow.report.filters import moment_of
from shadow.report.latency_lines import PaceLine, pace_lines
from shadow.report.reference_lines import reference_lines
from shadow.report.reference_refusals import refusing_reference_lines
from shadow.settings.config_errors import ConfigError, quoted
from storage.page_rows import CoursePoint
from storage.rows import TrafficCount
from storage.store import Reader

FRESH_SECONDS = 10.0
"""Seconds for which figures are shown again at least."""
SHARE = 0.02
"""Largest share of one core that building the figures of one period takes."""
KEPT = 8
"""Periods whose figures are kept."""
STEPS = 48
"""Most steps of a course."""
ALONE = "answer_kind"
"""The signal whose course is drawn where no signal stands out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodFigures:
    """What the pages show of a period from `since` on, built at `built`: the cards as the report has them, the worst first."""

    since: float
    built: float
    cards: tuple[Scorecard, ...]
    drift: tuple[DriftLine, ...]
    references: tuple[ReferenceLine, ...]
    paces: tuple[PaceLine, ...]
    traffic: tuple[TrafficCount, ...]
    courses: Mapping[tuple[str, str, str], Sequence[CoursePoint]]
    """The course of each card's `course_signal`, by provider, model and reference; routes are apart."""


def course_signal(card: Scorecard) -> str:
    """The signal whose course shows a card's verdict: the worst of its reasons, else the one furthest from 0."""
    known = {line.signal for line in card.signals}
    deciding = [reason.subject for reason in card.verdict.reasons if reason.word is card.verdict.word]
    worst = next((subject for subject in deciding if subject in known), "")
    chosen = worst or max(card.signals, key=_from_zero, default=None)
    name = chosen if isinstance(chosen, str) else chosen.signal if chosen and _from_zero(chosen) > 0 else ALONE
    return STORED_SIGNAL.get(name, name)


def _from_zero(line: SignalLine) -> float:
    """How far the interval of a signal is from 0; 0 where it holds 0, or is not known."""
    return max(line.low or 0.0, -(line.high or 0.0), 0.0) if line.low is not None and line.high is not None else 0.0


class PeriodFiguresCache:
    """Builds the figures of a period; `now` returns seconds since the epoch, `clock` monotonic seconds. Safe from any thread."""

    def __init__(
        self, reader: Reader, *, now: Callable[[], float] = time.time, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._reader = reader
        self._now, self._clock = now, clock
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str], tuple[float, PeriodFigures]] = {}
        """Until when the figures of a period are shown, and the figures."""

    def __repr__(self) -> str:
        return f"<PeriodFiguresCache of {sorted(self._kept)}>"

    def of(self, since: str, until: str = "") -> PeriodFigures:
        """The figures of the period that these words mean; ConfigError where they mean none."""
        start = moment_of("since", since, self._now())
        end = moment_of("until", until, self._now()) if until else 0.0
        if end and start >= end:
            raise ConfigError([f"since {quoted(since)} is not before until {quoted(until)}"])
        with self._lock:
            shown_until, figures = self._kept.get((since, until), (0.0, None))
            if figures is None or self._clock() >= shown_until:
                figures = self._build((since, until), start, end)
        return figures

    def _build(self, words: tuple[str, str], start: float, end: float) -> PeriodFigures:
        begun = self._clock()
        figures = period_figures(self._reader, start, end or self._now(), self._now())
        took = self._clock() - begun
        self._kept.pop(words, None)
        self._kept[words] = self._clock() + max(FRESH_SECONDS, took / SHARE), figures
        while len(self._kept) > KEPT:
            del self._kept[next(iter(self._kept))]
        return figures


def period_figures(reader: Reader, since: float, until: float, now: float) -> PeriodFigures:
    """The figures of a period, read from the store."""
    cards = scorecards(reader, since, until)
    drift = drift_lines(reader)
    return PeriodFigures(
        since=since,
        built=now,
        cards=cards,
        drift=drift,
        references=(*refusing_reference_lines(cards), *reference_lines(cards, drift)),
        paces=pace_lines(reader),
        traffic=tuple(reader.traffic(since, until)),
        courses=_courses(reader, cards, since, until),
    )


def _courses(
    reader: Reader, cards: Sequence[Scorecard], since: float, until: float
) -> Mapping[tuple[str, str, str], Sequence[CoursePoint]]:
    wanted = {(card.provider, card.model, card.reference): course_signal(card) for card in cards}
    found: dict[tuple[str, str, str], list[CoursePoint]] = {key: [] for key in wanted}
    for point in reader.page_queries.course(since, until, sorted(set(wanted.values())), STEPS):
        key = (point.group.provider, point.group.model, point.group.reference)
        if wanted.get(key) == point.signal:
            found[key].append(point)
    return found
