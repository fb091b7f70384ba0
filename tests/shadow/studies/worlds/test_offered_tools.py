"""Tools of servers as the `tools` member of a request: every alteration is reported."""

import json

import jsonschema_rs
from hypothesis import given
from hypothesis import strategies as st

from shadow.studies.worlds.offered_tools import ListedTool, offered_tools, request_schema

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
SCHEMAS = st.dictionaries(
    st.sampled_from(["type", "properties", "required", "$schema", "anyOf", "oneOf", "x"]) | st.text(max_size=4), JSON, max_size=6
)


def listed(name, schema=None, *, server="s", read_only=False, task=False):
    schema = {"type": "object", "properties": {"a": {"type": "string"}}} if schema is None else schema
    return ListedTool(server=server, name=name, description="D", schema=schema, read_only=read_only, task=task)


def offer(*tools, hide=None, inject=None):
    return offered_tools(tools, hide=hide or {}, inject=inject or {})


def test_a_plain_tool_is_offered_as_its_server_lists_it():
    offered = offer(listed("read"))
    assert offered.functions == (
        {
            "type": "function",
            "function": {
                "name": "read",
                "description": "D",
                "parameters": {"type": "object", "properties": {"a": {"type": "string"}}},
            },
        },
    )
    assert offered.origins == {"read": ("s", "read")}
    assert offered.alterations == ()


def test_a_hidden_tool_is_not_offered_and_is_named():
    offered = offer(listed("read"), listed("reset_state"), hide={"s": ["reset_state"]})
    assert list(offered.origins) == ["read"]
    assert offered.alterations == ("s: 'reset_state': hidden by the task",)


def test_a_tool_that_needs_a_task_is_not_offered():
    offered = offer(listed("long", task=True))
    assert offered.functions == ()
    assert "it can only be called as a task" in offered.alterations[0]


def test_a_tool_listed_twice_is_offered_once():
    offered = offer(listed("read"), listed("read", {"type": "object", "properties": {}}))
    assert len(offered.functions) == 1
    assert offered.functions[0]["function"]["parameters"]["properties"] == {"a": {"type": "string"}}
    assert offered.alterations == ("s: 'read': listed twice; the first is offered",)


def test_an_injected_argument_is_neither_shown_nor_required():
    schema = {"type": "object", "properties": {"a": {}, "state_key": {}}, "required": ["a", "state_key"]}
    offered = offer(listed("read", schema), inject={"s": {"state_key": "x"}})
    assert offered.functions[0]["function"]["parameters"] == {"type": "object", "properties": {"a": {}}, "required": ["a"]}
    assert offered.alterations == ("s: 'read': argument 'state_key' filled in by the study",)


def test_a_renamed_tool_is_reported():
    assert offer(listed("a.b")).alterations == ("s: 'a.b': is offered as 'a_b'",)


def test_a_change_of_many_tools_is_one_sentence():
    schema = {"type": "object", "properties": {}, "$schema": "draft-07"}
    few, many = [offer(*(listed(f"t{number}", schema) for number in range(count))) for count in (3, 4)]
    assert few.alterations == ("s: 't0', 't1', 't2': $schema left out",)
    assert many.alterations == ("s: 4 tools: $schema left out",)


def test_128_tools_are_offered_silently_and_129_are_reported():
    assert offer(*(listed(f"t{number}") for number in range(128))).alterations == ()
    assert offer(*(listed(f"t{number}") for number in range(129))).alterations == (
        "129 tools are offered: some APIs accept 128 at most",
    )


def test_a_choice_at_the_top_of_a_schema_is_kept_and_reported():
    schema, changes = request_schema({"type": "object", "properties": {}, "anyOf": [{"required": ["a"]}]})
    assert schema["anyOf"] == [{"required": ["a"]}]
    assert changes == ["anyOf at the top of its schema kept: some APIs refuse it"]


def test_an_object_schema_without_properties_gets_them():
    assert request_schema({"type": "object", "$schema": "draft-07"}) == (
        {"type": "object", "properties": {}},
        ["$schema left out", 'its schema gets "properties": {}'],
    )


@given(SCHEMAS)
def test_any_schema_becomes_an_object_schema_with_every_change_reported(schema):
    before = json.dumps(schema, sort_keys=True)
    made, changes = request_schema(schema)
    assert made["type"] == "object"
    assert isinstance(made["properties"], dict)
    assert "$schema" not in made
    assert json.dumps(schema, sort_keys=True) == before
    changed = {key for key in {*schema, *made} if schema.get(key) != made.get(key)}
    assert len([change for change in changes if "kept:" not in change]) == len(changed)


def test_arguments_that_fit_the_listed_schema_fit_the_offered_one():
    schema = {"$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "properties": {"n": {"type": "integer"}}}
    made, _ = request_schema(schema)
    assert jsonschema_rs.is_valid(made, {"n": 3})
    assert not jsonschema_rs.is_valid(made, {"n": "three"})


def test_tools_are_hidden_and_filled_in_for_their_own_server_alone():
    schema = {"type": "object", "properties": {"key": {}}, "required": ["key"]}
    offered = offer(listed("x", schema), listed("y", schema, server="t"), hide={"t": ["x"]}, inject={"t": {"key": 1, "none": 2}})
    assert list(offered.origins.values()) == [("s", "x"), ("t", "y")]
    assert offered.alterations == ("t: 'y': argument 'key' filled in by the study",)


def test_a_schema_without_required_arguments_gets_none():
    made, _ = request_schema({"type": "object", "properties": {"a": {}, "b": {}}}, without=frozenset({"a"}))
    assert made == {"type": "object", "properties": {"b": {}}}
