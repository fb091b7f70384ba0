from __future__ import annotations

import json

import jsonschema_rs

from shadow.demo.draws import RandomDraws, generator
from shadow.demo.planted_faults import FAITHFUL, PlantedFaults, lose_spaces, with_faults
from shadow.demo.pretended_model import PretendedCall, PretendedReply
from shadow.demo.tool_catalogue import TOOLS

ARGUMENTS = '{"place": "Oslo", "plug": "ccs", "power": {"least_kw": 50.0}, "radius_km": 5}'
CALLING = PretendedReply(text="", calls=(PretendedCall(name="find_chargers", arguments=ARGUMENTS),))
SCHEMA = TOOLS["charging"]["function"]["parameters"]


def draws(call=0):
    return RandomDraws(generator("fault", call), 1.0)


def valid(arguments):
    try:
        return jsonschema_rs.is_valid(SCHEMA, json.loads(arguments))
    except ValueError:
        return False


def test_faithful_server_leaves_the_reply_unchanged():
    assert with_faults(CALLING, FAITHFUL, draws()) == CALLING
    assert lose_spaces(("a", " b"), FAITHFUL, draws()) == ("a", " b")


def test_a_dropped_call_becomes_text():
    said = [with_faults(CALLING, PlantedFaults(drop_tool_calls=1), draws(call)) for call in range(20)]
    assert all(reply.text and not reply.calls for reply in said)
    assert len({reply.text for reply in said}) == 3


def test_garbled_call_is_never_valid():
    said = [with_faults(CALLING, PlantedFaults(garble_arguments=1), draws(call)).calls[0] for call in range(40)]
    assert all(call.name != "find_chargers" or not valid(call.arguments) for call in said)
    assert {call.name for call in said} == {"find_chargers", "functions.find_chargers"}


def test_fault_share_is_the_observed_frequency():
    dropped = sum(not with_faults(CALLING, PlantedFaults(drop_tool_calls=0.3), draws(call)).calls for call in range(2_000))
    assert 500 < dropped < 700


def test_tool_faults_leave_text_unchanged():
    text = PretendedReply(text="words")
    assert with_faults(text, PlantedFaults(drop_tool_calls=1, garble_arguments=1), draws()) == text


def test_spaces_are_lost_at_chunk_boundaries_only():
    assert lose_spaces(("one", " two three", " four"), PlantedFaults(lose_spaces=1), draws()) == ("one", "two three", "four")
