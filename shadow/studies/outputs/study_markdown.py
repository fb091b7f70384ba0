"""as_markdown(): a study as Markdown for a pull request or an issue; what a provider sent cannot become markup."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shadow.presentation.visible_text import plain
from shadow.studies.outputs.result_tables import ResultTable, result_tables
from shadow.studies.outputs.study_lines import MARKS, heading, promises, remarks, summary
from shadow.studies.outputs.study_report import StudyReport

_INLINE = r"[\\`*_\[\]<>#|~!&@$]|:(?=//)|(?<=www)\."
_AT_THE_START = r"^[-+](?=\s|$)|^=|^-(?=-)|(?:(?<=^\d)|(?<=^\d\d)|(?<=^\d\d\d))[.)](?=\s|$)"
_SPECIAL = re.compile(f"{_INLINE}|{_AT_THE_START}", re.IGNORECASE)
_ENTITIES = frozenset("@:<>&|.")
"""Characters whose backslash GitHub's dialect does not honour everywhere: in tables, mentions and links without brackets."""


def as_markdown(report: StudyReport) -> str:
    """The study as Markdown of GitHub's dialect."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: StudyReport) -> Iterator[str]:
    yield f"## {escaped(heading(report))}"
    yield ""
    for line in summary(report):
        yield f"{escaped(line)}  "
    yield ""
    yield "| | candidate | verdict | |"
    yield "|---|---|---|---|"
    for verdict in report.result.verdicts:
        word = verdict.word.value
        sentence = verdict.sentence.removeprefix("not measured: ")
        yield f"| {MARKS[verdict.word]} | {escaped(verdict.candidate)} | **{word}** | {escaped(sentence)} |"
    for table in result_tables(report):
        yield from _table(table)
    yield ""
    for line in (*promises(report), *remarks(report)):
        yield f"- {escaped(line)}"


def _table(table: ResultTable) -> Iterator[str]:
    yield ""
    yield f"### {table.title}"
    yield ""
    yield f"{table.meaning}"
    yield ""
    yield f"| {' | '.join(escaped(column.title) for column in table.columns)} |"
    yield f"|{'|'.join('---' if column.left else '---:' for column in table.columns)}|"
    for row in table.rows:
        yield f"| {' | '.join(map(escaped, row))} |"


def escaped(text: str) -> str:
    """Text that Markdown shows as it stands, on one line: no link, mention, picture, tag or table cell can begin in it."""
    line = " ".join(plain(text).split())
    return _SPECIAL.sub(_reference, line)


def _reference(match: re.Match[str]) -> str:
    return f"&#{ord(match[0])};" if match[0] in _ENTITIES else f"\\{match[0]}"
