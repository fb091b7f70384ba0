"""The store of a server keeps all that is promised, beside other writers, across restarts, and days at a time."""

import inspect
import tempfile
import threading
import time
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from structlog.testing import capture_logs

from storage.erasure_choice import ErasureChoice
from storage.opening import open_reader, open_store
from storage.postgres import row_deletion
from storage.postgres.day_partitions import DAY, day_name, existing
from storage.postgres.postgres_store import PostgresStore, migrate_at
from storage.rows import ErasureExtent
from storage.storage_config import StorageConfig
from storage.store import Store, StoreError
from storage.store_away import StoreAwayError
from tests.conformance import PATIENCE, START, check_store, exchange_record, offered, pair_record
from tests.storage.postgres.same_records import id_at

pytestmark = pytest.mark.slow


def test_store_keeps_what_every_store_promises(postgres_url):
    check_store(lambda: open_store(StorageConfig(url=postgres_url, batch_seconds=0.01)))


def test_store_has_all_that_is_promised_with_the_same_parameters():
    for name in [name for name in vars(Store) if not name.startswith("_")]:
        promised, given = inspect.getattr_static(Store, name), inspect.getattr_static(PostgresStore, name)
        if callable(promised):
            assert inspect.signature(promised) == inspect.signature(given)
        else:
            assert isinstance(given, property)


def test_two_stores_write_one_database_and_share_its_secret(postgres_store, postgres_url):
    with closing(open_store(StorageConfig(url=postgres_url, batch_seconds=0.01))) as other:
        assert offered(other.add_exchange, exchange_record("theirs")).result(PATIENCE)
        assert offered(postgres_store.add_exchange, exchange_record("ours")).result(PATIENCE)
        assert offered(postgres_store.add_exchange, exchange_record("theirs")).result(PATIENCE)
        assert postgres_store.exchange("theirs") == other.exchange("theirs") is not None
        assert len(postgres_store.secret()) == 32
        assert postgres_store.secret() == other.secret()


def test_sweep_drops_whole_days_that_ended_before_the_limit(postgres_url):
    with closing(open_store(StorageConfig(url=postgres_url, batch_seconds=0.01, keep_days=30))) as store:
        midnight = START // DAY * DAY
        for place, started in enumerate((midnight - 9, midnight + 9, midnight + DAY - 9, midnight + DAY + 9)):
            name = id_at(started, "a", place)
            store.add_exchange(exchange_record(name, started=started))
            store.add_pair(pair_record(name, started=started, reference_id=id_at(started, "b", place)))
        assert store.flush(PATIENCE)
        assert store.sweep(midnight + 31 * DAY - 0.5) == 2, "the day of the last two has half a second left"
        assert store.sweep(midnight + 31 * DAY) == 4
        assert [each.requests for each in store.traffic(0, 0)] == [1, 1], "one live request and its shadow"
        assert sum(each.count for each in store.signal_counts(0, 0) if each.comparison == "cross") == 1


def test_day_that_a_reader_holds_is_dropped_by_a_later_sweep(postgres_store, postgres_url):
    name = id_at(START, "a", 1)
    postgres_store.add_exchange(exchange_record(name))
    assert postgres_store.flush(PATIENCE)
    with closing(psycopg.connect(postgres_url)) as reader:
        reader.execute("SELECT count(*) FROM exchanges").fetchone()
        assert postgres_store.sweep(START + 60 * DAY) == 0
        assert postgres_store.exchange(name) is not None
        assert postgres_store.writable()
    assert postgres_store.sweep(START + 60 * DAY) == 1
    assert postgres_store.exchange(name) is None


def test_sweep_that_the_server_refuses_is_logged(postgres_store, monkeypatch):
    def refused(conn, before):
        conn.execute("SELECT * FROM no_table_of_this_name")

    monkeypatch.setattr(row_deletion, "old_days", refused)
    with capture_logs() as logs:
        assert postgres_store.sweep(START) == 0
    assert [(each["event"], "no_table_of_this_name" in each["error"]) for each in logs] == [("sweep_ended", True)]


def test_days_ahead_are_there_before_the_first_row(postgres_store, postgres_url):
    postgres_store.sweep(0.0)
    today = int(time.time() // 86_400)
    with closing(psycopg.connect(postgres_url)) as conn:
        assert {day_name(day) for day in range(today, today + 4)} <= set(existing(conn))


def test_oldest_days_go_while_all_have_more_than_max_bytes(postgres_url):
    config = StorageConfig(url=postgres_url, batch_seconds=0.01, keep_days=1e6, max_bytes=1)
    with closing(open_store(config)) as store:
        for day in range(6):
            started = START + day * DAY
            store.add_exchange(exchange_record(id_at(started, "a", day), started=started))
        assert store.flush(PATIENCE)
        before = [store.exchange(id_at(START + day * DAY, "a", day)) for day in range(6)]
        assert all(before)
        assert store.sweep(START + 6 * DAY) > 0
        assert store.exchange(id_at(START, "a", 0)) is None


@pytest.mark.parametrize(("seconds", "kept"), [(0.0, [False, True, True]), (-0.001, [True, True, True])])
def test_today_and_yesterday_stay_however_much_they_have(postgres_url, seconds, kept):
    midnight = START // DAY * DAY
    config = StorageConfig(url=postgres_url, batch_seconds=0.01, keep_days=1e6, max_bytes=1)
    with closing(open_store(config)) as store:
        names = [id_at(midnight + day * DAY, "a", 0) for day in (-2, -1, 0)]
        for name in names:
            store.add_exchange(exchange_record(name))
        assert store.flush(PATIENCE)
        store.sweep(midnight + seconds)
        assert [store.exchange(name) is not None for name in names] == kept


def test_size_has_its_bound_while_the_clock_is_in_doubt(postgres_url):
    config = StorageConfig(url=postgres_url, batch_seconds=0.01, keep_days=30, max_bytes=1)
    old, new = (id_at(started, "a", 0) for started in (1_600_000_000, time.time()))
    with closing(open_store(config)) as store:
        for name in (old, new):
            store.add_exchange(exchange_record(name))
        assert store.flush(PATIENCE)
        store.sweep(0.0)
        assert store.exchange(old) is None
        assert store.exchange(new) is not None


def test_forgotten_exchanges_go_with_their_pairs_and_what_was_queued(postgres_store):
    for name, conversation in (("one", "talk-1"), ("two", "talk-2")):
        postgres_store.add_exchange(exchange_record(name, conversation=conversation))
        postgres_store.add_pair(pair_record(name, conversation=conversation))
    assert postgres_store.flush(PATIENCE)
    assert postgres_store.erasure_extent(ErasureChoice(conversation="talk-1")) == ErasureExtent(exchanges=4, pairs=2)
    result = postgres_store.forget(ErasureChoice(conversation="talk-1"))
    assert result.exchanges == 4, "both shadows are of talk-1, and the pair of the other takes its live exchange along"


def test_server_that_stops_costs_what_it_did_not_take_and_is_used_again(postgres_server, postgres_url):
    with closing(open_store(StorageConfig(url=postgres_url, batch_seconds=0.01))) as store:
        assert offered(store.add_exchange, exchange_record("before")).result(PATIENCE)
        postgres_server.stop()
        try:
            assert not offered(store.add_exchange, exchange_record("lost")).result(PATIENCE)
            assert not store.writable()
            with pytest.raises(StoreError, match="cannot be reached"):
                store.exchange("before")
            assert store.sweep(START) == 0
        finally:
            postgres_server.start()
        assert offered(store.add_exchange, exchange_record("after")).result(PATIENCE)
        assert store.writable()
        assert store.exchange("before") is not None


SESSIONS = "FROM pg_stat_activity WHERE application_name = 'sameweights' AND datname = '{}'"


@contextmanager
def read_only(server, name: str):
    """New connections to the database lead to a server that takes no writes, as while another one becomes the primary."""
    server.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    try:
        yield
    finally:
        server.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")


def test_server_that_takes_no_writes_is_left_for_a_new_connection_also_where_nothing_is_recorded(postgres_server, postgres_url):
    with closing(open_store(StorageConfig(url=postgres_url, batch_seconds=0.01))) as store:
        with read_only(postgres_server, "made"):
            postgres_server.execute(f"SELECT pg_terminate_backend(pid) {SESSIONS.format('made')}")
            with pytest.raises(StoreAwayError, match="is read-only, as a standby is"):
                store.begin_run("run")
            assert not store.writable()
        assert store.begin_run("run") == {}
        assert store.writable()


def writers() -> set[threading.Thread]:
    return {each for each in threading.enumerate() if each.name == "sameweights-store"}


def test_store_that_cannot_be_opened_yet_leaves_no_thread_and_no_connection(postgres_server):
    url = postgres_server.empty()
    migrate_at(url)  # the days are missing, which an open store creates
    name, before = url.rpartition("/")[2], writers()
    with read_only(postgres_server, name), pytest.raises(StoreAwayError, match="is read-only"):
        open_store(StorageConfig(url=url))
    assert writers() == before
    deadline = time.monotonic() + PATIENCE  # because a server takes note of an end a moment later
    while postgres_server.execute(f"SELECT pid {SESSIONS.format(name)}") and time.monotonic() < deadline:
        pass
    assert not postgres_server.execute(f"SELECT pid {SESSIONS.format(name)}")
    postgres_server.drop(url)


def test_counts_of_a_run_are_its_own(postgres_store):
    for run, number in (("first", 0), ("first", 1), ("second", 0)):
        postgres_store.add_exchange(exchange_record(f"{run}-{number}")._replace(source=f"{run}/{number}"))
    assert postgres_store.flush(PATIENCE)
    assert postgres_store.begin_run("first") == {0: 1, 1: 1}
    assert postgres_store.begin_run("second") == {0: 1}
    assert postgres_store.begin_run("fir") == {}


def test_pages_read_the_standby_and_the_judge_reads_the_primary(postgres_server, postgres_url, monkeypatch):
    with tempfile.TemporaryDirectory(prefix="sameweights-standby-") as name, postgres_server.standby(Path(name)) as standby:
        monkeypatch.setenv("STANDBY_URL", standby.url("made"))
        config = StorageConfig(url=postgres_url, read_url_env="STANDBY_URL", batch_seconds=0.01)
        with closing(open_store(config)) as store, closing(open_reader(config)) as reader:
            assert reader._query(lambda conn: conn.execute("SELECT pg_is_in_recovery()").fetchone()) == (True,)
            assert store.judgements._query(lambda conn: conn.execute("SELECT pg_is_in_recovery()").fetchone()) == (False,)
            assert offered(store.add_exchange, exchange_record("one")).result(PATIENCE)
            deadline = time.monotonic() + PATIENCE
            while reader.exchange("one") is None and time.monotonic() < deadline:
                pass
            assert reader.exchange("one") == store.exchange("one") is not None


def test_what_the_audit_starts_from_is_read_while_the_standby_is_down(postgres_url, monkeypatch):
    monkeypatch.setenv("STANDBY_URL", "postgresql://sw@127.0.0.1:9/made")
    with closing(open_store(StorageConfig(url=postgres_url, read_url_env="STANDBY_URL", batch_seconds=0.01))) as store:
        with pytest.raises(StoreError, match="cannot be reached"):
            store.traffic(0, 0)
        assert offered(store.add_exchange, exchange_record("one")).result(PATIENCE)
        assert [store.is_known(name) for name in ("one", "other")] == [True, False]
        assert store.identity_queries.latest(10) == []
        assert store.extent()[0] > 0


def test_nothing_else_than_a_prepared_record_is_added_as_one(postgres_store):
    with pytest.raises(TypeError, match="only a record that was prepared"):
        postgres_store.add_prepared(exchange_record("one"))
