"""Real MCP servers as worlds of runs, by stdio and HTTP: their tools offered, called, kept in a folder of one run, and ended."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess

import pytest

from shadow.studies.worlds.live_world import WorldPlace, live_world
from shadow.studies.worlds.server_spec import ServerSpec
from shadow.studies.worlds.world import in_world
from tests.journeys.gold_worlds import gold_actions, judged
from tests.journeys.npm import installed

pytestmark = [pytest.mark.promise("studies.servers"), pytest.mark.journey]

VERSION = "2026.8.31"
REAL_KEY = "sk-this-is-no-servers-business"


@pytest.fixture(scope="session")
def script(request):
    """The path of an npm server's program, by the server's name."""

    def of(name: str) -> str:
        package = f"@modelcontextprotocol/server-{name}"
        return str(installed(request, package, VERSION) / "node_modules" / package / "dist" / "index.js")

    return of


async def used(folder, spec, *calls):
    """The texts of these calls in a fresh world, and the world that was."""

    async def use(world):
        return [await world.call(name, arguments) for name, arguments in calls], world

    environ = {**os.environ, "OPENAI_API_KEY": REAL_KEY}
    return await in_world(lambda: live_world([spec], WorldPlace(folder=folder, here=folder, run="1", environ=environ)), use)


def original(folder):
    (folder / "original").mkdir()
    (folder / "original" / "a.txt").write_text("before")
    return folder / "original"


async def test_filesystem_works_on_a_copy_under_a_name_that_is_the_same_in_every_run(tmp_path, script):
    source = original(tmp_path)
    spec = ServerSpec(name="files", command=("node", script("filesystem"), "{data}"), copy=source, alias={"/data": "{data}"})
    calls = [
        ("read_text_file", {"path": "/data/a.txt"}),
        ("write_file", {"path": "/data/a.txt", "content": "after"}),
        ("list_allowed_directories", {}),
        ("read_text_file", {"path": "/etc/passwd"}),
    ]
    (one, first), (two, second) = await asyncio.gather(used(tmp_path / "1", spec, *calls), used(tmp_path / "2", spec, *calls))
    texts = [answer.text for answer in one]
    assert texts[:3] == ["before", "Successfully wrote to /data/a.txt", "Allowed directories:\n/data"]
    assert texts[3].startswith("Error: Access denied")
    assert texts == [answer.text for answer in two]
    assert first.offered == second.offered
    assert len(first.offered.functions) == 14
    assert (source / "a.txt").read_text() == "before"


async def test_memory_of_one_run_is_unknown_to_the_next(tmp_path, script):
    spec = ServerSpec(name="memory", command=("node", script("memory")), env={"MEMORY_FILE_PATH": "{folder}/memory.json"})
    entity = {"name": "a", "entityType": "t", "observations": ["o"]}
    written, _ = await used(tmp_path / "1", spec, ("create_entities", {"entities": [entity]}), ("read_graph", {}))
    read, _ = await used(tmp_path / "2", spec, ("read_graph", {}))
    assert json.loads(written[1].text)["entities"] == [entity]
    assert json.loads(read[0].text)["entities"] == []


async def test_everything_is_the_same_by_stdio_and_by_http(tmp_path, script):
    command = ("node", script("everything"))
    by_stdio = ServerSpec(name="everything", command=command)
    by_http = ServerSpec(
        name="everything",
        command=(*command, "streamableHttp"),
        url="http://127.0.0.1:{port}/mcp",
        env={"PORT": "{port}"},
    )
    calls = [
        ("echo", {"message": "x"}),
        ("get-sum", {"a": 1, "b": 2}),
        ("get-tiny-image", {}),
        ("get-structured-content", {"location": "Chicago"}),
    ]
    (one, first), (two, second) = await asyncio.gather(
        used(tmp_path / "1", by_stdio, *calls, ("get-env", {})), used(tmp_path / "2", by_http, *calls)
    )
    texts = [answer.text for answer in one]
    assert texts[0] == "Echo: x"
    assert texts[1] == "The sum of 1 and 2 is 3."
    assert "[image image/png, 4033 bytes, sha256 4466be3b7a0e5177; not shown]" in texts[2]
    assert texts[:4] == [answer.text for answer in two]
    assert first.offered.functions == second.offered.functions
    assert "everything: 'simulate-research-query': hidden: it can only be called as a task" in first.offered.alterations
    assert REAL_KEY not in texts[4]


async def test_time_answers_exactly(tmp_path):
    spec = ServerSpec(name="time", command=("{python}", "-m", "mcp_server_time", "--local-timezone", "UTC"))
    conversion = {"source_timezone": "Europe/Berlin", "time": "12:00", "target_timezone": "Asia/Tokyo"}
    answers, world = await used(tmp_path, spec, ("convert_time", conversion))
    assert "T20:00:00+09:00" in json.loads(answers[0].text)["target"]["datetime"] or "T19:00:00+09:00" in answers[0].text
    assert all(tool.read_only for tool in world.listed)


async def test_git_commits_into_the_copy_of_a_run(tmp_path):
    source = original(tmp_path)
    git = ("git", "-C", str(source), "-c", "user.name=t", "-c", "user.email=t@example.org")
    for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "first")):
        subprocess.run([*git, *words], check=True)  # noqa: ASYNC221 - three quick commands before anything runs
    spec = ServerSpec(
        name="git",
        command=("{python}", "-m", "mcp_server_git"),
        copy=source,
        alias={"/repository": "{data}"},
        env={"GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@example.org", "GIT_COMMITTER_NAME": "t"}
        | {"GIT_COMMITTER_EMAIL": "t@example.org"},
    )
    repository = {"repo_path": "/repository"}
    answers, world = await used(
        tmp_path / "run",
        spec,
        ("git_create_branch", {**repository, "branch_name": "b"}),
        ("git_branch", {**repository, "branch_type": "local"}),
        ("git_log", repository),
    )
    assert [answer.is_error for answer in answers] == [False] * 3
    assert "b" in answers[1].text.split()
    assert "first" in answers[2].text
    assert len(world.offered.functions) == 12
    branches = subprocess.run([*git, "branch"], check=True, capture_output=True, text=True).stdout  # noqa: ASYNC221 - as above
    assert "  b" not in branches


@pytest.mark.parametrize(("domain", "tasks", "writes"), [("mock", None, 4), ("airline", ["8"], 1)])
async def test_gold_actions_leave_the_same_state_twice_and_a_write_that_is_left_out_is_found(domain, tasks, writes):
    """All tasks of the airline are in bench/gold_states.py: a world of it writes 7 MB with each call."""
    gold = {task: actions for task, actions in gold_actions(domain).items() if tasks is None or task in tasks}
    free = asyncio.Semaphore(2)
    found = await asyncio.gather(*(judged(domain, actions, free) for actions in gold.values()))
    assert [task.difference for task in found] == [""] * len(gold)
    assert [task.found for task in found if task.found is not None] == [True] * writes
