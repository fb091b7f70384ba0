"""The steps counted for a schema and a value, as numbers: of one part, of a value part by part, and the places looked at."""

from collections.abc import Iterable

import pytest

from shadow.measures.schema_cost import SchemaCost, TooCostlySchemaError, states, weight


def steps(schema, value=1) -> float:
    return SchemaCost(schema).steps(value)


def walked(more, value) -> float:
    """The steps for a value of a schema that holds itself, so that it is walked part by part."""
    return steps({"properties": {"next": {"$ref": "#"}}, **more}, value)


@pytest.mark.parametrize(
    ("schema", "counted"),
    [
        (True, 1),
        ({}, 2),
        ({"type": "object"}, 2),
        ({"required": ["a", "b"]}, 4),
        ({"enum": [1, 2]}, 5),
        ({"const": "a" * 32}, 5),
        ({"dependentRequired": {"a": ["b"]}}, 5),
        ({"dependencies": {"a": ["b"], "c": {}}}, 8),
        ({"pattern": "abc"}, 8),
        ({"pattern": ["abc"]}, 2),
        ({"patternProperties": {"a{3}": {}}}, 20),
    ],
)
def test_a_keyword_costs_what_it_looks_at(schema, counted):
    assert steps(schema) == counted


@pytest.mark.parametrize(
    "schema",
    [
        *({name: [{}]} for name in ("allOf", "anyOf", "oneOf", "prefixItems", "items")),
        *({name: {}} for name in ("not", "if", "then", "else", "items", "contains", "propertyNames")),
        *({name: {}} for name in ("additionalItems", "additionalProperties")),
        *({name: {"a": {}}} for name in ("properties", "dependentSchemas")),
        {"$ref": "#/$defs/a", "$defs": {"a": {}}},
        {"$ref": "#/a", "a": {}},
        {"$ref": "#/", "": {}},
        {"$ref": "#/$defs/a%7E0", "$defs": {"a~": {}}},
        {"$ref": "#/$defs/a~1b/1", "$defs": {"a/b": [{"required": ["a"]}, {}]}},
    ],
)
def test_a_subschema_costs_two_steps_more_wherever_it_stands(schema):
    assert steps(schema) == 2 + 2


def test_a_subschema_that_two_ways_lead_to_is_counted_for_each_of_them():
    assert steps({"allOf": [{"$ref": "#/$defs/a"}] * 2, "$defs": {"a": {"required": ["x"]}}}) == 2 + 2 * (2 + 3)


def test_a_value_of_several_parts_costs_the_schema_once_for_each():
    assert [steps({"required": ["a"]}, value) for value in (1, [1], [1, {"a": 1}])] == [3, 6, 12]


@pytest.mark.parametrize(
    ("schema", "counted"),
    [
        ({"unevaluatedProperties": False}, 300),
        ({"unevaluatedItems": {}}, 400),
        ({"allOf": [{}], "unevaluatedProperties": False}, 700),
        ({"allOf": [{"allOf": [{}]}], "unevaluatedProperties": False}, 1_300),
        ({"allOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}], "$defs": {"a": {}}, "unevaluatedItems": True}, 2_300),
    ],
)
def test_what_is_recorded_as_evaluated_makes_each_step_a_hundred_and_runs_the_subschemas_once_more(schema, counted):
    assert steps(schema) == counted


@pytest.mark.parametrize(
    ("more", "value", "counted"),
    [
        ({}, 1, 1),
        ({}, "a" * 15, 1),
        ({}, "a" * 32, 3),
        ({"pattern": "abc"}, "a" * 15, 4),
        ({"pattern": "abc"}, "a" * 16, 8),
        ({}, {"other": 1}, 2),
        ({}, {"next": 1}, 4),
        ({}, {"next": {"next": 1}}, 8),
        ({"additionalProperties": {"required": ["a"]}}, {"other": 1}, 4),
        ({"additionalProperties": {"required": ["a"]}}, {"next": 1}, 4),
        ({"patternProperties": {"abc": {}}}, {"x" * 15: 1}, 10),
        ({"patternProperties": {"abc": {}}}, {"x" * 16: 1}, 14),
        ({"patternProperties": {"abc": {}}}, {"x": 1, "next": 1}, 21),
        ({"propertyNames": {"pattern": "ab"}}, {"x" * 16: 1}, 8),
        ({"allOf": [{}]}, 1, 2),
    ],
)
def test_a_value_is_counted_part_by_part_where_the_schema_holds_itself(more, value, counted):
    assert walked(more, value) == counted


@pytest.mark.parametrize(
    ("more", "value", "counted"),
    [
        ({}, [1, 2], 1),
        ({"uniqueItems": True}, [1, [2]], 5),
        ({"uniqueItems": False}, [1, [2]], 1),
        ({"enum": [1]}, [1, 2], 6),
        ({"enum": [1]}, 1, 3),
        ({"items": {}}, [1, 2], 3),
        ({"prefixItems": [{}], "items": {"required": ["a"]}}, [1, 2], 6),
    ],
)
def test_items_are_counted_once_for_each_subschema_and_all_of_them_where_they_are_compared(more, value, counted):
    assert walked(more, value) == counted


@pytest.mark.parametrize(
    ("more", "value", "counted"),
    [
        ({"allOf": [{}]}, 1, 300),
        ({"allOf": [{"allOf": [{}]}]}, 1, 600),
        ({"allOf": [{}]}, {"a": 1}, 700),
    ],
)
def test_what_is_recorded_as_evaluated_is_counted_for_a_value_too(more, value, counted):
    assert walked({**more, "unevaluatedProperties": False}, value) == counted


def numbers(count) -> list[float]:
    """Numbers of which no two are one object."""
    return [number + 0.5 for number in range(count)]


def named(values: Iterable[float]) -> dict[str, float]:
    return {f"n{value}": value for value in values}


@pytest.mark.parametrize(
    ("more", "made", "most"),
    [
        ({"items": {}}, numbers, 9_999),
        ({"items": {"allOf": [True]}}, numbers, 5_999),
        ({"items": {"allOf": [True], "unevaluatedProperties": False}}, numbers, 4_999),
        ({"items": {"allOf": [{"allOf": [True]}], "unevaluatedProperties": False}}, numbers, 2_999),
        ({"uniqueItems": True, "prefixItems": [True]}, numbers, 14_998),
        ({"uniqueItems": True}, numbers, 29_998),
        ({"additionalProperties": {}}, lambda count: named(numbers(count)), 9_999),
        ({"patternProperties": {"a": {}}}, lambda count: named(numbers(count)), 9_999),
        ({"propertyNames": {}}, lambda count: named(numbers(count)), 9_999),
    ],
    ids=lambda value: str(value)[:60] if isinstance(value, dict) else "",
)
def test_at_most_thirty_thousand_places_of_a_value_are_looked_at(more, made, most):
    """One for the value itself, and for each of its parts one, one more for each subschema, and one for each visit."""
    assert walked(more, made(most)) > 1
    with pytest.raises(TooCostlySchemaError, match="more than 30,000 places"):
        walked(more, made(most + 1))


@pytest.mark.parametrize(
    "schema", [{"$id": "https://x.example/a"}, {"$ref": "#/allOf/5", "allOf": [{}]}, {"$ref": "#/a/b", "a": 1}]
)
def test_an_address_of_the_whole_and_a_reference_to_nothing_can_be_counted(schema):
    assert steps(schema) >= 2


@pytest.mark.parametrize("reference", ["", "other.json", "#a", 5])
def test_a_reference_that_leads_out_of_the_schema_cannot_be_counted(reference):
    with pytest.raises(TooCostlySchemaError, match="a reference other than #/"):
        SchemaCost({"$ref": reference})


@pytest.mark.parametrize(("value", "parts"), [("a" * 15, 1), ("a" * 16, 2), ({"b" * 15: 1}, 2), ({"b" * 16: 1}, 3), ([None], 2)])
def test_sixteen_characters_weigh_as_much_as_a_part(value, parts):
    assert weight(value) == parts


@pytest.mark.parametrize(
    ("pattern", "count"), [("a{0}", 4), ("a{1}", 4), ("a{2}", 8), ("a{\N{SUPERSCRIPT TWO}}", 4), ("a{2,1}", 12)]
)
def test_the_states_of_a_pattern_grow_by_the_largest_count_of_a_repetition(pattern, count):
    assert states(pattern) == count


@pytest.mark.parametrize(("levels", "fits"), [(75, True), (76, False)])
def test_a_value_may_be_as_deep_as_a_schema_a_reference_being_a_level_of_its_own(levels, fits):
    value: dict = {}
    for _ in range(levels):
        value = {"next": value}
    if fits:
        assert walked({}, value) == 4 * levels
        return
    with pytest.raises(TooCostlySchemaError, match="more than 150 levels"):
        walked({}, value)


@pytest.mark.parametrize(("levels", "fits"), [(74, True), (75, False)])
def test_a_value_counts_from_its_own_level_on(levels, fits):
    value: dict = {"last": 1}
    for _ in range(levels):
        value = {"next": value}
    schema = {"properties": {"next": {"$ref": "#"}, "last": {}}}
    if fits:
        assert steps(schema, value) > levels
        return
    with pytest.raises(TooCostlySchemaError, match="more than 150 levels"):
        steps(schema, value)


@pytest.mark.parametrize("more", [{}, {"unevaluatedProperties": False}])
def test_a_schema_that_holds_itself_in_one_place_takes_no_end_of_steps(more):
    with pytest.raises(TooCostlySchemaError, match="more than 2,000,000 steps"):
        steps({"allOf": [{"$ref": "#"}], **more}, {})


def chained(levels, last):
    """Subschemas of the same value within one another."""
    for _ in range(levels):
        last = {"allOf": [last]}
    return last


@pytest.mark.parametrize(("levels", "fits"), [(138, True), (139, False)])
def test_what_is_run_once_more_to_record_it_may_not_be_deeper_than_the_rest(levels, fits):
    """Ten levels lead to where the chain is run again, which is short where it stands first."""
    schema = {
        "$defs": {"chain": chained(levels, {})},
        "allOf": [
            {"$ref": "#/$defs/chain"},
            chained(9, {"allOf": [{"$ref": "#/$defs/chain"}], "unevaluatedProperties": False}),
        ],
    }
    if fits:
        assert steps(schema) > levels
        return
    with pytest.raises(TooCostlySchemaError, match="more than 150 levels"):
        steps(schema)
