"""Which URL of the configuration is used, and what each kind of URL means; nothing is opened."""

import sys
from pathlib import Path

import pytest

from storage.opening import (
    check_url,
    database_name,
    is_absent,
    open_reader,
    open_store,
    own_folder,
    read_url,
    record_preparer,
    server_state,
    server_url,
    store_url,
)
from storage.storage_config import StorageConfig
from storage.store import StoreError
from tests.conformance import exchange_record

SERVER = "postgresql://me:word@there/records"


def test_variable_takes_precedence_over_the_url_where_one_is_named():
    assert store_url(StorageConfig(url="a.db"), {"STORE": "b.db"}) == "a.db"
    assert store_url(StorageConfig(url="a.db", url_env="STORE"), {"STORE": "b.db"}) == "b.db"


@pytest.mark.parametrize("environ", [{}, {"STORE": ""}])
def test_variable_that_is_not_set_is_refused_by_its_name_and_key(environ):
    with pytest.raises(StoreError, match="the variable STORE of url_env is not set: set it to a URL, or remove url_env"):
        store_url(StorageConfig(url_env="STORE"), environ)


def test_standby_is_read_from_its_variable_and_may_be_none():
    config = StorageConfig(url=SERVER, read_url_env="STANDBY")
    assert read_url(StorageConfig(url=SERVER), {"STANDBY": SERVER}) == ""
    assert read_url(config, {"STANDBY": SERVER}) == SERVER
    with pytest.raises(StoreError, match="the variable STANDBY of read_url_env must begin with postgresql://"):
        read_url(config, {"STANDBY": "a.db"})
    with pytest.raises(StoreError, match="the variable STANDBY of read_url_env is not set"):
        read_url(config, {})


def test_check_of_a_url_refuses_a_standby_that_cannot_be_used_where_the_store_is_on_a_server():
    config = StorageConfig(url=SERVER, read_url_env="STANDBY")
    check_url(config, {"STANDBY": SERVER})
    with pytest.raises(StoreError, match="names no database"):
        check_url(config, {"STANDBY": "postgresql://there"})
    check_url(config.model_copy(update={"url": "a.db"}), {})


def test_database_is_named_without_user_and_password(tmp_path):
    assert database_name(StorageConfig(url=f"{tmp_path}/a.db")) == f"database {tmp_path}/a.db"
    assert database_name(StorageConfig(url=SERVER)) == "the PostgreSQL database records at there"


def test_file_is_absent_until_it_is_there_and_a_database_on_a_server_never_is(tmp_path):
    config = StorageConfig(url=f"{tmp_path}/a.db")
    assert is_absent(config)
    (tmp_path / "a.db").touch()
    assert not is_absent(config)
    assert not is_absent(StorageConfig(url=SERVER))


def test_files_of_ours_are_beside_the_database_or_in_the_folder_of_the_process(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert own_folder(StorageConfig(url=f"{tmp_path}/deep/a.db")) == tmp_path / "deep"
    assert own_folder(StorageConfig(url=SERVER)) == Path.cwd() == tmp_path


def test_copy_goes_to_a_server_alone():
    assert server_url(SERVER) == SERVER
    with pytest.raises(StoreError, match="the database to copy to is a PostgreSQL one"):
        server_url("a.db")


def test_file_has_no_state_of_a_server():
    assert server_state(StorageConfig(url="a.db")) == []


@pytest.mark.parametrize("use", [open_store, open_reader, check_url, database_name, server_state])
def test_server_without_its_driver_is_refused_with_what_to_install(monkeypatch, use):
    monkeypatch.setitem(sys.modules, "storage.postgres.postgres_connection", None)
    with pytest.raises(StoreError, match=r"its driver is not installed: pip install 'sameweights\[fleet\]'"):
        use(StorageConfig(url=SERVER))


def test_records_are_prepared_by_any_process():
    assert record_preparer().prepare(exchange_record("one")).exchanges[0].id == "one"


def test_database_on_a_server_is_written_there_and_read_from_its_standby_where_it_has_one(monkeypatch):
    standby = "postgresql://me:word@elsewhere/records"
    plain, with_standby = StorageConfig(url=SERVER), StorageConfig(url=SERVER, read_url_env="STANDBY")
    monkeypatch.setenv("STANDBY", standby)
    monkeypatch.setattr("storage.postgres.postgres_store.PostgresStore", lambda url, config, *, read_url: (url, config, read_url))
    monkeypatch.setattr("storage.postgres.postgres_reader.open_postgres_reader", lambda url: url)
    monkeypatch.setattr("storage.postgres.server_facts.server_facts", lambda url, read_url: [url, read_url])
    assert [open_store(config) for config in (plain, with_standby)] == [(SERVER, plain, ""), (SERVER, with_standby, standby)]
    assert [open_reader(config) for config in (plain, with_standby)] == [SERVER, standby]
    assert [server_state(config) for config in (plain, with_standby)] == [[SERVER, ""], [SERVER, standby]]
