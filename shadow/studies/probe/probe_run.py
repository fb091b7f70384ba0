"""ProbeRun: the runs of a plan block by block, each in a world of its own, until every candidate is decided.

What has ended is stored at once. A run that the study's end cut off is not stored as one, so that a resumed study makes it again.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from proxy.exchange import Role
from shadow.studies.interleaving import Block
from shadow.studies.measured_run import MeasuredRun, OutcomeKind, RunOutcome
from shadow.studies.own_checks.check_spec import CheckKind
from shadow.studies.own_checks.command_check import run_command
from shadow.studies.own_checks.run_checks import CheckedAnswer, run_checks
from shadow.studies.probe.agent_loop import AgentLoop, first_messages
from shadow.studies.probe.agent_run import AgentRun
from shadow.studies.probe.outcome_rules import Ending
from shadow.studies.probe.probe_plan import ProbePlan
from shadow.studies.probe.probe_worlds import ProbeWorlds
from shadow.studies.probe.run_rows import measured_of, recorded_rows, run_row
from shadow.studies.probe.run_score import answer_facts, measured_run
from shadow.studies.probe.stored_steps import StoredSteps
from shadow.studies.probe.task import TaskFile
from shadow.studies.verdicts.stopping_watch import StoppingWatch
from shadow.studies.worlds.world import World, WorldError
from storage.study_rows import RunRow
from storage.study_store import StudyStore

GIVEN_UP = 3
"""Runs one after another that a provider denied or failed alike, after which it gets no more."""
_ALIKE = 200
"""Characters of the details of two failures that are compared."""


@dataclass(slots=True)
class ProbeCounts:
    """How far a study is."""

    begun: int = 0
    ended: int = 0


class ProbeRun:
    """One run of a study; `stop` may be called from a signal handler."""

    def __init__(
        self,
        plan: ProbePlan,
        file: TaskFile,
        *,
        loop: AgentLoop,
        steps: StoredSteps,
        worlds: ProbeWorlds,
        store: StudyStore,
        study_id: str,
        clean: Callable[[str], str],
    ) -> None:
        self._plan = plan
        self._file = file
        self._loop = loop
        self._steps = steps
        self._worlds = worlds
        self._store = store
        self._study_id = study_id
        self._clean = clean
        targets = plan.targets
        self._watch = StoppingWatch(reference=targets.reference, candidates=targets.candidates, policy=file.policy)
        self._in_a_row: Counter[tuple[str, str]] = Counter()
        self.down: dict[str, str] = {}
        self.counts = ProbeCounts()
        self.rows: dict[tuple[str, int], RunRow] = {}

    def __repr__(self) -> str:
        return f"<ProbeRun {self._plan.name} begun={self.counts.begun} ended={self.counts.ended}>"

    @property
    def candidates(self) -> frozenset[str]:
        """The providers that are compared with the reference."""
        return frozenset(self._plan.targets.candidates)

    @property
    def decided(self) -> frozenset[str]:
        """The candidates that need no more runs."""
        return self._watch.decided

    def stop(self) -> None:
        """Send nothing more: what is in flight is awaited and stored."""
        self._steps.stop("interrupted")

    async def run(self) -> tuple[MeasuredRun, ...]:
        """The measured runs, those of earlier starts included."""
        for row in await asyncio.to_thread(self._store.runs, self._study_id):
            self.rows[row.target, row.block] = row
            self._settle(measured_of(row), row.detail)
        self.counts.begun = len(self.rows)
        free = asyncio.Semaphore(self._file.study.at_once)
        async with asyncio.TaskGroup() as tasks:
            for block in self._plan.blocks:
                await free.acquire()
                if self._ends:
                    break
                tasks.create_task(self._block(block, free))
        return tuple(measured_of(row) for row in self.rows.values())

    @property
    def _ends(self) -> bool:
        return bool(self._steps.limit) or self._plan.targets.reference in self.down or self.nothing_left

    @property
    def nothing_left(self) -> bool:
        """Whether each candidate is decided or was given up."""
        return self._watch.decided | self.down.keys() >= self.candidates

    async def _block(self, block: Block, free: asyncio.Semaphore) -> None:
        """One run of each provider that still takes part, begun in the order of the block."""
        try:
            closed = {*self._watch.decided, *self.down}
            async with asyncio.TaskGroup() as tasks:
                for name in block.order:
                    if name not in closed:
                        tasks.create_task(self._one(name, block))
            self._watch.skip(block.number)
        finally:
            free.release()

    async def _one(self, provider: str, block: Block) -> None:
        if (provider, block.number) in self.rows:
            return
        position = self.counts.begun
        self.counts.begun += 1
        run = AgentRun(provider=provider, task=block.task, block=block.number, began=time.time())
        measured = await self._measured(run, position)
        self.counts.ended += 1
        if measured.outcome is RunOutcome.BUDGET:
            return
        row = run_row(run, measured, clean=self._clean)
        self.rows[provider, block.number] = row
        await asyncio.shield(asyncio.to_thread(self._stored, row, run))
        self._settle(measured, row.detail)

    def _stored(self, row: RunRow, run: AgentRun) -> None:
        self._store.add_run(self._study_id, row)
        if self._file.world.record is not None:
            self._store.add_recorded_calls(self._study_id, recorded_rows(run, self._clean))

    def _settle(self, measured: MeasuredRun, detail: str) -> None:
        """Count a run as evidence, and give a provider up that denies or fails several runs alike, one after another.

        `detail` is that of the run as it is stored, and may be shown.
        """
        self._watch.add(measured)
        alike = (measured.provider, f"{measured.outcome.value}: {measured.detail[:_ALIKE]}")
        for key in [key for key in self._in_a_row if key[0] == measured.provider and key != alike]:
            del self._in_a_row[key]
        if measured.outcome.kind in {OutcomeKind.DENIED, OutcomeKind.FAILED, OutcomeKind.VOID}:
            self._in_a_row[alike] += 1
            if self._in_a_row[alike] == GIVEN_UP:
                self.down[measured.provider] = f"{measured.outcome.value}: {detail}".removesuffix(": ")

    async def _measured(self, run: AgentRun, position: int) -> MeasuredRun:
        name = f"run-{run.block}-{self._plan.targets.names.index(run.provider)}"  # paths may reach the model: no provider's name
        reference = run.provider == self._plan.targets.reference
        messages = first_messages(self._file.task, self._plan.prompts[run.task])
        before: dict[str, bytes] = {}
        checked: CheckedAnswer | None = None

        @asynccontextmanager
        async def opened() -> AsyncIterator[World]:
            async with self._worlds.opened(name) as world:
                if self._compares_files:
                    before.update(await self._worlds.files(name))
                yield world

        try:
            await self._loop.run(run, messages, opened, Role.SHADOW if reference else Role.PRIMARY)
            checked = await self._checked(run, before, name)
        except WorldError as error:
            run.ending = Ending(outcome=RunOutcome.WORLD_FAILED, detail=str(error))
        finally:
            await self._worlds.remove(name)
        return measured_run(run, self._file.task, self._file.policy.score, position=position, checked=checked)

    @property
    def _compares_files(self) -> bool:
        return any(check.kind is CheckKind.END_STATE for check in self._file.task.checks)

    async def _checked(self, run: AgentRun, before: dict[str, bytes], name: str) -> CheckedAnswer | None:
        """The task's own checks, once the servers have ended, so that what they write at their end is there.

        WorldError where the files of the world cannot be compared.
        """
        if not self._file.task.checks or run.outcome.kind is not OutcomeKind.SCORED:
            return None
        after = await self._worlds.files(name) if self._compares_files else {}
        return await run_checks(self._file.task.checks, answer_facts(run, before, after), run_command)
