"""The fleet inside the study's process answers like its server."""

from shadow.studies.fleet.fleet_inside import FleetInside, fleet_result


async def test_tools_are_listed_with_the_padding_spread_over_them():
    fleet = FleetInside("f", 1_300)
    assert [tool.server for tool in fleet.tools] == ["f"] * 13
    assert all(tool.read_only for tool in fleet.tools)
    plain = FleetInside("f", 0)
    assert {len(long.description) - len(short.description) for long, short in zip(fleet.tools, plain.tools, strict=True)} == {100}


async def test_an_error_of_a_tool_is_an_error_for_the_model():
    answer, in_time = await FleetInside("f", 0).call("get_charges", {})
    assert answer.text == "Error: no vehicle None; call list_vehicles for their ids"
    assert answer.is_error
    assert in_time


def test_a_result_is_written_as_the_protocol_does():
    assert fleet_result("current_time", {}) == {
        "content": [{"type": "text", "text": '{"result": "2026-03-14T09:30:00Z"}'}],
        "isError": False,
    }
