"""The inserter returns for each record what became of it, writes none of it twice, and continues after any error."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from functools import partial

import psycopg
import pytest

from storage.postgres import copy_inserter, stalled_copies
from storage.postgres.copy_inserter import COLUMNS, CopyInserter
from storage.postgres.exchange_records import exchange_of
from storage.postgres.postgres_connection import connect
from storage.postgres.postgres_store import migrate_at
from storage.postgres.schema_steps import BY_DAY
from storage.prepared_records import RecordPreparer
from storage.rows import IdentityRow
from storage.store import Outcome, StoreError
from tests.conformance import PATIENCE, START, exchange_record, finding, pair_record
from tests.storage.postgres.same_records import id_at

pytestmark = pytest.mark.slow
SHORT = "SET LOCAL idle_in_transaction_session_timeout = '200ms'; SET LOCAL lock_timeout = '100ms'"
STORED, KNOWN, BAD, AWAY = Outcome.STORED, Outcome.KNOWN, Outcome.BAD, Outcome.AWAY


@pytest.fixture
def inserter(postgres_url):
    held = CopyInserter(partial(connect, postgres_url))
    yield held
    held.close()


class Late(CopyInserter):
    """Lets another worker store the same record after it looked which are stored, once."""

    meanwhile = None

    def _batch(self, conn, records):
        found = super()._batch(conn, records)
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile:
            meanwhile()
        return found


def count(inserter, table: str) -> int:
    [(number,)] = inserter.run(lambda conn: conn.execute(f"SELECT count(*) FROM {table}").fetchall())
    return number


def sums(inserter) -> tuple[int, int]:
    """Requests by traffic, and findings by tallies."""
    statement = "SELECT (SELECT sum(requests)::int FROM passages), (SELECT sum(times)::int FROM tallies)"
    [found] = inserter.run(lambda conn: conn.execute(statement).fetchall())
    return found


def whole(name: str):
    """An exchange and its pair, which fill every table that a batch writes; the pair is evidence."""
    row = IdentityRow(
        exchange_id=name, started=START, provider="p", model="m", identity="i", previous="", changes="[]", facts="{}"
    )
    live = exchange_record(name)._replace(identities=(row,), passed=("usage",), source="run/0")
    pair = pair_record(name, {"text": "differ"})
    own = finding("text", "match", exchange_id=name, pair_id=name, comparison="self")
    return live, replace(pair, kind="tools", findings=(*pair.findings, own))


def test_a_batch_fills_every_table_and_its_sums_and_inserts_nothing_the_second_time(inserter):
    live, pair = whole("one")
    assert inserter.write([live, pair, live, pair]) == [STORED, STORED, KNOWN, KNOWN]
    sizes = {table: count(inserter, table) for table in COLUMNS}
    assert all(sizes.values())
    assert count(inserter, "pairs WHERE evident") == 1
    assert sums(inserter) == (2, 3 + 3 + 1 + 2)
    assert inserter.write([pair, live]) == [KNOWN, KNOWN]
    assert {table: count(inserter, table) for table in COLUMNS} == sizes
    assert sums(inserter) == (2, 9)
    assert inserter.written == 2


def test_change_of_identity_of_exchanges_without_a_row_is_stored_once(inserter):
    for name in ("one", "two"):
        live, _ = whole(name)
        prepared = RecordPreparer().prepare(live._replace(kept=False)).with_identities({name: live.identities})
        assert inserter.write([prepared]) == [STORED]
    assert [count(inserter, table) for table in ("identities", "unkept_ids", "exchanges")] == [1, 2, 0]


def test_a_pair_may_come_before_its_exchange_in_the_same_batch(inserter):
    live, pair = whole("one")
    assert inserter.write([pair, live]) == [STORED, STORED]


def test_pair_without_its_exchange_is_bad_alone_and_logged_as_that(inserter, logged):
    lines = logged("storage.postgres.copy_inserter")
    assert inserter.write([exchange_record("one"), pair_record("nobody"), exchange_record("two")]) == [STORED, BAD, STORED]
    assert count(inserter, "pairs") == 0
    shown = {"event": "record_not_stored", "error": "the exchange of a pair is not stored", "kind": "ValueError"}
    assert [call.kwargs for call in lines] == [shown]


@pytest.mark.parametrize("more", [{"model": b"bytes"}, {"status": "200"}, {"route": None}, {"seconds": None}, {"status": 2**70}])
def test_a_bad_record_in_a_batch_is_lost_alone_at_any_place(inserter, more):
    for place in (0, 4, 8):
        records = [exchange_record(f"good-{place}-{n}") for n in range(8)]
        records.insert(place, exchange_record("bad", **more))
        assert inserter.write(records) == [BAD if n == place else STORED for n in range(9)]
        assert inserter.last_error == ""


def test_rows_of_a_day_are_in_its_partition_and_others_in_the_default_one(inserter):
    name = id_at(START, "a", 1)
    assert inserter.write([*whole(name), *whole("no-time")]) == [STORED] * 4
    for table in BY_DAY:
        assert count(inserter, f"{table}_20260921") == count(inserter, f"{table}_other") > 0


def test_texts_with_a_nul_are_stored_with_the_replacement_character_and_others_as_they_are(inserter):
    assert inserter.write([exchange_record("one", model="a\0b", finish_reason="", provider="near")]) == [STORED]
    found = inserter.run(lambda conn: conn.execute("SELECT model, finish_reason, provider FROM exchanges").fetchall())
    assert found == [("a\ufffdb", "", "near")]


def test_body_of_a_prepared_record_is_stored_alone(inserter):
    prepare = RecordPreparer().prepare
    bodies = [b'{"messages": ["%s"]}' % (b"word " * 400 + b"more " * turn) for turn in range(3)]
    records = [prepare(exchange_record(f"turn-{n}", request_body=body)) for n, body in enumerate(bodies)]
    assert records[2].exchanges[0].body.base == "turn-1", "prepared for a store that keeps bodies against each other"
    assert inserter.write([records[0], records[2]]) == [STORED, STORED]
    assert inserter.run(lambda conn: exchange_of(conn, "turn-2").request_body) == bodies[2]


def test_workers_that_store_the_same_records_at_once_store_each_once(postgres_url):
    batches = [[exchange_record(f"{batch}-{n}") for n in range(12)] for batch in range(6)]

    def work(_: int) -> int:
        with closing(CopyInserter(partial(connect, postgres_url))) as held:
            outcomes = [outcome for batch in batches for outcome in held.write(batch)]
            assert set(outcomes) <= {STORED, KNOWN}
            return outcomes.count(STORED)

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(work, range(4))) == 72
    with closing(psycopg.connect(postgres_url)) as conn:
        found = conn.execute("SELECT (SELECT sum(requests) FROM passages), (SELECT sum(times) FROM tallies)").fetchone()
    assert found == (72, 72 * 3)


def test_day_whose_creation_was_undone_is_created_by_the_next_try(postgres_server):
    url = postgres_server.empty()
    migrate_at(url)
    shared, next_day = (exchange_record(id_at(START + day * 86_400, "a", day), started=START + day * 86_400) for day in (0, 1))
    with closing(CopyInserter(partial(connect, url))) as one, closing(Late(partial(connect, url))) as two:
        assert one.write([exchange_record(id_at(START, "b", 0))]) == [STORED]
        two.meanwhile = lambda: one.write([shared])
        assert two.write([shared, next_day]) == [KNOWN, STORED]
        assert count(two, "exchanges_other") == 0
        assert one.write([exchange_record(id_at(START + 86_400, "b", 1))]) == [STORED], "that day can still be created"
    postgres_server.drop(url)


ENDED = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"


def test_day_that_another_process_dropped_is_created_again_once_the_connection_had_ended(postgres_server):
    url = postgres_server.empty()
    migrate_at(url)
    with closing(CopyInserter(partial(connect, url))) as held, closing(psycopg.connect(url, autocommit=True)) as other:
        assert held.write([exchange_record(id_at(START, "a", 0))]) == [STORED]
        for table in BY_DAY:
            other.execute(f"DROP TABLE {table}_20260921 CASCADE")
        other.execute(ENDED)
        assert held.write([exchange_record(id_at(START, "b", 0))]) == [STORED]
        assert (count(held, "exchanges_20260921"), count(held, "exchanges_other")) == (1, 0)
    postgres_server.drop(url)


def test_day_that_an_undone_job_created_is_created_by_the_next_batch(postgres_server):
    url = postgres_server.empty()
    migrate_at(url)

    def job(conn):
        held.partitions.ensure(conn, [int(START // 86_400)])
        conn.execute("SELECT nothing")

    with closing(CopyInserter(partial(connect, url))) as held:
        assert held.write([exchange_record("no-time")]) == [STORED]
        with pytest.raises(psycopg.errors.UndefinedColumn):
            held.run(job)
        assert held.write([exchange_record(id_at(START, "a", 0))]) == [STORED]
        assert count(held, "exchanges_other") == 1
    postgres_server.drop(url)


def test_records_that_an_absent_server_did_not_take_are_away_and_the_next_batch_is_stored(postgres_url):
    urls = ["postgresql://sw@127.0.0.1:9/none", postgres_url]
    held = CopyInserter(lambda: connect(urls[0]))
    assert held.write([exchange_record("one"), pair_record("one")]) == [AWAY, AWAY]
    assert "cannot be reached" in held.last_error
    urls.pop(0)
    assert held.write([exchange_record("one"), pair_record("one")]) == [STORED, STORED]
    assert held.last_error == ""
    held.close()


def test_connection_that_the_server_ended_is_replaced(inserter, postgres_url):
    assert inserter.write([exchange_record("one")]) == [STORED]
    with closing(psycopg.connect(postgres_url, autocommit=True)) as other:
        other.execute(ENDED)
    assert inserter.write([exchange_record("two")]) == [STORED]


def test_each_transaction_ends_after_ten_idle_seconds_and_waits_five_for_a_lock(inserter):
    found = "SELECT current_setting('idle_in_transaction_session_timeout'), current_setting('lock_timeout')"
    assert inserter.run(lambda conn: conn.execute(found).fetchall()) == [("10s", "5s")]
    with closing(inserter._connect()) as conn:
        assert conn.execute(found).fetchall() == [("0", "0")], "nothing is left in the session, which a pooler shares"


def test_writer_goes_on_when_another_stopped_in_the_middle_of_its_transaction(postgres_url, monkeypatch):
    monkeypatch.setattr(copy_inserter, "BOUNDS", SHORT)
    with closing(connect(postgres_url)) as stopped, closing(CopyInserter(partial(connect, postgres_url))) as held:
        stopped.execute("BEGIN")
        stopped.execute(SHORT)
        held.write_rows(stopped, [held.prepare(exchange_record("theirs"))])
        held.partitions.forget()
        assert held.write([exchange_record("ours")]) == [STORED]
        with pytest.raises(psycopg.errors.IdleInTransactionSessionTimeout):
            stopped.execute("COMMIT")
        assert count(held, "exchanges") == 1


def test_batch_whose_transaction_the_server_undid_is_written_again(postgres_url, monkeypatch):
    monkeypatch.setattr(copy_inserter, "BOUNDS", SHORT)

    def wait_until_undone():
        with closing(psycopg.connect(postgres_url, autocommit=True)) as other:
            while other.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", (pid,)).fetchone():
                pass

    with closing(Late(partial(connect, postgres_url))) as held:
        assert held.write([exchange_record("one")]) == [STORED]
        pid = held.run(lambda conn: conn.info.backend_pid)
        held.meanwhile = wait_until_undone
        assert held.write([exchange_record("two")]) == [STORED]


def test_job_that_fails_leaves_no_row_and_no_transaction(inserter):
    def job(conn):
        conn.execute("INSERT INTO secrets (name, value) VALUES ('one', '')")
        raise StoreError("no")

    with pytest.raises(StoreError, match="no"):
        inserter.run(job)
    assert count(inserter, "secrets") == 0


def test_repr_shows_the_connection_and_no_record(inserter):
    assert repr(inserter) == "<CopyInserter not connected, 0 written, last error ''>"
    inserter.write([exchange_record("a-name")])
    assert repr(inserter) == "<CopyInserter connected, 1 written, last error ''>"


def test_job_that_gets_no_lock_in_time_leaves_the_connection_and_logs_no_loss(inserter, postgres_url, monkeypatch, logged):
    lines = logged("storage.postgres.copy_inserter")
    monkeypatch.setattr(copy_inserter, "BOUNDS", SHORT)
    assert inserter.write([exchange_record("one")]) == [STORED]
    used = inserter._conn
    with closing(psycopg.connect(postgres_url)) as other:
        other.execute("LOCK TABLE operator_actions")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            inserter.run(lambda conn: conn.execute("SELECT count(*) FROM operator_actions"))
    assert (inserter._conn is used, used.closed, inserter.last_error, lines) == (True, False, "", [])
    assert count(inserter, "operator_actions") == 0


class Stopped(CopyInserter):
    """Stops in the middle of its next COPY of exchanges, once its bodies are written, until it is woken."""

    def __init__(self, connecting):
        super().__init__(connecting)
        self.stops, self.stopped, self.awake = False, threading.Event(), threading.Event()

    def _copy(self, conn, table, rows):
        if self.stops and table == "exchanges":
            self.stops = False
            with conn.cursor() as cursor, cursor.copy("COPY exchanges FROM STDIN"):
                self.stopped.set()
                self.awake.wait(PATIENCE)
        super()._copy(conn, table, rows)


def test_exchange_that_a_worker_held_when_it_was_stopped_in_a_copy_is_stored_once(postgres_url, monkeypatch):
    monkeypatch.setattr(copy_inserter, "BOUNDS", SHORT)
    monkeypatch.setattr(stalled_copies, "STALLED_SECONDS", 0.1)
    other, asleep = (made(partial(connect, postgres_url)) for made in (CopyInserter, Stopped))
    with closing(other), closing(asleep), ThreadPoolExecutor(1) as pool:
        assert asleep.write([exchange_record("zero")]) == [STORED]
        asleep.stops = True
        held = pool.submit(asleep.write, [exchange_record("one")])
        assert asleep.stopped.wait(PATIENCE)
        assert other.write([exchange_record("one"), exchange_record("two")]) == [STORED, STORED]
        asleep.awake.set()
        assert held.result() == [KNOWN]
        requests = "SELECT requests FROM passages"
        assert (count(other, "exchanges"), other.run(lambda conn: conn.execute(requests).fetchall())) == (3, [(3,)])
