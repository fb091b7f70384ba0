"""The fleet's server by both transports gives the tools and answers that it gives inside the study's process."""

import os
from pathlib import Path

import pytest
from mcp import Client

from shadow.studies.fleet.fleet_inside import FleetInside, fleet_inside
from shadow.studies.fleet.fleet_server import fleet_server
from shadow.studies.fleet.fleet_tools import TOOLS
from shadow.studies.worlds.live_world import WorldPlace, live_world
from shadow.studies.worlds.server_spec import Isolation, ServerSpec
from shadow.studies.worlds.world import in_world

ROOT = str(Path(__file__).resolve().parents[4])
COMMAND = ("{python}", "-m", "shadow.studies.fleet", "--padding", "130")
SPECS = {
    "stdio": ServerSpec(name="fleet", command=COMMAND, env={"PYTHONPATH": ROOT}),
    "http": ServerSpec(
        name="fleet", command=(*COMMAND, "--http", "{port}"), url="http://127.0.0.1:{port}/mcp", env={"PYTHONPATH": ROOT}
    ),
    "inside": ServerSpec(name="fleet", command=("fleet", "--padding", "130"), isolation=Isolation.IN_PROCESS),
}


@pytest.mark.slow
@pytest.mark.parametrize("transport", SPECS)
async def test_every_transport_offers_and_answers_the_same(tmp_path, transport):
    async def use(world):
        fine = await world.call("get_battery_health", {"vehicle_id": "veh_mx"})
        wrong = await world.call("get_battery_health", {"vehicle_id": "none"})
        return world.listed, [(fine.text, fine.is_error), (wrong.text, wrong.is_error)]

    place = WorldPlace(folder=tmp_path, here=tmp_path, run="1", environ=os.environ, inside={"fleet": fleet_inside})
    listed, answers = await in_world(lambda: live_world([SPECS[transport]], place), use)
    inside = FleetInside("fleet", 130)
    direct = [(await inside.call("get_battery_health", {"vehicle_id": name}))[0] for name in ("veh_mx", "none")]
    assert listed == inside.tools
    assert answers == [(answer.text, answer.is_error) for answer in direct]


async def test_each_tool_hints_that_it_reads_alone_again_and_again_and_nothing_outside():
    async with Client(fleet_server(13 * 50)) as client:
        found = (await client.list_tools()).tools
        wrong = await client.call_tool("get_charges", {})
        fine = await client.call_tool("current_time")
    hints = [
        (tool.annotations.read_only_hint, tool.annotations.idempotent_hint, tool.annotations.open_world_hint) for tool in found
    ]
    assert hints == [(True, True, False)] * len(TOOLS)
    assert [len(tool.description) - len(own.description) for tool, own in zip(found, TOOLS, strict=True)] == [50] * len(TOOLS)
    assert (fine.is_error, wrong.is_error) == (False, True)
