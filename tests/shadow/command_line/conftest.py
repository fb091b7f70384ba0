"""A database with records, and the command line in an empty folder."""

from functools import cache
from pathlib import Path

import pytest
import typer.main

from shadow import cli
from storage.opening import open_store
from storage.storage_config import StorageConfig
from tests.records import fill

parser = cache(typer.main.get_command)
"""Builds the parser once, which takes longer than most commands and depends on no argument."""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]):
    """`run("report", "--json")` in an empty folder: (code, out, err)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(typer.main, "get_command", parser)

    def running(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as caught:
            cli.main(arguments)
        said = capfdbinary.readouterr()
        return int(caught.value.code or 0), said.out.decode(), said.err.decode()

    return running


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    path = tmp_path / "recorded.db"
    store = open_store(StorageConfig(url=f"sqlite:///{path}"))
    fill(store)
    store.close()
    return path
