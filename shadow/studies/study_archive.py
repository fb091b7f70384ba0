"""StudyArchive: the answers of one study in its database; a stored answer is found by its key and never asked for again.

Every write is on disk when it returns, and is done in a thread, so that it holds up no request.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import replace

from shadow.privacy.privacy_policy import comparable
from shadow.reading.parsed_exchange import ParsedExchange
from shadow.reading.parsed_request import ParsedRequest
from shadow.studies.asking import Asked, Setback
from shadow.studies.chat_request import parsed_answer
from shadow.studies.study_budget import Cost
from shadow.studies.study_recorder import StudyRecorder
from storage.rows import PairRecord
from storage.spending import Spending
from storage.store import Outcome, Store, StoreError
from storage.study_rows import ANSWERED, ASKED, FAILED, SetbackRow, StudyRequestRow, StudyRow

_LAST_HOUR = 10**9
"""An hour since the epoch that lies far ahead."""


class StudyArchive:
    """Stores and finds the requests of one study."""

    def __init__(self, store: Store, study: StudyRow, recorder: StudyRecorder) -> None:
        self._store = store
        self._study = study
        self._recorder = recorder
        self._requests: dict[str, StudyRequestRow] = {}
        self._positions: dict[str, int] = {}

    def __repr__(self) -> str:
        return f"<StudyArchive {self._study.name} requests={len(self._requests)}>"

    def open(self, blocks: Mapping[str, int]) -> None:
        """Store the study, and read what is stored of it already; `blocks` is the block of each planned request by its key."""
        self._store.studies.begin(self._study)
        self._store.studies.number_blocks(self._study.id, blocks)
        for request in self._store.studies.requests(self._study.id):
            self._requests[request.key] = request
            self._positions[request.key] = len(self._positions)

    def has(self, key: str) -> bool:
        """Whether the answer of this key is stored."""
        return key in self._requests and self._requests[key].state == ANSWERED

    def tries(self, key: str) -> int:
        """How often the request of this key was sent in all."""
        return self._requests[key].tries if key in self._requests else 0

    def position(self, key: str) -> int:
        """The place of this key in the order in which the requests of the study were sent first."""
        return self._positions[key]

    async def answer(self, key: str, request: ParsedRequest) -> ParsedExchange:
        """The stored answer of this key, read again; StoreError where it has gone."""
        exchange_id = self._requests[key].exchange_id
        row = await asyncio.to_thread(self._store.exchange, exchange_id)
        if row is None:
            raise StoreError(f"the answer {exchange_id} of the study {self._study.name} is no longer in its database")
        return parsed_answer(comparable(row), request)

    @property
    def spent(self) -> Cost:
        """What all runs of the study have cost; of what was in flight at a kill, the most that it can have cost."""
        return Cost(**self._store.spent(0, _LAST_HOUR)._asdict())

    async def sending(self, request: StudyRequestRow, identity: str, most: Cost) -> None:
        """Store that a try of a request is about to be sent; `request` has neither a state nor the tries before."""
        now = replace(request, state=ASKED, exchange_id=identity, tries=self.tries(request.key) + 1)
        self._positions.setdefault(request.key, len(self._positions))
        self._requests[request.key] = now
        await self._write(lambda: self._store.studies.ask(self._study.id, now, time.time(), _spending(most)))

    async def set_back(self, key: str, setback: Setback) -> None:
        """Store a try that gave no answer."""
        row = SetbackRow(key=key, at=setback.at, reason=setback.reason, waited=setback.waited)
        await self._write(lambda: self._store.studies.set_back(self._study.id, row, _spending(setback.change)))

    async def answered(self, key: str, asked: Asked, parsed: ParsedExchange) -> None:
        """Store an answer and the state of its request, in one transaction."""
        request = replace(self._requests[key], state=FAILED if asked.gave_up else ANSWERED)
        record = self._recorder.answer(parsed)
        await self._write(lambda: self._store.studies.answer(self._study.id, request, record, _spending(asked.change)))
        self._requests[key] = request

    async def pair(self, record: PairRecord) -> None:
        """Store a pair, whose answers are stored already; one that is there is left as it is."""

        def write() -> None:
            stored: Future[Outcome] = Future()
            if not (self._store.add_pair(record, stored.set_result) and stored.result().on_disk):
                raise StoreError(f"a pair of the study {self._study.name} could not be stored: look at the log, and resume")

        await self._write(write)

    async def end(self, at: float, outcome: str, plan: str) -> None:
        """Store when and how the study ended, and its plan with the result."""
        await self._write(lambda: self._store.studies.end(self._study.id, at, outcome, plan))

    async def _write(self, job: Callable[[], object]) -> None:
        # shielded: an interrupted study must not lose an answer that it has got
        await asyncio.shield(asyncio.to_thread(job))


def _spending(cost: Cost) -> Spending:
    return Spending(requests=cost.requests, tokens=cost.tokens, money=cost.money)
