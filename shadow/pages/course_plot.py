"""course_plot(), sparkline(), interval_strip(): drawings as SVG that holds numbers and class names alone; pure.

A drawing stretches with the page and its lines keep their width. The text stands beside it in HTML, and the colours are those of
the stylesheet, for light and dark.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor

from storage.page_rows import CoursePoint

WIDTH = 1000
HEIGHT = 200
STRIP = 24
BARS = 16
"""Bars of a sparkline."""
ENOUGH = 20
"""Pairs that a step has on average, at least."""
LEAST_TOP = 0.1
"""The axis of a course reaches a tenth at least, so that chance does not look large."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseStep:
    """One step of a course, all routes together; shares in 0..1, None where nothing was compared."""

    began: float
    seconds: float
    share: float | None
    noise: float | None
    compared: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CoursePlot:
    """A drawing of a course: paths, the share at the top of the axis, and the moments at its ends (epoch seconds)."""

    line: str
    noise: str
    top: float
    begin: float
    end: float
    flags: tuple[int, ...]
    since: int | None
    points: str
    """The same as numbers in JSON, for a drawing by script: `at` and `share`, `pairs` of each step, the `noise`, moments."""


def course_steps(points: Iterable[CoursePoint]) -> tuple[CourseStep, ...]:
    """The points of one signal by their begin, routes added up."""
    sums: dict[tuple[float, float], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for point in points:
        found = sums[point.began, point.seconds]
        for place, number in enumerate((point.differs, point.compared, point.own_differs, point.own_compared)):
            found[place] += number
    return tuple(
        CourseStep(began=began, seconds=seconds, share=_share(*found[:2]), noise=_share(*found[2:]), compared=found[1])
        for (began, seconds), found in _coarser(sorted(sums.items()))
    )


def course_plot(
    steps: Sequence[CourseStep],
    *,
    flags: Sequence[float] = (),
    since: float | None = None,
    fine: Sequence[CourseStep] = (),
) -> CoursePlot | None:
    """The drawing of a course with the moments of `flags` and of a drift's begin; None for fewer than two steps. `fine` are
    shorter steps of the same course, which a script shows where it is zoomed.
    """
    if len(steps) < 2:
        return None
    begin, end = steps[0].began, steps[-1].began + steps[-1].seconds
    known = [value for step in steps for value in (step.share, step.noise) if value is not None]
    top = _top(known)
    noise = _mean([step.noise for step in steps])
    shown = [at for at in flags if begin <= at <= end]
    start = since if since is not None and begin <= since <= end else None
    return CoursePlot(
        line=_line(steps, begin, end, top),
        noise="" if noise is None else f"M0 {HEIGHT}V{_height(noise, top)}H{WIDTH}V{HEIGHT}Z",
        top=top,
        begin=begin,
        end=end,
        flags=tuple(_place(at, begin, end) for at in shown),
        since=None if start is None else _place(start, begin, end),
        points=_points(fine or steps, noise=noise, flags=shown, since=start),
    )


def _points(steps: Sequence[CourseStep], *, noise: float | None, flags: Sequence[float], since: float | None) -> str:
    """The course as JSON; a step is drawn from its moment to the next one, so the last is repeated at its end."""
    at: list[float] = []
    share: list[float | None] = []
    pairs: list[int | None] = []
    reached = steps[0].began
    for step in steps:
        if step.began - reached > step.seconds / 2:  # a gap without pairs
            at, share, pairs = [*at, reached], [*share, None], [*pairs, None]
        at.append(step.began)
        share.append(None if step.share is None else round(step.share, 4))
        pairs.append(step.compared)
        reached = step.began + step.seconds
    at, share, pairs = [*at, reached], [*share, share[-1]], [*pairs, pairs[-1]]
    known = [value for value in share if value is not None]
    top = _top(known if noise is None else [*known, noise])
    course = {"at": at, "share": share, "pairs": pairs, "noise": noise, "flags": flags, "since": since, "top": top}
    return json.dumps(course, separators=(",", ":"))


def highest(steps: Iterable[CourseStep]) -> float:
    """The top of an axis for these steps, which other courses may share."""
    return max((step.share for step in steps if step.share is not None), default=0.0)


def sparkline(steps: Sequence[CourseStep], top: float) -> tuple[tuple[int, int], ...]:
    """The newest steps as bars: (place, height) in units of `BARS` columns and `STRIP` rows, `top` the share that fills one."""
    shown = steps[-BARS:]
    top = max(top, LEAST_TOP)
    first = BARS - len(shown)
    return tuple(
        (first + place, max(1, round(step.share / top * STRIP))) for place, step in enumerate(shown) if step.share is not None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalScale:
    """The common axis of intervals, in shares, with the places of its marks in percent of the width and their labels."""

    low: float
    high: float

    def at(self, value: float) -> float:
        """The place of a value in units of `WIDTH`, kept inside the axis."""
        return round(min(1.0, max(0.0, (value - self.low) / (self.high - self.low))) * WIDTH, 1)

    @property
    def ticks(self) -> tuple[tuple[float, str], ...]:
        """Marks of the axis: (place in units of `WIDTH`, label in points)."""
        span = self.high - self.low
        step = next(step for step in (0.05, 0.1, 0.2, 0.25, 0.5) if span / step <= 7)
        first, last = ceil(self.low / step - 1e-9), floor(self.high / step + 1e-9)
        return tuple((self.at(place * step), f"{place * step * 100:+.0f}".replace("+0", "0")) for place in range(first, last + 1))


def interval_scale(ends: Iterable[float | None]) -> IntervalScale:
    """An axis on which every end stands, and ten points to either side of 0."""
    known = [end for end in ends if end is not None]
    low, high = min([-0.1, *known]), max([0.1, *known])
    return IntervalScale(low=floor(low * 10 + 1e-9) / 10, high=ceil(high * 10 - 1e-9) / 10)


def _coarser(sums: Sequence[tuple[tuple[float, float], list[int]]]) -> Iterable[tuple[tuple[float, float], list[int]]]:
    """The sums of adjacent steps together, where single ones have too few pairs to show more than chance."""
    if not sums:
        return ()
    compared = sum(found[1] for _, found in sums)
    times = ceil(ENOUGH * len(sums) / compared) if compared else 1
    first, seconds = sums[0][0]
    joined: dict[tuple[float, float], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for (began, _), found in sums:
        place = round((began - first) / seconds) // times
        whole = joined[first + place * times * seconds, times * seconds]
        whole[:] = [old + new for old, new in zip(whole, found, strict=True)]
    return joined.items()


def _line(steps: Sequence[CourseStep], begin: float, end: float, top: float) -> str:
    """A path of horizontal pieces; a step without pairs leaves a gap."""
    parts, reached = [], None
    for step in steps:
        if step.share is None:
            continue
        left, right = _place(step.began, begin, end), _place(step.began + step.seconds, begin, end)
        height = _height(step.share, top)
        parts.append(f"V{height}H{right}" if left == reached else f"M{left} {height}H{right}")
        reached = right
    return "".join(parts)


def _place(at: float, begin: float, end: float) -> int:
    return round((at - begin) / (end - begin) * WIDTH)


def _top(shares: Iterable[float]) -> float:
    """The next tenth on or above every share."""
    return ceil(max([LEAST_TOP, *shares]) * 10) / 10


def _height(share: float, top: float) -> int:
    return round(HEIGHT - share / top * HEIGHT)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
