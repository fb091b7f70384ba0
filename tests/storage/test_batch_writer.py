"""No caller waits for the writer, and what it cannot take is counted."""

import shutil
import threading
import time
from functools import partial
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from storage.batch_writer import BatchWriter
from storage.prepared_records import RecordPreparer
from storage.sqlite.batch_inserter import BatchInserter
from storage.sqlite.connection import open_writing
from storage.store import StoreError
from tests.conformance import PATIENCE, exchange_record, offered, pair_record


@pytest.fixture
def start(tmp_path, empty_database):
    """`start(...)` gives a writer; all are closed at the end."""
    path = Path(shutil.copy(empty_database, tmp_path / "rows.db"))
    started = []

    def starting(*, batch_rows=200, batch_seconds=0.01, queue=100) -> BatchWriter:
        connect = partial(open_writing, path, 0.1)
        started.append(BatchWriter(BatchInserter(connect), batch_rows=batch_rows, batch_seconds=batch_seconds, queue=queue))
        return started[-1]

    yield starting
    for writer in started:
        writer.close()


class Held:
    """A job that holds the writer's thread until it is let go."""

    def __init__(self, writer: BatchWriter) -> None:
        self._go, begun = threading.Event(), threading.Event()

        def hold(_) -> None:
            begun.set()
            self._go.wait(PATIENCE)

        self._thread = threading.Thread(target=writer.run, args=(hold,))
        self._thread.start()
        begun.wait(PATIENCE)

    def let_go(self) -> None:
        self._go.set()
        self._thread.join()


def test_a_full_queue_drops_and_counts_without_waiting(start):
    writer = start(queue=5)
    held = Held(writer)
    taken = [offered(writer.add, exchange_record(f"one-{n}")) for n in range(8)]
    assert [future is None for future in taken] == [False] * 5 + [True] * 3
    assert (writer.dropped, writer.queued) == (3, 5)
    held.let_go()
    assert all(future.result(PATIENCE) for future in taken if future)
    assert writer.flush(PATIENCE)
    assert writer.queued == 0


def test_the_lag_is_that_of_the_oldest_record_that_waits_written_now_or_not(start, monkeypatch):
    now = [100.0]
    writer = start()
    monkeypatch.setattr("storage.batch_writer.time.monotonic", lambda: now[0])
    assert writer.lag == 0
    held = Held(writer)
    first = offered(writer.add, exchange_record("first"))
    now[0] += 5
    writer.add(exchange_record("second"))
    now[0] += 2
    assert writer.lag == 7
    held.let_go()
    assert first.result(PATIENCE)
    assert writer.flush(PATIENCE)
    assert writer.lag == 0


def test_too_many_bytes_drop_too_but_never_the_only_record(start, monkeypatch):
    monkeypatch.setattr("storage.batch_writer.QUEUE_BYTES", 10_000)
    writer = start()
    held = Held(writer)
    big = offered(writer.add, exchange_record("big", response_body=b"x" * 20_000))
    assert not writer.add(exchange_record("next", response_body=b""))
    held.let_go()
    assert big.result(PATIENCE) is True
    held = Held(writer)
    taken = [offered(writer.add, exchange_record(f"later-{n}", response_body=b"")) for n in range(2)]
    assert all(taken), "the bytes were given back"
    held.let_go()


def test_whole_body_that_a_delta_is_kept_with_counts_as_bytes_of_the_queue(start, monkeypatch):
    monkeypatch.setattr("storage.batch_writer.QUEUE_BYTES", 10_000)
    preparer, held = RecordPreparer(), Held(writer := start())
    body = bytes(range(256)) * 40
    first, second = (
        preparer.prepare(exchange_record(name, request_body=body, response_body=b"", conversation="talk")) for name in "ab"
    )
    assert second.exchanges[0].body.base == "a"
    assert len(second.exchanges[0].body.compressed) < 100
    assert second.extent[1] > 10_240
    assert offered(writer.add, first)
    assert not writer.add(second), "it holds its 10240 bytes beside the delta"
    held.let_go()


def test_a_batch_is_written_when_it_is_full_without_waiting_for_its_time(start):
    writer = start(batch_rows=12, batch_seconds=600)
    one, other = offered(writer.add, exchange_record("one")), offered(writer.add, exchange_record("other"))
    assert one.result(PATIENCE) is True
    assert other.result(PATIENCE) is True
    assert writer.flush(PATIENCE)
    assert writer._rows == 0, "the next batch begins at nothing"


def test_a_batch_is_written_when_its_time_is_over(start):
    assert offered(start(batch_rows=5_000, batch_seconds=0.05).add, exchange_record("one")).result(PATIENCE) is True


def test_a_flush_does_not_wait_for_the_batch_to_fill(start):
    writer = start(batch_rows=5_000, batch_seconds=600)
    future = offered(writer.add, exchange_record("one"))
    assert writer.flush(PATIENCE)
    assert future.done()


def test_a_flush_gives_up_when_its_time_is_over(start):
    writer = start()
    held = Held(writer)
    writer.add(exchange_record("one"))
    assert writer.flush(0.05) is False
    held.let_go()
    assert writer.flush(PATIENCE) is True


def test_a_record_greater_than_a_batch_is_written_all_the_same(start):
    writer = start(batch_rows=2)
    records = [exchange_record("one", calls=20), pair_record("one", {f"a{n}": "match" for n in range(9)})]
    taken = [offered(writer.add, record) for record in records]
    assert [future.result(PATIENCE) for future in taken] == [True, True]


def test_a_job_runs_in_the_writers_thread_and_its_error_passes(start):
    writer = start()
    assert writer.run(lambda _: threading.current_thread().name) == "sameweights-store"
    with pytest.raises(ZeroDivisionError):
        writer.run(lambda _: 1 // 0)
    assert offered(writer.add, exchange_record("one")).result(PATIENCE) is True


def test_callback_that_raises_is_logged_and_stops_nothing(start):
    writer = start()
    with capture_logs() as logs:
        assert writer.add(exchange_record("one"), lambda _: 1 // 0)
        assert offered(writer.add, exchange_record("two")).result(PATIENCE) is True
    assert [line["event"] for line in logs] == ["store_callback_failed"]
    assert writer.stored == 2


def test_closing_writes_what_is_queued_and_takes_no_more(start):
    writer = start(batch_rows=5_000, batch_seconds=600)
    taken = [offered(writer.add, exchange_record(f"one-{n}")) for n in range(50)]
    writer.close()
    assert [future.result(0) for future in taken] == [True] * 50
    assert not writer.add(exchange_record("late"))
    assert writer.dropped == 1
    with pytest.raises(StoreError, match="closed"):
        writer.run(lambda _: None)
    writer.close()


def test_close_without_time_counts_the_rest_as_failed(start):
    writer = start(batch_rows=5_000, batch_seconds=600)
    future = offered(writer.add, exchange_record("one"))
    begun = time.monotonic()
    writer.close(seconds=0)
    assert time.monotonic() - begun < PATIENCE
    assert future.result(0) is False
    assert (writer.failed, writer.stored, writer.queued) == (1, 0, 0)


def test_a_batch_ends_at_its_bytes_too(start, monkeypatch):
    monkeypatch.setattr("storage.batch_writer.BATCH_BYTES", 3_000)
    writer = start(batch_rows=5_000, batch_seconds=600)
    body = {"request_body": b"", "marks": b"", "calls": 0, "checks": 0}
    first = offered(writer.add, exchange_record("one", response_body=b"x" * 2_999, **body))
    assert not first.done(), "one byte is missing"
    offered(writer.add, exchange_record("two", response_body=b"x", **body))
    assert first.result(PATIENCE) is True


def test_batches_and_the_seconds_that_they_took_are_counted(start, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("storage.batch_writer.time.monotonic", lambda: now[0])
    writer = start()
    write = writer._inserter.write

    def slow(records):
        now[0] += 2.5
        return write(records)

    monkeypatch.setattr(writer._inserter, "write", slow)
    assert writer.totals == (0, 0.0)
    for name in ("one", "two"):
        writer.add(exchange_record(name))
        assert writer.flush(PATIENCE)
    assert writer.totals == (2, 5.0)
