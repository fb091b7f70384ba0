"""ProbeStudy: the composition root of a probe: plan, servers looked at, runs, verdicts, report."""

from __future__ import annotations

import asyncio
import json
import secrets
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import closing, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from shadow.findings.number_words import number_of
from shadow.pipeline.configured_privacy import configured_privacy
from shadow.pipeline.fetcher_client import SubprocessFetcher
from shadow.pipeline.frame_bytes import frame_bytes
from shadow.pipeline.identity_observer import IdentityObserver
from shadow.privacy.privacy_policy import PrivacyPolicy
from shadow.settings.config_errors import ConfigError
from shadow.settings.installed_version import installed_version
from shadow.settings.top_level_config import Config
from shadow.studies.asking import Asker
from shadow.studies.interruption import interruptible
from shadow.studies.measured_run import MeasuredRun
from shadow.studies.outputs.study_report import StudyFacts, StudyReport, study_report
from shadow.studies.probe.agent_loop import AgentLoop
from shadow.studies.probe.offer_errors import offer_errors
from shadow.studies.probe.offered_before import OfferedBefore
from shadow.studies.probe.probe_plan import ProbePlan
from shadow.studies.probe.probe_run import ProbeRun
from shadow.studies.probe.probe_worlds import ProbeWorlds
from shadow.studies.probe.run_rows import misses_of
from shadow.studies.probe.stored_steps import StoredSteps
from shadow.studies.probe.task import TaskFile
from shadow.studies.progress_line import ProgressLine
from shadow.studies.study_archive import StudyArchive
from shadow.studies.study_budget import StudyBudget
from shadow.studies.study_database import check_same, open_study_store, set_aside, study_id
from shadow.studies.study_recorder import StudyRecorder
from shadow.studies.verdicts.study_rule import judge_study
from shadow.studies.verdicts.study_verdict import StudyResult
from shadow.studies.worlds.offered_tools import OfferedTools
from shadow.studies.worlds.recording import RecordedCall, Recording, merged, recording_text, too_many_misses
from shadow.studies.worlds.secret_mask import SecretMask
from shadow.studies.worlds.world import World, WorldError, first_error, in_world
from storage.store import Store, StoreError
from storage.study_rows import StudyRow

PROBE = "probe"
NO_TOOLS = OfferedTools(functions=(), origins={}, alterations=())
"""What is offered where a study is stopped before its first world has started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeOrder:
    """A probe as its flags and files order it."""

    file: TaskFile
    plan: ProbePlan
    config: Config
    database: Path
    settings: Mapping[str, object]
    """What makes it the same study when it is resumed."""
    fresh: bool
    quiet: bool
    command: str
    kind: str = PROBE
    recording: Recording | None = None
    """The world of the runs, in place of servers."""
    notes: tuple[str, ...] = ()
    """What a reader of the result must know of how the runs begin."""
    tenant: str = ""
    """The tenant of the conversation that is taken up, whose rules hold for what is stored; "" for none."""

    @property
    def id(self) -> str:
        """The id of the study."""
        return study_id(self.kind, self.plan.name, self.settings)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """The result of a probe: the verdicts, all that its outputs print, and whether it was interrupted.

    `unwritten` is a sentence where the recording that the task orders could not be written.
    """

    verdicts: StudyResult
    report: StudyReport
    interrupted: bool
    unwritten: str = ""


class ProbeStudy:
    """One probe; nothing is started or sent before `run`."""

    def __init__(self, order: ProbeOrder, environ: Mapping[str, str]) -> None:
        self._order = order
        self._environ = environ
        self._budget = StudyBudget(order.file.budget)
        self._before = OfferedBefore({})

    def __repr__(self) -> str:
        return f"<ProbeStudy {self._order.plan.name} {self._budget!r}>"

    def run(self) -> ProbeResult:
        """Run and judge; a first Ctrl-C ends it after what is in flight, a second one at once."""
        order = self._order
        if order.fresh:
            set_aside(order.database, time.time())
        with (
            closing(open_study_store(order.database, order.config.storage)) as store,
            tempfile.TemporaryDirectory(prefix="sameweights-", ignore_cleanup_errors=True) as folder,
        ):
            policy = configured_privacy(order.config, secrets.token_bytes(32)).of(order.tenant)
            archive = self._archive(store, policy)
            worlds = ProbeWorlds(order.file, Path(folder), self._environ, order.recording)
            try:
                return asyncio.run(self._run(store, archive, policy, worlds))
            except BaseExceptionGroup as group:
                first = first_error(group)
                raise first if isinstance(first, StoreError | ConfigError) else group from None

    def _archive(self, store: Store, policy: PrivacyPolicy) -> StudyArchive:
        order, config = self._order, self._order.config
        known = store.identity_queries.latest(1_000)
        identities = IdentityObserver(config, known, clean=policy.redactor.text)
        check_same(order.database, store.studies.studies(), kind=order.kind, name=order.plan.name, settings=order.settings)
        self._before = OfferedBefore.read(store.studies, order.id)
        recorder = StudyRecorder(config, policy, identities, secret=store.secret())
        archive = StudyArchive(store, _study_row(order, self._before), recorder)
        archive.open({})
        return archive

    async def _run(self, store: Store, archive: StudyArchive, policy: PrivacyPolicy, worlds: ProbeWorlds) -> ProbeResult:
        order = self._order
        self._budget.begin(time.monotonic(), archive.spent)
        asker = self._asker()
        steps = StoredSteps(asker, archive, order.config.proxy.providers, reuse=policy.bodies == "full")
        offering = asyncio.create_task(self._offered(worlds))

        def stop() -> None:
            steps.stop("interrupted")
            offering.cancel()

        try:
            with interruptible(stop):
                offered = await self._remembered(store, await _unless_stopped(offering, steps))
                run = self._probe_run(store, worlds, steps, offered, policy)
                result = await self._measured(run, steps, worlds, offered)
                await self._ended(archive, run, result)
                return result if offered is NO_TOOLS else replace(result, unwritten=self._record(store, offered))
        finally:
            offering.cancel()
            await asyncio.wait([offering])
            await asker.close()

    def _probe_run(
        self, store: Store, worlds: ProbeWorlds, steps: StoredSteps, offered: OfferedTools, policy: PrivacyPolicy
    ) -> ProbeRun:
        order = self._order
        return ProbeRun(
            order.plan,
            order.file,
            loop=AgentLoop(steps.ask, order.file.task, order.file.study.model, offered.functions),
            steps=steps,
            worlds=worlds,
            store=store.studies,
            study_id=order.id,
            clean=_cleaning(policy, worlds.mask),
        )

    async def _measured(self, run: ProbeRun, steps: StoredSteps, worlds: ProbeWorlds, offered: OfferedTools) -> ProbeResult:
        """The runs made and judged; where the study is stopped already, those that are stored."""
        began = time.time()
        async with ProgressLine(lambda seconds: self._progress(run, steps, seconds), quiet=self._order.quiet):
            runs = await self._runs(run, worlds, steps)
        return self._judged(run, steps, runs, offered, began)

    async def _ended(self, archive: StudyArchive, run: ProbeRun, result: ProbeResult) -> None:
        words = ", ".join(f"{each.candidate} {each.word.value}" for each in result.verdicts.verdicts)
        order = self._order
        await archive.end(time.time(), words, _plan_json(order, self._before, result.report.facts, _barred(run, order)))

    async def _runs(self, run: ProbeRun, worlds: ProbeWorlds, steps: StoredSteps) -> tuple[MeasuredRun, ...]:
        """The runs; ConfigError where a server that all of them share does not start."""
        try:
            async with nullcontext() if steps.limit else worlds.kept():
                return await run.run()
        except WorldError as error:
            raise ConfigError([str(error)]) from error

    def _asker(self) -> Asker:
        config = self._order.config
        fetcher = SubprocessFetcher(config.proxy.timeouts, config.proxy.limits, frame_bytes(config))
        return Asker(
            config=config,
            environ=self._environ,
            fetcher=fetcher,
            budget=self._budget,
            route=f"study:{self._order.plan.name}",
            reference=self._order.plan.targets.reference,
        )

    async def _offered(self, worlds: ProbeWorlds) -> OfferedTools:
        """The tools of a first world, which stand in every request; ConfigError where it does not start, or lacks a tool."""

        async def use(world: World) -> OfferedTools:
            return world.offered

        try:
            offered = await in_world(lambda: worlds.opened("first"), use)
        except WorldError as error:
            raise ConfigError([str(error)]) from error
        finally:
            await worlds.remove("first")
        if errors := offer_errors(self._order.file.task, offered):
            raise ConfigError(errors)
        return offered

    async def _remembered(self, store: Store, offered: OfferedTools) -> OfferedTools:
        """The tools, stored before the first run has them; ConfigError where earlier runs had others."""
        if offered is not NO_TOOLS:
            self._before.check(offered, self._order.database)
            await asyncio.to_thread(store.studies.begin, _study_row(self._order, self._before))
        return offered

    def _judged(
        self, run: ProbeRun, steps: StoredSteps, runs: tuple[MeasuredRun, ...], offered: OfferedTools, began: float
    ) -> ProbeResult:
        order, targets = self._order, self._order.plan.targets
        verdicts = judge_study(
            runs,
            reference=targets.reference,
            candidates=targets.candidates,
            policy=order.file.policy,
            barred=_barred(run, order),
        )
        facts = StudyFacts(
            name=order.plan.name,
            kind=order.kind,
            version=installed_version("source"),
            began=began,
            ended=time.time(),
            ended_by=_ended_by(order, run, steps),
            seed=order.file.study.seed,
            planned=len(order.plan.blocks),
            requests=steps.sent + steps.found,
            prompt_tokens=sum(one.prompt_tokens or 0 for one in runs),
            completion_tokens=sum(one.completion_tokens or 0 for one in runs),
            cost=self._budget.spent.money or None,
            models=dict.fromkeys(targets.names, order.file.study.model),
            notes=(*order.notes, *offered.alterations, *(f"{name} was given up: {why}" for name, why in run.down.items())),
            command=order.command,
        )
        report = study_report(facts, verdicts, runs)
        return ProbeResult(verdicts=verdicts, report=report, interrupted=steps.limit == "interrupted")

    def _progress(self, run: ProbeRun, steps: StoredSteps, seconds: float) -> str:
        decided = f", decided: {', '.join(sorted(run.decided))}" if run.decided else ""
        counts = run.counts
        done, sent = number_of(len(run.rows), "run"), number_of(steps.sent, "request")
        return f"{done}, {counts.begun - len(run.rows)} running, {sent}, {seconds:.0f} s{decided}"

    def _record(self, store: Store, offered: OfferedTools) -> str:
        """Write the recording that the task orders: every call of the study, without exact repeats; what went wrong, or ""."""
        path = self._order.file.world.record
        if path is None:
            return ""
        rows = store.studies.recorded_calls(self._order.id)
        calls = [RecordedCall(name=row.name, arguments=row.arguments, text=row.text, is_error=row.is_error) for row in rows]
        return written(path, recording_text(Recording(functions=offered.functions, calls=merged(calls))))


async def _unless_stopped(offering: asyncio.Task[OfferedTools], steps: StoredSteps) -> OfferedTools:
    """The tools that are offered; none where the study is stopped before they are known."""
    try:
        return await offering
    except asyncio.CancelledError:
        current = asyncio.current_task()
        if steps.limit and current is not None and not current.cancelling():
            return NO_TOOLS
        raise


def written(path: Path, text: str) -> str:
    """Write a recording whole, or leave the file as it was; a sentence where it cannot be written."""
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        why = error.strerror or error
        return f"world.record: {path} could not be written: {why}; run the same command again: nothing is sent twice"
    return ""


def _cleaning(policy: PrivacyPolicy, mask: SecretMask) -> Callable[[str], str]:
    """What is kept of a text: all but secrets, or nothing where no bodies are kept."""
    return (lambda text: policy.redactor.text(mask.text(text))) if policy.bodies == "full" else _nothing


def _nothing(_: str) -> str:
    """What is kept of a tool's result where bodies are not: nothing."""
    return ""


def _barred(run: ProbeRun, order: ProbeOrder) -> dict[str, str]:
    """A sentence for each candidate that left the recording too often; for all of them where the reference did.

    None where a run is one step: the results of its calls are sent to no model.
    """
    if order.file.task.max_steps == 1:
        return {}
    rows = list(run.rows.values())
    found = {}
    for name in order.plan.targets.names:
        misses, calls = misses_of(rows, name)
        if too_many_misses(misses, calls):
            found[name] = f"{misses} of {calls} calls of {name} left the recording, and more than a tenth makes no verdict"
    of_all = found.get(order.plan.targets.reference)
    return dict.fromkeys(order.plan.targets.candidates, of_all) if of_all else found


def _ended_by(order: ProbeOrder, run: ProbeRun, steps: StoredSteps) -> str:
    if steps.limit:
        return "interrupted" if steps.limit == "interrupted" else "budget"
    if order.plan.targets.reference in run.down:
        return "the reference gave no answers"
    if not run.nothing_left:
        return "complete"
    return "no candidate is left" if run.down else "decided"


def _study_row(order: ProbeOrder, before: OfferedBefore) -> StudyRow:
    return StudyRow(
        id=order.id,
        kind=order.kind,
        name=order.plan.name,
        begun=time.time(),
        plan=json.dumps(_plan_of(order, before)),
        policy=json.dumps(asdict(order.file.policy)),
        seed=order.file.study.seed,
        version=installed_version("source"),
    )


def _plan_of(order: ProbeOrder, before: OfferedBefore) -> dict[str, object]:
    return {"settings": order.settings, "blocks": len(order.plan.blocks), "tools": before.tools}


def _plan_json(order: ProbeOrder, before: OfferedBefore, facts: StudyFacts, barred: Mapping[str, str]) -> str:
    """The plan with its result, from which the study is shown again."""
    return json.dumps({**_plan_of(order, before), "facts": asdict(facts), "barred": dict(barred)})
