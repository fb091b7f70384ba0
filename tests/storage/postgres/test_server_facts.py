"""What is found at a real server: its rights, what a standby is, and how far it is behind."""

import tempfile
from pathlib import Path

import pytest

from storage.opening import server_state
from storage.postgres.server_facts import server_facts
from storage.storage_config import StorageConfig
from storage.store import StoreError
from tests.running import until

pytestmark = pytest.mark.slow


def test_owner_of_the_tables_may_write(postgres_url):
    ((works, text),) = server_facts(postgres_url, "")
    assert (works, text.startswith("PostgreSQL "), text.endswith(", this user may write")) == (True, True, True)
    assert server_state(StorageConfig(url=postgres_url)) == [(works, text)]


def test_user_who_may_only_read_does_not_work(postgres_server, postgres_url):
    postgres_server.execute("CREATE ROLE looks LOGIN")
    try:
        name = postgres_url.rpartition("/")[2]
        ((works, text),) = server_facts(postgres_server.url(name, "looks"), "")
    finally:
        postgres_server.execute("DROP ROLE looks")
    assert (works, text) == (False, "this user does not own the tables, or may not create one a day: use their owner")


def test_database_without_tables_is_filled_by_serve(postgres_server):
    url = postgres_server.empty()
    assert server_facts(url, "") == [(True, "its tables are not there yet; serve creates them")]
    postgres_server.drop(url)


async def test_standby_is_named_with_its_delay_and_refused_as_the_primary(postgres_server, postgres_url):
    name = postgres_url.rpartition("/")[2]
    with tempfile.TemporaryDirectory(prefix="sameweights-standby-") as folder, postgres_server.standby(Path(folder)) as standby:
        await until(lambda: server_facts(postgres_url, standby.url(name))[1] == (True, "the standby is 0 s behind"))
        ((works, text),) = server_facts(standby.url(name), "")
        assert (works, text) == (False, "it is a standby, which accepts no records: name the primary in url")
        read = standby.url(name)
    with pytest.raises(StoreError):
        server_facts(postgres_url, read)


def test_server_that_is_named_as_its_own_standby_takes_writes(postgres_url):
    _, (works, text) = server_facts(postgres_url, postgres_url)
    assert (works, text) == (True, "read_url_env does not name a standby: the server accepts writes")


def test_file_has_no_server():
    assert server_state(StorageConfig(url="sqlite:///a.db")) == []
