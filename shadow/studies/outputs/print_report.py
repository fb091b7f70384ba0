"""print_report(): a study as text to the terminal, and in each other format to a file of a folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import typer

from shadow.presentation.visible_text import plain
from shadow.studies.outputs.study_json import as_json
from shadow.studies.outputs.study_report import StudyReport
from shadow.studies.outputs.study_text import as_text
from shadow.studies.outputs.verifier_files import VerifierRow
from shadow.studies.outputs.write_outputs import OutputFormat, write_outputs
from shadow.terminal.screen import columns, is_colored


def print_report(
    report: StudyReport,
    formats: Sequence[OutputFormat],
    folder: Path,
    rows: Mapping[str, Sequence[VerifierRow]] | None = None,
) -> None:
    """JSON alone goes to standard output; else the text does, and the other formats to files that are named on stderr."""
    if tuple(formats) == (OutputFormat.JSON,):
        typer.echo(as_json(report))
        return
    typer.echo(as_text(report, width=columns(), color=is_colored()))
    for path in write_outputs(report, formats, folder, rows):
        typer.echo(plain(f"written: {path}"), err=True)
