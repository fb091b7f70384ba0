"""Runs block by block: interleaved, stopped where decided, given up where a provider fails alike, stored when they end."""

import asyncio
import os
from contextlib import closing

import pytest

from shadow.studies.interleaving import interleaved
from shadow.studies.measured_run import RunOutcome
from shadow.studies.probe.outcome_rules import Ending
from shadow.studies.probe.probe_plan import ProbePlan
from shadow.studies.probe.probe_run import GIVEN_UP, ProbeCounts, ProbeRun
from shadow.studies.probe.probe_worlds import ProbeWorlds
from shadow.studies.probe.task import StudySettings, Task, TaskFile, TaskWorld
from shadow.studies.study_budget import BudgetLimits
from shadow.studies.study_policy import PolicyScore, StudyPolicy
from shadow.studies.targets import Targets
from shadow.studies.worlds.world import WorldError
from storage.opening import open_store
from storage.storage_config import StorageConfig
from storage.study_rows import StudyRow
from tests.running import PATIENCE

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
        made = outcome(run.block) if callable(outcome) else outcome
        run.ending = made if isinstance(made, Ending) else Ending(outcome=made, detail="d")


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


def ending(*endings):
    """How the blocks of a provider end, one after another; each from there on as the last of them."""
    return lambda block: endings[min(block, len(endings) - 1)]


def failed(detail):
    return Ending(outcome=RunOutcome.ERROR, detail=detail)


def test_nothing_has_begun_before_the_first_block():
    assert (ProbeCounts().begun, ProbeCounts().ended) == (0, 0)


async def test_runs_are_numbered_in_the_order_in_which_they_began_also_after_a_resumption(tmp_path):
    playing = Playing(best=RunOutcome.COMPLETE, good=RunOutcome.COMPLETE, bad=RunOutcome.COMPLETE)
    made, _, _ = await Study(tmp_path, playing, blocks=2).run()
    assert repr(made) == "<ProbeRun t begun=6 ended=6>"
    made, runs, _ = await Study(tmp_path, playing, blocks=3).run()
    assert repr(made) == "<ProbeRun t begun=9 ended=3>"
    begun = [(block, provider) for block, provider, _ in playing.begun]
    assert [(run.block, run.provider) for run in sorted(runs, key=lambda run: run.position)] == begun
    assert sorted(run.position for run in runs) == [0, 1, 2, 3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize(
    ("endings", "down"),
    [
        ((failed("d"),), {"bad": "error: d"}),
        ((failed("d"), failed("d"), RunOutcome.COMPLETE, failed("d"), failed("d"), RunOutcome.COMPLETE), {}),
        ((failed("d"), failed("e"), failed("d"), failed("d"), RunOutcome.COMPLETE), {}),
        ((failed("d"), RunOutcome.DENIED, failed("d"), failed("d"), RunOutcome.COMPLETE), {}),
        ((failed(""),), {"bad": "error"}),
        (tuple(failed("d" * 199 + end) for end in "efg"), {}),
        (tuple(failed("d" * 200 + end) for end in "efg"), {"bad": f"error: {'d' * 200}g"}),
    ],
    ids=["alike", "not in a row", "other details", "other outcomes", "no detail", "differ in 200", "differ after 200"],
)
async def test_a_provider_is_given_up_after_three_runs_that_fail_alike_one_after_another(tmp_path, endings, down):
    ends = ending(*endings, RunOutcome.COMPLETE) if not down else ending(*endings)
    playing = Playing(best=RunOutcome.COMPLETE, good=RunOutcome.COMPLETE, bad=ends)
    made, _, _ = await Study(tmp_path, playing, blocks=7).run()
    assert made.down == down


async def test_failures_of_one_provider_are_counted_whatever_another_does_in_between(tmp_path):
    playing = Playing(best=RunOutcome.COMPLETE, good=failed("d"), bad=RunOutcome.DENIED)
    made, runs, _ = await Study(tmp_path, playing).run()
    assert made.down == {"good": "error: d", "bad": "denied: d"}
    assert len(runs) == 9


async def test_a_run_that_is_begun_again_counts_what_failed_before(tmp_path):
    playing = Playing(best=RunOutcome.COMPLETE, good=RunOutcome.COMPLETE, bad=failed("d"))
    await Study(tmp_path, playing, blocks=2).run()
    made, _, rows = await Study(tmp_path, playing, blocks=9).run()
    assert made.down == {"bad": "error: d"}
    assert sum(row.target == "bad" for row in rows) == 3


async def test_as_many_blocks_are_open_as_may_run_at_once_and_no_more(tmp_path):
    """Each run waits until all that may be open have begun: with fewer it would never end, and more would be seen."""
    playing = Together(6, best=RunOutcome.COMPLETE, good=RunOutcome.COMPLETE, bad=RunOutcome.COMPLETE)
    _, runs, _ = await Study(tmp_path, playing, blocks=4, at_once=2).run()
    assert len(runs) == 12
    assert playing.most == 6


class Together(Playing):
    """Runs that end only when so many have begun."""

    def __init__(self, number, **outcomes):
        super().__init__(**outcomes)
        self._all_begun = asyncio.Barrier(number)
        self.most = self._open = 0

    async def run(self, run, messages, opening, role):
        self._open += 1
        self.most = max(self.most, self._open)
        async with asyncio.timeout(PATIENCE):
            await self._all_begun.wait()
        await super().run(run, messages, opening, role)
        self._open -= 1


async def test_a_world_that_breaks_is_the_end_of_its_run_and_the_folder_of_no_run_stays(tmp_path):
    class Breaking(Playing):
        async def run(self, run, messages, opening, role):
            folder = tmp_path / "w" / f"run-{run.block}-{TARGETS.names.index(run.provider)}"
            folder.mkdir(parents=True)
            self.begun.append(folder.name)
            raise WorldError("it broke")

    playing = Breaking()
    made, runs, rows = await Study(tmp_path, playing).run()
    assert {(run.outcome, run.detail) for run in runs} == {(RunOutcome.WORLD_FAILED, "it broke")}
    assert made.down == dict.fromkeys(("best", "good", "bad"), "world_failed: it broke")
    assert len(rows) == len(playing.begun) == len(set(playing.begun)) == 9
    assert list((tmp_path / "w").iterdir()) == []
