"""Days and rows that are deleted: which days ended, and what goes with an exchange."""

from contextlib import closing

import psycopg
import pytest

from storage.erasure_choice import ErasureChoice
from storage.postgres import row_deletion
from storage.postgres.day_partitions import DAY, DayPartitions, existing
from storage.postgres.row_deletion import day_bytes, drop_all, drop_chosen, drop_day, drop_rows, end_of, old_days
from storage.store import StoreError
from tests.conformance import START, exchange_record, pair_record

DAY_END = 1_790_035_200


def test_end_of_a_day_is_the_midnight_after_it():
    assert end_of("20260921") == DAY_END
    assert DAY_END % DAY == 0


@pytest.mark.slow
def test_day_is_old_at_its_end_and_not_a_moment_before(postgres_url):
    with closing(psycopg.connect(postgres_url, autocommit=True)) as conn:
        DayPartitions().ensure(conn, [int(START // DAY)])
        assert ("20260921", DAY_END) in old_days(conn, DAY_END)
        assert ("20260921", DAY_END) not in old_days(conn, DAY_END - 0.001)
        assert dict(day_bytes(conn))["20260921"] > 0


@pytest.mark.slow
def test_pairs_that_share_a_reference_s_answer_go_together(postgres_store, postgres_url):
    for name in ("one", "two", "alone"):
        postgres_store.add_exchange(exchange_record(name))
    postgres_store.add_pair(pair_record("one", reference_id="shared"))
    postgres_store.add_pair(pair_record("two", reference_id="shared"))
    assert postgres_store.flush(20)
    with closing(psycopg.connect(postgres_url, autocommit=True)) as conn:
        assert drop_rows(conn, "SELECT id FROM exchanges WHERE id = %s", ("one",)) == 3
        assert drop_rows(conn, "SELECT id FROM exchanges WHERE id = %s", ("one",)) == 0
    assert postgres_store.pair("two-") is None
    assert postgres_store.exchange("shared") is None
    assert postgres_store.exchange("alone") is not None


@pytest.mark.slow
def test_day_that_another_host_dropped_has_no_exchange_and_no_error(postgres_url, monkeypatch):
    with closing(psycopg.connect(postgres_url, autocommit=True)) as conn:
        DayPartitions().ensure(conn, [int(START // DAY)])
        assert drop_day(conn, "20260921", DAY_END) == 0
        assert "20260921" not in existing(conn)
        assert drop_day(conn, "20260921", DAY_END) == 0
        monkeypatch.setattr(row_deletion, "existing", lambda _conn: ["20260921"])
        assert day_bytes(conn) == [("20260921", 0)]


@pytest.mark.parametrize("slices", [[0], [3, 0], [3, 2, 1, 0]])
def test_slices_are_deleted_until_one_is_empty_and_counted_together(slices):
    left = list(slices)
    assert drop_all(lambda _job: left.pop(0), "SELECT", ()) == sum(slices)
    assert left == []


def test_a_server_that_refuses_in_the_middle_is_a_sentence_with_what_to_do():
    left = [3]

    def run(_job):
        if left:
            return left.pop()
        raise psycopg.OperationalError("the server is gone")

    sentence = r"^not everything could be deleted \(the server is gone\): check the server, and run the command again$"
    with pytest.raises(StoreError, match=sentence):
        drop_all(run, "SELECT", ())


class Empty:
    """A connection to a server that holds nothing; it keeps what it was given."""

    rowcount = 0

    def __init__(self):
        self.given = []

    def execute(self, statement, values):
        self.given.append((statement, values))
        return self

    def __iter__(self):
        return iter(())


@pytest.mark.parametrize(
    ("chosen", "conditions", "values", "trimmed"),
    [
        ({"before": 5.0}, "started < %s", (5.0, 500), True),
        ({"conversation": "c"}, "conversation = %s", ("c", 500), False),
        ({"tag": "t", "before": 5.0}, "tag = %s AND started < %s", ("t", 5.0, 500), False),
        ({"conversation": "c", "before": 5.0}, "conversation = %s AND started < %s", ("c", 5.0, 500), False),
    ],
)
def test_what_is_chosen_is_deleted_by_slices_and_sums_without_rows_where_time_alone_was_chosen(
    chosen, conditions, values, trimmed
):
    conn = Empty()
    result = drop_chosen(lambda job: job(conn), ErasureChoice(**chosen))
    (statement, given), *others = conn.given
    assert (result.exchanges, result.log_emptied) == (0, False)
    assert (statement, given) == (f"SELECT id FROM exchanges WHERE {conditions} LIMIT %s", values)
    assert {given for _, given in others} == ({(5.0,)} if trimmed else set())
