"""Worlds of the tau2 servers: the actions that a task's author wrote down, and the files that they leave."""

import asyncio
import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pytest

from shadow.studies.own_checks.answer_facts import AnswerFacts
from shadow.studies.own_checks.check_spec import read_check
from shadow.studies.own_checks.run_checks import check_answer
from shadow.studies.worlds.live_world import WorldPlace, live_world
from shadow.studies.worlds.server_spec import ServerSpec
from shadow.studies.worlds.world import in_world
from shadow.studies.worlds.world_files import world_files

FIRST = {"mock": "get_users", "airline": "list_all_airports"}
"""A read that makes the server write its state, so that a world without a write has one too."""
READS = ("get_", "search_", "list_", "calculate", "think", "transfer_to_human_agents")
TASKS = {"mock": "data/tasks.json", "airline": "data/tau2/domains/airline/tasks.json"}
OF_THE_TEST = ("reset_state", "get_call_log")
"""Tools that serve the evaluation, and no user of the airline."""


@dataclass(frozen=True)
class Action:
    """One call of a task's author."""

    name: str
    arguments: dict


def package_of(domain: str) -> Path:
    """The folder of the server's package; a missing one fails, because nothing may be skipped."""
    try:
        module = import_module(f"tau2_{domain}_mcp")
    except ImportError:
        pytest.fail(f"tau2-{domain}-mcp-eval is not installed: pip install -e '.[dev]'")
    return Path(module.__file__).parent


def gold_actions(domain: str) -> dict[str, list[Action]]:
    """The actions of each task, by its id."""
    tasks = json.loads((package_of(domain) / TASKS[domain]).read_text())
    return {
        task["id"]: [Action(action["name"], action["arguments"]) for action in task["evaluation_criteria"].get("actions", [])]
        for task in tasks
    }


@dataclass(frozen=True)
class EndState:
    """The files of a world after some actions, and the places of those that it refused (some tasks begin with other data)."""

    files: dict[str, bytes]
    refused: tuple[int, ...]


def last_write(actions: Sequence[Action], refused: Sequence[int]) -> int | None:
    """The place of the last action that changed something."""
    places = [place for place, action in enumerate(actions) if place not in refused and not action.name.startswith(READS)]
    return places[-1] if places else None


def difference(one: dict[str, bytes], other: dict[str, bytes]) -> str:
    """Where the second end state differs from the first, by the check of a task file; the log of calls left out."""
    expected = {path: content.decode() for path, content in one.items()}
    spec = read_check({"kind": "end_state", "expected": expected, "without": ["calls"]})
    return check_answer(spec, AnswerFacts(text="", files_after=other)).why


def server(domain: str) -> ServerSpec:
    """The server with its state in the run's folder, and what only the evaluation needs out of the model's sight."""
    package_of(domain)
    return ServerSpec(
        name=domain,
        command=("{python}", "-c", f"from tau2_{domain}_mcp.server import main; main()"),
        env={f"TAU2_{domain.upper()}_MCP_STATE_DIR": "{folder}/state"},
        hide=OF_THE_TEST,
        inject={"state_key": "study"},
    )


async def end_state(domain: str, actions: Sequence[Action]) -> EndState:
    """What these actions leave in a fresh world."""
    refused: list[int] = []

    async def use(world) -> None:
        await world.call(FIRST[domain], {})
        for place, action in enumerate(actions):
            answer = await world.call(action.name, action.arguments) if action.name in world.offered.origins else None
            if answer is None or answer.is_error or answer.text.lower().startswith('{"error'):
                refused.append(place)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        place = WorldPlace(folder=folder, here=folder, run="1", environ=os.environ)
        await in_world(lambda: live_world([server(domain)], place), use)
        return EndState(files=await asyncio.to_thread(world_files, folder), refused=tuple(refused))


@dataclass(frozen=True)
class Judged:
    """One task: where two runs of its gold actions differ, and whether a write that was left out was found (None without one)."""

    difference: str
    found: bool | None


async def judged(domain: str, actions: Sequence[Action], free: asyncio.Semaphore) -> Judged:
    """The gold actions twice, and once without the last write that the world accepted; `free` bounds the worlds at once."""

    async def left(own: Sequence[Action]) -> EndState:
        async with free:
            return await end_state(domain, own)

    one, two = await asyncio.gather(left(actions), left(actions))
    same = difference(one.files, two.files)
    place = last_write(actions, one.refused)
    if place is None:
        return Judged(difference=same, found=None)
    less = await left([*actions[:place], *actions[place + 1 :]])
    return Judged(difference=same, found=difference(one.files, less.files) != "")
