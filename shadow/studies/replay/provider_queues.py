"""ProviderQueues: the requests of a replay, sent to each provider at most so many at once; stored answers are read instead.

A provider that gives up on three answers in a row gets no more requests in this run, and the others go on.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

from shadow.pipeline.fetcher_client import FetcherLostError
from shadow.reading.parsed_exchange import ParsedExchange
from shadow.studies.asking import Asker, BudgetSpentError, Setback, StudyStoppedError
from shadow.studies.chat_request import answer_to
from shadow.studies.replay.replay_plan import PlannedRequest
from shadow.studies.replay.side_by_side import SideBySide
from shadow.studies.study_archive import StudyArchive
from shadow.studies.study_budget import Cost
from storage.study_rows import ASKED, StudyRequestRow

GIVEN_UP = 3
"""Answers in a row that a provider gave up on, after which it is sent nothing more."""


@dataclass(slots=True)
class ReplayCounts:
    """How far a run is: answers asked for and found stored, requests in flight, errors by class, and settled blocks."""

    asked: int = 0
    found: int = 0
    in_flight: int = 0
    blocks: int = 0
    errors: Counter[str] = field(default_factory=Counter)


class ProviderQueues:
    """Answers the requests that are put into it, until `close`; `at_once` is the number of requests in flight to one provider."""

    def __init__(
        self, names: Collection[str], *, asker: Asker, archive: StudyArchive, at_once: int, counts: ReplayCounts
    ) -> None:
        self._asker = asker
        self._archive = archive
        self._counts = counts
        self._stopped = False
        self._failures: Counter[str] = Counter()
        self._side_by_side = SideBySide(names)
        self._queues: dict[str, asyncio.Queue[tuple[PlannedRequest, asyncio.Future[ParsedExchange | None]]]] = {}
        for name in names:
            self._queues[name] = asyncio.Queue()
        self._workers = [asyncio.create_task(self._work(name)) for name in names for _ in range(at_once)]
        self.down: dict[str, str] = {}
        """Providers that were given up on, each with the last failure."""
        self.limit = ""
        """The limit of the budget that was reached; "" while none was."""

    def __repr__(self) -> str:
        waiting = {name: queue.qsize() for name, queue in self._queues.items()}
        return f"<ProviderQueues waiting={waiting} down={sorted(self.down)} stopped={self._stopped}>"

    def put(self, request: PlannedRequest) -> asyncio.Future[ParsedExchange | None]:
        """The answer to come; None where it was not sent, or where it has no result and no provider is the cause."""
        answer: asyncio.Future[ParsedExchange | None] = asyncio.get_running_loop().create_future()
        self._queues[request.target].put_nowait((request, answer))
        return answer

    def skip(self, target: str, block: int) -> None:
        """This provider gets no request of this block: no other waits for it."""
        self._side_by_side.reach(target, block)

    def stop(self) -> None:
        """Send nothing more, also no further try; what is in flight is awaited and stored, and stored answers are still read."""
        self._stopped = True
        self._side_by_side.release()
        self._asker.stop()

    async def close(self) -> None:
        """End the workers."""
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)

    async def _work(self, target: str) -> None:
        """One place of a provider: one request at a time. A fault of ours is raised where the answer is awaited."""
        while True:
            request, answer = await self._queues[target].get()
            try:
                found = await self._answer(request)
            except Exception as error:  # noqa: BLE001 - raised again where the answer is awaited
                answer.set_exception(error)
            else:
                answer.set_result(found)
            finally:
                self._side_by_side.reach(target, request.block)

    async def _answer(self, request: PlannedRequest) -> ParsedExchange | None:
        if self._archive.has(request.key):
            self._counts.found += 1
            return await self._archive.answer(request.key, request.row.request.parsed)
        await self._side_by_side.turn(request.target, request.block)
        if self._stopped or request.target in self.down:
            return None
        self._counts.in_flight += 1
        try:
            return await self._ask(request)
        except BudgetSpentError as error:
            self.limit = error.limit
            self.stop()
        except StudyStoppedError:
            return None
        except FetcherLostError:
            self._counts.errors["fetcher"] += 1
        finally:
            self._counts.in_flight -= 1
        return None

    async def _ask(self, request: PlannedRequest) -> ParsedExchange:
        row = StudyRequestRow(
            key=request.key,
            row_id=request.row.id,
            target=request.target,
            repeat=request.repeat,
            block=request.block,
            state=ASKED,
            exchange_id="",
        )

        async def sending(identity: str, most: Cost) -> None:
            self._side_by_side.reach(request.target, request.block)
            await self._archive.sending(row, identity, most)

        async def remember(setback: Setback) -> None:
            self._counts.errors[setback.reason] += 1
            await self._archive.set_back(request.key, setback)

        asked = await self._asker.ask(request.row.request, request.target, request.role, sending=sending, remember=remember)
        parsed = answer_to(request.row.request.parsed, asked.answer)
        await self._archive.answered(request.key, asked, parsed)
        self._counts.asked += 1
        self._failures[request.target] = self._failures[request.target] + 1 if asked.gave_up else 0
        if self._failures[request.target] == GIVEN_UP:
            failure = parsed.exchange.failure
            self.down[request.target] = failure.kind.value if failure else f"status {parsed.answer.status}"
        return parsed
