"""bfcl questions as chat requests: types in the words of JSON schema, names without dots, several turns refused."""

import json
import re
from functools import cache
from zipfile import ZipFile

import pytest
from jsonschema import Draft202012Validator

from shadow.measures.schema_validation import call_validity
from shadow.reading.parsed_response import parse_response
from shadow.studies.rows.read_rows import read_rows
from shadow.studies.rows.row import BrokenRow, Row
from tests import oracles
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


SINGLE_TURN = {
    "irrelevance": 240,
    "live_irrelevance": 884,
    "live_multiple": 1_053,
    "live_parallel": 16,
    "live_parallel_multiple": 24,
    "live_relevance": 16,
    "live_simple": 258,
    "multiple": 200,
    "parallel": 200,
    "parallel_multiple": 200,
    "simple_java": 100,
    "simple_javascript": 50,
    "simple_python": 400,
}
"""Its single-turn files, and their questions."""


@cache
def leaderboard_rows():
    """What is read of each of its files of questions, by the name of the file; one of prompt formats holds none."""
    rows = {}
    with ZipFile(oracles.wheel("bfcl_eval")) as archive:
        for path in archive.namelist():
            if (named := re.fullmatch(r"bfcl_eval/data/BFCL_v4_(\w+)\.json", path)) and named[1] != "format_sensitivity":
                rows[named[1]] = list(read_rows(named[1], archive.read(path).splitlines()))
    return rows


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
        ({"question": [*QUESTION[0], ["Hi"]], "function": []}, "no list of messages"),
        ({"question": QUESTION}, "a bfcl question without functions: its tools are simulated"),
        ({"question": QUESTION, "function": ["f"]}, "no object with a name"),
        ({"question": QUESTION, "function": [{"name": "a.b"}, {"name": "a_b"}]}, "two functions have one name"),
    ],
)
def test_a_question_that_cannot_be_sent_has_a_reason(value, sentence):
    found = read(value)
    assert isinstance(found, BrokenRow)
    assert sentence in found.sentence


@pytest.mark.parametrize(
    ("kind", "written"), [("Any", {}), ("", {}), ("Queue", {}), ("HashMap", {"type": "object"}), ("string", {"type": "string"})]
)
def test_a_type_that_json_schema_has_no_name_for_is_left_out(kind, written):
    function = {"name": "f", "parameters": {"type": "dict", "properties": {"p": {"type": kind}}}}
    [tool] = json.loads(read({"question": QUESTION, "function": function}).request.body)["tools"]
    assert tool["function"]["parameters"] == {"type": "object", "properties": {"p": written}}


@pytest.mark.slow
def test_every_single_turn_question_of_the_leaderboards_files_is_read_with_schemas_that_are_valid():
    read_of = {name: rows for name, rows in leaderboard_rows().items() if any(isinstance(row, Row) for row in rows)}
    assert {name: len(rows) for name, rows in read_of.items()} == SINGLE_TURN
    for row in (row for rows in read_of.values() for row in rows):
        assert isinstance(row, Row), row
        for tool in json.loads(row.request.body).get("tools", ()):
            Draft202012Validator.check_schema(tool["function"]["parameters"])
            assert re.fullmatch("[A-Za-z0-9_-]{1,64}", tool["function"]["name"])


def test_questions_of_several_turns_or_simulated_tools_say_why_they_are_skipped():
    skipped = {
        row.sentence.partition(",")[0] for name, rows in leaderboard_rows().items() if name not in SINGLE_TURN for row in rows
    }
    assert {re.sub(r"of \d+ turns", "of N turns", sentence) for sentence in skipped} == {
        "a question of N turns",
        "a bfcl question without functions: its tools are simulated by the leaderboard's own runner alone",
    }


def test_a_question_of_one_bare_turn_is_read():
    assert json.loads(read({"question": QUESTION[0], "function": []}).request.body) == {"messages": QUESTION[0]}


def test_a_name_is_cut_at_the_64_characters_of_the_api_and_an_id_at_200():
    found = read({"id": "i" * 201, "question": QUESTION, "function": [{"name": "f" * 65}]})
    [tool] = json.loads(found.request.body)["tools"]
    assert tool["function"] == {"name": "f" * 64, "description": ""}
    assert found.alterations == (f"names written without dots: {'f' * 64}",)
    assert len(found.name) == 200


def test_only_names_that_changed_are_named():
    functions = [{"name": "a.b", "description": "d"}, {"name": "c"}]
    assert read({"question": QUESTION, "function": functions}).alterations == ("names written without dots: a_b",)
    assert read({"question": QUESTION, "function": functions[1:]}).alterations == ()


@pytest.mark.parametrize("turn", [[], "Hi", [QUESTION[0][0], "Hi"]])
def test_a_turn_is_a_list_of_messages(turn):
    assert read({"question": [turn], "function": []}).sentence == "the question's turn is no list of messages"


def test_a_type_in_a_list_of_schemas_is_written_too():
    parameters = {"type": "dict", "anyOf": [{"type": "str"}, {"type": "any"}], "type_of": 1}
    [tool] = json.loads(read({"question": QUESTION, "function": {"name": "f", "parameters": parameters}}).request.body)["tools"]
    assert tool["function"]["parameters"] == {"type": "object", "anyOf": [{"type": "string"}, {}], "type_of": 1}
