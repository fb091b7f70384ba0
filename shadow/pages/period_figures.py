"""`PeriodFigures`: the verdicts of a period with their courses, built so seldom that building takes a small share of a core.

A page shows when its figures were built. Building reads the whole period, below 0.1 s for a million exchanges once its hours are
summed (`storage.hour_sums`), and else 0.2 to 0.8 s: it runs in one thread, and where the share of all periods is spent, older
figures are shown.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from math import ceil

from shadow.pages.build_share import SHARE, BuildShare
from shadow.report.build_report import build_verdicts
from shadow.report.count_lines import CountLine, count_lines
from shadow.report.drift_lines import DriftLine, drift_lines
from shadow.report.evident_signals import PERIODS
from shadow.report.figures import STORED_SIGNAL, ReferenceLine, Scorecard, SignalLine
from shadow.report.filters import moment_of
from shadow.report.latency_lines import PaceLine, pace_lines
from shadow.report.reference_lines import reference_lines
from shadow.report.reference_refusals import refusing_reference_lines
from shadow.report.row_sampling import RowSampling
from shadow.settings.config_errors import ConfigError, quoted
from storage.page_rows import CoursePoint
from storage.rows import TokenSum, TrafficCount
from storage.store import Reader

FRESH_SECONDS = 10.0
"""Seconds for which figures are shown again at least."""
UNASKED = 4
"""How many times longer they are shown where no page is opened, so that a feed takes a quarter of the share."""
KEPT = 4
"""Other periods whose figures are kept, those built last."""
STEPS = 48
"""Most steps of a course."""
ALONE = "answer_kind"
"""The signal whose course is drawn where no signal stands out."""


Courses = Mapping[tuple[str, str, str], Sequence[CoursePoint]]
"""Courses by provider, model and reference; routes are apart."""
Words = tuple[str, str]
"""Begin and end of a period as they were written."""


class NotBuiltError(Exception):
    """The share of builds is spent, and the period has no older figures: the sentence names when, and which periods have some."""

    def __init__(self, seconds: float, known: Sequence[str]) -> None:
        self.seconds = ceil(seconds)
        shown = f" Built already: {', '.join(known)}." if known else ""
        super().__init__(
            f"The figures of this period can be built in {self.seconds:,} s: building takes at most "
            f"{SHARE:.0%} of one core, so that pages do not slow the audit.{shown}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodFigures:
    """What the pages show of a period from `since` on, built at `built`: the cards as the report has them, the worst first."""

    since: float
    built: float
    cards: tuple[Scorecard, ...]
    drift: tuple[DriftLine, ...]
    references: tuple[ReferenceLine, ...]
    paces: tuple[PaceLine, ...]
    token_counts: tuple[CountLine, ...]
    traffic: tuple[TrafficCount, ...]
    token_sums: tuple[TokenSum, ...]
    rows: RowSampling | None
    """How the rows are sampled; None where every request has one."""
    courses: Courses
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _KeptFigures:
    """Figures that took `cost` seconds to build, until `ended` (monotonic seconds)."""

    figures: PeriodFigures
    ended: float
    cost: float

    def is_fresh(self, now: float, times: int = 1) -> bool:
        """Whether they are younger than the time in which the share pays for them, so many times."""
        return now < self.ended + max(FRESH_SECONDS, times * self.cost / SHARE)


class PeriodFiguresCache:
    """Builds the figures of a period, one build at a time in a thread of its own; `now` returns seconds since the epoch, `clock`
    monotonic seconds. Safe from any thread.
    """

    def __init__(
        self, reader: Reader, *, now: Callable[[], float] = time.time, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._reader = reader
        self._now, self._clock = now, clock
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="sameweights-figures")
        self._share = BuildShare()
        self._lock = threading.Lock()
        """Held to look something up, never while figures are built."""
        self._kept: dict[Words, _KeptFigures] = {}
        """The figures of periods; those built last at the end."""
        self._late: set[Words] = set()
        """Offered periods whose build was put off because the share was spent."""
        self._builds: dict[Words, Future[PeriodFigures]] = {}

    def __repr__(self) -> str:
        return f"<PeriodFiguresCache of {sorted(self._kept)}>"

    def of(self, since: str, until: str = "") -> PeriodFigures:
        """As `future`, waiting for them."""
        return self.future(since, until).result()

    def future(self, since: str, until: str = "") -> Future[PeriodFigures]:
        """The figures of the period that these words mean, from one build for all that wait; ConfigError where they mean none.

        The result is NotBuiltError where nothing can be shown yet. Do not cancel it, because others may wait for it.
        """
        start = moment_of("since", since, self._now())
        end = moment_of("until", until, self._now()) if until else 0.0
        if end and start >= end:
            raise ConfigError([f"since {quoted(since)} is not before until {quoted(until)}"])
        words = since, until
        with self._lock:
            found = self._fresh(words) or self._builds.get(words)
            if found is None:
                found = self._builds[words] = self._pool.submit(self._build, words, start, end)
        return found

    def known(self, since: str) -> PeriodFigures | None:
        """The figures of the period that were built last, of whatever age; None without any."""
        with self._lock:
            kept = self._kept.get((since, ""))
        return kept.figures if kept else None

    def renewed(self, since: str) -> PeriodFigures | None:
        """As `known`, for a page that stays open: a build begins only where the figures are four times older than usual, and the
        part of the share that is not reserved for pages has room, so that none of them waits for it.
        """
        with self._lock:
            kept = self._kept.get((since, ""))
        if kept is None:
            return None
        now = self._clock()
        if not kept.is_fresh(now, UNASKED) and not self._share.wait(now, offered=False):
            self.future(since)
        return kept.figures

    def close(self) -> None:
        """End the thread after the build in progress."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _fresh(self, words: Words) -> Future[PeriodFigures] | None:
        kept = self._kept.get(words)
        if kept is None or not kept.is_fresh(self._clock()):
            return None
        found: Future[PeriodFigures] = Future()
        found.set_result(kept.figures)
        return found

    def _build(self, words: Words, start: float, end: float) -> PeriodFigures:
        """In the thread of builds: new figures, or older ones while the share is spent."""
        try:
            if _is_offered(words):
                return self._in_turn(words, start)
            if wait := self._share.wait(self._clock(), offered=False):
                return self._older(words, wait)
            return self._built(words, start, end)
        finally:
            with self._lock:
                del self._builds[words]

    def _in_turn(self, words: Words, start: float) -> PeriodFigures:
        """The figures of an offered period, after those of the periods that were put off and are older."""
        while not (wait := self._share.wait(self._clock(), offered=True)):
            with self._lock:
                if found := self._fresh(words):
                    return found.result()
                oldest = min((words, *sorted(self._late)), key=self._age_key)
                self._late.discard(oldest)
            if oldest == words:
                return self._built(words, start, 0.0)
            self._built(oldest, moment_of("since", oldest[0], self._now()), 0.0)
        with self._lock:
            self._late.add(words)
        return self._older(words, wait)

    def _age_key(self, words: Words) -> float:
        """When the figures of a period were built, before all others where they never were."""
        kept = self._kept.get(words)
        return kept.ended if kept else float("-inf")

    def _older(self, words: Words, wait: float) -> PeriodFigures:
        with self._lock:
            kept = self._kept.get(words)
            known = tuple(since for since, until in self._kept if not until)
        if kept is None:
            raise NotBuiltError(wait, known)
        return kept.figures

    def _built(self, words: Words, start: float, end: float) -> PeriodFigures:
        begun = self._clock()
        try:
            figures = period_figures(self._reader, start, end or self._now(), self._now())
        finally:
            ended = self._clock()
            self._share.charge(ended, ended - begun)
        with self._lock:
            self._kept.pop(words, None)
            self._kept[words] = _KeptFigures(figures=figures, ended=ended, cost=ended - begun)
            others = [each for each in self._kept if not _is_offered(each)]
            for each in others[:-KEPT]:
                del self._kept[each]
        return figures


def _is_offered(words: Words) -> bool:
    since, until = words
    return since in PERIODS and not until


def period_figures(reader: Reader, since: float, until: float, now: float) -> PeriodFigures:
    """The figures of a period, read from the store."""
    verdicts = build_verdicts(reader, since, until)
    cards = verdicts.cards
    drift = drift_lines(reader)
    return PeriodFigures(
        since=since,
        built=now,
        cards=cards,
        drift=drift,
        references=(*refusing_reference_lines(cards), *reference_lines(cards, drift)),
        paces=pace_lines(reader),
        token_counts=count_lines(reader, drift, since, until),
        traffic=tuple(reader.traffic(since, until)),
        rows=verdicts.rows,
        token_sums=tuple(reader.token_sums(since, until)),
        courses=courses(reader, cards, since, until, STEPS),
    )


def courses(reader: Reader, cards: Sequence[Scorecard], since: float, until: float, steps: int) -> Courses:
    """The course of each card's `course_signal` in at most so many steps."""
    wanted = {(card.provider, card.model, card.reference): course_signal(card) for card in cards}
    found: dict[tuple[str, str, str], list[CoursePoint]] = {key: [] for key in wanted}
    for point in reader.page_queries.course(since, until, sorted(set(wanted.values())), steps):
        key = (point.group.provider, point.group.model, point.group.reference)
        if wanted.get(key) == point.signal:
            found[key].append(point)
    return found
