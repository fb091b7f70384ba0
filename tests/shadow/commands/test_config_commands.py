"""Which configuration a command means, and the check of a role."""

from pathlib import Path

import pytest

from shadow.commands.config_commands import check, file_here, missing, settings
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


FLEET = """
[proxy]
provider = "a"
[proxy.providers.a]
base_url = "https://a.example/v1"
[broker]
url = "tls://n.example:4222"
[storage]
url_env = "RECORDS_URL"
read_url_env = "STANDBY_URL"
"""
URLS = {"RECORDS_URL": "postgresql://sw@db.example/sw", "STANDBY_URL": "postgresql://sw@db2.example/sw"}


@pytest.mark.parametrize(
    ("role", "variables", "sentence"),
    [
        ("", {}, ""),
        ("proxy", {}, ""),
        ("audit", URLS, ""),
        ("audit", {}, "the variable RECORDS_URL of url_env is not set"),
        ("audit", {**URLS, "STANDBY_URL": ""}, "the variable STANDBY_URL of read_url_env is not set"),
        ("audit", {**URLS, "RECORDS_URL": "postgresql://sw@db.example"}, "url names no database"),
        ("all", URLS, "--role: broker.url is set"),
        ("auditor", URLS, "--role: no such role: 'auditor'"),
    ],
)
def test_check_of_a_role_reports_what_serve_of_that_role_lacks(tmp_path, monkeypatch, role, variables, sentence):
    file = tmp_path / "sameweights.toml"
    file.write_text(FLEET)
    for name in URLS:
        monkeypatch.setenv(name, variables.get(name, ""))
    if not sentence:
        check(file, role=role)
        return
    with pytest.raises(ConfigError, match=sentence):
        check(file, role=role)


def test_check_of_a_role_reports_the_role_and_the_store_in_one_pass(tmp_path, monkeypatch):
    file = tmp_path / "sameweights.toml"
    file.write_text(FLEET)
    monkeypatch.delenv("RECORDS_URL", raising=False)
    with pytest.raises(ConfigError) as caught:
        check(file, role="all")
    assert [words in str(caught.value) for words in ("broker.url is set", "RECORDS_URL")] == [True, True]
