"""The command's flags arrive in the study."""

import pytest
from typer.testing import CliRunner

from shadow.cli import app
from shadow.demo.fleet.example_files import write_example
from shadow.studies.probe.fork_entry import ForkFlags
from shadow.studies.probe.probe_entry import ProbeFlags


def test_flags_take_the_place_of_the_tasks_settings(tmp_path, monkeypatch):
    write_example(tmp_path, 1)
    monkeypatch.chdir(tmp_path)
    ran = CliRunner().invoke(app, ["probe", "battery-9b.toml", "--plan", "--runs", "3", "--model", "nano-30b"])
    assert ran.exit_code == 0
    assert "deepinfra, nim against openrouter, model nano-30b" in ran.output
    assert "at most 3 runs of each of 3 providers" in ran.output


class Taken:
    """Takes the flags of a command, in place of a study that ends with the exit code 3."""

    flags: ProbeFlags | ForkFlags | None = None
    plan: bool | None = None

    def execute(self, flags: ProbeFlags | ForkFlags, *, plan: bool) -> int:
        self.flags, self.plan = flags, plan
        return 3


@pytest.fixture
def taken(monkeypatch) -> Taken:
    seen = Taken()
    monkeypatch.setattr("shadow.studies.probe.probe_entry.execute_probe", seen.execute)
    monkeypatch.setattr("shadow.studies.probe.fork_entry.execute_fork", seen.execute)
    return seen


def test_a_probe_without_flags_leaves_everything_to_its_task(taken):
    assert CliRunner().invoke(app, ["probe", "t.toml"]).exit_code == 3
    flags = taken.flags
    assert (flags.runs, flags.seed, flags.at_once, flags.model, flags.formats) == (None, None, None, "", "text")
    assert (flags.fresh, flags.quiet, taken.plan) == (False, False, False)


def test_a_fork_without_flags_runs_each_provider_twenty_times_on_the_recorded_results(taken):
    assert CliRunner().invoke(app, ["fork", "talk", "--step", "2"]).exit_code == 3
    flags = taken.flags
    assert (flags.step, flags.runs, flags.one_step, flags.servers, flags.allowed_drop) == (2, 20, False, None, None)
    assert (flags.providers, flags.budget, flags.fresh, flags.quiet, taken.plan) == ((), (), False, False, False)
    assert CliRunner().invoke(app, ["fork", "talk", "--step", "1", "--one-step", "--plan", "--fresh", "--quiet"]).exit_code == 3
    assert (taken.flags.one_step, taken.plan, taken.flags.fresh, taken.flags.quiet) == (True, True, True, True)


@pytest.mark.parametrize(
    ("words", "flag", "fits", "beyond"),
    [
        (("probe", "t.toml"), "--runs", ("1", "5000"), ("0",)),
        (("probe", "t.toml"), "--at-once", ("1", "64"), ("0", "65")),
        (("fork", "talk"), "--step", ("1", "99"), ("0",)),
        (("fork", "talk", "--step", "1"), "--runs", ("1", "1000"), ("0", "1001")),
    ],
)
def test_a_number_of_a_flag_is_taken_up_to_its_bounds(taken, words, flag, fits, beyond):
    assert [CliRunner().invoke(app, [*words, flag, number]).exit_code for number in fits] == [3] * len(fits)
    assert [CliRunner().invoke(app, [*words, flag, number]).exit_code for number in beyond] == [2] * len(beyond)
