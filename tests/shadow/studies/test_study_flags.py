"""The bounds of the flags that several commands of studies share."""

import pytest
from typer.testing import CliRunner

from shadow.cli import app


@pytest.mark.parametrize(
    ("flag", "fits", "beyond"),
    [("--at-once", ("1", "64"), ("0", "65")), ("--allowed-drop", ("0", "0.99"), ("-0.01", "0.991"))],
)
def test_a_flag_of_a_study_is_taken_at_its_bounds_and_refused_beyond(tmp_path, monkeypatch, flag, fits, beyond):
    monkeypatch.chdir(tmp_path)
    refused = {}
    for value in (*fits, *beyond):
        result = CliRunner().invoke(app, ["replay", f"{flag}={value}"], env={"SAMEWEIGHTS_PROXY__PROVIDER": ""})
        assert result.exit_code != 0, "no file is named"
        refused[value] = f"Invalid value for '{flag}'" in result.output
    assert refused == dict.fromkeys(fits, False) | dict.fromkeys(beyond, True)
