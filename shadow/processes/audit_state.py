"""AuditState: how store, judge and broker stand, as gauges and as the lines that follow the first one of `/readyz`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from shadow.findings.number_words import number_of, verb_of
from shadow.judging.judge import Judge
from shadow.judging.judging_text import judging_sentence
from shadow.metrics.observe import Metrics
from storage.judgement_rows import JudgingState
from storage.store import Store, StoreError

EXTENT_SECONDS = 10.0
"""Seconds between two looks at the size of the database and at the pairs that wait."""
AWAY_SECONDS = 1.0
"""The same while the store does not answer, so that readiness is soon right again."""
LOOK_SECONDS = 5.0
"""How long a look may take until it counts as not answered: a server that is stopped accepts a query and never ends it."""

HELD = "records are held, and exchanges wait in the broker"


class AuditState:
    """`limit` is `storage.max_bytes`; `broker` gives the lines about the broker, None without one."""

    def __init__(
        self, store: Store, judge: Judge, metrics: Metrics, *, limit: int, broker: Callable[[], Sequence[str]] | None = None
    ) -> None:
        self._store, self._judge, self._metrics = store, judge, metrics
        self._limit, self._broker = limit, broker
        self._judging = JudgingState()
        self._succeeded = True
        """Whether the last look that ended was answered."""
        self._ended = time.monotonic()
        """When it ended."""

    def __repr__(self) -> str:
        return f"<AuditState {self._judging}>"

    async def run(self) -> None:
        """Look at the database again and again, until cancelled."""
        while True:
            try:
                self._judging = await asyncio.to_thread(self._store.judgements.judging, time.time())
                self._metrics.waiting_pairs(self._judging.waiting, self._judging.waited)
                self._succeeded = True
            except StoreError:
                self._succeeded = False
            with suppress(StoreError):  # because this may be read from a standby, without which records are stored
                size, oldest = await asyncio.to_thread(self._store.extent)
                self._metrics.database(size=size, limit=self._limit, oldest=oldest)
            self._ended = time.monotonic()
            await asyncio.sleep(EXTENT_SECONDS if self._succeeded else AWAY_SECONDS)

    def why_not(self) -> str:
        """Why records may not be stored; "" when all is well."""
        if not self._store.writable():
            return (
                f"the store cannot be written; {HELD if self._broker else 'traffic is forwarded, records are lost and counted'}"
            )
        if self._answers:
            return ""
        counted = "traffic is forwarded, and what cannot be stored is counted"
        return f"the store does not answer; {HELD if self._broker else counted}"

    @property
    def _answers(self) -> bool:
        """Whether the last look was answered, and the next one has not been under way for too long."""
        return self._succeeded and time.monotonic() - self._ended < EXTENT_SECONDS + LOOK_SECONDS

    def show(self) -> None:
        """Take over what costs no query."""
        self._metrics.batches(self._store.batch_totals)
        self._metrics.judges(holds_lease=self._judge.holds_lease(time.time()))

    def lines(self) -> Iterator[str]:
        """A sentence for each part, of the last look."""
        yield from self._broker() if self._broker else ()
        written = "the last write succeeded" if self._store.writable() else "the last write failed"
        written = written if self._answers else f"it does not answer; {written}"
        queued = self._store.queued
        waiting = f"{number_of(queued, 'record')} {verb_of(queued, 'waits', 'wait')}"
        yield f"store: {written}; {waiting}, the oldest for {self._store.lag:,.0f} s"
        who = "this process judges" if self._judge.holds_lease(time.time()) else _other(self._judging)
        yield f"judge: {judging_sentence(who, self._judging)}"


def _other(state: JudgingState) -> str:
    return "another process judges" if state.holder else "no process judges"
