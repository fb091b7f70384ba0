"""Which records make one batch, and what becomes of each; the batches of an inserter that writes nowhere and can be held."""

import threading
from contextlib import contextmanager
from dataclasses import replace

import pytest

from storage.batch_writer import BatchWriter
from storage.prepared_records import RecordPreparer
from storage.store import Outcome
from tests.conformance import PATIENCE, exchange_record, pair_record

MIB = 1024 * 1024


class Recording:
    """Keeps the ids of each batch, with the outcome of each record by `outcomes`; held while `go` is not set."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.outcomes: dict[str, Outcome] = {}
        self.go, self.begun = threading.Event(), threading.Event()
        self.go.set()
        self.closed = False
        self.written = 0
        self.last_error = ""

    def write(self, records):
        names = [record.exchanges[0].id if hasattr(record, "extent") else _name(record) for record in records]
        self.begun.set()
        assert self.go.wait(PATIENCE)
        self.batches.append(names)
        found = [self.outcomes.get(name, Outcome.STORED) for name in names]
        self.written += found.count(Outcome.STORED)
        return found

    def run(self, job):
        return job(self)

    def close(self) -> None:
        self.closed = True


def _name(record) -> str:
    return record.pair.id if hasattr(record, "pair") else record.exchange.id


@pytest.fixture
def start():
    """`start(...)` gives a writer and its inserter; all are closed at the end."""
    started = []

    def starting(*, batch_rows=200, batch_seconds=600.0, queue=100) -> tuple[BatchWriter, Recording]:
        inserter = Recording()
        started.append((BatchWriter(inserter, batch_rows=batch_rows, batch_seconds=batch_seconds, queue=queue), inserter))
        return started[-1]

    yield starting
    for writer, inserter in started:
        inserter.go.set()
        writer.close()


@contextmanager
def held(writer: BatchWriter, inserter: Recording):
    """While it lasts one record is being written, and what is added waits; then all of it is written."""
    inserter.go.clear()
    inserter.begun.clear()
    writer.add(record("at work"))
    flushing = threading.Thread(target=writer.flush, args=(PATIENCE,))
    flushing.start()
    assert inserter.begun.wait(PATIENCE)
    yield
    inserter.go.set()
    flushing.join()
    writer.flush(PATIENCE)


def record(name: str, *, rows: int = 1, size: int = 0):
    return exchange_record(name, calls=rows - 1, checks=0, request_body=b"", response_body=bytes(size), marks=b"")


def test_rows_of_a_batch_reach_its_limit_and_never_exceed_it_but_by_one_record_alone(start):
    writer, inserter = start(batch_rows=5)
    with held(writer, inserter):
        for name, rows in (("a", 2), ("b", 3), ("c", 1), ("d", 9), ("e", 5), ("f", 1)):
            writer.add(record(name, rows=rows))
    assert inserter.batches == [["at work"], ["a", "b"], ["c"], ["d"], ["e"], ["f"]]


def test_bodies_of_a_batch_have_eight_mebibytes_at_most(start):
    writer, inserter = start()
    with held(writer, inserter):
        for name, size in (("a", 8 * MIB - 1), ("b", 1), ("c", 8 * MIB), ("d", 1), ("e", 8 * MIB + 1), ("f", 0)):
            writer.add(record(name, size=size))
    assert inserter.batches == [["at work"], ["a", "b"], ["c"], ["d"], ["e"], ["f"]]


def test_bodies_in_the_queue_have_256_mebibytes_at_most_and_the_only_record_any_size(start):
    writer, inserter = start()
    with held(writer, inserter):
        assert writer.add(record("a", size=256 * MIB + 1)), "the only one that waits"
        assert not writer.add(record("b", size=0))
    with held(writer, inserter):
        assert writer.add(record("c", size=256 * MIB - 1))
        assert not writer.add(record("d", size=2))
        assert writer.add(record("e", size=1)), "the last byte"
    assert writer.dropped == 2


@pytest.mark.parametrize(
    ("made", "rows"),
    [
        (exchange_record("one", calls=2, checks=3), 6),
        (pair_record("one", {"text": "match", "usage": "differ"}), 1 + 2 + 1 + 6),
        (pair_record("one", {"text": "match"}, control_id="c"), 1 + 1 + 1 + 2 * 6),
        (RecordPreparer().prepare(exchange_record("one", calls=2, checks=3)), 6),
    ],
)
def test_every_row_of_a_record_counts_for_its_batch(start, made, rows):
    for limit, batches in ((rows + 1, [["one", "last"]]), (rows, [["one"], ["last"]])):
        writer, inserter = start(batch_rows=limit)
        with held(writer, inserter):
            writer.add(made)
            writer.add(record("last"))
        assert inserter.batches[1:] == batches


@pytest.mark.parametrize("field", ["request_body", "response_body", "marks"])
@pytest.mark.parametrize("paired", [False, True])
def test_bytes_of_each_body_of_a_record_and_of_the_answers_of_a_pair_count(start, field, paired):
    bodies = {"request_body": b"", "response_body": b"", "marks": b"", field: bytes(4 * MIB)}
    made = exchange_record("one", **bodies)
    if paired:
        answer = made._replace(exchange=made.exchange._replace(id="answer"))
        made = replace(pair_record("one"), exchanges=(answer,))
    for size, batches in ((4 * MIB, [["one", "last"]]), (4 * MIB + 1, [["one"], ["last"]])):
        writer, inserter = start()
        with held(writer, inserter):
            writer.add(made)
            writer.add(record("last", size=size))
        assert inserter.batches[1:] == batches


def test_batch_after_a_flush_waits_until_it_is_full_again(start):
    writer, inserter = start(batch_rows=2)
    writer.add(record("first"))
    assert writer.flush(PATIENCE)
    pairs = [[f"a{number}", f"b{number}"] for number in range(50)]
    for names in pairs:
        settled = threading.Event()
        writer.add(record(names[0]))
        writer.add(record(names[1]), lambda _, settled=settled: settled.set())
        assert settled.wait(PATIENCE)
    assert inserter.batches == [["first"], *pairs]


def test_writer_that_has_had_nothing_to_write_for_its_batch_time_writes_what_comes_later(start):
    writer, inserter = start(batch_seconds=0.0)
    names = [[f"{number}"] for number in range(50)]
    for [name] in names:
        settled = threading.Event()
        writer.add(record(name), lambda _, settled=settled: settled.set())
        assert settled.wait(PATIENCE)
    assert inserter.batches == names


def test_flush_is_true_where_all_that_was_queued_was_stored_and_false_where_one_was_not(start):
    writer, inserter = start()
    inserter.outcomes = {"bad": Outcome.BAD, "known": Outcome.KNOWN, "away": Outcome.AWAY}
    flushed = []
    for name in ("good", "bad", "known", "away", "good"):
        writer.add(record(name))
        flushed.append(writer.flush(PATIENCE))
    assert flushed == [True, False, True, False, True]
    assert repr(writer) == "<BatchWriter 0 queued, 2 stored, 0 dropped, 2 failed>"


def test_each_record_of_a_batch_has_its_own_outcome_once(start):
    writer, inserter = start()
    inserter.outcomes = {"b": Outcome.BAD, "c": Outcome.KNOWN}
    found = []
    with held(writer, inserter):
        for name in "abc":
            writer.add(record(name), lambda outcome, name=name: found.append((name, outcome)))
    assert found == [("a", Outcome.STORED), ("b", Outcome.BAD), ("c", Outcome.KNOWN)]
    assert (writer.queued, writer.failed) == (0, 1)


def test_lag_is_that_of_the_record_at_work_while_it_is_written_and_then_that_of_the_next(start, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("storage.batch_writer.time.monotonic", lambda: now[0])
    writer, inserter = start()
    with held(writer, inserter):
        now[0] += 5
        writer.add(record("next"))
        now[0] += 2
        assert writer.lag == 7
        assert writer.queued == 2
    assert writer.lag == 0


@pytest.mark.parametrize(("seconds", "outcome"), [(14.5, Outcome.STORED), (15.0, Outcome.AWAY)])
def test_close_writes_what_is_queued_for_fifteen_seconds_and_counts_the_rest_as_failed(start, monkeypatch, seconds, outcome):
    now, found, closed = [100.0], [], threading.Event()
    writer, inserter = start(batch_rows=1)
    closing = threading.Thread(target=writer.close)

    def monotonic() -> float:
        moment = now[0]
        if threading.current_thread() is closing:
            closed.set()
        return moment

    monkeypatch.setattr("storage.batch_writer.time.monotonic", monotonic)
    with held(writer, inserter):
        writer.add(record("next"), found.append)
        closing.start()
        assert closed.wait(PATIENCE)
        now[0] += seconds
    closing.join()
    assert found == [outcome]
    assert inserter.closed
