"""What is old or too much goes, whole; and the file gets smaller for it."""

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.prepared_records import RecordPreparer
from storage.sqlite import retention
from storage.sqlite.arm_queries import arm_pairs
from storage.sqlite.migrations import migrate
from storage.sqlite.record_insertion import INSERTS, insert
from storage.sqlite.sqlite_store import SqliteStore
from storage.sqlite.study_tables import DELETED_PAIRS
from storage.storage_config import StorageConfig
from storage.study_rows import StudyRow
from tests.conformance import DAY, PATIENCE, START, exchange_record, pair_record

NOW = START + 40 * DAY
TOURNAMENT = """
INSERT INTO studies (id, kind, name, begun, ended, plan, policy, seed, version, outcome)
VALUES (?, 'tournament', ?, ?, ?, '', '', 0, '', '')
"""


@pytest.fixture(scope="module")
def empty():
    """A database in memory without a row, of which each example has a copy."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as conn:
        migrate(conn)
        yield conn


def put(conn, *records) -> None:
    insert(conn, [RecordPreparer().prepare(record) for record in records])


def left(conn, table="exchanges") -> list[str]:
    return [name for (name,) in conn.execute(f"SELECT id FROM {table} ORDER BY id")]


def test_the_old_go_and_the_rest_stays(conn):
    put(conn, *(exchange_record(f"day-{n}", started=START + n * DAY) for n in range(5)))
    assert retention.drop_older(conn, START + 3 * DAY) == 3
    assert left(conn) == ["day-3", "day-4"]
    assert conn.execute("SELECT count(*) FROM tool_calls").fetchone() == (4,)


def test_a_pair_goes_with_any_of_its_exchanges_and_takes_the_others_along(conn):
    for name, live, shadow in (("a", 0, 9), ("b", 9, 0), ("c", 9, 9)):
        put(conn, exchange_record(name, started=START + live))
        record = pair_record(name, control_id=f"{name}-control", started=START + live)
        exchanges = [
            exchange_record(each.exchange.id, role=each.exchange.role, started=START + shadow) for each in record.exchanges
        ]
        put(conn, type(record)(pair=record.pair, exchanges=tuple(exchanges), findings=record.findings, payoffs=record.payoffs))
    assert retention.drop_older(conn, START + 5) == 6
    assert left(conn) == ["c", "c-control", "c-shadow"]
    assert left(conn, "pairs") == ["c"]
    assert [conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("findings", "payoffs")] == [1, 1]


@pytest.mark.parametrize("oldest", ["live", "r", "hostB", "r2"])
def test_pairs_that_share_an_answer_of_the_reference_go_together(conn, oldest):
    def one(name, role):
        return exchange_record(name, role=role, started=START + (0 if name == oldest else 9))

    put(conn, one("live", "primary"), one("other", "primary"))
    for name, control, rows in (("live", "", ()), ("hostB", "r2", (one("hostB", "candidate"), one("r2", "control")))):
        made = pair_record(name, reference_id="r", control_id=control, started=START + 9)
        exchanges = (*rows, one("r", "shadow"))
        put(conn, type(made)(pair=made.pair, exchanges=exchanges, findings=made.findings, payoffs=made.payoffs))
    assert left(conn, "pairs") == ["hostB", "live"]
    assert retention.drop_older(conn, START + 5) == 4
    assert (left(conn), left(conn, "pairs")) == (["other"], [])


def test_the_oldest_go_first_a_slice_at_a_time(conn):
    put(conn, *(exchange_record(f"at-{n}", started=START + (n * 7) % 10) for n in range(10)))
    assert retention.drop_older(conn, NOW, 4) == 4
    assert sorted(int(name[-1]) * 7 % 10 for name in left(conn)) == [4, 5, 6, 7, 8, 9]


@pytest.mark.promise("privacy.retention")
def test_the_extent_is_the_file_with_its_log_and_the_oldest_start(conn, tmp_path):
    size, oldest = retention.extent(conn)
    assert oldest == 0
    put(conn, *(exchange_record(f"at-{n}", started=START + (n * 7) % 10) for n in range(10)))
    size, oldest = retention.extent(conn)
    assert oldest == START
    assert size >= (tmp_path / "store.db-wal").stat().st_size > 0


def test_deleted_bytes_cannot_be_read_from_the_file(tmp_path):
    path = tmp_path / "rows.db"
    with closing(SqliteStore(path, StorageConfig(batch_seconds=0.01, keep_days=1))) as store:
        store.add_exchange(
            exchange_record("confided-id", response_body=b"", request_headers=json.dumps([["x", "confided-header"]]))
        )
        store.add_exchange(exchange_record("stays", started=NOW))
        assert store.flush(PATIENCE)
        assert store.sweep(NOW) == 1
        kept = b"".join(Path(f"{path}{suffix}").read_bytes() for suffix in ("", "-wal"))
    assert b"confided" not in kept
    assert b"stays" in kept


def test_the_file_is_kept_under_its_bound_by_the_oldest_going(tmp_path):
    path, bound = tmp_path / "rows.db", 1_500_000
    with closing(SqliteStore(path, StorageConfig(batch_seconds=0.01, max_bytes=bound))) as store:
        for n in range(300):
            store.add_exchange(exchange_record(f"n-{n:03}", started=START + n, response_body=os.urandom(10_000)))
        assert store.flush(PATIENCE)
        gone = next(n for n in range(300) if store.exchange(f"n-{n:03}"))
        assert 100 < gone < 220
        assert store.sweep(START) == 0
        assert bound * 0.8 < path.stat().st_size <= bound
        assert Path(f"{path}-wal").stat().st_size == 0
        assert all(store.exchange(f"n-{n:03}") for n in range(gone, 300))


@pytest.mark.slow
def test_the_file_shrinks_to_that_of_an_empty_database_when_everything_went(tmp_path):
    path = tmp_path / "rows.db"
    with closing(SqliteStore(path, StorageConfig(batch_seconds=0.01))) as store:
        empty = path.stat().st_size
        for n in range(1_200):
            store.add_exchange(exchange_record(f"n-{n}", response_body=os.urandom(3_000)))
        assert store.flush(PATIENCE)
        assert store.sweep(NOW) == 1_200
        assert path.stat().st_size <= empty
    with closing(sqlite3.connect(path)) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert {conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in INSERTS} == {0}


def test_a_bound_smaller_than_an_empty_database_ends(tmp_path):
    with closing(SqliteStore(tmp_path / "rows.db", StorageConfig(batch_seconds=0.01, max_bytes=1))) as store:
        store.add_exchange(exchange_record("one"))
        assert store.flush(PATIENCE)
        assert store.exchange("one") is None
        assert store.sweep(START) == 0
        assert store.writable()


def test_a_reader_in_the_middle_only_puts_off_the_emptying_of_the_log(tmp_path):
    path = tmp_path / "rows.db"
    with closing(SqliteStore(path, StorageConfig(batch_seconds=0.01))) as store:
        store.add_exchange(exchange_record("one"))
        assert store.flush(PATIENCE)
        with store._reading() as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM exchanges").fetchone()
            assert store.sweep(NOW) == 1
            assert Path(f"{path}-wal").stat().st_size > 0
            reader.execute("ROLLBACK")
        assert store.writable()
        store.sweep(NOW)
        assert Path(f"{path}-wal").stat().st_size == 0


def test_the_patience_of_the_connection_is_given_back_after_a_checkpoint(conn):
    conn.execute("PRAGMA busy_timeout = 1234")
    assert retention.checkpoint(conn) is True
    assert conn.execute("PRAGMA busy_timeout").fetchone() == (1234,)


def test_what_the_bound_of_the_file_deletes_of_a_tournament_is_counted(tmp_path):
    """It began on an empty database."""
    plain = {"plan": "{}", "policy": "{}", "seed": 0, "version": "1"}
    with closing(SqliteStore(tmp_path / "rows.db", StorageConfig(batch_seconds=0.01, max_bytes=1_500_000))) as store:
        store.studies.begin(StudyRow(id="t", kind="tournament", name="agents", begun=START, **plain))
        for n in range(200):
            started = START + n
            store.add_exchange(exchange_record(f"n-{n:03}", started=started, response_body=os.urandom(10_000)))
            store.add_pair(pair_record(f"n-{n:03}", started=started, route="agents"))
        assert store.flush(PATIENCE)
        gone = sum(store.pair(f"n-{n:03}") is None for n in range(200))
        assert store.studies.deleted_pairs("t") == gone > 0


MOMENTS = st.integers(0, 6)
TOURNAMENTS = st.lists(st.tuples(st.sampled_from("ab"), MOMENTS, st.sampled_from([0, 3, 5])), min_size=1, max_size=3)
DELETIONS = st.lists(st.one_of(MOMENTS, st.sampled_from("xyz")), max_size=4)


@pytest.mark.slow
@given(
    TOURNAMENTS, st.lists(st.tuples(st.sampled_from("ab"), MOMENTS, st.sampled_from("xyz")), min_size=1, max_size=8), DELETIONS
)
def test_pairs_of_a_tournament_that_are_left_and_those_counted_as_deleted_are_all(empty, held, pairs, deletions):
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as conn:
        empty.backup(conn)
        conn.execute("PRAGMA foreign_keys = ON")
        for place, (route, begun, ended) in enumerate(held):
            conn.execute(TOURNAMENT, (f"{place}", route, START + begun, START + ended if ended else 0.0))
        for place, (route, moment, talk) in enumerate(pairs):
            labels = {"started": START + moment, "route": route, "conversation": talk}
            put(conn, exchange_record(f"{place}", **labels), pair_record(f"{place}", **labels))
        whole = lengths(conn, held)
        for one in deletions:
            column, value = ("conversation =", one) if isinstance(one, str) else ("started <", START + one)
            retention.drop(conn, f"SELECT id FROM exchanges WHERE {column} ?", (value,))
        gone = [conn.execute(DELETED_PAIRS, (f"{place}",)).fetchone()[0] for place in range(len(held))]
        assert [one + other for one, other in zip(lengths(conn, held), gone, strict=True)] == whole


def lengths(conn, held) -> list[int]:
    return [len(arm_pairs(conn, route, START + begun, START + ended if ended else 0.0)) for route, begun, ended in held]


def test_slice_has_five_hundred_exchanges_unless_told_otherwise(conn):
    put(conn, *(exchange_record(f"{number}", calls=0, checks=0, tenant="t") for number in range(501)))
    assert retention.drop_of_tenant(conn, "t", START) == 0
    assert [retention.drop_of_tenant(conn, "t", START + 1) for _ in range(3)] == [500, 1, 0]
    put(conn, *(exchange_record(f"{number}", calls=0, checks=0) for number in range(501)))
    assert [retention.drop_older(conn, START + 1) for _ in range(3)] == [500, 1, 0]


def test_exchanges_of_no_tenant_are_not_deleted_as_those_of_the_tenant_without_a_name(conn):
    put(conn, exchange_record("one"))
    assert retention.drop_of_tenant(conn, "", START + 1) == 0


def test_a_thousand_pages_are_cut_off_the_file_at_once(conn):
    assert retention.shrink(conn) == 0
    conn.execute("CREATE TABLE large (x)")
    conn.execute("INSERT INTO large VALUES (zeroblob(1500 * 4096))")
    conn.execute("DROP TABLE large")
    first, second, third = (retention.shrink(conn) for _ in range(3))
    assert (first, third) == (1_000, 0)
    assert 400 < second < 600


def test_oldest_exchanges_go_in_proportion_to_what_is_too_much(conn):
    put(
        conn, *(exchange_record(f"{number:02}", started=START + number, response_body=os.urandom(50_000)) for number in range(20))
    )
    used = retention.used_bytes(conn)
    assert retention.drop_excess(conn, used) == 0
    assert retention.drop_excess(conn, used - 1) == 1
    assert left(conn)[0] == "01"
    used = retention.used_bytes(conn)
    assert retention.drop_excess(conn, used // 2) == 10
    assert len(left(conn)) == 9


def test_sums_without_rows_that_are_older_than_the_oldest_exchange_go_where_too_much_is_stored(conn):
    put(conn, exchange_record("a", started=START - 9_000)._replace(kept=False), exchange_record("b"), exchange_record("c"))
    assert retention.drop_excess(conn, retention.used_bytes(conn) - 1) == 1
    assert conn.execute("SELECT count(*) FROM unkept_passages").fetchone() == (0,)


def test_database_without_an_exchange_has_nothing_that_is_too_much(conn):
    assert retention.drop_excess(conn, 0) == 0


def test_bound_is_kept_with_a_fiftieth_of_room_and_a_log_of_a_hundredth(conn, tmp_path):
    put(
        conn, *(exchange_record(f"{number:02}", started=START + number, response_body=os.urandom(50_000)) for number in range(20))
    )
    log, size = tmp_path / "store.db-wal", retention.used_bytes(conn)
    retention.keep_within(conn, log.stat().st_size * 100)
    assert (len(left(conn)), log.stat().st_size > 0) == (20, True), "neither is too large"
    bound = -(-size * 50 // 49)
    retention.keep_within(conn, bound)
    assert (len(left(conn)), log.stat().st_size) == (20, 0), "the log is"
    retention.keep_within(conn, bound - 51)
    assert 17 <= len(left(conn)) < 20
    assert retention.extent(conn)[0] <= bound


def test_answer_of_a_pair_that_is_nowhere_else_is_reached_by_its_pair(conn):
    put(conn, exchange_record("live"), pair_record("live", control_id="control"))
    going = {"control"}
    [(number,)] = conn.execute("SELECT no FROM pairs").fetchall()
    assert retention.with_pairs(conn, going) == {number}
    assert going == {"live", "live-shadow", "control"}


def test_free_pages_are_cut_off_where_the_file_is_larger_than_its_bound_and_left_where_it_is_not(conn, tmp_path):
    conn.execute("CREATE TABLE large (x)")
    conn.execute("INSERT INTO large VALUES (zeroblob(1500 * 4096))")
    conn.execute("DROP TABLE large")
    assert retention.checkpoint(conn)
    size = (tmp_path / "store.db").stat().st_size
    found = []
    for bound in (2 * size, size // 2):
        retention.keep_within(conn, bound)
        found.append((tmp_path / "store.db").stat().st_size)
    assert found[0] == size
    assert retention.used_bytes(conn) <= found[1] <= size // 2


def test_extent_is_the_size_of_the_pages_and_of_the_log_where_there_is_one(conn, empty, tmp_path):
    put(conn, exchange_record("one"))
    (pages,), (page,) = (conn.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "page_size"))
    assert retention.extent(conn)[0] == pages * page + (tmp_path / "store.db-wal").stat().st_size
    (pages,), (page,) = (empty.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "page_size"))
    assert retention.extent(empty) == (pages * page, 0.0)


def test_sums_after_a_deletion_are_those_of_a_database_that_never_held_what_was_deleted(empty):
    old = (exchange_record("old"), pair_record("old"))
    kept = (exchange_record("kept", started=START + 1), pair_record("kept", started=START + 1))
    found = []
    for held in ((*old, *kept), kept):
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as conn:
            empty.backup(conn)
            conn.execute("PRAGMA foreign_keys = ON")
            put(conn, *held)
            retention.drop_older(conn, START + 1)
            found.append([sorted(conn.execute(f"SELECT * FROM {table}")) for table in ("tallies", "passages", "token_sums")])
    assert found[0] == found[1]
    assert [len(rows) for rows in found[0]] == [7, 2, 2]


@pytest.mark.parametrize(("excess", "deleted"), [(0, 1), (0.99, 500)])
def test_a_slice_of_what_is_too_much_is_at_most_five_hundred_exchanges(conn, excess, deleted):
    put(conn, *(exchange_record(f"{number:03}", calls=0, checks=0, started=START + number) for number in range(510)))
    used = retention.used_bytes(conn)
    assert retention.drop_excess(conn, int((1 - excess) * used) - 1) == deleted
