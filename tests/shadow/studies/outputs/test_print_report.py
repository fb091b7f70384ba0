"""A study on standard output: the text, or JSON alone; files are named on stderr."""

import json

from shadow.studies.outputs.print_report import print_report
from shadow.studies.outputs.write_outputs import OutputFormat
from tests.shadow.studies.outputs.made import probe_report


def test_json_alone_is_all_of_standard_output(tmp_path, capsys):
    print_report(probe_report(), [OutputFormat.JSON], tmp_path)
    assert json.loads(capsys.readouterr().out)["schema"] == "sameweights.study/1"
    assert list(tmp_path.iterdir()) == []


def test_text_is_printed_and_the_other_formats_are_written(tmp_path, capsys):
    print_report(probe_report(), [OutputFormat.TEXT, OutputFormat.MARKDOWN], tmp_path)
    out, err = capsys.readouterr()
    assert "\x1b" not in out
    assert err == f"written: {tmp_path / 'study.md'}\n"
