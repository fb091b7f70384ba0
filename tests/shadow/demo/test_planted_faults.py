from __future__ import annotations

import json

import jsonschema_rs

from shadow.demo.draws import RandomDraws, generator
from shadow.demo.planted_faults import FAITHFUL, PlantedFaults, despaced, spoiled
from shadow.demo.pretended_model import PretendedCall, PretendedReply
from shadow.demo.tool_catalogue import TOOLS

ARGUMENTS = '{"place": "Oslo", "plug": "ccs", "power": {"least_kw": 50.0}, "radius_km": 5}'
CALLING = PretendedReply(text="", calls=(PretendedCall(name="find_chargers", arguments=ARGUMENTS),))
SCHEMA = TOOLS["charging"]["function"]["parameters"]


def dice(call=0):
    return RandomDraws(generator("fault", call), 1.0)


def valid(arguments):
    try:
        return jsonschema_rs.is_valid(SCHEMA, json.loads(arguments))
    except ValueError:
        return False


def test_a_faithful_server_spoils_nothing():
    assert spoiled(CALLING, FAITHFUL, dice()) == CALLING
    assert despaced(("a", " b"), FAITHFUL, dice()) == ("a", " b")


def test_a_dropped_call_becomes_text():
    said = [spoiled(CALLING, PlantedFaults(drop_tool_calls=1), dice(call)) for call in range(20)]
    assert all(reply.text and not reply.calls for reply in said)
    assert len({reply.text for reply in said}) == 3


def test_a_garbled_call_is_never_a_valid_one():
    said = [spoiled(CALLING, PlantedFaults(garble_arguments=1), dice(call)).calls[0] for call in range(40)]
    assert all(call.name != "find_chargers" or not valid(call.arguments) for call in said)
    assert {call.name for call in said} == {"find_chargers", "functions.find_chargers"}


def test_a_share_is_a_share():
    dropped = sum(not spoiled(CALLING, PlantedFaults(drop_tool_calls=0.3), dice(call)).calls for call in range(2_000))
    assert 500 < dropped < 700


def test_text_is_not_touched_by_faults_of_tools():
    text = PretendedReply(text="words")
    assert spoiled(text, PlantedFaults(drop_tool_calls=1, garble_arguments=1), dice()) == text


def test_spaces_are_lost_at_chunk_boundaries_only():
    assert despaced(("one", " two three", " four"), PlantedFaults(lose_spaces=1), dice()) == ("one", "two three", "four")
