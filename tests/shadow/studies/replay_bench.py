"""A replay in this process: real requests to pretended providers, a real database, and waits that take no time."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from pathlib import Path

from proxy.provider_config import Provider, ProxyConfig
from shadow.demo.demo_tasks import tasks
from shadow.demo.pretended_server import ResponsePace
from shadow.pipeline.fetcher_client import InProcessFetcher
from shadow.pipeline.identity_observer import IdentityObserver
from shadow.settings.top_level_config import Config
from shadow.studies.asking import Asker
from shadow.studies.chat_request import ChatRequest
from shadow.studies.own_checks.row_checks import NO_CHECKS, RowChecks
from shadow.studies.replay.replay_plan import replay_plan
from shadow.studies.replay.replay_run import ReplayOutcome, ReplayRun
from shadow.studies.rows.chat_rows import cluster_of
from shadow.studies.rows.row import Row
from shadow.studies.study_archive import StudyArchive
from shadow.studies.study_budget import BudgetLimits, StudyBudget
from shadow.studies.study_policy import PolicyScore, StudyPolicy
from shadow.studies.study_recorder import StudyRecorder
from shadow.studies.targets import Targets
from shadow.studies.verdicts.study_rule import judge_study
from shadow.studies.verdicts.study_verdict import StudyResult
from storage.opening import open_store
from storage.storage_config import StorageConfig
from storage.study_rows import StudyRow
from tests.exchanges import guard
from tests.passing_clock import PassingClock

QUICK = ResponsePace(first_token=0.0, chunks_per_second=1e9)
SIGNALS = StudyPolicy(score=PolicyScore.SIGNALS, allowed_drop=0.1)
NO_LIMITS = BudgetLimits()


def rows(count: int, **more: object) -> list[Row]:
    """Requests of the demo that offer tools, at temperature 0."""
    bodies = ({**body, "temperature": 0, "max_tokens": 300, **more} for body in tasks(5) if "tools" in body)
    made = []
    for number, body in enumerate(itertools.islice(bodies, count), 1):
        request = ChatRequest(body=json.dumps(body).encode(), cluster=cluster_of(body["messages"]))
        made.append(Row(id=f"rows.jsonl:{number}", shape="chat", request=request))
    return made


class ReplayBench:
    """One study of `addresses` by name in the database of `folder`, run as often as a test likes."""

    def __init__(
        self,
        folder: Path,
        addresses: Mapping[str, str],
        *,
        reference: str = "official",
        policy: StudyPolicy = SIGNALS,
        limits: BudgetLimits = NO_LIMITS,
        at_once: int = 2,
        checks: RowChecks = NO_CHECKS,
    ) -> None:
        providers = {name: Provider(base_url=url, price_input=1.0, price_output=1.0) for name, url in addresses.items()}
        self.config = Config(proxy=ProxyConfig(providers=providers))
        self.targets = Targets(candidates=tuple(name for name in addresses if name != reference), reference=reference)
        self.policy = policy
        self.limits = limits
        self.at_once = at_once
        self.checks = checks
        self.store = open_store(StorageConfig(url=f"sqlite:///{folder}/study.db", batch_seconds=0.001))
        self.archive: StudyArchive | None = None
        self.budget = StudyBudget(limits)

    async def run(self, made: list[Row], *, passes: int = 1, watch: Callable[[ReplayRun], object] = id) -> ReplayOutcome:
        """One run; `watch` is given it before it begins."""
        guarded = guard()
        recorder = StudyRecorder(self.config, guarded, IdentityObserver(self.config, clean=str), b"s" * 32)
        study = StudyRow(id="s", kind="replay", name="t", begun=1.0, plan="{}", policy="{}", seed=1, version="0")
        self.archive = StudyArchive(self.store, study, recorder)
        self.budget = StudyBudget(self.limits)
        clock = PassingClock()
        asker = Asker(
            config=self.config,
            environ={},
            fetcher=InProcessFetcher(self.config.proxy.timeouts, self.config.proxy.limits),
            budget=self.budget,
            route="study:t",
            reference=self.targets.reference,
            now=clock.now,
            wait=clock.wait,
        )
        plan = replay_plan(
            made,
            targets=self.targets,
            providers=self.config.proxy.providers,
            prepare=asker.prepare,
            seed=1,
            passes=passes,
        )
        self.archive.open({request.key: request.block for request in plan.requests})
        self.budget.begin(0.0, self.archive.spent)
        run = ReplayRun(
            plan,
            asker=asker,
            archive=self.archive,
            recorder=recorder,
            policy=self.policy,
            at_once=self.at_once,
            checks=self.checks,
        )
        watch(run)
        try:
            return await run.run()
        finally:
            await asker.close()

    def judged(self, outcome: ReplayOutcome) -> StudyResult:
        """The verdicts on a run."""
        return judge_study(outcome.runs, reference=self.targets.reference, candidates=self.targets.candidates, policy=self.policy)
