"""as_text(): a study for a terminal, verdicts first; it fits 60 columns by leaving columns of its tables out."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from shadow.presentation.text_tables import report_table
from shadow.presentation.visible_text import plain
from shadow.report.report_text import printed
from shadow.studies.outputs.result_tables import ResultTable, result_tables
from shadow.studies.outputs.study_lines import MARKS, heading, promises, remarks, summary
from shadow.studies.outputs.study_report import StudyReport
from shadow.studies.verdicts.study_verdict import StudyVerdict, StudyWord

STYLES = {
    StudyWord.FAIL: "bold red",
    StudyWord.PASS: "green",
    StudyWord.UNDECIDED: "yellow",
    StudyWord.NOT_MEASURED: "yellow",
    StudyWord.COMPARED: "default",
}
INDENT = 2
NAMED = 18
"""Columns that the first column of a table gets where its names are so long."""


def as_text(report: StudyReport, *, width: int, color: bool = False) -> str:
    """The study for a terminal of `width` columns; without colour it holds printable characters only."""
    return printed(_parts(report, width), width=width, color=color)


def _parts(report: StudyReport, width: int) -> Iterator[RenderableType]:
    yield Text(plain(heading(report)), style="bold")
    yield Padding.indent(Text(plain("\n".join(summary(report))), style="dim"), INDENT)
    yield ""
    yield Padding.indent(_verdicts(report, width), INDENT)
    for table in result_tables(report):
        yield ""
        yield Text(table.title, style="bold").append(f"  {table.meaning}", style="not bold dim")
        yield Padding.indent(_table(table, width), INDENT)
    yield ""
    for line in (*promises(report), *remarks(report)):
        yield Text(plain(line), style="dim")


def _verdicts(report: StudyReport, width: int) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for place in range(3):
        table.add_column(no_wrap=place == 0, overflow="fold", max_width=width // 3 if place == 1 else None)
    for verdict in report.result.verdicts:
        style = STYLES[verdict.word]
        table.add_row(Text(MARKS[verdict.word], style=style), Text(plain(verdict.candidate), style="bold"), _sentence(verdict))
    return table


def _sentence(verdict: StudyVerdict) -> Text:
    """The word in its colour, its evidence below."""
    sentence = plain(verdict.sentence.removeprefix("not measured: "))
    return Text(verdict.word.value, style=STYLES[verdict.word]).append(f"\n{sentence}", style="default not bold")


def _table(table: ResultTable, width: int) -> Table:
    shown = [place for place, column in enumerate(table.columns) if column.width <= width]
    columns = [table.columns[place] for place in shown]
    made = report_table(*(f"<{plain(column.title)}" if column.left else plain(column.title) for column in columns))
    made.columns[0].min_width = min(max(len(row[0]) for row in table.rows), NAMED)
    for row in table.rows:
        made.add_row(*(Text(plain(row[place])) for place in shown))
    return made
