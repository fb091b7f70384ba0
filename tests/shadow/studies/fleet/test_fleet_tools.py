"""The fleet's tools: every one answers, the same in every run, and refuses a vehicle that does not exist."""

import json
import re

import jsonschema_rs
import pytest

from shadow.studies.fleet.fleet_tools import NOW, TOOLS, FleetError, fleet_answer, padded


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_each_tool_answers_its_own_arguments_with_json(tool):
    arguments = dict.fromkeys(tool.required, "veh_r1s")
    assert jsonschema_rs.is_valid(tool.schema, arguments)
    assert json.loads(json.dumps(fleet_answer(tool.name, arguments))) == fleet_answer(tool.name, arguments)


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_each_tool_has_a_plain_name_and_a_sentence_of_what_it_returns(tool):
    assert re.fullmatch(r"[a-z_]{1,64}", tool.name)
    assert re.fullmatch(r"[A-Z].* .*\.", tool.description)


def test_the_time_is_the_same_in_every_run():
    assert fleet_answer("current_time", {}) == {"result": NOW}


@pytest.mark.parametrize("arguments", [{}, {"vehicle_id": "veh_x"}, {"vehicle_id": ["veh_r1s"]}])
def test_unknown_vehicle_is_an_error_with_what_to_do(arguments):
    with pytest.raises(FleetError, match="call list_vehicles for their ids"):
        fleet_answer("get_charges", arguments)


def test_an_unknown_tool_is_an_error():
    with pytest.raises(FleetError, match="no tool 'drive'"):
        fleet_answer("drive", {})


@pytest.mark.parametrize("characters", [0, 1, 500])
def test_padding_adds_exactly_so_many_characters(characters):
    assert len(padded("List.", characters)) == len("List.") + characters


def told(tool: str, vehicle: str = "") -> object:
    """The result of a tool, of a vehicle where one is named."""
    return fleet_answer(tool, {"vehicle_id": vehicle} if vehicle else {})["result"]


VEHICLES = [vehicle["id"] for vehicle in told("list_vehicles")]


def test_the_padding_repeats_its_notes_as_often_as_it_takes():
    assert padded("List.", 17) == "List. Read these notes"
    assert padded("", 500).count("Read these notes") == 6


@pytest.mark.parametrize("vehicle", VEHICLES)
def test_each_tool_of_a_vehicle_names_the_vehicle(vehicle: str):
    for tool in (tool for tool in TOOLS if tool.required):
        answer = fleet_answer(tool.name, {"vehicle_id": vehicle})
        assert (answer["vehicle_id"], list(answer)) == (vehicle, ["vehicle_id", "result"])


@pytest.mark.parametrize("vehicle", VEHICLES)
def test_health_of_a_battery_is_its_usable_share_of_the_original_capacity(vehicle: str):
    health = told("get_battery_health", vehicle)
    assert health["health_percent"] == round(health["usable_kwh"] / health["original_kwh"] * 100, 1)


@pytest.mark.parametrize("vehicle", VEHICLES)
def test_a_charge_brought_the_energy_of_its_percent_of_the_battery(vehicle: str):
    usable = told("get_battery_health", vehicle)["usable_kwh"]
    for charge in told("get_charges", vehicle):
        share = (charge["to_percent"] - charge["from_percent"]) / 100
        assert charge["kwh"] == pytest.approx(share * usable, rel=0.1)


@pytest.mark.parametrize(("vehicle", "report"), [("veh_r1s", {"sessions": 3, "fast": 1}), ("veh_mx", {"sessions": 2, "fast": 1})])
def test_charges_are_told_in_full_in_a_line_each_and_as_counts(vehicle: str, report: dict[str, int]):
    assert told("get_charge_report", vehicle) == report
    assert len(told("get_charges", vehicle)) == report["sessions"]
    assert [line.split()[0] for line in told("get_charges_brief", vehicle)] == [
        one["date"] for one in told("get_charges", vehicle)
    ]


def test_a_line_of_a_charge_has_its_day_and_its_energy():
    assert told("get_charges_brief", "veh_mx") == ["2026-03-13 22.4 kWh", "2026-03-09 58.3 kWh"]


def test_tools_without_a_needed_argument_answer_without_one():
    free = {tool.name: tool.schema for tool in TOOLS if not tool.required}
    assert free["list_vehicles"] == {"type": "object", "properties": {}, "required": []}
    assert list(free["search_public_chargers"]["properties"]) == ["place"]
    assert [told(name) for name in free] == [fleet_answer(name, {"place": "Hamburg"})["result"] for name in free]
    assert told("find_nearby_chargers") == told("search_public_chargers") != told("get_my_chargers")


def test_the_schema_of_a_tool_of_a_vehicle_needs_its_id():
    schema = next(tool.schema for tool in TOOLS if tool.name == "get_drives_brief")
    assert (list(schema["properties"]), schema["required"]) == (["vehicle_id"], ["vehicle_id"])
    assert schema["properties"]["vehicle_id"]["type"] == "string"


def test_status_health_drives_and_efficiency_are_those_of_the_vehicle():
    tools = ("get_vehicle_status", "get_battery_health", "get_drives_brief", "get_efficiency")
    both = {tool: [told(tool, vehicle) for vehicle in VEHICLES] for tool in tools}
    assert all(one != other for one, other in both.values())
    assert len({json.dumps(results) for results in both.values()}) == len(tools)
