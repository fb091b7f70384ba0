"""A stored replay printed: text to the terminal, JSON alone to standard output, other formats to named files."""

import json

import pytest

from shadow.studies.outputs.write_outputs import OutputFormat
from shadow.studies.replay.print_outputs import print_outputs
from shadow.studies.replay.replay_report import stored_replay
from tests.shadow.studies.replay.test_replay_report import reader

__all__ = ["reader"]


@pytest.mark.slow
def test_text_goes_to_the_terminal_and_files_are_named(reader, tmp_path, capsys):
    stored = stored_replay(reader, reader.studies.studies()[0])
    print_outputs(reader, stored, [OutputFormat.TEXT, OutputFormat.MARKDOWN], tmp_path / "out")
    printed = capsys.readouterr()
    assert printed.out.startswith("replay t: near against official\n")
    assert printed.err == f"written: {tmp_path}/out/study.md\n"
    assert (tmp_path / "out" / "study.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_json_alone_is_all_that_is_printed(reader, tmp_path, capsys):
    stored = stored_replay(reader, reader.studies.studies()[0])
    print_outputs(reader, stored, [OutputFormat.JSON], tmp_path / "out")
    assert json.loads(capsys.readouterr().out)["study"]["name"] == "t"
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_the_rows_of_verifiers_are_written_for_their_format(reader, tmp_path, capsys):
    stored = stored_replay(reader, reader.studies.studies()[0])
    print_outputs(reader, stored, [OutputFormat.VERIFIER], tmp_path)
    for provider in ("official", "near"):
        written = (tmp_path / f"k2vv-{provider}" / "rows.jsonl").read_text(encoding="utf-8")
        assert len(written.splitlines()) == 12
    assert "k2vv-near" in capsys.readouterr().err
