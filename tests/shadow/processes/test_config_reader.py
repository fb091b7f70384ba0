"""A configuration is read again by a process of its own, whose failure is an error like those of the configuration."""

import asyncio
import json
import sys

import pytest

from shadow.processes import config_reader
from shadow.processes.config_reader import read_again
from shadow.processes.configured_plan import plan_of
from shadow.processes.serve_plan import Reread, ServeArguments
from shadow.settings.load_config import load
from tests.played_process import PlayedProcess
from tests.running import until

pytestmark = pytest.mark.slow

FILE = """
[proxy.providers.main]
base_url = "http://127.0.0.1:9/v1"
"""


async def test_another_process_gives_the_plan_of_the_file(tmp_path):
    file = tmp_path / "sameweights.toml"
    file.write_text(FILE, encoding="utf-8")
    plan = plan_of(load(file, {}, {}), "all")
    found = await read_again(ServeArguments(path=str(file), flags={}), plan.config, "all")
    assert found == Reread(plan=plan, later=[], counts={"providers": 1, "routes": 0, "tenants": 0}, errors=[])


async def test_another_process_gives_the_errors_of_the_file(tmp_path):
    file = tmp_path / "sameweights.toml"
    file.write_text(FILE + "bse_url = 1\n", encoding="utf-8")
    found = await read_again(ServeArguments(path=str(file), flags={}), {}, "all")
    assert found.plan is None
    [error] = found.errors
    assert "bse_url" in error


async def test_a_process_that_fails_is_an_error_with_its_exit_code(capfd, tmp_path):
    file = tmp_path / "sameweights.toml"
    file.write_text(FILE, encoding="utf-8")
    found = await read_again(ServeArguments(path=str(file), flags={}), {"nothing": "known"}, "all")
    assert list(found.errors) == ["the process that reads the configuration ended with 1"]
    assert "Traceback" in capfd.readouterr().err


async def test_a_process_that_cannot_be_started_is_an_error(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    found = await read_again(ServeArguments(path="", flags={}), {}, "all")
    assert list(found.errors) == ["no process could be started to read the configuration: No such file or directory"]


async def test_a_reading_that_is_no_longer_wanted_ends_its_process(monkeypatch):
    process = PlayedProcess(7)

    async def communicate(line):
        process.stdin.write(line)
        await process.wait()

    async def begun(module):
        assert module == "shadow.processes.configured_plan"
        return process

    process.communicate = communicate
    monkeypatch.setattr(config_reader, "start_module", begun)
    reading = asyncio.create_task(read_again(ServeArguments(path="s.toml", flags={"workers": 2}), {"proxy": {}}, "audit"))
    await until(lambda: process.stdin.data)
    reading.cancel()
    await asyncio.wait([reading])
    assert (reading.cancelled(), process.signals) == (True, ["kill"])
    asked = {"arguments": {"path": "s.toml", "flags": {"workers": 2}}, "running": {"proxy": {}}, "role": "audit"}
    assert json.loads(process.stdin.data) == asked
