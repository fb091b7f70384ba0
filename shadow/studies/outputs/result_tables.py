"""result_tables(): the tables of a study, once for text, Markdown and HTML; a cell is plain text, escaped by each output."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shadow.drift.effect_phrases import effect
from shadow.drift.verifier_figures import Triggering
from shadow.measures.schema_validation import VALID
from shadow.studies.figures.verifier_summary import VerifierSummary
from shadow.studies.outputs.study_report import StudyReport
from shadow.studies.study_policy import PolicyScore
from shadow.studies.verdicts.candidate_evidence import SCORE
from shadow.studies.verdicts.provider_figures import ProviderFigures
from shadow.studies.verdicts.study_verdict import SignalDrop, StudyVerdict
from shadow.verdict.phrases import named, percent

NARROW, MEDIUM, WIDE = 0, 80, 100
"""Columns of a terminal from which a column of a table is shown."""
DASH = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableColumn:
    """One column; `left` aligned and wrapped, or a number. Shown from `width` columns of a terminal on."""

    title: str
    left: bool = False
    width: int = NARROW


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultTable:
    """One table with its title and what its figures mean."""

    title: str
    meaning: str
    columns: tuple[TableColumn, ...]
    rows: tuple[tuple[str, ...], ...]


def result_tables(report: StudyReport) -> tuple[ResultTable, ...]:
    """The tables that have a row, in the order in which they are shown."""
    made = (_scores, _outcomes, _coverage, _signals, _difficulty, _triggers, _labels, _calls, _errors, _spent)
    return tuple(table for make in made if (table := make(report)).rows)


def providers(report: StudyReport) -> Sequence[ProviderFigures]:
    """The reference first, then the candidates in the order of their verdicts."""
    return [report.result.reference, *(verdict.figures for verdict in report.result.verdicts)]


def bounds(low: float | None, high: float | None) -> str:
    """An interval in whole percent or points."""
    return "" if low is None or high is None else f" [{low * 100:.0f} to {high * 100:.0f}]"


def _scores(report: StudyReport) -> ResultTable:
    score = report.result.policy.score
    signals = score is PolicyScore.SIGNALS
    title = "answers" if signals else score.value
    columns = (
        TableColumn(title="provider", left=True),
        TableColumn(title="complete" if signals else "mean [95 %]"),
        TableColumn(title="runs"),
        *(() if signals else (TableColumn(title="complete", width=MEDIUM), TableColumn(title="4 of 4", width=WIDE))),
        TableColumn(title="first try", width=MEDIUM),
        TableColumn(title="steps", width=WIDE),
        TableColumn(title="calls", width=WIDE),
        TableColumn(title="seconds", width=MEDIUM),
    )
    rows = tuple(_score_row(one, report.result.reference.provider, signals=signals) for one in providers(report))
    chance = "" if signals else "; 4 of 4: the chance that four runs of a task are all complete"
    meaning = f"each provider alone, failed runs left out{chance}"
    return ResultTable(title=title, meaning=meaning, columns=columns, rows=rows)


def _score_row(one: ProviderFigures, reference: str, *, signals: bool) -> tuple[str, ...]:
    mark = " (reference)" if one.provider == reference else ""
    mean = DASH if one.mean is None else f"{percent(one.mean)}{bounds(one.low, one.high)}"
    complete = f"{one.complete} of {one.scored}" if one.scored else DASH
    return (
        f"{one.provider}{mark}",
        mean,
        f"{one.scored} of {one.runs}" if one.scored < one.runs else f"{one.runs}",
        *(() if signals else (complete, percent(one.all_of_four))),
        f"{percent(one.first_try / one.asked)}" if one.asked else DASH,
        _number(one.steps),
        _number(one.calls),
        _seconds(one.seconds),
    )


def _outcomes(report: StudyReport) -> ResultTable:
    rows = tuple(
        (one.provider, ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in _frequent(one.outcomes.items())))
        for one in providers(report)
        if one.runs
    )
    columns = (TableColumn(title="provider", left=True), TableColumn(title="how its runs ended", left=True))
    return ResultTable(title="outcomes", meaning="an error is an outcome, never a score of 0", columns=columns, rows=rows)


def _coverage(report: StudyReport) -> ResultTable:
    names = [one.provider for one in providers(report)]
    columns = (TableColumn(title="group", left=True), *(TableColumn(title=name) for name in names))
    rows = tuple(
        (one.group, *(percent(hits / of) if of else DASH for hits, of in (one.touched[name] for name in names)))
        for one in report.groups
    )
    meaning = "scored runs that called a tool of the group"
    return ResultTable(title="tool groups", meaning=meaning, columns=columns, rows=rows)


def _signals(report: StudyReport) -> ResultTable:
    columns = (
        TableColumn(title="candidate", left=True),
        TableColumn(title="signal", left=True),
        TableColumn(title="pairs", width=MEDIUM),
        TableColumn(title="drop [bounds]"),
        TableColumn(title="", left=True),
    )
    rows = tuple(
        (verdict.candidate, named(one.name), f"{one.pairs}", f"{one.mean * 100:+.0f}{bounds(one.low, one.high)}", _standing(one))
        for verdict in report.result.verdicts
        for one in _shown(verdict)
    )
    meaning = "points by which the candidate is the odd one more often, with bounds that hold however the study was stopped"
    return ResultTable(title="signals", meaning=meaning, columns=columns, rows=rows)


def _shown(verdict: StudyVerdict) -> Sequence[SignalDrop]:
    """The signals of a verdict, one line each: of two directions the one to which it leans."""
    return [one for one in verdict.signals if one.name != SCORE and (one.direction > 0 or one.mean > 0 or one.worse)]


def _standing(one: SignalDrop) -> str:
    if one.worse:
        return effect(one.name, one.direction * one.mean)
    return "required" if one.required else ""


def _difficulty(report: StudyReport) -> ResultTable:
    columns = (
        TableColumn(title="candidate", left=True),
        TableColumn(title="rows", left=True),
        TableColumn(title="pairs"),
        TableColumn(title="drop [bounds]"),
        TableColumn(title="", left=True),
    )
    rows = tuple(
        (
            verdict.candidate,
            one.difficulty.value,
            f"{one.pairs}",
            f"{one.mean * 100:+.0f}{bounds(one.low, one.high)}",
            "differs" if one.worse else "no difference shown",
        )
        for verdict in report.result.verdicts
        for one in verdict.strata
    )
    meaning = "hard: further answers of the reference, compared with nothing, disagree among themselves"
    return ResultTable(title="difficulty", meaning=meaning, columns=columns, rows=rows)


def _triggers(report: StudyReport) -> ResultTable:
    columns = (
        TableColumn(title="provider", left=True),
        TableColumn(title="tool_call_f1"),
        TableColumn(title="reference's own", width=MEDIUM),
        TableColumn(title="limit", width=WIDE),
        TableColumn(title="kappa"),
        TableColumn(title="calls, ratio"),
        TableColumn(title="cut", width=WIDE),
    )
    rows = tuple(_trigger_row(one, one.by_finish) for one in _calling(report) if one.by_finish)
    meaning = "by finish_reason, as K2-Vendor-Verifier counts; the limit is the highest F1 that the number of calls permits"
    return ResultTable(title="triggers", meaning=meaning, columns=columns, rows=rows)


def _calling(report: StudyReport) -> Sequence[VerifierSummary]:
    """The figures of the verifiers, where any answer has a call: without one there is nothing that they count."""
    return report.verifiers if any(one.called for one in report.verifiers) else ()


def _trigger_row(one: VerifierSummary, found: Triggering) -> tuple[str, ...]:
    return (
        one.provider,
        _share(found.f1),
        f"{_share(found.own_f1)} of {found.control_pairs}" if found.control_pairs else DASH,
        _share(found.f1_limit),
        DASH if found.kappa is None else f"{found.kappa:.2f}",
        DASH if found.ratio is None else f"{found.ratio:.2f}",
        f"{one.cut}",
    )


def _labels(report: StudyReport) -> ResultTable:
    columns = (
        TableColumn(title="provider", left=True),
        TableColumn(title="rows", width=MEDIUM),
        TableColumn(title="tool_call_f1"),
        TableColumn(title="limit", width=WIDE),
        TableColumn(title="kappa"),
        TableColumn(title="calls, ratio"),
    )
    rows = tuple(_label_row(one.provider, one.by_label) for one in report.verifiers if one.by_label)
    meaning = "against should_call_tool of the data set: one answer of the vendor's own model to each row, given at another time"
    return ResultTable(title="published labels", meaning=meaning, columns=columns, rows=rows)


def _label_row(provider: str, found: Triggering) -> tuple[str, ...]:
    return (
        provider,
        f"{found.pairs}",
        _share(found.f1),
        _share(found.f1_limit),
        DASH if found.kappa is None else f"{found.kappa:.2f}",
        DASH if found.ratio is None else f"{found.ratio:.2f}",
    )


def _calls(report: StudyReport) -> ResultTable:
    columns = (
        TableColumn(title="provider", left=True),
        TableColumn(title="schema_accuracy"),
        TableColumn(title="answers with calls", width=MEDIUM),
        TableColumn(title="with a faulty one"),
        TableColumn(title="faults", left=True),
    )
    rows = tuple(
        (
            one.provider,
            _share(one.schema_accuracy),
            f"{one.called}",
            percent(one.errored_share),
            _faults(one),
        )
        for one in _calling(report)
        if one.success_count
    )
    meaning = "calls held to the schemas that their requests declared; one that nothing could be held to is valid"
    return ResultTable(title="tool calls", meaning=meaning, columns=columns, rows=rows)


def _faults(one: VerifierSummary) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in one.call_classes.items() if count and name != VALID)


def _errors(report: StudyReport) -> ResultTable:
    columns = (
        TableColumn(title="provider", left=True),
        TableColumn(title="runs"),
        TableColumn(title="class", left=True),
    )
    rows = tuple((one.provider, f"{count}", cause) for one in providers(report) for cause, count in _frequent(one.errors.items()))
    return ResultTable(title="errors", meaning="runs without a score, by class", columns=columns, rows=rows)


def _spent(report: StudyReport) -> ResultTable:
    columns = (
        TableColumn(title="provider", left=True),
        TableColumn(title="model", left=True, width=MEDIUM),
        TableColumn(title="prompt"),
        TableColumn(title="completion"),
        TableColumn(title="first token", width=WIDE),
        TableColumn(title="tool time", width=WIDE),
        TableColumn(title="cost"),
    )
    rows = tuple(
        (
            one.provider,
            report.facts.models.get(one.provider, ""),
            _number(one.prompt_tokens),
            _number(one.completion_tokens),
            _seconds(one.first_token),
            _seconds(one.tool_seconds or None),
            DASH if one.cost is None else f"${one.cost:,.2f}",
        )
        for one in providers(report)
        if one.prompt_tokens is not None or one.cost is not None
    )
    meaning = "mean tokens of a scored run, median seconds, the sum of what it cost"
    return ResultTable(title="tokens and cost", meaning=meaning, columns=columns, rows=rows)


def _frequent(items: Iterable[tuple[str, int]]) -> Sequence[tuple[str, int]]:
    return sorted(items, key=lambda one: (-one[1], one[0]))


def _share(value: float | None) -> str:
    return DASH if value is None else f"{value * 100:.1f} %"


def _number(value: float | None) -> str:
    return DASH if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _seconds(value: float | None) -> str:
    return DASH if value is None else f"{value:.2g} s" if value < 10 else f"{value:.0f} s"
