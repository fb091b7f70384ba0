"""The plots of a study as SVG strips that stretch with the page; their text stands beside them in HTML and keeps its size.

Colours come from the page's style, for light and dark; a strip holds numbers only, never text of a provider.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor

from shadow.studies.measured_run import OutcomeKind, RunOutcome
from shadow.studies.outputs.study_report import StudyReport

WIDTH, HEIGHT = 1000, 24
COURSE_HEIGHT = 240
SQUARES = 60
"""Runs up to which each is a square of its own; beyond, a bar has the shares."""
_CLASSES: Mapping[RunOutcome, str] = {
    RunOutcome.COMPLETE: "complete",
    RunOutcome.PARTIAL: "partial",
    RunOutcome.ASKED_BACK: "asked",
    RunOutcome.REFUSED: "asked",
}
_KINDS = {OutcomeKind.FAILED: "failed", OutcomeKind.DENIED: "failed", OutcomeKind.VOID: "void", OutcomeKind.SCORED: "ended"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlotScale:
    """A linear scale from `low` to `high`, at most 2 apart, over the width of a strip."""

    low: float
    high: float

    def at(self, value: float) -> float:
        """The place of a value, kept inside the strip."""
        share = (value - self.low) / (self.high - self.low)
        return min(max(share, 0.0), 1.0) * WIDTH

    @property
    def ticks(self) -> Sequence[tuple[float, str]]:
        """Marks of the axis: (percent of the width, label in whole percent or points)."""
        span = self.high - self.low
        step = next(step for step in (0.01, 0.02, 0.05, 0.1, 0.2, 0.25) if span / step <= 8)
        first, last = ceil(self.low / step - 1e-9), floor(self.high / step + 1e-9)
        values = [place * step for place in range(first, last + 1)]
        return [(self.at(value) / WIDTH * 100, f"{value * 100:.0f}") for value in values]


SHARES = PlotScale(low=-0.02, high=1.02)
"""From 0 to 1, with room for a dot at either end."""


def drop_scale(report: StudyReport) -> PlotScale:
    """A scale on which every bound of the verdicts stands, 0 and the allowed drop too, in steps of a tenth."""
    allowed = report.result.policy.allowed_drop or 0.0
    ends = [0.0, allowed, *(end for one in report.result.verdicts for end in (one.low, one.high) if end is not None)]
    low, high = min(ends) - 0.02, max(ends) + 0.02
    return PlotScale(low=max(-1.0, low // 0.1 * 0.1), high=min(1.0, -(-high // 0.1) * 0.1))


def interval_strip(
    scale: PlotScale, low: float | None, high: float | None, mean: float | None, *, zero: float | None, limit: float | None
) -> str:
    """One interval with its mean as a dot; `zero` a thin line, from `limit` on the ground is shaded."""
    parts = []
    if limit is not None:
        parts.append(
            f'<rect class="beyond" x="{scale.at(limit):.1f}" y="0" width="{WIDTH - scale.at(limit):.1f}" height="{HEIGHT}"/>'
        )
    if zero is not None:
        parts.append(_line("zero", scale.at(zero), 0, scale.at(zero), HEIGHT))
    if low is not None and high is not None:
        parts.append(_line("reach", scale.at(low), HEIGHT / 2, scale.at(high), HEIGHT / 2))
        parts += [_line("end", scale.at(end), 6, scale.at(end), HEIGHT - 6) for end in (low, high)]
    if mean is not None:
        parts.append(_line("dot", scale.at(mean), HEIGHT / 2, scale.at(mean), HEIGHT / 2))
    return _svg("strip", WIDTH, HEIGHT, parts)


def outcome_strip(outcomes: Sequence[str], longest: int) -> str:
    """The runs of one provider in the order of blocks, a square each; of very many the shares of the outcomes. `longest` is the
    number of runs that fills the strip.
    """
    named = [outcome_class(outcome) for outcome in outcomes]
    if longest <= SQUARES:
        boxes = [(place, 1, name) for place, name in enumerate(named)]
        whole = max(longest, 20)
        gap = WIDTH / whole * 0.12
    else:
        boxes, at, whole, gap = [], 0, longest, 0.0
        counts = Counter(named)
        for name in OUTCOME_CLASSES:
            boxes.append((at, counts[name], name))
            at += counts[name]
    parts = [
        f'<rect class="{name}" x="{place / whole * WIDTH:.1f}" y="2" width="{count / whole * WIDTH - gap:.1f}"'
        f' height="{HEIGHT - 4}"/>'
        for place, count, name in boxes
        if count
    ]
    return _svg("strip", WIDTH, HEIGHT, parts)


OUTCOME_CLASSES = ("complete", "partial", "asked", "ended", "failed", "void")


def outcome_class(outcome: str) -> str:
    """The class of colour of an outcome."""
    known = RunOutcome(outcome)
    return _CLASSES.get(known, _KINDS[known.kind])


def course_plot(pairs: Sequence[int], means: Sequence[float], scale: PlotScale, *, limit: float | None, longest: int) -> str:
    """The mean drop after each pair, the worse the higher; `longest` is the number of pairs at the right end, at least 1."""

    def across(pair: int) -> float:
        return pair / longest * WIDTH

    def up(value: float) -> float:
        return COURSE_HEIGHT * (1 - scale.at(value) / WIDTH)

    parts = []
    if limit is not None:
        parts.append(f'<rect class="beyond" x="0" y="0" width="{WIDTH}" height="{up(limit):.1f}"/>')
    parts.append(_line("zero", 0, up(0.0), WIDTH, up(0.0)))
    points = " ".join(f"{across(pair):.1f},{up(mean):.1f}" for pair, mean in zip(pairs, means, strict=True))
    parts.append(f'<polyline class="course" points="{points}"/>')
    return _svg("plot", WIDTH, COURSE_HEIGHT, parts)


def _line(name: str, x: float, y: float, to_x: float, to_y: float) -> str:
    return f'<path class="{name}" d="M{x:.1f} {y:.1f}L{to_x:.1f} {to_y:.1f}"/>'


def _svg(name: str, width: float, height: float, parts: Sequence[str]) -> str:
    box = f'viewBox="0 0 {width:g} {height:g}" preserveAspectRatio="none"'
    return f'<svg class="{name}" {box} aria-hidden="true">{"".join(parts)}</svg>'
