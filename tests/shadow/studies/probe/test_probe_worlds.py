"""Worlds of a study: a fresh one for each run, one for all where every server is shared, and recordings."""

import os
from pathlib import Path

import pytest

from shadow.studies.probe.probe_worlds import ProbeWorlds
from shadow.studies.probe.task import StudySettings, TaskFile, TaskWorld
from shadow.studies.study_budget import BudgetLimits
from shadow.studies.study_policy import StudyPolicy
from shadow.studies.worlds import world_files
from shadow.studies.worlds.recording import RecordedCall, Recording
from shadow.studies.worlds.server_spec import Isolation, ServerSpec
from shadow.studies.worlds.world import AnswerSource, WorldError, in_world
from tests.shadow.studies.probe.probe_orders import FLEET, TASK

ROOT = str(Path(__file__).resolve().parents[4])
BAD = str(Path(__file__).resolve().parents[3] / "bad_server.py")


def worlds_of(folder, *servers, recording=None):
    study = StudySettings(providers=("a",), reference="b", model="m", runs=2)
    file = TaskFile(
        task=TASK, study=study, policy=StudyPolicy(), budget=BudgetLimits(), servers=servers, world=TaskWorld(), here=folder
    )
    return ProbeWorlds(file, folder / "worlds", os.environ, recording)


async def called(worlds, run, name, arguments):
    async def use(world):
        return await world.call(name, arguments)

    return await in_world(lambda: worlds.opened(run), use)


async def test_each_run_has_files_of_its_own_until_they_are_removed(tmp_path):
    worlds = worlds_of(tmp_path, ServerSpec(name="s", command=("{python}", BAD)))
    await called(worlds, "one", "write", {"path": "a.txt", "text": "1"})
    await called(worlds, "two", "write", {"path": "b.txt", "text": "2"})
    assert (await worlds.files("one"), await worlds.files("two")) == ({"data/a.txt": b"1"}, {"data/b.txt": b"2"})
    await worlds.remove("one")
    assert await worlds.files("one") == {}


async def test_a_recording_stands_in_for_the_servers(tmp_path):
    recording = Recording(functions=(), calls=(RecordedCall(name="x", arguments="{}", text="recorded"),))
    answer = await called(worlds_of(tmp_path, FLEET, recording=recording), "one", "x", {})
    assert (answer.text, answer.source) == ("recorded", AnswerSource.RECORDED)


@pytest.mark.slow
async def test_a_shared_server_is_started_once(tmp_path):
    command = ("{python}", "-m", "shadow.studies.fleet")
    env = {"PYTHONPATH": ROOT}
    spec = ServerSpec(name="fleet", command=command, env=env, isolation=Isolation.SHARED, trusted=True)
    worlds = worlds_of(tmp_path, spec)
    async with worlds.kept():
        first, second = [await called(worlds, run, "current_time", {}) for run in ("one", "two")]
    assert first.text == second.text
    assert [path.name for path in (tmp_path / "worlds").iterdir()] == ["shared"]


async def test_a_shared_server_that_may_write_does_not_start(tmp_path):
    worlds = worlds_of(tmp_path, ServerSpec(name="s", command=("{python}", BAD), isolation=Isolation.SHARED, trusted=True))
    with pytest.raises(WorldError, match="no read-only hint"):
        async with worlds.kept():
            pass


async def test_without_shared_servers_nothing_is_kept(tmp_path):
    async with worlds_of(tmp_path, FLEET).kept():
        assert not (tmp_path / "worlds").exists()


async def test_files_that_cannot_be_compared_break_the_world(tmp_path, monkeypatch):
    monkeypatch.setattr(world_files, "MOST_BYTES", 2)
    worlds = worlds_of(tmp_path, ServerSpec(name="s", command=("{python}", BAD)))
    await called(worlds, "one", "write", {"path": "a.txt", "text": "ab"})
    assert await worlds.files("one") == {"data/a.txt": b"ab"}
    await called(worlds, "two", "write", {"path": "a.txt", "text": "abc"})
    with pytest.raises(WorldError, match="the files of a world are larger than 0 MiB, and cannot be compared"):
        await worlds.files("two")


async def test_a_recorded_world_has_no_files_to_compare(tmp_path):
    recording = Recording(functions=(), calls=())
    worlds = worlds_of(tmp_path, recording=recording)
    with pytest.raises(WorldError, match="has no files that a run could have left"):
        await worlds.files("one")


async def test_a_shared_server_that_fails_in_any_way_is_not_waited_for(tmp_path):
    command = ("{python}", BAD)
    worlds = worlds_of(tmp_path, ServerSpec(name="s", command=command, isolation=Isolation.SHARED, trusted=True))
    worlds.folder = None  # a fault of our own where the folder is made
    with pytest.raises(TypeError):
        async with worlds.kept():
            pass
