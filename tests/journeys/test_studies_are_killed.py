"""A replay that is killed at any moment and resumed: no stored answer is asked for again, and the verdict is the same."""

import os
import random
import signal
from contextlib import closing
from pathlib import Path

import pytest

from shadow.demo.planted_faults import PlantedFaults
from shadow.demo.pretended_server import ResponsePace
from storage.study_rows import ANSWERED
from tests.running import PATIENCE
from tests.shadow.studies.replay_bench import rows
from tests.steady import SteadyServer
from tests.studied import reader, run, start, write_config

pytestmark = [pytest.mark.journey, pytest.mark.promise("studies.resumed")]

PACE = ResponsePace(first_token=0.02, chunks_per_second=5_000)
AT_ONCE = 4
FLAGS = ("--allowed-drop", "0.1", "--at-once", f"{AT_ONCE}", "--quiet")


def stored(folder: Path) -> dict[str, tuple[str, int]]:
    """The exchange and the tries of each stored answer, by its key."""
    database = folder / "study-rows.db"
    if not database.exists():
        return {}
    with closing(reader(database)) as study:
        found = [request for row in study.studies.studies() for request in study.studies.requests(row.id)]
    return {request.key: (request.exchange_id, request.tries) for request in found if request.state == ANSWERED}


async def killed(folder: Path, official: SteadyServer, near: SteadyServer, more: int) -> int:
    """Start the replay and kill it after `more` answers; how many requests were in flight."""
    goal = official.answered + near.answered + more
    process = await start(folder, "replay", "rows.jsonl", *FLAGS)
    waiting = [server.until(lambda _: official.answered + near.answered >= goal, seconds=PATIENCE) for server in (official, near)]
    for condition in waiting:
        await condition
    os.killpg(process.pid, signal.SIGKILL)
    await process.communicate()
    for server in (official, near):
        await server.until(lambda each: each.open_streams == 0, seconds=PATIENCE)
    return process.returncode


async def test_no_stored_answer_is_asked_again_over_kills_and_the_verdict_is_that_of_an_unbroken_run(tmp_path):
    kills, chance = int(os.environ.get("STUDY_KILLS", "2")), random.Random(5)
    made = rows(40 + 8 * kills)
    faults = PlantedFaults(drop_tool_calls=0.1)
    async with SteadyServer(seed=1, pace=PACE) as official, SteadyServer(seed=2, pace=PACE, faults=faults) as near:
        for folder in (tmp_path / "broken", tmp_path / "unbroken"):
            folder.mkdir()
            write_config(folder, {"official": official.base_url, "near": near.base_url}, "official")
            (folder / "rows.jsonl").write_bytes(b"".join(row.request.body + b"\n" for row in made))
        before: dict[str, tuple[str, int]] = {}
        for _ in range(kills):
            assert await killed(tmp_path / "broken", official, near, chance.randint(1, 20)) == -signal.SIGKILL
            now = stored(tmp_path / "broken")
            assert before.items() <= now.items(), "what was stored before the kill is as it was"
            before = now
        broken = await run(tmp_path / "broken", "replay", "rows.jsonl", *FLAGS)
        after = stored(tmp_path / "broken")
        sent = len(official.requests) + len(near.requests)
        unbroken = await run(tmp_path / "unbroken", "replay", "rows.jsonl", *FLAGS)
    assert before.items() <= after.items()
    assert 0 <= sent - len(after) <= kills * AT_ONCE * 2, "only what was in flight at a kill is asked again"
    assert broken.code == unbroken.code
    assert broken.out.split("answers  ")[0].splitlines()[3:] == unbroken.out.split("answers  ")[0].splitlines()[3:]
    print(f"\n{kills} kills: {len(after)} answers stored, {sent - len(after)} asked again, at most {kills * AT_ONCE * 2} may be")
