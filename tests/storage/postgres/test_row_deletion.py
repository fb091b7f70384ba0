"""Days and rows that are deleted: which days ended, and what goes with an exchange."""

from contextlib import closing

import psycopg
import pytest

from storage.postgres import row_deletion
from storage.postgres.day_partitions import DAY, DayPartitions, existing
from storage.postgres.row_deletion import day_bytes, drop_day, drop_rows, end_of, old_days
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
