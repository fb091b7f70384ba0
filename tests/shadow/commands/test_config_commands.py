"""Which configuration a command means."""

from pathlib import Path

import pytest

from shadow.commands.config_commands import file_here, missing, settings
from shadow.settings.config_errors import ConfigError


def test_the_file_of_this_folder_is_taken_where_there_is_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert file_here() is None
    (tmp_path / "sameweights.toml").write_text("")
    assert str(file_here()) == "sameweights.toml"


def test_a_missing_configuration_file_is_an_error_that_names_config_init():
    with pytest.raises(ConfigError, match="config init"):
        missing()


def test_records_can_be_looked_at_without_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert settings(None, "other.db").storage.url.endswith("other.db")


def test_file_is_that_of_the_variable_then_of_the_folder_then_of_the_user(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SAMEWEIGHTS_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    assert file_here() is None
    users = tmp_path / "xdg" / "sameweights" / "sameweights.toml"
    users.parent.mkdir(parents=True)
    users.touch()
    assert file_here() == users
    Path("sameweights.toml").touch()
    assert file_here() == Path("sameweights.toml")
    monkeypatch.setenv("SAMEWEIGHTS_CONFIG", "other.toml")
    assert file_here() == Path("other.toml")
