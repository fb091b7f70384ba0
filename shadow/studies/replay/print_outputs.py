"""print_outputs(): a stored replay as text to the terminal, and in each other format to a file of a folder."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from shadow.studies.outputs.study_json import as_json
from shadow.studies.outputs.study_text import as_text
from shadow.studies.outputs.write_outputs import OutputFormat, write_outputs
from shadow.studies.replay.replay_report import StoredReplay, replay_report, verifier_rows
from storage.store import Reader

WIDTH = 100
"""Columns where there is no terminal to ask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFlags:
    """The folder of the files, and the formats as written, parted by commas."""

    folder: Path
    formats: str


def print_outputs(reader: Reader, stored: StoredReplay, formats: Sequence[OutputFormat], folder: Path) -> None:
    """JSON alone goes to standard output; else the text does, and the other formats to files that are named on stderr."""
    report = replay_report(reader, stored)
    if tuple(formats) == (OutputFormat.JSON,):
        typer.echo(as_json(report))
        return
    terminal = sys.stdout.isatty()
    colored = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    width = shutil.get_terminal_size((WIDTH, 24)).columns if terminal else WIDTH
    typer.echo(as_text(report, width=width, color=colored))
    rows = verifier_rows(reader, stored) if OutputFormat.VERIFIER in formats else None
    for path in write_outputs(report, formats, folder, rows):
        typer.echo(f"written: {path}", err=True)
