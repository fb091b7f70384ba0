"""The commands of the example."""

import asyncio
import subprocess
import sys

import pytest

from shadow.demo.fleet import __main__ as fleet


@pytest.mark.slow
def test_files_are_written_and_named(tmp_path):
    ran = subprocess.run(
        [sys.executable, "-m", "shadow.demo.fleet", "files", tmp_path], capture_output=True, text=True, check=True
    )
    assert [line.rsplit("/", 1)[-1] for line in ran.stdout.splitlines()] == [
        "sameweights.toml",
        "battery-30b.toml",
        "battery-120b.toml",
        "battery-9b.toml",
        "instructions.jsonl",
    ]


class EndedError(Exception):
    """Ends a command that would run until Ctrl-C."""


@pytest.mark.parametrize(("words", "port", "wavering"), [([], 8790, 0.0), (["--port", "0", "--wavering", "0.25"], 0, 0.25)])
def test_hosts_run_at_the_port_and_waver_as_named(monkeypatch, words, port, wavering):
    def hosts(**settings):
        raise EndedError(settings)

    monkeypatch.setattr(fleet, "PretendedHosts", hosts)
    monkeypatch.setattr(sys, "argv", ["fleet", "hosts", *words])
    with pytest.raises(EndedError) as raised:
        fleet.main()
    assert raised.value.args == ({"port": port, "wavering": wavering},)


@pytest.mark.parametrize(("words", "port"), [([], 8790), (["--port", "9000"], 9000)])
def test_files_name_the_port_of_the_hosts(monkeypatch, capsys, tmp_path, words, port):
    monkeypatch.setattr(sys, "argv", ["fleet", "files", str(tmp_path / "example"), *words])
    fleet.main()
    assert f'base_url = "http://127.0.0.1:{port}/nim/v1"' in (tmp_path / "example" / "sameweights.toml").read_text()
    assert len(capsys.readouterr().out.splitlines()) == 5


def test_command_that_is_missing_ends_with_the_usage(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["fleet"])
    with pytest.raises(SystemExit) as raised:
        fleet.main()
    assert raised.value.code == 2
    assert "{hosts,files}" in capsys.readouterr().err


async def test_hosts_serve_until_they_are_stopped_and_print_their_addresses(capsys):
    serving = asyncio.create_task(fleet._serve(0, 0.0))
    printed = ""
    while printed.count("\n") < 5:
        assert not serving.done()
        await asyncio.sleep(0)
        printed += capsys.readouterr().out
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
    assert all(line.startswith("http://127.0.0.1:") for line in printed.splitlines())
