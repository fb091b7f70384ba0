"""Runs block by block: interleaved, stopped where decided, given up where a provider fails alike, stored when they end."""

import os
from contextlib import closing

from shadow.studies.interleaving import interleaved
from shadow.studies.measured_run import RunOutcome
from shadow.studies.probe.outcome_rules import Ending
from shadow.studies.probe.probe_plan import ProbePlan
from shadow.studies.probe.probe_run import GIVEN_UP, ProbeRun
from shadow.studies.probe.probe_worlds import ProbeWorlds
from shadow.studies.probe.task import StudySettings, Task, TaskFile, TaskWorld
from shadow.studies.study_budget import BudgetLimits
from shadow.studies.study_policy import PolicyScore, StudyPolicy
from shadow.studies.targets import Targets
from storage.opening import open_store
from storage.storage_config import StorageConfig
from storage.study_rows import StudyRow

TARGETS = Targets(candidates=("good", "bad"), reference="best")
STUDY = StudyRow(id="s", kind="probe", name="t", begun=1.0, plan="{}", policy="{}", seed=0, version="1")


class Playing:
    """Runs that end as their provider always does; it stands for an agent loop, which has tests of its own."""

    def __init__(self, **outcomes):
        self._outcomes = outcomes
        self.begun = []

    async def run(self, run, messages, opening, role):
        self.begun.append((run.block, run.provider, role.value))
        outcome = self._outcomes[run.provider]
        run.ending = Ending(outcome=outcome(run.block) if callable(outcome) else outcome, detail="d")


class NoSteps:
    """A study that sends nothing."""

    limit = ""

    def stop(self, why):
        self.limit = why


class Study:
    """A study of 40 blocks over a real database."""

    def __init__(self, folder, playing, *, steps=None, blocks=40, at_once=1, clean=str):
        file = TaskFile(
            task=Task(name="t", prompts=("p",)),
            study=StudySettings(providers=TARGETS.candidates, reference="best", model="m", runs=blocks, at_once=at_once),
            policy=StudyPolicy(score=PolicyScore.COMPLETE, allowed_drop=0.3),
            budget=BudgetLimits(),
            servers=(),
            world=TaskWorld(),
            here=folder,
        )
        plan = ProbePlan(
            name="t",
            targets=TARGETS,
            blocks=interleaved(seed=1, tasks=["t"], providers=TARGETS.names, passes=blocks),
            prompts={"t": "p"},
            max_steps=20,
        )
        self._settings = (folder, plan, file, playing, steps or NoSteps(), clean)

    async def run(self):
        folder, plan, file, playing, steps, clean = self._settings
        with closing(open_store(StorageConfig(url=f"sqlite:///{folder / 's.db'}"))) as store:
            store.studies.begin(STUDY)
            made = ProbeRun(
                plan,
                file,
                loop=playing,
                steps=steps,
                worlds=ProbeWorlds(file, folder / "w", os.environ, None),
                store=store.studies,
                study_id="s",
                clean=clean,
            )
            runs = await made.run()
            return made, runs, store.studies.runs("s")


async def test_every_block_has_one_run_of_each_provider_until_a_candidate_is_decided(tmp_path):
    playing = Playing(best=RunOutcome.COMPLETE, good=RunOutcome.COMPLETE, bad=RunOutcome.PARTIAL)
    made, runs, _ = await Study(tmp_path, playing).run()
    assert made.decided == {"good", "bad"}
    counts = {name: sum(run.provider == name for run in runs) for name in TARGETS.names}
    assert counts["bad"] < counts["good"] == counts["best"] < 40
    first = [block for block, _, _ in playing.begun]
    assert first == sorted(first)
    assert {(provider, role) for _, provider, role in playing.begun} == {
        ("best", "shadow"),
        ("good", "primary"),
        ("bad", "primary"),
    }


async def test_a_study_that_is_started_again_begins_nothing_that_has_ended(tmp_path):
    outcomes = {"best": RunOutcome.COMPLETE, "good": RunOutcome.COMPLETE, "bad": RunOutcome.PARTIAL}
    _, runs, _ = await Study(tmp_path, Playing(**outcomes)).run()
    playing = Playing(**outcomes)
    _, again, _ = await Study(tmp_path, playing).run()
    assert playing.begun == []
    assert sorted(runs, key=lambda run: run.position) == sorted(again, key=lambda run: run.position)


async def test_a_provider_that_fails_three_runs_alike_is_given_up(tmp_path):
    playing = Playing(best=RunOutcome.COMPLETE, good=RunOutcome.COMPLETE, bad=RunOutcome.DENIED)
    made, runs, _ = await Study(tmp_path, playing).run()
    assert made.down == {"bad": "denied: d"}
    assert sum(run.provider == "bad" for run in runs) == GIVEN_UP == 3


async def test_a_study_ends_when_no_candidate_is_left(tmp_path):
    playing = Playing(best=RunOutcome.COMPLETE, good=RunOutcome.DENIED, bad=RunOutcome.WORLD_FAILED)
    made, runs, _ = await Study(tmp_path, playing).run()
    assert set(made.down) == {"good", "bad"}
    assert made.nothing_left
    assert len(runs) == 9, "the reference has no run that is compared with nothing"


async def test_the_reason_of_a_provider_that_is_given_up_is_the_one_that_is_stored(tmp_path):
    playing = Playing(best=RunOutcome.COMPLETE, good=RunOutcome.COMPLETE, bad=RunOutcome.DENIED)
    made, _, rows = await Study(tmp_path, playing, clean=str.upper).run()
    assert made.down == {"bad": "denied: D"}
    assert {row.detail for row in rows} == {"D"}


async def test_a_reference_that_fails_ends_the_study(tmp_path):
    playing = Playing(best=RunOutcome.ERROR, good=RunOutcome.COMPLETE, bad=RunOutcome.COMPLETE)
    made, runs, _ = await Study(tmp_path, playing).run()
    assert set(made.down) == {"best"}
    assert len(runs) == 9


async def test_a_run_that_the_end_of_the_study_cut_off_is_made_again_when_it_is_resumed(tmp_path):
    steps = NoSteps()

    def cut(block):
        if block < 2:
            return RunOutcome.COMPLETE
        steps.stop("interrupted")
        return RunOutcome.BUDGET

    outcomes = {"good": RunOutcome.COMPLETE, "bad": RunOutcome.COMPLETE}
    _, runs, rows = await Study(tmp_path, Playing(best=cut, **outcomes), steps=steps).run()
    assert [run.block for run in runs if run.provider == "best"] == [0, 1]
    assert len(rows) == len(runs)
    playing = Playing(best=RunOutcome.COMPLETE, **outcomes)
    await Study(tmp_path, playing, blocks=3).run()
    assert playing.begun == [(2, "best", "shadow")]
