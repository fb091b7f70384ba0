from __future__ import annotations

import dataclasses
import json
import random
from collections import Counter

import jsonschema_rs
import pytest

from shadow.demo.draws import RandomDraws, generator
from shadow.demo.planted_faults import FAITHFUL, PlantedFaults, lose_spaces, with_faults
from shadow.demo.pretended_model import PretendedCall, PretendedReply
from shadow.demo.tool_catalogue import TOOLS

ARGUMENTS = '{"place": "Oslo", "plug": "ccs", "power": {"least_kw": 50.0}, "radius_km": 5}'
CALLING = PretendedReply(text="", calls=(PretendedCall(name="find_chargers", arguments=ARGUMENTS),))
SCHEMA = TOOLS["charging"]["function"]["parameters"]


class Chosen(random.Random):
    """A generator that always draws this place."""

    def __init__(self, place):
        super().__init__()
        self.place = place

    def randrange(self, *_):
        return self.place

    def random(self):
        return 0.0


def with_drawn(place, fault, arguments=ARGUMENTS):
    calls = tuple(PretendedCall(name=name, arguments=arguments) for name in ("find_chargers", "get_weather"))
    reply = PretendedReply(text="", reasoning="why", calls=calls)
    return with_faults(reply, PlantedFaults(**{fault: 1.0}), RandomDraws(Chosen(place), 1.0))


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


def test_faults_that_are_not_set_are_not_there():
    assert not any(dataclasses.asdict(dataclasses.replace(FAITHFUL, slow=0.0)).values())
    assert FAITHFUL.slow == 1.0


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (0, "I would use find chargers for this. Shall I go on?"),
        (1, "Could you give me more details before I find chargers?"),
        (2, json.dumps({"name": "find_chargers", "arguments": ARGUMENTS})),
    ],
)
def test_dropped_call_becomes_an_offer_a_question_or_its_own_json(place, text):
    assert with_drawn(place, "drop_tool_calls") == PretendedReply(text=text, reasoning="why")


@pytest.mark.parametrize(
    ("place", "arguments", "name", "garbled"),
    [
        (0, '{"a": 12}', "find_chargers", '{"a": '),
        (0, "{}", "find_chargers", "{"),
        (0, "7", "find_chargers", "7"),
        (
            1,
            '{"a": 1, "b": "x", "c": [2], "d": {"e": true}}',
            "find_chargers",
            '{"a": "1", "b": ["x"], "c": "[2]", "d": {"e": "True"}}',
        ),
        (2, '{"a": 1}', "functions.find_chargers", '{"a": 1}'),
    ],
)
def test_first_call_is_cut_to_two_thirds_or_has_wrong_types_or_another_name(place, arguments, name, garbled):
    first, second = with_drawn(place, "garble_arguments", arguments).calls
    assert (first.name, first.arguments) == (name, garbled)
    assert (second.name, second.arguments) == ("get_weather", arguments)


def test_each_kind_of_garbling_is_as_frequent_as_the_others():
    said = [with_faults(CALLING, PlantedFaults(garble_arguments=1), draws(call)).calls[0] for call in range(600)]
    kinds = Counter((call.name, call.arguments.endswith("}")) for call in said)
    assert len(kinds) == 3
    assert min(kinds.values()) > 160


def test_first_piece_of_a_text_keeps_its_space():
    assert lose_spaces((" one", " two"), PlantedFaults(lose_spaces=1), draws()) == (" one", "two")


def test_spaces_are_lost_at_the_share_that_is_set():
    pieces = lose_spaces((" a",) * 1_001, PlantedFaults(lose_spaces=0.3), draws())
    assert 250 < pieces.count("a") < 350
