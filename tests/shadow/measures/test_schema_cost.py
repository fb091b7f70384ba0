"""shadow.measures.schema_cost: the steps of a validation are counted before they are taken, and never fewer than are taken."""

import json
from itertools import pairwise

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadow.measures.schema_cost import DEEPEST, PLACES, STEPS, SUBSCHEMAS, SchemaCost, TooCostlySchemaError, states, weight
from shadow.measures.schema_validation import validate


def ladder(levels: int, rung) -> dict:
    """A schema in which each level holds what `rung` makes of a reference to the next one."""
    names = [f"d{level}" for level in range(levels + 1)]
    held_by = {name: rung({"$ref": f"#/$defs/{below}"}) for name, below in pairwise(names)}
    return {"$defs": held_by | {names[-1]: {"type": "object"}}, "$ref": "#/$defs/d0"}


def nested(levels: int) -> dict:
    value: dict = {}
    for _ in range(levels):
        value = {"a": value}
    return value


DOUBLING = {
    "allOf": lambda ref: {"allOf": [ref, ref]},
    "anyOf": lambda ref: {"anyOf": [ref, ref]},
    "oneOf": lambda ref: {"oneOf": [ref, ref]},
    "not": lambda ref: {"not": ref, "allOf": [ref]},
    "if": lambda ref: {"if": ref, "then": ref},
    "dependentSchemas": lambda ref: {"dependentSchemas": {"a": ref, "b": ref}},
    "properties": lambda ref: {"properties": {"a": ref}, "allOf": [{"properties": {"a": ref}}]},
    "patternProperties": lambda ref: {"patternProperties": {"a": ref, ".": ref}},
    "additionalProperties": lambda ref: {"additionalProperties": ref, "allOf": [{"additionalProperties": ref}]},
    "unevaluatedProperties": lambda ref: {"allOf": [ref], "unevaluatedProperties": False},
    "$ref beside": lambda ref: {**ref, "allOf": [ref]},
}


@pytest.mark.parametrize("rung", DOUBLING.values(), ids=DOUBLING.keys())
@pytest.mark.parametrize("levels", [30, 60])
def test_a_schema_that_doubles_its_work_from_level_to_level_is_not_validated(rung, levels):
    schema = ladder(levels, rung)
    assert len(json.dumps(schema)) < 12_000
    for value in (nested(levels), {"a": 1, "b": 2}, []):
        known, why = validate(schema, value)
        assert known or why.startswith("the schema is too costly")
    assert validate(schema, nested(levels))[0] is False


@pytest.mark.parametrize(
    ("schema", "value", "why"),
    [
        ({"$ref": "#"}, {}, "more than 2,000,000 steps"),
        ({"$dynamicRef": "#"}, {}, "the path to them"),
        ({"$defs": {"a": {"$id": "https://x.example/a"}}, "allOf": [{"$ref": "#/$defs/a"}]}, {}, "the path to them"),
        ({"$anchor": "a", "properties": {"b": {"$ref": "#a"}}}, {}, "a reference other than #/..."),
        ({"pattern": "[ab]" * 1_000}, "a" * 9_000, "more than 2,000,000 steps"),
        (
            {"patternProperties": {f"^x{place}": True for place in range(3_000)}},
            {f"y{place}": 0 for place in range(3_000)},
            "places",
        ),
        ({"items": {"enum": list(range(3_000))}}, list(range(3_000)), "more than 2,000,000 steps"),
    ],
)
def test_a_schema_that_is_too_costly_is_not_validated_and_the_reason_given(schema, value, why):
    known, said = validate(schema, value)
    assert not known
    assert said.startswith("the schema is too costly")
    assert why in said


@pytest.mark.parametrize(("levels", "fits"), [(149, True), (150, False)])
def test_a_schema_may_have_a_hundred_and_fifty_levels(levels, fits):
    assert DEEPEST == 150
    chain = ladder(levels, lambda ref: ref)
    assert validate(chain, {})[0] is fits


@pytest.mark.slow
@pytest.mark.parametrize(("count", "fits"), [(9_999, True), (10_000, False)])
def test_a_schema_may_have_ten_thousand_subschemas(count, fits):
    assert SUBSCHEMAS == 10_000
    assert validate({"properties": {f"p{place}": {} for place in range(count)}}, {})[0] is fits


def test_bounds_of_the_count_are_those_of_the_docs():
    assert (STEPS, PLACES) == (2_000_000, 30_000)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"$defs": {"n": {"properties": {"next": {"$ref": "#/$defs/n"}}}}, "$ref": "#/$defs/n"}, nested(60)),
        ({"type": "array", "items": {"properties": {"a": {"type": "integer"}}}, "uniqueItems": True}, [{"a": 1}, {"a": 2}]),
        ({"anyOf": [{"type": "null"}, {"items": {"$ref": "#"}}]}, [[[None]], []]),
        ({"type": "string", "pattern": "^[a-z]{1,64}$"}, "word"),
        ({"items": {"enum": [f"city {place}" for place in range(500)]}}, ["city 7"] * 200),
        ({"$schema": "http://json-schema.org/draft-07/schema#", "definitions": {"a": {}}, "$ref": "#/definitions/a"}, {"a": 1}),
    ],
)
def test_schemas_of_earnest_use_are_validated(schema, value):
    assert validate(schema, value) == (True, "")


def test_a_fault_among_many_alternatives_of_a_long_value_is_not_reported_in_full():
    schema = {"anyOf": [{"type": "string"}] * 300}
    assert validate(schema, ["x" * 100_000]) == (True, ": it does not fit (locating the fault would be too costly)")
    assert "is not valid under any of the schemas" in validate(schema, ["x"])[1]


@pytest.mark.parametrize(("items", "located"), [(99, True), (100, False)])
def test_a_fault_among_alternatives_is_located_up_to_a_hundred_thousand_steps_times_parts(items, located):
    """Of 99 items, a thousand steps times a hundred parts."""
    schema = {"anyOf": [{"items": {"type": "string"}}, {"items": {"type": "boolean"}}]}
    why = validate(schema, list(range(items)))[1]
    assert why.startswith(": [0,1,2,3," if located else ": it does not fit (locating the fault would be too costly)")


@pytest.mark.parametrize(
    ("pattern", "count"), [("", 0), ("abc", 3), ("a{3}", 12), ("(a{10}){10}", 1_100), ("a{1,64}", 448), ("{x", 2), ("a{,9}", 45)]
)
def test_the_states_of_a_pattern_grow_with_its_repetitions(pattern, count):
    assert states(pattern) == count
    assert states("a{1000}" * 20) == 2_000_000


@pytest.mark.parametrize(("value", "parts"), [(None, 0), (1, 1), ("a" * 32, 3), ([1, [2]], 4), ({"a": {"b" * 16: 1}}, 4)])
def test_the_weight_of_a_value_counts_its_parts_and_its_long_texts(value, parts):
    assert weight(value) == parts


class Tick:
    """A keyword that counts how often a validator comes by."""

    taken = 0

    def __init__(self, parent_schema, value, schema_path):
        pass

    def validate(self, instance):
        Tick.taken += 1


REFS = st.sampled_from([{"$ref": f"#/$defs/{name}"} for name in "abcd"])
TYPES = st.sampled_from([{"type": "object"}, {"type": "array"}, {"type": "integer"}, {}])
VALUES = st.recursive(
    st.integers(0, 2) | st.sampled_from(["", "x", "y"]),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from("xyz"), below, max_size=3),
    max_leaves=12,
)


def _ticking(below):
    maps = st.dictionaries(st.sampled_from("xyz"), below, max_size=2)
    lists = st.lists(below, min_size=1, max_size=2)
    return st.fixed_dictionaries(
        {"tick": st.just(1)},
        optional={
            **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), lists),
            **dict.fromkeys(("properties", "patternProperties", "dependentSchemas"), maps),
            **dict.fromkeys(("not", "if", "then", "else", "items", "contains", "additionalProperties"), below),
            **dict.fromkeys(("propertyNames", "unevaluatedItems", "unevaluatedProperties"), below),
        },
    )


SUBSCHEMA = st.recursive(REFS | TYPES, _ticking, max_leaves=8)


@pytest.mark.slow
@given(st.fixed_dictionaries(dict.fromkeys("abcd", SUBSCHEMA)), VALUES)
@settings(max_examples=100)
def test_a_validator_never_takes_more_steps_than_were_counted(defs, value):
    schema = {"$defs": {name: {**each, "tick": 1} for name, each in defs.items()}, "$ref": "#/$defs/a", "tick": 1}
    try:
        counted = SchemaCost(schema).steps(value)
    except TooCostlySchemaError:
        return
    validator = jsonschema_rs.validator_for(schema, offline=True, keywords={"tick": Tick})
    Tick.taken = 0
    validator.is_valid(value)
    assert Tick.taken <= counted
