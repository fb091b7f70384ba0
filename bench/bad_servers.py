"""Tool servers that misbehave, each beside one that does not: the longest time in which the event loop stood still, a line each.

.venv/bin/python bench/bad_servers.py
"""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from shadow.studies.worlds.live_world import WorldPlace, live_world
from shadow.studies.worlds.server_spec import ServerSpec
from shadow.studies.worlds.world import WorldError, in_world

BAD = str(Path(__file__).resolve().parent.parent / "tests" / "bad_server.py")
WAYS = (
    *(
        "",
        "exits",
        "hangs",
        "stays",
        "endless_line",
        "prints",
        "prints_for_ever",
        "grows_a_child",
        "errors",
        "pages",
        "odd_tools",
    ),
    *("dies", "never", "huge", "notifies", "refuses", "other_shape", "other_id"),
)


async def used(way, calls):
    async def use(world):
        return [(await world.call(name, {"text": "a"})).text[:40] for name in calls]

    spec = ServerSpec(name="s", command=(sys.executable, BAD, way), timeout=2, start_timeout=3)
    with tempfile.TemporaryDirectory() as name:
        place = WorldPlace(folder=Path(name), here=Path(name), run="1", environ=os.environ)
        try:
            return (await in_world(lambda: live_world([spec], place), use))[0]
        except WorldError as error:
            return str(error)


async def lagging(stop):
    """The longest time by which a timer of 5 ms was late, in seconds."""
    loop, worst = asyncio.get_running_loop(), 0.0
    while not stop.is_set():
        begun = loop.time()
        await asyncio.sleep(0.005)
        worst = max(worst, loop.time() - begun - 0.005)
    return worst


async def main():
    for way in WAYS:
        stop = asyncio.Event()
        watching = asyncio.create_task(lagging(stop))
        came, beside = await asyncio.gather(used(way, ["bad"]), used("", ["echo"] * 100))
        stop.set()
        assert beside == '{"text": "a"}', beside
        print(f"{way or 'behaves':16} {1000 * await watching:5.0f} ms  {came}", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
