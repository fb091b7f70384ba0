"""as_markdown(): a study as Markdown for a pull request or an issue; what a provider sent cannot become markup."""

from __future__ import annotations

from collections.abc import Iterator

from shadow.presentation.safe_text import markdown
from shadow.studies.outputs.result_tables import ResultTable, result_tables
from shadow.studies.outputs.study_lines import MARKS, heading, promises, remarks, summary
from shadow.studies.outputs.study_report import StudyReport


def as_markdown(report: StudyReport) -> str:
    """The study as Markdown of GitHub's dialect."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: StudyReport) -> Iterator[str]:
    yield f"## {markdown(heading(report))}"
    yield ""
    for line in summary(report):
        yield f"{markdown(line)}  "
    yield ""
    yield "| | candidate | verdict | |"
    yield "|---|---|---|---|"
    for verdict in report.result.verdicts:
        word = verdict.word.value
        sentence = verdict.sentence.removeprefix("not measured: ")
        yield f"| {MARKS[verdict.word]} | {markdown(verdict.candidate)} | **{word}** | {markdown(sentence)} |"
    for table in result_tables(report):
        yield from _table(table)
    yield ""
    for line in (*promises(report), *remarks(report)):
        yield f"- {markdown(line)}"


def _table(table: ResultTable) -> Iterator[str]:
    yield ""
    yield f"### {table.title}"
    yield ""
    yield f"{table.meaning}"
    yield ""
    yield f"| {' | '.join(markdown(column.title) for column in table.columns)} |"
    yield f"|{'|'.join('---' if column.left else '---:' for column in table.columns)}|"
    for row in table.rows:
        yield f"| {' | '.join(map(markdown, row))} |"
