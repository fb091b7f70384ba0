"""run_replay(): the composition root of a replay: plan, database, requests, verdict, and the exit code."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, replace

from shadow.commands.exit_codes import INTERRUPTED
from shadow.findings.number_words import number_of
from shadow.pipeline.configured_privacy import configured_privacy
from shadow.pipeline.fetcher_client import SubprocessFetcher
from shadow.pipeline.frame_bytes import frame_bytes
from shadow.pipeline.identity_observer import IdentityObserver
from shadow.settings.config_errors import ConfigError
from shadow.settings.installed_version import installed_version
from shadow.studies.asking import Asker
from shadow.studies.interruption import interruptible
from shadow.studies.own_checks.row_checks import row_checks_json
from shadow.studies.progress_line import ProgressLine, duration
from shadow.studies.replay.plan_cost import PlanCost, budget_faults, plan_cost
from shadow.studies.replay.plan_lines import PlannedStudy
from shadow.studies.replay.replay_order import ReplayOrder
from shadow.studies.replay.replay_plan import ReplayPlan, replay_plan
from shadow.studies.replay.replay_report import StoredReplay, policy_json, stored_replay
from shadow.studies.replay.replay_run import EndedBy, ReplayOutcome, ReplayRun
from shadow.studies.study_archive import StudyArchive
from shadow.studies.study_budget import Cost, StudyBudget
from shadow.studies.study_database import check_same, open_study_store, set_aside
from shadow.studies.study_recorder import StudyRecorder
from shadow.studies.targets import missing_keys, own_noise
from shadow.studies.verdicts.study_verdict import StudyResult, exit_code
from storage.opening import open_reader
from storage.store import Store, StoreError
from storage.study_rows import ANSWERED, StudyRow

SKIPPED = 5
"""Broken lines that are stored with the study."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayResult:
    """The result of a replay, judged by every answer that is stored, those of earlier runs included."""

    stored: StoredReplay
    outcome: ReplayOutcome

    @property
    def verdicts(self) -> StudyResult:
        """The verdict on each candidate."""
        return self.stored.result

    @property
    def exit_code(self) -> int:
        """130 after an interruption, else by the verdicts: 0, 3 or 4."""
        return INTERRUPTED if self.outcome.ended_by is EndedBy.INTERRUPTED else exit_code(self.verdicts)


class ReplayStudy:
    """One replay from its order to its verdicts; nothing is sent before `run`."""

    def __init__(self, order: ReplayOrder, environ: Mapping[str, str]) -> None:
        config = order.config
        self._order = order
        self._environ = environ
        self._providers = config.proxy.providers
        self._budget = StudyBudget(order.limits)
        fetcher = SubprocessFetcher(config.proxy.timeouts, config.proxy.limits, frame_bytes(config))
        self._asker = Asker(
            config=config,
            environ=environ,
            fetcher=fetcher,
            budget=self._budget,
            route=order.route,
            reference=order.targets.reference,
        )
        self.plan = replay_plan(
            order.rows,
            targets=order.targets,
            providers=self._providers,
            prepare=self._asker.prepare,
            seed=order.seed,
            passes=order.passes,
        )
        self._stored = frozenset() if order.fresh else _stored_keys(order)
        self.cost = self._cost()

    def __repr__(self) -> str:
        return f"<ReplayStudy {self._order.name} blocks={len(self.plan.blocks)}>"

    @property
    def planned(self) -> PlannedStudy:
        """The plan as it is printed."""
        order = self._order
        return PlannedStudy(
            name=order.name,
            database=order.database.name,
            plan=self.plan,
            rows=order.rows,
            broken=order.broken,
            cost=self.cost,
            limits=order.limits,
            policy=order.policy,
            missing=missing_keys(order.config, order.targets.names, self._environ),
            alike=own_noise(order.config, order.targets),
        )

    def check(self) -> None:
        """ConfigError with everything that forbids to run this plan."""
        order = self._order
        faults = [*missing_keys(order.config, order.targets.names, self._environ), *self._nameless()]
        faults += budget_faults(self.cost, order.limits)
        if (kept := order.config.storage.bodies) != "full":
            faults.append(
                f"storage.bodies: a replay compares bodies that it has stored, also of earlier runs; '{kept}' keeps none that "
                "can be: set SAMEWEIGHTS_STORAGE__BODIES=full for this command"
            )
        if faults:
            raise ConfigError(faults)

    async def run(self) -> ReplayResult:
        """Send, compare and judge; a first Ctrl-C ends it after what is in flight, a second one at once."""
        order = self._order
        if order.fresh:
            set_aside(order.database, time.time())
        with closing(open_study_store(order.database, order.config.storage)) as store:
            archive, recorder = self._archive(store)
            outcome = await self._run(archive, recorder)
            stored = stored_replay(store, _row(order, self.plan))
            words = ", ".join(f"{each.candidate} {each.word.value}" for each in stored.result.verdicts)
            await archive.end(time.time(), words, plan_json(order, self.plan, outcome, self._budget.spent))
            row = next(row for row in store.studies.studies() if row.id == order.id)
            return ReplayResult(stored=replace(stored, row=row), outcome=outcome)

    def _cost(self) -> PlanCost:
        return plan_cost(self.plan, providers=self._providers, has=self._stored.__contains__)

    def _nameless(self) -> list[str]:
        """A sentence for each provider that would get requests without a model."""
        row = next((row for row in self._order.rows if not row.request.parsed.model), None)
        targets = [name for name in self._order.targets.names if row and not self._providers[name].models.get("*")]
        return [
            f"{row.id if row else ''}: names no model, and {name} has none for every request; "
            f'name one with --set model=NAME, or set models = {{ "*" = "NAME" }} of {name}'
            for name in targets
        ]

    def _archive(self, store: Store) -> tuple[StudyArchive, StudyRecorder]:
        order, config = self._order, self._order.config
        policy = configured_privacy(config, secrets.token_bytes(32))
        known = store.identity_queries.latest(1_000)
        recorder = StudyRecorder(
            config, policy, IdentityObserver(config, known, clean=policy.redactor.text), secret=store.secret()
        )
        check_same(order.database, store.studies.studies(), kind=order.kind, name=order.name, settings=order.settings)
        archive = StudyArchive(store, _row(order, self.plan), recorder)
        archive.open({request.key: request.block for request in self.plan.requests})
        return archive, recorder

    async def _run(self, archive: StudyArchive, recorder: StudyRecorder) -> ReplayOutcome:
        order = self._order
        self._budget.begin(time.monotonic(), archive.spent)
        run = ReplayRun(
            self.plan,
            asker=self._asker,
            archive=archive,
            recorder=recorder,
            policy=order.policy,
            at_once=order.at_once,
            checks=order.checks,
        )
        try:
            with interruptible(run.stop):
                async with ProgressLine(lambda seconds: self._progress(run, seconds), quiet=order.quiet):
                    return await run.run()
        finally:
            await self._asker.close()

    def _progress(self, run: ReplayRun, seconds: float) -> str:
        counts, whole = run.counts, self.cost.ceiling.requests + self.cost.stored
        done = counts.asked + counts.found
        left = duration(seconds / counts.asked * (whole - done)) if counts.asked else "unknown"
        errors = ", ".join(f"{name} {count}" for name, count in counts.errors.most_common(3))
        decided = f", decided: {', '.join(sorted(run.decided))}" if run.decided else ""
        spent = self._budget.spent
        money = f", {spent.money:.4f} spent" if spent.money else f", {number_of(spent.tokens, 'token')}"
        return (
            f"{done:,}/{number_of(whole, 'answer')}, {counts.in_flight} in flight{money}, at most {left} left"
            f"{f', errors: {errors}' if errors else ''}{decided}"
        )


def _row(order: ReplayOrder, plan: ReplayPlan) -> StudyRow:
    return StudyRow(
        id=order.id,
        kind=order.kind,
        name=order.name,
        begun=time.time(),
        plan=plan_json(order, plan),
        policy=policy_json(order.policy),
        seed=order.seed,
        version=installed_version("source"),
    )


def plan_json(order: ReplayOrder, plan: ReplayPlan, outcome: ReplayOutcome | None = None, spent: Cost | None = None) -> str:
    """What is stored of a plan with its study, and of how its last run ended."""
    known: dict[str, object] = {
        "settings": order.settings,
        "reference": order.targets.reference,
        "candidates": order.targets.candidates,
        "rows": plan.rows,
        "passes": plan.passes,
        "blocks": len(plan.blocks),
        "shapes": order.shapes,
        "skipped": [str(row) for row in order.broken[:SKIPPED]],
        "skipped_rows": len(order.broken),
        "command": order.command,
        "labels": order.labels,
        **row_checks_json(order.checks),
    }
    if outcome is not None and spent is not None:
        known |= {"ended_by": outcome.ended_by.value, "down": outcome.down, "spent": asdict(spent)}
    return json.dumps(known)


def _stored_keys(order: ReplayOrder) -> frozenset[str]:
    """The keys of the answers that an earlier run has stored; none where there is no database yet."""
    if not order.database.exists():
        return frozenset()
    url = order.config.storage.in_file(order.database)
    with suppress(StoreError), closing(open_reader(url)) as reader:  # its error is raised when it is written
        return frozenset(request.key for request in reader.studies.requests(order.id) if request.state == ANSWERED)
    return frozenset()
