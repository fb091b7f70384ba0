"""`BatchWriter`: one thread owns the writing connection; records wait in a bounded queue, and callers never wait for it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, NamedTuple, Protocol, TypeVar, cast

import structlog

from storage.prepared_records import PreparedRecord, Record
from storage.rows import ExchangeRecord, ExchangeRow
from storage.store import BatchTotals, Outcome, Settled, StoreError, ignore

log = structlog.get_logger()
Connection = TypeVar("Connection")
Given_co = TypeVar("Given_co", covariant=True)
Result = TypeVar("Result")
QUEUE_BYTES = 256 * 1024 * 1024
"""Bytes of bodies waiting for the writer before new records are dropped, however few they are."""
BATCH_BYTES = 8 * 1024 * 1024
"""Bytes of bodies in one batch, unless one record has more: a batch holds up what else the writer's thread does."""
CLOSE_SECONDS = 15.0


class Inserter(Protocol[Given_co]):
    """Writes batches over the one connection of an engine that writes; for one thread only."""

    @property
    def written(self) -> int:
        """Records written that were not stored before."""

    @property
    def last_error(self) -> str:
        """The error of the last write; empty when it succeeded, or none was tried."""

    def write(self, records: Sequence[Record]) -> Sequence[Outcome]:
        """What became of each record, in their order; never raises for what a record or the database does."""

    def run(self, job: Callable[[Given_co], Result]) -> Result:
        """The result of `job` with the connection; its errors pass, and leave no transaction open."""

    def close(self) -> None:
        """Release the connection."""


class _Item(NamedTuple):
    record: Record
    rows: int
    size: int
    since: float
    settled: Settled


class BatchWriter(Generic[Connection]):
    """Writes records in batches: of `batch_rows` rows or `BATCH_BYTES`, or of what was queued in `batch_seconds`; safe from any
    thread.
    """

    def __init__(self, inserter: Inserter[Connection], *, batch_rows: int, batch_seconds: float, queue: int) -> None:
        self._inserter = inserter
        self._batch_rows = batch_rows
        self._batch_seconds = batch_seconds
        self._queue = queue
        self._items: deque[_Item] = deque()
        self._jobs: deque[tuple[Callable[[Connection], object], Future[object]]] = deque()
        self._rows = 0
        self._size = 0
        self._accepted = 0
        self._settled = 0
        self._urgent = False
        self._closing = False
        self._deadline = float("inf")
        self._oldest_at_work: float | None = None
        self.dropped = 0
        self.failed = 0
        self.totals = BatchTotals()
        lock = threading.Lock()
        self._work = threading.Condition(lock)
        self._progress = threading.Condition(lock)
        self._thread = threading.Thread(target=self._run, name="sameweights-store", daemon=True)
        self._thread.start()

    def __repr__(self) -> str:
        return f"<BatchWriter {self.queued} queued, {self.stored} stored, {self.dropped} dropped, {self.failed} failed>"

    @property
    def queued(self) -> int:
        """Records accepted that are neither stored nor lost yet."""
        return self._accepted - self._settled

    @property
    def stored(self) -> int:
        """Records written since the start; one whose id is stored already is not counted again."""
        return self._inserter.written

    @property
    def lag(self) -> float:
        """Seconds for which the oldest of the queued records has waited until now; 0 when none waits."""
        with self._work:
            since = self._items[0].since if self._oldest_at_work is None and self._items else self._oldest_at_work
        return 0.0 if since is None else time.monotonic() - since

    @property
    def last_error(self) -> str:
        """The error of the last write; empty when it succeeded, or none was tried."""
        return self._inserter.last_error

    def add(self, record: Record, settled: Settled = ignore) -> bool:
        """Queue one record; False when the queue is full or closed. `settled` is called once, in the writer's thread."""
        rows, size = _extent(record)
        item = _Item(record, rows, size, time.monotonic(), settled)
        with self._work:
            if self._closing or len(self._items) >= self._queue or (self._items and self._size + size > QUEUE_BYTES):
                self.dropped += 1
                return False
            self._items.append(item)
            self._accepted += 1
            self._rows += rows
            self._size += size
            if len(self._items) == 1 or self._is_full(self._rows, self._size) > self._is_full(
                self._rows - rows, self._size - size
            ):
                self._work.notify()
        return True

    def run(self, job: Callable[[Connection], Result]) -> Result:
        """The result of `job`, run in the writer's thread between two batches; its errors pass. StoreError after `close`."""
        future: Future[object] = Future()
        with self._work:
            if self._closing:
                raise StoreError("the store is closed")
            self._jobs.append((job, future))
            self._work.notify()
        return cast("Result", future.result())

    def flush(self, seconds: float) -> bool:
        """Wait until all that is queued now is settled, at most `seconds`; True when all of it was stored."""
        with self._work:
            target, failed = self._accepted, self.failed
            self._urgent = True
            self._work.notify()
            settled = self._progress.wait_for(lambda: self._settled >= target, seconds)
            return settled and self.failed == failed

    def close(self, seconds: float = CLOSE_SECONDS) -> None:
        """Accept no more, write what is queued for at most `seconds`, count the rest as failed, and close the connection."""
        with self._work:
            self._closing = True
            self._deadline = min(self._deadline, time.monotonic() + seconds)
            self._work.notify()
        self._thread.join()

    def _run(self) -> None:
        while self._wait():
            batch, job = self._take()
            if job:
                self._run_job(*job)
            if batch:
                late = time.monotonic() >= self._deadline
                self._settle(batch, [Outcome.AWAY] * len(batch) if late else self._written(batch))
        self._inserter.close()

    def _written(self, batch: Sequence[_Item]) -> Sequence[Outcome]:
        begun = time.monotonic()
        outcomes = self._inserter.write([item.record for item in batch])
        self.totals = BatchTotals(self.totals.batches + 1, self.totals.seconds + time.monotonic() - begun)
        return outcomes

    def _wait(self) -> bool:
        """Wait for a full batch, a job, a flush or the end; False when the thread should stop."""
        with self._work:
            self._work.wait_for(lambda: self._items or self._jobs or self._closing)
            self._work.wait_for(self._due, self._batch_seconds)
            return bool(self._items or self._jobs)

    def _due(self) -> bool:
        return bool(self._jobs) or self._closing or self._urgent or self._is_full(self._rows, self._size)

    def _is_full(self, rows: int, size: int) -> bool:
        return rows >= self._batch_rows or size >= BATCH_BYTES

    def _take(self) -> tuple[Sequence[_Item], tuple[Callable[[Connection], object], Future[object]] | None]:
        with self._work:
            batch = self._next_batch()
            self._rows -= sum(item.rows for item in batch)
            self._size -= sum(item.size for item in batch)
            self._urgent = self._urgent and bool(self._items)
            self._oldest_at_work = batch[0].since if batch else None
            return batch, self._jobs.popleft() if self._jobs else None

    def _next_batch(self) -> Sequence[_Item]:
        batch: list[_Item] = []
        rows = size = 0
        while self._items:
            rows += self._items[0].rows
            size += self._items[0].size
            if batch and (rows > self._batch_rows or size > BATCH_BYTES):
                break
            batch.append(self._items.popleft())
        return batch

    def _run_job(self, job: Callable[[Connection], object], future: Future[object]) -> None:
        try:
            future.set_result(self._inserter.run(job))
        except Exception as error:  # noqa: BLE001 - it is raised again where `run` was called
            future.set_exception(error)

    def _settle(self, batch: Sequence[_Item], outcomes: Sequence[Outcome]) -> None:
        with self._progress:
            self.failed += sum(not outcome.on_disk for outcome in outcomes)
        for item, outcome in zip(batch, outcomes, strict=True):
            _call(item.settled, outcome)
        with self._progress:
            self._settled += len(batch)
            self._oldest_at_work = None
            self._progress.notify_all()


def _call(settled: Settled, outcome: Outcome) -> None:
    try:
        settled(outcome)
    except Exception:
        log.exception("store_callback_failed")


def _extent(record: Record) -> tuple[int, int]:
    """How many rows a record makes, and how many bytes of bodies it holds."""
    if isinstance(record, PreparedRecord):
        return record.extent
    if isinstance(record, ExchangeRecord):
        return 1 + len(record.tool_calls) + len(record.findings), _bytes(record.exchange)
    rows, size = 1 + len(record.findings) + len(record.payoffs), 0
    for exchange in record.exchanges:
        more, bytes_ = _extent(exchange)
        rows += more
        size += bytes_
    return rows, size


def _bytes(row: ExchangeRow) -> int:
    return len(row.request_body or b"") + len(row.response_body or b"") + len(row.marks)
