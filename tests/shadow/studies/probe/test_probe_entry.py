"""The command: its plan needs no network, and what is wrong is said before anything is sent."""

import socket
from pathlib import Path

import pytest

from shadow.demo.fleet.example_files import write_example
from shadow.settings.config_errors import ConfigError
from shadow.studies.probe.probe_entry import ProbeFlags, execute_probe


def flags(folder: Path, task="battery-30b.toml", **given):
    values = {
        "task": folder / task,
        "config": folder / "sameweights.toml",
        "model": "",
        "runs": None,
        "seed": None,
        "at_once": None,
        "db": str(folder / "study.db"),
        "fresh": False,
        "quiet": True,
        "out": folder,
        "formats": "text",
    }
    return ProbeFlags(**(values | given))


def execute(folder, *, plan=False, **given):
    return execute_probe(flags(folder, **given), plan=plan)


def test_a_plan_opens_no_socket_and_writes_no_file(tmp_path, monkeypatch, capsys):
    write_example(tmp_path, 1)
    before = sorted(tmp_path.iterdir())

    def refuse(*_, **__):
        pytest.fail("a plan opened a socket")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setenv("COLUMNS", "60")
    assert execute(tmp_path, plan=True, runs=10) == 0
    assert capsys.readouterr().out.splitlines()[1:4] == [
        "    ollama, model nano-30b",
        "  at most 10 runs of each of 4 providers, 20 requests each:",
        "    800 requests; each candidate stops when it is decided",
    ]
    assert sorted(tmp_path.iterdir()) == before


def test_one_run_of_each_is_refused(tmp_path):
    write_example(tmp_path, 1)
    with pytest.raises(ConfigError, match="one run of each gives no verdict"):
        execute(tmp_path, runs=1)


def test_all_errors_that_forbid_a_run_are_reported_at_once(tmp_path):
    write_example(tmp_path, 1)
    config, task = tmp_path / "sameweights.toml", tmp_path / "battery-30b.toml"
    config.write_text(config.read_text().replace('/nim/v1"', '/nim/v1"\napi_key_env = "NIM_KEY"'))
    text = task.read_text().replace("requests = 4000\ntokens = 300_000_000\n", "")
    task.write_text(text.replace('name = "fleet"', 'name = "fleet"\npass_env = ["NIM_KEY"]'))
    with pytest.raises(ConfigError) as raised:
        execute(tmp_path)
    assert [error.rsplit("/", 1)[-1] for error in raised.value.errors] == [
        "proxy.providers.nim: the environment variable NIM_KEY is not set; its requests need it",
        (
            "battery-30b.toml:26: study.budget: is needed: 3,200 requests are possible, and more than 2,000 are sent only within"
            " a limit; write requests = 3200, or tokens, money or minutes"
        ),
        "servers.fleet.pass_env: NIM_KEY is the key of nim, and no server gets a provider's key",
    ]


def test_an_unknown_format_is_reported_before_anything_is_read(tmp_path):
    with pytest.raises(ConfigError, match="did you mean 'json'"):
        execute(tmp_path, formats="jsn")


def test_a_recording_is_refused_where_no_text_is_kept(tmp_path):
    write_example(tmp_path, 1)
    config, task = tmp_path / "sameweights.toml", tmp_path / "battery-30b.toml"
    config.write_text(config.read_text() + '\n[storage]\nbodies = "hash"\n')
    task.write_text(task.read_text() + '\n[world]\nrecord = "battery.rec"\n')
    with pytest.raises(ConfigError, match="'hash' keeps no text; set 'full'"):
        execute(tmp_path)
