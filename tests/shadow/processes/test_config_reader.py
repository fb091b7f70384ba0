"""A configuration is read again by a process of its own, whose failure is an error like those of the configuration."""

import sys

import pytest

from shadow.processes.config_reader import read_again
from shadow.processes.configured_plan import plan_of
from shadow.processes.serve_plan import Reread, ServeArguments
from shadow.settings.load_config import load

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
