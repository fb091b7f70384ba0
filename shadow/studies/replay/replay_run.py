"""ReplayRun: gets the answers of a plan block by block in the planned order, and stops when every candidate is decided.

Few blocks are open at once, so that no provider is far ahead of another. What was in flight when the run stopped is awaited and
stored; it counts for the verdict only up to the block that decided, so that a resumed study comes to the same one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from shadow.reading.parsed_exchange import ParsedExchange
from shadow.studies.asking import Asker
from shadow.studies.measured_run import MeasuredRun
from shadow.studies.own_checks.row_checks import RowChecks
from shadow.studies.replay.measured_rows import RowPlace
from shadow.studies.replay.provider_queues import ProviderQueues, ReplayCounts
from shadow.studies.replay.replay_evidence import CONTROL, REFERENCE, BlockAnswer, ReplayEvidence, answer_name
from shadow.studies.replay.replay_plan import PlannedRequest, ReplayBlock, ReplayPlan
from shadow.studies.study_archive import StudyArchive
from shadow.studies.study_policy import StudyPolicy
from shadow.studies.study_recorder import StudyRecorder

AHEAD = 2
"""Open blocks for each request that a provider may have in flight."""

Answers = Mapping[str, ParsedExchange]
"""The answers of a block by `answer_name`."""


class EndedBy(StrEnum):
    """Why a run ended."""

    COMPLETE = "complete"
    DECIDED = "decided"
    BUDGET = "budget"
    INTERRUPTED = "interrupted"
    REFERENCE_DOWN = "the reference gave no answers"
    NO_CANDIDATE = "no candidate is left"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayOutcome:
    """Why a run ended, the evidence, the limit of the budget that ended it, and each provider that it gave up on, with why."""

    evidence: ReplayEvidence
    ended_by: EndedBy
    limit: str
    down: Mapping[str, str]

    @property
    def runs(self) -> tuple[MeasuredRun, ...]:
        """The runs that count, in the order of their blocks."""
        return self.evidence.runs


class ReplayRun:
    """One run of a replay; `stop` may be called from a signal handler."""

    def __init__(
        self,
        plan: ReplayPlan,
        *,
        asker: Asker,
        archive: StudyArchive,
        recorder: StudyRecorder,
        policy: StudyPolicy,
        at_once: int,
        checks: RowChecks,
    ) -> None:
        self._plan = plan
        self._archive = archive
        self._recorder = recorder
        self._room = AHEAD * at_once
        self.counts = ReplayCounts()
        self._queues = ProviderQueues(plan.targets.names, asker=asker, archive=archive, at_once=at_once, counts=self.counts)
        self._evidence = ReplayEvidence(plan.targets, policy, checks)
        self._ended: EndedBy | None = None

    def __repr__(self) -> str:
        return f"<ReplayRun blocks={self.counts.blocks}/{len(self._plan.blocks)} {self._queues!r}>"

    @property
    def decided(self) -> frozenset[str]:
        """The candidates that need no more answers."""
        return self._evidence.decided

    def stop(self, why: EndedBy = EndedBy.INTERRUPTED) -> None:
        """Send nothing more; what is in flight is awaited and stored."""
        self._ended = self._ended or why
        self._queues.stop()

    async def run(self) -> ReplayOutcome:
        """Compare and judge until the plan or the study is at its end."""
        open_blocks: list[tuple[ReplayBlock, asyncio.Task[Answers]]] = []
        try:
            for block in self._plan.blocks:
                if len(open_blocks) == self._room:
                    await self._settle(*open_blocks.pop(0))
                if self._ended:
                    break
                open_blocks.append((block, asyncio.create_task(self._answers(block))))
            while open_blocks:
                await self._settle(*open_blocks.pop(0))
        finally:
            for _, answers in open_blocks:
                answers.cancel()
            await self._queues.close()
        ended = self._ended or EndedBy.COMPLETE
        return ReplayOutcome(evidence=self._evidence, ended_by=ended, limit=self._queues.limit, down=self._queues.down)

    async def _answers(self, block: ReplayBlock) -> Answers:
        closed = {*self._evidence.decided, *self._queues.down}
        for name in closed:
            self._queues.skip(name, block.number)
        wanted = [request for request in block.requests if request.target not in closed]
        found = await asyncio.gather(*(self._queues.put(request) for request in wanted))
        return {
            answer_name(request.target, request.role): answer
            for request, answer in zip(wanted, found, strict=True)
            if answer is not None
        }

    async def _settle(self, block: ReplayBlock, answers: asyncio.Task[Answers]) -> None:
        """Compare one block once its answers are there, and end the run where the evidence or a limit ends it."""
        found = await answers
        if self._ended is not EndedBy.DECIDED:
            self._evidence.take(block.number, await self._compared(block, found))
            self.counts.blocks += 1
        self._end_where_due()

    def _end_where_due(self) -> None:
        """End the run where no further answer can change what it shows."""
        targets, decided = self._plan.targets, self._evidence.decided
        given_up = self._evidence.given_up | (self._queues.down.keys() - decided)
        if targets.reference in given_up:
            self.stop(EndedBy.REFERENCE_DOWN)
        elif decided | given_up >= set(targets.candidates):
            self.stop(EndedBy.NO_CANDIDATE if given_up else EndedBy.DECIDED)
        elif self._queues.limit:
            self.stop(EndedBy.BUDGET)

    async def _compared(self, block: ReplayBlock, found: Answers) -> dict[str, BlockAnswer]:
        """The answers of a block with their places, and the payoffs of the candidates that are not decided."""
        requests = {answer_name(request.target, request.role): request for request in block.requests}
        altered = requests[REFERENCE].alterations
        payoffs = {name: await self._payoffs(requests[name], found, altered) for name in self._evidence.wanted(found)}
        return {
            name: BlockAnswer(
                parsed=answer,
                place=self._place(requests[name]),
                key=requests[name].key,
                payoffs=payoffs.get(name, ()),
            )
            for name, answer in found.items()
        }

    async def _payoffs(self, request: PlannedRequest, found: Answers, altered: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
        """The pair of a candidate's answer, stored, and its payoffs; none where an answer of the reference is missing.

        `altered` is what the reference got otherwise than the row has it.
        """
        reference, control = found.get(REFERENCE), found.get(CONTROL)
        if reference is None or control is None:
            return ()
        pair = self._recorder.pair(found[request.target], reference, control, (*request.row.alterations, *altered))
        await self._archive.pair(pair.record)
        return pair.payoffs

    def _place(self, request: PlannedRequest) -> RowPlace:
        position, tries = self._archive.position(request.key), self._archive.tries(request.key)
        return RowPlace(block=request.block, task=request.row.id, position=position, tries=tries)
