"""as_html(): a study as one HTML file without script, font or address: plots are SVG, light and dark, from 390 pixels on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from shadow.findings.number_words import number_of
from shadow.presentation.visible_text import plain
from shadow.studies.outputs.plots import (
    OUTCOME_CLASSES,
    SHARES,
    course_plot,
    drop_scale,
    interval_strip,
    outcome_class,
    outcome_strip,
)
from shadow.studies.outputs.result_tables import bounds, providers, result_tables
from shadow.studies.outputs.study_lines import heading, promises, remarks, summary
from shadow.studies.outputs.study_report import StudyReport
from shadow.studies.study_policy import PolicyScore
from shadow.verdict.phrases import percent

LEGEND = {
    "complete": "complete",
    "partial": "partial",
    "asked": "asked back or refused",
    "ended": "ended otherwise",
    "failed": "error or denied",
    "void": "not counted",
}


def _shown(value: object) -> object:
    """What a template prints: text without invisible characters; markup and numbers as they are."""
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


_TEMPLATES = Environment(
    loader=PackageLoader("shadow.studies.outputs"), autoescape=True, undefined=StrictUndefined, finalize=_shown
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlotRow:
    """One strip with the name before it and the figures behind it."""

    name: str
    strip: Markup
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Rows of strips over one axis."""

    title: str
    meaning: str
    rows: tuple[PlotRow, ...]
    ticks: Sequence[tuple[float, str]] = ()
    legend: Sequence[tuple[str, str]] = ()


def as_html(report: StudyReport) -> str:
    """The study as one HTML document."""
    verdicts = [
        {
            "name": verdict.candidate,
            "word": verdict.word.value.replace(" ", "_"),
            "sentence": verdict.sentence.removeprefix("not measured: "),
        }
        for verdict in report.result.verdicts
    ]
    return _TEMPLATES.get_template("study.html").render(
        title=heading(report),
        summary=summary(report),
        verdicts=verdicts,
        plots=[plot for plot in (_drops(report), _scores(report), _outcomes(report)) if plot.rows],
        courses=list(_courses(report)),
        tables=result_tables(report),
        notes=(*promises(report), *remarks(report)),
    )


def _svg(drawn: str) -> Markup:
    """A drawing of `plots`, which holds numbers and names of classes alone."""
    return Markup(drawn)  # noqa: S704 - no text of a user or provider is in it


def _drops(report: StudyReport) -> Plot:
    scale, allowed = drop_scale(report), report.result.policy.allowed_drop
    rows = tuple(
        PlotRow(
            name=one.candidate,
            strip=_svg(interval_strip(scale, one.low, one.high, one.drop, zero=0.0, limit=allowed)),
            value=f"{one.drop * 100:+.0f}{bounds(one.low, one.high)}",
        )
        for one in report.result.verdicts
        if one.drop is not None
    )
    shaded = f"; shaded: beyond the {allowed * 100:g} points allowed" if allowed is not None else ""
    signals = report.result.policy.score is PolicyScore.SIGNALS
    what = "points by which it is the odd one more often" if signals else "points of score below the reference"
    meaning = f"{what}, with bounds that hold however the study was stopped{shaded}"
    return Plot(title="drop", meaning=meaning, rows=rows, ticks=scale.ticks)


def _scores(report: StudyReport) -> Plot:
    score = report.result.policy.score
    rows = tuple(
        PlotRow(
            name=one.provider,
            strip=_svg(interval_strip(SHARES, one.low, one.high, one.mean, zero=None, limit=None)),
            value=f"{percent(one.mean)}{bounds(one.low, one.high)}",
        )
        for one in providers(report)
        if one.mean is not None
    )
    title = "complete answers" if score is PolicyScore.SIGNALS else score.value
    return Plot(title=title, meaning="percent, the reference first, each with its 95 % interval", rows=rows, ticks=SHARES.ticks)


def _outcomes(report: StudyReport) -> Plot:
    longest = max(map(len, report.outcomes.values()))
    rows = tuple(
        PlotRow(name=name, strip=_svg(outcome_strip(outcomes, longest)), value=number_of(len(outcomes), "run"))
        for name, outcomes in report.outcomes.items()
        if outcomes
    )
    seen = {outcome_class(outcome) for outcomes in report.outcomes.values() for outcome in outcomes}
    legend = [(name, LEGEND[name]) for name in OUTCOME_CLASSES if name in seen]
    return Plot(title="runs", meaning="in the order in which they were run", rows=rows, legend=legend)


def _courses(report: StudyReport) -> Iterator[PlotRow]:
    """The courses of all candidates, over the same number of pairs, so that a study that stopped early is seen to be short."""
    means = [mean for course in report.courses for mean in course.means]
    if not means:
        return
    scale, allowed = drop_scale(report), report.result.policy.allowed_drop
    longest = max(course.pairs[-1] for course in report.courses if course.pairs)
    for course in report.courses:
        if course.pairs:
            drawn = course_plot(course.pairs, course.means, scale, limit=allowed, longest=longest)
            value = f"{course.means[-1] * 100:+.0f} points after {course.pairs[-1]} of at most {number_of(longest, 'pair')}"
            yield PlotRow(name=course.candidate, strip=_svg(drawn), value=value)
