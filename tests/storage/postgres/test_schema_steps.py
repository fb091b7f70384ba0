"""Both engines have the same tables and columns, so that a change of one is a change of both."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg
import pytest

from storage.opening import open_reader, open_store
from storage.postgres import schema_steps
from storage.postgres.postgres_store import migrate_at
from storage.postgres.schema_steps import STEPS
from storage.postgres.server_facts import server_facts
from storage.storage_config import StorageConfig
from storage.store import StoreError
from tests.conformance import PATIENCE, exchange_record, offered

pytestmark = pytest.mark.slow

OWN = {"schema_steps", "orders", "_sqlite_migrations"}
"""Tables that one engine alone has: its own steps, and the commands that SQLite passes on as files."""
KEYS = {"exchange_no": "exchange_id", "pair_no": "pair_id"}
"""In PostgreSQL rows refer to an exchange or pair by its id."""
ADDED = {
    "exchanges": {"stored_by"},
    "checks": {"place"},
    "findings": {"place"},
    "payoffs": {"place"},
    "rulings": {"seq", "no"},
    "identities": {"no"},
    "setbacks": {"no"},
    "handovers": {"at"},
    "pair_hours": {"slot"},
}
"""What PostgreSQL has in place of the number of a row, and of the order in which one writer writes."""
GONE = {"payloads": {"request_base"}}
"""No body is stored against that of another exchange, which may be in another day."""


def columns_of_sqlite(conn) -> dict[str, set[str]]:
    tables = [
        name for (name,) in conn.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    ]
    return {
        table: {KEYS.get(name, name) for _, name, *_ in conn.execute(f"PRAGMA table_info({table})")} - GONE.get(table, set())
        for table in tables
        if table not in OWN
    }


def columns_of_postgres(url: str) -> dict[str, set[str]]:
    with closing(psycopg.connect(url)) as conn:
        found = conn.execute("""
            SELECT c.relname, array_agg(a.attname::text) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
            WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace
              AND a.attnum > 0 AND NOT a.attisdropped GROUP BY 1
        """).fetchall()
    return {table: set(names) - ADDED.get(table, set()) for table, names in found if table not in OWN}


def test_both_engines_have_the_same_tables_and_columns(postgres_url, conn):
    assert columns_of_postgres(postgres_url) == columns_of_sqlite(conn)


def test_every_text_is_ordered_byte_by_byte(postgres_url):
    with closing(psycopg.connect(postgres_url)) as conn:
        found = conn.execute("""
            SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
            JOIN pg_collation l ON l.oid = a.attcollation
            WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND l.collname <> 'C'
        """).fetchall()
    assert found == []


def test_workers_that_start_at_once_make_the_tables_once(postgres_server):
    url = postgres_server.empty()
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(migrate_at, [url] * 4))
    with closing(psycopg.connect(url)) as conn:
        assert [name for (name,) in conn.execute("SELECT name FROM schema_steps")] == [name for name, _ in STEPS]
    postgres_server.drop(url)


WAITING = "SELECT true FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


def test_host_waits_for_another_that_migrates_whatever_the_limit_of_its_role(postgres_server):
    url = postgres_server.empty()
    name = url.rpartition("/")[2]
    postgres_server.execute(f"ALTER DATABASE {name} SET lock_timeout = '1ms'")
    with ThreadPoolExecutor(1) as threads, closing(psycopg.connect(url)) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", (schema_steps.MIGRATION_LOCK,))
        migrating = threads.submit(migrate_at, url)
        while not (migrating.done() or postgres_server.execute(WAITING, name)):
            pass
        other.rollback()
        assert migrating.exception(PATIENCE) is None
    postgres_server.drop(url)


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("CREATE TABLE exchanges (id text)", "has a table of another program, 'exchanges': create a database of its own"),
        ("CREATE TABLE steps (walked int)", "has a table of another program, 'steps'"),
        ("CREATE SEQUENCE pair_numbers", "has a table of another program, 'pair_numbers'"),
        ("CREATE TABLE schema_steps (version int)", "has a table of another program, 'schema_steps'"),
        ("CREATE TABLE schema_steps AS SELECT 'p999_later' AS name, now() AS applied_at", "was written by a newer version"),
    ],
)
def test_database_of_another_program_or_version_is_refused_and_left_alone(postgres_server, statement, sentence):
    url = postgres_server.empty()
    postgres_server.execute(statement, url.rpartition("/")[2])
    for opening in (open_store, open_reader):
        with pytest.raises(StoreError, match=sentence):
            opening(StorageConfig(url=url))
    postgres_server.drop(url)


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_new_database_in_which_not_every_text_can_be_stored_is_refused(postgres_server, encoding):
    postgres_server.execute(f"CREATE DATABASE narrow ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
    url = postgres_server.url("narrow")
    with pytest.raises(StoreError, match=f"has the encoding {encoding}, in which not every text can be stored: create one with "):
        migrate_at(url)
    postgres_server.drop(url)


def test_database_that_has_records_is_opened_whatever_its_encoding_and_the_doctor_names_it(postgres_server, monkeypatch):
    postgres_server.execute("CREATE DATABASE narrow ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    url = postgres_server.url("narrow")
    with monkeypatch.context() as before:
        before.setattr(schema_steps, "lossy_encoding", lambda _: "")
        migrate_at(url)
    migrate_at(url)
    [(works, words)] = server_facts(url, "")
    assert (works, words.startswith("it has the encoding LATIN1, in which not every text can be stored")) == (False, True)
    postgres_server.drop(url)


def test_an_auditor_that_runs_goes_on_while_a_later_version_adds_to_the_tables_and_cannot_start_again(
    postgres_server, monkeypatch
):
    later = ("p999_later", ("ALTER TABLE exchanges ADD COLUMN later text NOT NULL DEFAULT ''", "CREATE TABLE later (no bigint)"))
    url = postgres_server.empty()
    before = [f"before-{number}" for number in range(10)]  # so many that the statements are prepared
    with closing(open_store(StorageConfig(url=url, batch_seconds=0.01))) as running:
        for name in before:
            assert offered(running.add_exchange, exchange_record(name)).result(PATIENCE)
            assert running.exchange(name)
        with monkeypatch.context() as newer:
            newer.setattr(schema_steps, "STEPS", (*STEPS, later))
            migrate_at(url)
        assert offered(running.add_exchange, exchange_record("after")).result(PATIENCE)
        assert running.exchange("after") == exchange_record("after").exchange
        assert [running.exchange(name).id for name in before] == before
        assert running.failed == 0
        with pytest.raises(StoreError, match="was written by a newer version of sameweights: install that version"):
            open_store(StorageConfig(url=url))
    postgres_server.drop(url)


def test_reader_of_an_empty_database_is_sent_to_serve(postgres_server):
    url = postgres_server.empty()
    with pytest.raises(StoreError, match="start sameweights serve once"):
        open_reader(StorageConfig(url=url))
    postgres_server.drop(url)
