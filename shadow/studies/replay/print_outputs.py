"""print_outputs(): a stored replay as text to the terminal, and in each other format to a file of a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shadow.studies.outputs.print_report import print_report
from shadow.studies.outputs.write_outputs import OutputFormat
from shadow.studies.replay.replay_report import StoredReplay, replay_report, verifier_rows
from storage.store import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFlags:
    """The folder of the files, and the formats as written, parted by commas."""

    folder: Path
    formats: str


def print_outputs(reader: Reader, stored: StoredReplay, formats: Sequence[OutputFormat], folder: Path) -> None:
    """Print and write a replay; the rows of verifiers are read only for their format."""
    rows = verifier_rows(reader, stored) if OutputFormat.VERIFIER in formats else None
    print_report(replay_report(reader, stored), formats, folder, rows)
