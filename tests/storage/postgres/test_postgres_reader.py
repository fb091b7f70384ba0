"""The reader answers from any thread, after its server was restarted, and says in a sentence what it cannot do."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg
import pytest

from storage.opening import open_reader
from storage.postgres.postgres_reader import ReadingConnections
from storage.rows import PairFilter
from storage.storage_config import StorageConfig
from storage.store import StoreError
from tests.conformance import exchange_record

pytestmark = pytest.mark.slow


def test_reader_beside_the_store_reads_from_many_threads(postgres_store, postgres_url):
    postgres_store.add_exchange(exchange_record("one"))
    assert postgres_store.flush(20)
    with closing(open_reader(StorageConfig(url=postgres_url))) as reader, ThreadPoolExecutor(12) as threads:
        found = list(threads.map(reader.exchange, ["one"] * 40))
    assert {each.id for each in found} == {"one"}
    with pytest.raises(StoreError, match="the store is closed"):
        reader.pairs(PairFilter())


def test_query_that_a_standby_cut_is_run_again_once(postgres_url):
    tries = []

    def cut(conn):
        tries.append(conn)
        if len(tries) == 1:
            conn.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return conn.execute("SELECT 7").fetchone()

    connections = ReadingConnections(postgres_url)
    assert connections.query(cut) == (7,)
    assert len(tries) == 2
    with pytest.raises(StoreError, match=r"cannot be reached|refused a statement|stopping"):
        connections.query(lambda conn: conn.execute("SELECT pg_terminate_backend(pg_backend_pid())").fetchone())
    connections.close()


def test_reader_cannot_write(postgres_url):
    connections = ReadingConnections(postgres_url)
    with pytest.raises(StoreError, match="is read-only"):
        connections.query(lambda conn: conn.execute("DELETE FROM exchanges"))
    connections.close()


def test_one_query_sees_one_state_of_the_database(postgres_url):
    connections = ReadingConnections(postgres_url)

    def twice(conn):
        before = conn.execute("SELECT count(*) FROM secrets").fetchone()
        with closing(psycopg.connect(postgres_url, autocommit=True)) as other:
            other.execute("INSERT INTO secrets (name, value) VALUES ('new', '')")
        return before, conn.execute("SELECT count(*) FROM secrets").fetchone()

    assert connections.query(twice) == ((0,), (0,))
    connections.close()


def test_extent_is_bytes_on_the_server_and_the_oldest_start(postgres_store):
    assert postgres_store.extent()[1] == 0
    postgres_store.add_exchange(exchange_record("one", started=5.5))
    assert postgres_store.flush(20)
    size, oldest = postgres_store.extent()
    assert size > 1_000_000
    assert oldest == 5.5
