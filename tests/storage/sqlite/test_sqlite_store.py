"""The SQLite store keeps the store's promises, and keeps serving through what happens to files."""

import os
import random
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from storage.rows import PairFilter
from storage.sqlite.sqlite_reader import open_sqlite_reader
from storage.sqlite.sqlite_store import SqliteStore
from storage.storage_config import StorageConfig
from storage.store import BusyError, StoreError
from tests.conformance import PATIENCE, START, check_store, exchange_record, exchange_row, offered, pair_record

pytestmark = pytest.mark.slow


QUICK = StorageConfig(batch_seconds=0.01)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "rows.db"


@pytest.fixture
def store(path):
    opened_store = SqliteStore(path, QUICK, busy_seconds=0.1)
    yield opened_store
    opened_store.close()


def test_the_sqlite_store_keeps_every_promise_of_a_store(path):
    check_store(lambda: SqliteStore(path, QUICK))
    assert not Path(f"{path}-wal").exists(), "closing empties the log into the file"


@pytest.mark.parametrize("rows", [1, 7, 5_000])
def test_the_sqlite_store_keeps_every_promise_with_batches_of_any_size(path, rows):
    check_store(lambda: SqliteStore(path, StorageConfig(batch_rows=rows, batch_seconds=0.005)))


def test_only_the_owner_can_read_the_files(path):
    path.touch(mode=0o644)
    with closing(SqliteStore(path, QUICK)) as store:
        store.add_exchange(exchange_record("one"))
        assert store.flush(PATIENCE)
        files = [Path(f"{path}{suffix}") for suffix in ("", "-wal", "-shm", "-lock")]
        assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600] * 4


def test_bodies_lie_compressed_on_the_disk(path, store):
    store.add_exchange(exchange_record("one"))
    assert store.flush(PATIENCE)
    with closing(sqlite3.connect(path)) as conn:
        (body,) = conn.execute("SELECT response_body FROM payloads").fetchone()
    assert body[:4] == b"\x28\xb5\x2f\xfd", "a zstd frame, RFC 8878"
    assert len(body) < 150


def test_a_second_store_on_the_same_file_is_refused_with_the_process_that_holds_it(path, store):
    with pytest.raises(StoreError, match=rf"{path.name} is already written by another sameweights \(process {os.getpid()}\)"):
        SqliteStore(path, QUICK)
    store.close()
    SqliteStore(path, QUICK).close()


def test_reader_beside_the_writer_reads_what_is_flushed(path, store):
    with closing(open_sqlite_reader(path)) as reader:
        store.add_exchange(exchange_record("one"))
        assert store.flush(PATIENCE)
        assert reader.exchange("one") == exchange_row("one")


def test_a_reader_in_the_middle_of_a_question_does_not_hold_up_the_writer(path, store):
    for n in range(50):
        store.add_exchange(exchange_record(f"before-{n}"))
    assert store.flush(PATIENCE)
    with store._reading() as conn:
        rows = conn.execute("SELECT id FROM exchanges")
        rows.fetchone()
        assert all(offered(store.add_exchange, exchange_record(f"after-{n}")).result(PATIENCE) for n in range(20))
        assert store.sweep(START) == 0, "a sweep does not wait for readers either"
        assert len(rows.fetchall()) == 49


def test_records_offered_from_many_threads_all_arrive(store):
    def offer(thread: int) -> list[bool]:
        taken = [offered(store.add_exchange, exchange_record(f"{thread}-{n}", calls=1)) for n in range(100)]
        return [future.result(PATIENCE) for future in taken]

    with ThreadPoolExecutor(8) as threads:
        answers = [answer for offered in threads.map(offer, range(8)) for answer in offered]
    assert answers == [True] * 800
    assert (store.stored, store.failed, store.dropped, store.queued) == (800, 0, 0, 0)


def test_questions_from_many_threads_are_answered_together(store):
    store.add_exchange(exchange_record("one"))
    store.add_pair(pair_record("one"))
    assert store.flush(PATIENCE)
    together = threading.Barrier(12)

    def ask(_: int) -> int:
        together.wait(PATIENCE)
        return len(store.pairs(PairFilter())) + len(store.findings(pair_id="one"))

    with ThreadPoolExecutor(12) as threads:
        assert set(threads.map(ask, range(12))) == {2}
    assert len(store._idle) <= 8


def test_while_another_program_locks_the_file_records_are_lost_and_counted_and_then_it_goes_on(path, store):
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert offered(store.add_exchange, exchange_record("lost")).result(PATIENCE) is False
        assert not store.writable()
        assert "locked" in store.last_error
        assert store.failed == 1
        assert store.exchange("one") is None, "reading goes on meanwhile"
        other.execute("ROLLBACK")
    assert offered(store.add_exchange, exchange_record("kept")).result(PATIENCE) is True
    assert store.writable()


def test_a_write_of_another_program_that_ends_in_time_costs_nothing(path):
    with closing(SqliteStore(path, QUICK)) as store, closing(sqlite3.connect(path, check_same_thread=False)) as other:
        assert offered(store.add_exchange, exchange_record("before")).result(PATIENCE) is True
        other.execute("BEGIN IMMEDIATE")
        other.execute("CREATE TABLE notes (x)")
        done = threading.Timer(0.2, other.commit)
        done.start()
        assert offered(store.add_exchange, exchange_record("one")).result(PATIENCE) is True
        done.join()


def test_a_full_database_loses_what_it_cannot_take_and_goes_on_when_there_is_room(store):
    store.add_exchange(exchange_record("before"))
    assert store.flush(PATIENCE)
    pages = store._writer.run(lambda conn: conn.execute("PRAGMA max_page_count = 1").fetchone()[0])
    for n in range(3):
        assert (
            offered(store.add_exchange, exchange_record(f"big-{n}", response_body=os.urandom(50_000))).result(PATIENCE) is False
        )
    assert not store.writable()
    assert "full" in store.last_error
    assert store.exchange("before") == exchange_row("before")
    store._writer.run(lambda conn: conn.execute(f"PRAGMA max_page_count = {pages + 10_000}").fetchone())
    assert offered(store.add_exchange, exchange_record("after")).result(PATIENCE) is True
    assert store.writable()


FULL_DISK = """
import os, resource, sys
from pathlib import Path
from storage.storage_config import StorageConfig
from storage.sqlite.sqlite_store import SqliteStore
from tests.conformance import PATIENCE, exchange_record, offered

def put(name): return offered(store.add_exchange, exchange_record(name, response_body=os.urandom(50_000))).result(PATIENCE)

store = SqliteStore(Path(sys.argv[1]), StorageConfig(batch_seconds=0.01))
unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
assert put("before")
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, unlimited[1]))
answers = [put(f"meanwhile-{n}") for n in range(20)]
assert False in answers and not store.writable(), answers
assert store.failed == answers.count(False)
assert store.exchange("before") is not None
resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
assert put("after") and store.writable()
store.close()
"""


def test_a_disk_that_refuses_more_bytes_costs_only_what_came_meanwhile(path):
    subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)], check=True, timeout=PATIENCE, env={**os.environ, "PYTHONPATH": "."}
    )
    assert sound(path) == {"before", "after"} | {name for name in sound(path) if name.startswith("meanwhile-")}


KILLED = """
import sys
from pathlib import Path
from storage.storage_config import StorageConfig
from storage.sqlite.sqlite_store import SqliteStore
from tests.conformance import START, exchange_record, pair_record

store = SqliteStore(Path(sys.argv[1]), StorageConfig(batch_rows=50, batch_seconds=0.01, queue=200))
def said(name): return lambda stored: print(name, flush=True) if stored else None
n = 0
while True:
    n += 1
    name = f"{sys.argv[2]}-{n}"
    if store.add_exchange(exchange_record(name)) and store.add_pair(pair_record(name), said(name)):
        continue
    if n % 100 == 0:
        store.sweep(START)
"""


def test_killed_while_it_writes_it_reopens_whole_with_all_that_was_answered_for(path):
    answered: set[str] = set()
    for life in range(4):
        arguments = [sys.executable, "-c", KILLED, str(path), f"life-{life}"]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": "."}) as child:
            answered |= {child.stdout.readline().strip() for _ in range(60)}
            child.send_signal(signal.SIGKILL)
            answered |= {line.strip() for line in child.stdout.read().split("\n")[:-1]}
        assert sound(path) >= answered
    with closing(SqliteStore(path, QUICK)) as store:
        assert offered(store.add_exchange, exchange_record("after")).result(PATIENCE) is True


def sound(path: Path) -> set[str]:
    """The ids of the live exchanges in a file that is whole, in which no record is half."""
    with closing(sqlite3.connect(path)) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert not conn.execute("PRAGMA foreign_key_check").fetchall()
        halves = """
            SELECT id FROM exchanges e WHERE (SELECT count(*) FROM tool_calls WHERE exchange_no = e.no) <> 2
            OR (SELECT count(*) FROM checks WHERE exchange_no = e.no) <> 3
            OR (SELECT count(*) FROM payloads WHERE exchange_no = e.no) <> 1
            UNION SELECT id FROM pairs p WHERE (SELECT count(*) FROM findings WHERE pair_no = p.no) <> 1
            OR (SELECT count(*) FROM payoffs WHERE pair_no = p.no) <> 1
            OR (SELECT count(*) FROM exchanges WHERE id IN (p.subject_id, p.reference_id)) <> 2
        """
        assert conn.execute(halves).fetchall() == []
        return {name for (name,) in conn.execute("SELECT id FROM exchanges WHERE role = 'primary'")}


def test_a_closed_store_answers_no_question(path):
    store = SqliteStore(path, QUICK)
    store.pairs(PairFilter())
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.pairs(PairFilter())
    with pytest.raises(StoreError, match="closed"):
        store.sweep(START)


def test_a_file_that_is_damaged_while_it_is_read_is_reported_in_a_sentence(path):
    SqliteStore(path, QUICK).close()
    with closing(open_sqlite_reader(path)) as reader:
        path.write_bytes(b"no database any more" * 1_000)
        with pytest.raises(StoreError, match=r"rows\.db is damaged or not a SQLite database"):
            reader.pairs(PairFilter())


def test_a_sweep_that_finds_the_file_locked_ends_and_the_next_goes_on(path, store):
    store.add_exchange(exchange_record("old"))
    assert store.flush(PATIENCE)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert store.sweep(START * 2) == 0
        assert not store.writable()
        other.execute("ROLLBACK")
    assert store.sweep(START * 2) == 1
    assert store.writable()


@pytest.mark.parametrize("how", ["deleted", "moved", "deleted with all that belongs to it"])
def test_moved_or_deleted_database_is_created_again_with_the_next_batch(path, store, how):
    store.add_exchange(exchange_record("before"))
    assert store.flush(PATIENCE)
    assert store.exchange("before")
    if how == "moved":
        path.rename(path.with_suffix(".old"))
    else:
        for suffix in ("", "-wal", "-shm", "-lock") if "with all" in how else ("",):
            Path(f"{path}{suffix}").unlink()
    store.add_exchange(exchange_record("after"))
    assert store.flush(PATIENCE)
    assert store.exchange("after")
    assert store.exchange("before") is None
    assert store.writable()
    if how == "moved":
        with closing(open_sqlite_reader(path.with_suffix(".old"))) as old:
            assert old.exchange("before")
    with pytest.raises(BusyError):
        SqliteStore(path, QUICK)


def test_a_write_ahead_log_that_is_deleted_is_noticed_with_the_next_batch_and_nothing_is_lost(path, store, logged):
    """SQLite goes on writing to the deleted file: no other connection can then be opened, and a crash would lose all of it."""
    lines = logged("storage.sqlite.sqlite_store")
    store.add_exchange(exchange_record("before"))
    store.add_exchange(exchange_record("known"))
    assert store.flush(PATIENCE)
    assert store.exchange("before")
    store.add_exchange(exchange_record("seen"))
    assert store.flush(PATIENCE)
    Path(f"{path}-wal").unlink()
    for name in ("after", "later"):
        store.add_exchange(exchange_record(name))
        assert store.flush(PATIENCE)
    assert [call.kwargs["event"] for call in lines] == ["wal_file_deleted"]
    with closing(open_sqlite_reader(path)) as other:
        assert all(store.exchange(name) and other.exchange(name) for name in ("before", "known", "seen", "after", "later"))
    assert store.writable()
    with closing(sqlite3.connect(path)) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_deleted_folder_is_reported_and_recording_continues_when_it_is_back(path, store):
    store.add_exchange(exchange_record("before"))
    assert store.flush(PATIENCE)
    shutil.rmtree(path.parent)
    store.add_exchange(exchange_record("lost"))
    assert not store.flush(PATIENCE)
    assert "does not exist" in store.last_error
    path.parent.mkdir()
    store.add_exchange(exchange_record("after"))
    assert store.flush(PATIENCE)
    assert store.exchange("after")


def test_a_lock_file_that_is_a_link_is_refused_and_what_it_leads_to_is_left_alone(path):
    precious = path.with_name("precious")
    precious.write_text("do not touch")
    Path(f"{path}-lock").symlink_to(precious)
    with pytest.raises(StoreError, match="symbolic link"):
        SqliteStore(path, QUICK)
    assert precious.read_text() == "do not touch"


def test_the_files_stay_within_five_percent_of_their_bound_at_every_batch(path):
    bound = 4_000_000
    config = StorageConfig(batch_rows=20, batch_seconds=0.005, max_bytes=bound)
    with closing(SqliteStore(path, config)) as store:
        for number in range(400):
            body = random.Random(number).randbytes(30_000)
            record = exchange_record(f"{number:04d}")
            store.add_exchange(record._replace(exchange=record.exchange._replace(request_body=body)))
            if number % 4 == 3:
                assert store.flush(PATIENCE)
                size = path.stat().st_size + Path(f"{path}-wal").stat().st_size
                assert size <= 1.05 * bound, number
        assert path.stat().st_size > 0.8 * bound
        assert store.exchange("0399")
        assert store.exchange("0000") is None
