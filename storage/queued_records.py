"""`QueuedRecords`: what every store offers of its queue of records, whatever engine its `BatchWriter` inserts them into."""

from __future__ import annotations

from typing import Generic

from storage.batch_writer import BatchWriter, Connection
from storage.prepared_records import PreparedRecord
from storage.rows import ExchangeRecord, PairRecord
from storage.store import BatchTotals, Settled, ignore


class QueuedRecords(Generic[Connection]):
    """The part of a `Store` that hands records to its writer and reports how it stands; the store sets `_writer`."""

    _writer: BatchWriter[Connection]

    def add_exchange(self, record: ExchangeRecord, settled: Settled = ignore) -> bool:
        """Queue one exchange; False when the queue is full (dropped and counted), and then `settled` is not called."""
        return self._writer.add(record, settled)

    def add_pair(self, record: PairRecord, settled: Settled = ignore) -> bool:
        """Queue one pair with its shadow exchanges and findings; as `add_exchange`."""
        return self._writer.add(record, settled)

    def add_prepared(self, record: object, settled: Settled = ignore) -> bool:
        """Queue a record that `record_preparer` prepared, perhaps in another process; as `add_exchange`. TypeError for others."""
        if not isinstance(record, PreparedRecord):
            raise TypeError("only a record that was prepared for this store can be added so")
        return self._writer.add(record, settled)

    def flush(self, seconds: float) -> bool:
        """Wait until all that is queued now is settled, at most `seconds`; True when all of it was stored."""
        return self._writer.flush(seconds)

    @property
    def queued(self) -> int:
        """Records taken that are neither stored nor lost yet."""
        return self._writer.queued

    @property
    def lag(self) -> float:
        """Seconds for which the oldest waiting record has waited; 0 when none waits."""
        return self._writer.lag

    @property
    def dropped(self) -> int:
        """Records not taken because the queue was full, or the store closed."""
        return self._writer.dropped

    @property
    def failed(self) -> int:
        """Records lost to an error of the database, or because they were not storable."""
        return self._writer.failed

    @property
    def stored(self) -> int:
        """Records written since the start; one whose id is stored already is not counted again."""
        return self._writer.stored

    @property
    def batch_totals(self) -> BatchTotals:
        """The batches since the start."""
        return self._writer.totals

    @property
    def last_error(self) -> str:
        """The error of the last write; empty when it succeeded, or none was tried."""
        return self._writer.last_error
