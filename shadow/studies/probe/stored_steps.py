"""StoredSteps: the requests of runs sent and stored one by one; a run that was killed is gone through again without sending them.

The same request in the same block has the same key, so that a resumed run is answered from the store as far as its world gives
the same results.
"""

from __future__ import annotations

from collections.abc import Mapping

from proxy.exchange import Role
from proxy.provider_config import Provider
from shadow.pipeline.fetcher_client import FetcherLostError
from shadow.studies.asking import Asker, BudgetSpentError, Setback, StudyStoppedError
from shadow.studies.chat_request import ChatRequest, answer_to
from shadow.studies.probe.agent_loop import StudyEndsError
from shadow.studies.probe.agent_run import AgentRun, StepAnswer
from shadow.studies.replay.request_key import request_key
from shadow.studies.study_archive import StudyArchive
from shadow.studies.study_budget import Cost
from storage.study_rows import ASKED, StudyRequestRow


class StoredSteps:
    """Answers steps; `reuse` only where whole bodies are stored. `limit` names what ended the study, "" while it goes on."""

    def __init__(self, asker: Asker, archive: StudyArchive, providers: Mapping[str, Provider], *, reuse: bool) -> None:
        self._asker = asker
        self._archive = archive
        self._providers = providers
        self._reuse = reuse
        self.limit = ""
        self.sent = 0
        self.found = 0

    def __repr__(self) -> str:
        return f"<StoredSteps sent={self.sent} found={self.found} limit={self.limit!r}>"

    def stop(self, why: str) -> None:
        """Send nothing more: each run ends before its next request, or the next try of one."""
        self.limit = self.limit or why
        self._asker.stop()

    async def ask(self, run: AgentRun, request: ChatRequest, role: Role) -> StepAnswer:
        """The answer of one step; StudyEndsError where no more is sent."""
        key = self._key(run, request)
        if self._reuse and self._archive.has(key):
            self.found += 1
            stored = await self._archive.answer(key, request.parsed)
            return StepAnswer(exchange=stored.exchange, answer=stored.answer, tries=self._archive.tries(key))
        if self.limit:
            raise StudyEndsError(self.limit)
        try:
            return await self._sent(run, request, role, key)
        except (BudgetSpentError, StudyStoppedError) as error:
            self.stop(str(error))
        except FetcherLostError:
            self.stop("the process that sends requests has ended")
        raise StudyEndsError(self.limit)

    def _key(self, run: AgentRun, request: ChatRequest) -> str:
        body = self._asker.prepare(request, run.provider).body
        return request_key(self._providers[run.provider], request.path, body, request.headers, run.block)

    async def _sent(self, run: AgentRun, request: ChatRequest, role: Role, key: str) -> StepAnswer:
        row = StudyRequestRow(
            key=key, row_id=run.task, target=run.provider, repeat=run.block, block=run.block, state=ASKED, exchange_id=""
        )

        async def sending(identity: str, most: Cost) -> None:
            await self._archive.sending(row, identity, most)

        async def remember(setback: Setback) -> None:
            await self._archive.set_back(key, setback)

        asked = await self._asker.ask(request, run.provider, role, sending=sending, remember=remember)
        await self._archive.answered(key, asked, answer_to(request.parsed, asked.answer))
        self.sent += 1
        return StepAnswer(exchange=asked.exchange, answer=asked.answer, tries=self._archive.tries(key))
