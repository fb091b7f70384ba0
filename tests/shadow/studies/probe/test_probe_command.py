"""The command's flags arrive in the study."""

from typer.testing import CliRunner

from shadow.cli import app
from shadow.demo.fleet.example_files import write_example


def test_flags_take_the_place_of_the_tasks_settings(tmp_path, monkeypatch):
    write_example(tmp_path, 1)
    monkeypatch.chdir(tmp_path)
    ran = CliRunner().invoke(app, ["probe", "battery-9b.toml", "--plan", "--runs", "3", "--model", "nano-30b"])
    assert ran.exit_code == 0
    assert "deepinfra, nim against openrouter, model nano-30b" in ran.output
    assert "at most 3 runs of each of 3 providers" in ran.output
