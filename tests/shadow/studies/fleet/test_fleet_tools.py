"""The fleet's tools: every one answers, the same in every run, and refuses a vehicle that does not exist."""

import json

import jsonschema_rs
import pytest

from shadow.studies.fleet.fleet_tools import NOW, TOOLS, FleetError, fleet_answer, padded


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_each_tool_answers_its_own_arguments_with_json(tool):
    arguments = dict.fromkeys(tool.required, "veh_r1s")
    assert jsonschema_rs.is_valid(tool.schema, arguments)
    assert json.loads(json.dumps(fleet_answer(tool.name, arguments))) == fleet_answer(tool.name, arguments)


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
