"""`sameweights storage copy`: what it prints, and what it refuses in one sentence."""

import pytest
from typer.testing import CliRunner

from shadow.cli import app
from shadow.command_line.storage_command import _named
from shadow.settings.config_errors import ConfigError
from storage.store import StoreError
from tests.conformance import exchange_record


def test_target_is_a_url_or_that_of_a_variable(monkeypatch):
    assert _named("postgresql://h/d") == "postgresql://h/d"
    monkeypatch.setenv("DATABASE_URL", "postgresql://h/e")
    assert _named("env:DATABASE_URL") == "postgresql://h/e"
    with pytest.raises(ConfigError, match="the variable ABSENT_URL is not set"):
        _named("env:ABSENT_URL")


def test_target_that_is_no_server_is_refused(tmp_path):
    found = CliRunner().invoke(app, ["storage", "copy", str(tmp_path / "a.db"), str(tmp_path / "b.db")])
    assert isinstance(found.exception, StoreError)
    assert "the database to copy to is a PostgreSQL one" in str(found.exception)


@pytest.mark.slow
def test_copy_states_how_much_it_copied(sqlite_store, tmp_path, postgres_server):
    sqlite_store.add_exchange(exchange_record("one"))
    assert sqlite_store.flush(20)
    sqlite_store.close()
    url = postgres_server.empty()
    found = CliRunner().invoke(app, ["storage", "copy", str(tmp_path / "store.db"), url])
    assert found.exception is None
    assert found.stdout.endswith("rows copied, 1 of them exchanges; now set url in [storage]\n")
    postgres_server.drop(url)
