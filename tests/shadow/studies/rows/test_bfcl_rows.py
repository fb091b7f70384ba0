"""bfcl questions as chat requests: types in the words of JSON schema, names without dots, several turns refused."""

import json

import pytest

from shadow.measures.schema_validation import call_validity
from shadow.reading.parsed_response import parse_response
from shadow.studies.rows.read_rows import read_rows
from shadow.studies.rows.row import BrokenRow
from tests.exchanges import exchange, said

QUESTION = [[{"role": "user", "content": "What is the area of a circle of radius 5?"}]]
FUNCTION = {
    "name": "geometry.circle_area",
    "description": "Area of a circle",
    "parameters": {
        "type": "dict",
        "properties": {
            "radius": {"type": "float"},
            "type": {"type": "string", "description": "a property that is called type"},
            "points": {"type": "tuple", "items": {"type": "any"}},
        },
        "required": ["radius"],
    },
}


def a_call(arguments: str):
    calls = [{"id": "c", "type": "function", "function": {"name": "geometry_circle_area", "arguments": arguments}}]
    answer = parse_response(exchange(said(None, message={"tool_calls": calls}, finish_reason="tool_calls")))
    return answer.completion.first.tool_calls[0]


def read(value):
    [found] = read_rows("b.json", [json.dumps(value).encode()])
    return found


def test_types_and_names_are_written_as_the_api_takes_them():
    found = read({"id": "simple_1", "question": QUESTION, "function": [FUNCTION]})
    body = json.loads(found.request.body)
    assert body["messages"] == QUESTION[0]
    [tool] = body["tools"]
    assert tool["function"]["name"] == "geometry_circle_area"
    assert tool["function"]["parameters"] == {
        "type": "object",
        "properties": {
            "radius": {"type": "number"},
            "type": {"type": "string", "description": "a property that is called type"},
            "points": {"type": "array", "items": {}},
        },
        "required": ["radius"],
    }
    assert (found.name, found.shape) == ("simple_1", "bfcl")
    assert found.alterations == ("names written without dots: geometry_circle_area",)


def test_a_call_can_be_held_to_the_schema():
    request = read({"question": QUESTION, "function": FUNCTION}).request.parsed
    for arguments, outcome in (('{"radius": 5}', "valid"), ('{"radius": "five"}', "schema_mismatch")):
        call = a_call(arguments)
        assert call_validity(request, call)[0] == outcome


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"question": [*QUESTION, *QUESTION], "function": []}, "a question of 2 turns"),
        ({"question": [], "function": []}, "question is no list of turns"),
        ({"question": [["Hi"]], "function": []}, "no list of messages"),
        ({"question": QUESTION, "function": ["f"]}, "no object with a name"),
        ({"question": QUESTION, "function": [{"name": "a.b"}, {"name": "a_b"}]}, "two functions have one name"),
    ],
)
def test_a_question_that_cannot_be_sent_says_why(value, sentence):
    found = read(value)
    assert isinstance(found, BrokenRow)
    assert sentence in found.sentence


def test_a_question_of_one_bare_turn_is_read():
    assert json.loads(read({"question": QUESTION[0], "function": []}).request.body) == {"messages": QUESTION[0]}
