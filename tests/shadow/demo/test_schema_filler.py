from __future__ import annotations

from datetime import date

import jsonschema_rs
import pytest

from shadow.demo.draws import RandomDraws, generator
from shadow.demo.schema_filler import SchemaFiller, keywords, names
from shadow.demo.tool_catalogue import TOOLS

TEXT = "Find chargers near Oslo and Turin with a CCS plug on 2027-03-04 within 12 km."


ALWAYS_VARIED = 100.0
"""A temperature at which each value that may vary does."""
PLAIN = "Tell me about amber, basalt, copper, dolomite, emerald, flint and granite."


def filled(schema, *, text=TEXT, temperature=0.0, call=0, subject="", key="k"):
    draws = RandomDraws(generator("fill", call), temperature)
    return SchemaFiller(text=text, key=key, draws=draws, root=schema, subject=subject).value(schema)


def argument(name, schema, **options):
    return filled({"properties": {name: schema}, "required": [name]}, **options)[name]


def of_every_key(schema, count=300, **options):
    return [filled(schema, key=str(key), **options) for key in range(count)]


@pytest.mark.parametrize("name", TOOLS)
def test_arguments_are_valid_by_the_schema_however_the_draw_falls(name):
    schema = TOOLS[name]["function"]["parameters"]
    validator = jsonschema_rs.validator_for(schema)
    for call in range(60):
        assert validator.is_valid(filled(schema, temperature=1.5, call=call))


def test_enum_takes_the_value_named_in_the_text():
    assert filled({"type": "string", "enum": ["type2", "ccs", "chademo"]}) == "ccs"


def test_numbers_come_from_the_text_where_they_fit_and_stay_within_bounds():
    assert filled({"type": "integer", "minimum": 1, "maximum": 50}) == 12
    assert 100 <= filled({"type": "number", "minimum": 100, "maximum": 101}) <= 101


def test_a_date_comes_from_the_text():
    assert filled({"type": "string", "format": "date"}) == "2027-03-04"


def test_references_and_alternatives_are_resolved_and_cycles_end():
    schema = {
        "$defs": {"Unit": {"enum": ["c"]}, "Loop": {"$ref": "#/$defs/Loop"}},
        "type": "object",
        "properties": {
            "unit": {"$ref": "#/$defs/Unit"},
            "maybe": {"anyOf": [{"type": "null"}, {"type": "integer"}]},
            "loop": {"$ref": "#/$defs/Loop"},
        },
        "required": ["unit", "maybe", "loop"],
    }
    made = filled(schema)
    assert made["unit"] == "c"
    assert isinstance(made["maybe"], int)
    assert isinstance(made["loop"], str)


def test_the_subject_names_the_place():
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    assert filled(schema, subject="Turin") == {"city": "Turin"}
    assert filled(schema) == {"city": "Oslo"}


def test_names_and_keywords_are_found_in_order_and_once():
    assert names("Is it warmer in Oslo than in New York or Oslo?") == ["Oslo", "New York"]
    assert keywords("The tides, the TIDES and the moon") == ["tides", "moon"]


def test_end_argument_takes_the_second_place_of_the_text():
    schema = {
        "type": "object",
        "properties": {"start": {"type": "string"}, "end": {"type": "string"}},
        "required": ["start", "end"],
    }
    assert filled(schema) == {"start": "Oslo", "end": "Turin"}


def test_enum_that_the_text_does_not_name_takes_any_of_its_values_and_always_the_same_for_a_key():
    schema = {"enum": ["type2", "chademo", 3]}
    assert set(of_every_key(schema, 60)) == {"type2", "chademo", 3}
    assert filled(schema) == filled(schema)


def test_varied_enum_takes_another_of_its_values():
    assert filled({"enum": ["type2", "ccs"]}, temperature=ALWAYS_VARIED) == "type2"
    assert filled({"const": "only"}, temperature=ALWAYS_VARIED) == "only"


@pytest.mark.parametrize(("text", "schema", "value"), [
    ("take 50", {"type": "integer"}, 50),
    ("take 1", {"type": "integer"}, 1),
    ("take 450", {"type": "integer", "minimum": 10}, 450),
    ("take 500", {"type": "integer", "minimum": 10}, 500),
    ("take 50", {"type": "integer", "minimum": 0}, 50),
    ("take 3", {"type": "integer", "minimum": 3, "maximum": 7}, 3),
    ("take 7", {"type": "integer", "minimum": 3, "maximum": 7}, 7),
    ("take 2 or 8 or 5 or 6", {"type": "integer", "minimum": 3, "maximum": 7}, 5),
    ("take 12.6", {"type": "integer"}, 13),
    ("take 1.2345", {"type": "number"}, 1.23),
])  # fmt: skip
def test_number_is_the_first_of_the_text_that_fits(text, schema, value):
    assert filled(schema, text=text) == value


@pytest.mark.parametrize(("text", "schema", "low", "high"), [
    ("take 51", {"type": "integer"}, 1, 50),
    ("take 0", {"type": "integer"}, 1, 50),
    ("take 501", {"type": "integer", "minimum": 10}, 10, 500),
    ("take 51", {"type": "integer", "minimum": 0}, 0, 50),
    ("take 2", {"type": "number", "minimum": 3, "maximum": 7}, 3, 7),
    ("on 2027-03-04", {"type": "integer", "maximum": 2_500}, 1, 2_500),
])  # fmt: skip
def test_number_that_the_text_does_not_have_lies_anywhere_within_its_bounds(text, schema, low, high):
    found = of_every_key(schema, text=text)
    assert low <= min(found) < low + (high - low) / 20
    assert high - (high - low) / 20 < max(found) <= high


@pytest.mark.parametrize(("maximum", "value"), [(50, 13), (12, 12)])
def test_varied_number_is_one_higher_and_never_above_its_bound(maximum, value):
    assert filled({"type": "integer", "maximum": maximum}, temperature=ALWAYS_VARIED) == value


@pytest.mark.parametrize(("bounds", "lengths"), [
    ({}, {1, 2}),
    ({"minItems": 0}, {0, 2}),
    ({"minItems": 0, "maxItems": 5}, {0, 2}),
    ({"maxItems": 1}, {1}),
    ({"minItems": 2}, {2}),
    ({"minItems": 3, "maxItems": 9}, {3}),
])  # fmt: skip
def test_list_has_its_least_length_or_two_items(bounds, lengths):
    found = of_every_key({"type": "array", "items": {"type": "integer"}, **bounds}, 40)
    assert {len(one) for one in found} == lengths


def test_half_of_the_lists_have_their_least_length():
    lengths = [len(one) for one in of_every_key({"type": "array"}, 400)]
    assert 160 < lengths.count(1) < 240


def test_optional_member_is_there_in_six_of_ten_objects_and_a_required_one_always():
    found = of_every_key({"properties": {"sure": {"type": "null"}, "perhaps": {"type": "null"}}, "required": ["sure"]}, 400)
    assert 210 < sum("perhaps" in one for one in found) < 270
    assert all(one["sure"] is None for one in found)


def test_truth_value_is_either_and_turns_over_where_it_varies():
    found = of_every_key({"type": "boolean"}, 400)
    assert 160 < found.count(True) < 240
    assert of_every_key({"type": "boolean"}, 400, temperature=ALWAYS_VARIED) == [not value for value in found]


def test_schema_without_a_type_gets_a_string_and_one_with_null_its_other_type():
    assert isinstance(filled({}), str)
    assert filled({"type": ["null", "integer"]}) == 12
    assert filled({"type": "null"}) is None


@pytest.mark.parametrize(("depth", "value"), [(16, 12), (17, "amber")])
def test_chain_of_sixteen_references_is_followed(depth, value):
    chain = {f"d{place}": {"$ref": f"#/$defs/d{place + 1}"} for place in range(1, depth)}
    schema = {"$defs": {**chain, f"d{depth}": {"type": "integer"}}, "$ref": "#/$defs/d1"}
    assert filled(schema, text="amber 12") == value


@pytest.mark.parametrize("word", ["anyOf", "oneOf", "allOf"])
def test_first_alternative_that_is_not_null_counts(word):
    assert filled({word: [{"type": "null"}, {"type": "integer"}, {"type": "boolean"}]}) == 12


@pytest.mark.parametrize("name", ["date", "departure_date", "Day", "birthday"])
def test_argument_named_for_a_date_is_that_of_the_text(name):
    assert argument(name, {"type": "string"}) == "2027-03-04"


def test_date_that_the_text_does_not_have_is_any_day_of_a_year():
    found = [date.fromisoformat(one) for one in of_every_key({"format": "date"}, text="soon")]
    assert {one.year for one in found} == {2026}
    assert {one.month for one in found} == set(range(1, 13))
    assert {one.day for one in found} == set(range(1, 29))


def test_text_is_the_first_six_words_of_the_request():
    assert filled({"type": "string"}, text=PLAIN) == "amber basalt copper dolomite emerald flint"
    assert filled({"type": "string"}, text="") == "something"


def test_varied_text_is_turned_round_or_loses_its_last_word():
    found = {filled({"type": "string"}, text=PLAIN, temperature=ALWAYS_VARIED, call=call) for call in range(20)}
    assert found == {"flint emerald dolomite copper basalt amber", "amber basalt copper dolomite emerald"}
    assert filled({"type": "string"}, text="amber", temperature=ALWAYS_VARIED) == "amber"


@pytest.mark.parametrize(
    ("schema", "least", "most"),
    [({"type": "integer"}, 30, 90), ({"type": "string"}, 80, 160), ({"enum": ["ccs", "type2"]}, 30, 90)],
)
def test_few_values_vary_at_temperature_1_and_texts_twice_as_often(schema, least, most):
    usual = filled(schema)
    assert least < sum(filled(schema, temperature=1.0, call=call) != usual for call in range(2_000)) < most


@pytest.mark.parametrize(("name", "text", "value"), [
    ("city", "Is it warm in Turin or Oslo?", "Turin"),
    ("endpoint", "Is it warm in Turin or Oslo?", "Oslo"),
    ("endpoint", "Is it warm in Turin?", "Turin"),
    ("location", "which harbour has amber", "amber"),
    ("person", "", "Oslo"),
])  # fmt: skip
def test_place_or_person_is_a_name_of_the_text_or_its_last_word(name, text, value):
    assert argument(name, {"type": "string"}, text=text) == value


def test_items_of_one_list_differ_where_the_text_decides_nothing():
    found = filled({"type": "array", "minItems": 6, "items": {"enum": ["a1", "b2", "c3"]}}, text="")
    assert len(found) == 6
    assert len(set(found)) > 1


@pytest.mark.parametrize(("schema", "value"), [({"enum": ["ccs", "type2"]}, "ccs"), ({"format": "date"}, "2027-03-04")])
def test_the_first_of_several_that_the_text_names_is_taken(schema, value):
    assert filled(schema, text="type2 or CCS on 2027-03-04 or 2028-05-06") == value
