"""write_outputs(): a study in the formats asked for: the text to the terminal, each other one to a file of a folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path

from shadow.settings.config_errors import ConfigError
from shadow.studies.outputs.study_html import as_html
from shadow.studies.outputs.study_json import as_json
from shadow.studies.outputs.study_junit import as_junit
from shadow.studies.outputs.study_markdown import as_markdown
from shadow.studies.outputs.study_report import StudyReport
from shadow.studies.outputs.verifier_files import VerifierRow, rows_jsonl, summary_json


class OutputFormat(StrEnum):
    """A form of a study's result."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "md"
    HTML = "html"
    JUNIT = "junit"
    VERIFIER = "k2vv"


_DOCUMENTS: Mapping[OutputFormat, tuple[str, Callable[[StudyReport], str]]] = {
    OutputFormat.JSON: ("study.json", as_json),
    OutputFormat.MARKDOWN: ("study.md", as_markdown),
    OutputFormat.HTML: ("study.html", as_html),
    OutputFormat.JUNIT: ("junit.xml", as_junit),
}
ROWS, SUMMARY = "rows.jsonl", "summary.json"


def output_formats(given: str) -> tuple[OutputFormat, ...]:
    """The formats of a list with commas; ConfigError for one that there is not."""
    names = [name.strip() for name in given.split(",") if name.strip()]
    known = [each.value for each in OutputFormat]
    faults = [_unknown(name, known) for name in names if name not in known]
    if faults:
        raise ConfigError(faults)
    return tuple(dict.fromkeys(OutputFormat(name) for name in names)) or (OutputFormat.TEXT,)


def _unknown(name: str, known: Sequence[str]) -> str:
    close = get_close_matches(name, known, n=1)
    meant = f"; did you mean {close[0]!r}?" if close else ""
    return f"--format: {name!r} is not a format; the formats are {', '.join(known)}{meant}"


def write_outputs(
    report: StudyReport,
    formats: Sequence[OutputFormat],
    folder: Path,
    rows: Mapping[str, Sequence[VerifierRow]] | None = None,
) -> list[Path]:
    """The files written into the folder, which is made where it is missing; the text is none of them. ConfigError where the
    folder cannot be written to.

    `rows` are the answers of each provider for K2-Vendor-Verifier's files, which stand in a folder for each.
    """
    written: list[Path] = []
    try:
        for one in formats:
            if one in _DOCUMENTS:
                name, make = _DOCUMENTS[one]
                written.append(_write(folder / name, make(report)))
            elif one is OutputFormat.VERIFIER:
                written += _verifier_files(report, folder, rows or {})
    except OSError as fault:
        raise ConfigError([f"--out: {folder} cannot be written to: {fault.strerror or fault}"]) from fault
    return written


def _verifier_files(report: StudyReport, folder: Path, rows: Mapping[str, Sequence[VerifierRow]]) -> list[Path]:
    written = []
    for summary in report.verifiers:
        own = folder / f"k2vv-{_file_name(summary.provider)}"
        written.append(_write(own / SUMMARY, summary_json(summary) + "\n"))
        written.append(_write(own / ROWS, "".join(f"{line}\n" for line in rows_jsonl(rows.get(summary.provider, ())))))
    return written


def _file_name(provider: str) -> str:
    """The name of a provider as a part of a file's name; configured names are plain already."""
    return "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in provider)[:100].lstrip(".") or "_"


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", errors="backslashreplace")
    return path
