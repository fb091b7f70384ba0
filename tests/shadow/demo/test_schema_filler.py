from __future__ import annotations

import jsonschema_rs
import pytest

from shadow.demo.draws import RandomDraws, generator
from shadow.demo.schema_filler import SchemaFiller, keywords, names
from shadow.demo.tool_catalogue import TOOLS

TEXT = "Find chargers near Oslo and Turin with a CCS plug on 2027-03-04 within 12 km."


def filled(schema, *, text=TEXT, temperature=0.0, call=0, subject=""):
    draws = RandomDraws(generator("fill", call), temperature)
    return SchemaFiller(text=text, key="k", draws=draws, root=schema, subject=subject).value(schema)


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
