"""Parameters by their dotted names, of a request and of an answer alike."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.reading.stated_parameters import PLAIN, stated_members, stated_parameters


def test_parameters_bear_dotted_names_and_what_is_null_is_not_stated():
    given = {
        "temperature": 0.5,
        "top_p": None,
        "reasoning": {"effort": "low", "summary": None},
        "text": {"format": {"type": "json_object"}, "verbosity": "high"},
        "model": "m",
    }
    assert stated_parameters(given) == {
        "temperature": 0.5,
        "reasoning.effort": "low",
        "text.format": "json_object",
        "text.verbosity": "high",
    }


def test_form_is_stated_by_its_type_name_and_schema():
    def form(schema, **more):
        return stated_parameters({"text": {"format": {"type": "json_schema", "schema": schema, **more}}})

    one = form({"type": "object", "required": ["a"]}, name="tide")
    assert one.keys() == {"text.format", "text.format.name", "text.format.schema"}
    assert (one["text.format"], one["text.format.name"]) == ("json_schema", "tide")
    assert form({"required": ["a"], "type": "object"}, name="tide") == one
    assert form({"required": ["b"], "type": "object"}, name="tide") != one
    assert form({}, name=None) == {"text.format": "json_schema"}
    assert "text.format.schema" not in form({"maximum": 2**70})


def test_a_choice_of_tools_is_one_line_in_whichever_form_it_comes():
    flat = {"type": "allowed_tools", "mode": "auto", "tools": [{"name": "b"}, {"name": "a"}]}
    nested = {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [{"name": "a"}, {"name": "b"}]}}
    assert (
        stated_parameters({"tool_choice": flat})
        == stated_parameters({"tool_choice": nested})
        == {"tool_choice": "allowed_tools auto a b"}
    )


def test_an_answer_with_choices_states_its_tier_alone():
    assert stated_members({"service_tier": "flex", "temperature": 1}) == {"service_tier": "flex"}
    assert stated_members({"service_tier": None}) == {}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "name", "tools", "format", "effort"]), inner)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*PLAIN, "reasoning", "text", "inference_geo"]), JSON))
def test_whatever_is_given_only_short_words_and_plain_values_are_stated(given):
    for value in stated_parameters(given).values():
        assert isinstance(value, (bool, int, float, str))
        assert not isinstance(value, str) or len(value) <= 40 * 80


@pytest.mark.parametrize(
    ("value", "stated"),
    [
        (0, 0),
        (False, False),
        (1e299, 1e299),
        (1e300, None),
        (-1e300, None),
        (10**299, 10**299),
        (10**301, None),
        ("", None),
        ("w" * 80, "w" * 80),
        ("w" * 81, "w" * 80),
        ("ü" * 81, "ü" * 80),
        ("\ud83d", "\ufffd"),
        ([1], None),
        ({}, None),
    ],
)
def test_value_is_a_number_below_1e300_a_boolean_or_a_word_of_80_characters(value, stated):
    found = stated_parameters({"service_tier": value, "reasoning": {"effort": value}})
    assert found == ({} if stated is None else {"service_tier": stated, "reasoning.effort": stated})
    assert stated_members({"service_tier": value}) == ({} if stated is None else {"service_tier": stated})


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ("auto", "auto"),
        ({"type": "function", "name": "f"}, "function f"),
        ({"type": "function", "function": {"name": "f"}}, "function f"),
        ({"type": "function", "function": "f", "name": "g"}, "function g"),
        ({"type": "web_search_preview_2025_03_11"}, "web_search_preview"),
        ({"type": "custom_2025_03_11_beta"}, "custom_2025_03_11_beta"),
        ({"type": "allowed_tools", "tools": ["a", {"name": 5}, {"name": "b"}]}, "allowed_tools b"),
        ({"mode": "required"}, "required"),
        ({"type": 5}, None),
    ],
)
def test_choice_of_a_tool_is_its_kind_without_a_date_and_its_names(choice, words):
    assert stated_parameters({"tool_choice": choice}) == ({} if words is None else {"tool_choice": words})


@pytest.mark.parametrize(
    ("form", "stated"),
    [
        ({"type": "text"}, {"text.format": "text"}),
        ({"type": "text", "name": "n"}, {"text.format": "text", "text.format.name": "n"}),
        ({"name": "n"}, {"text.format.name": "n"}),
        ({"type": None}, {}),
        ({}, {}),
        ("text", {}),
    ],
)
def test_form_of_a_text_is_stated_as_far_as_it_has_members(form, stated):
    assert stated_parameters({"text": {"format": form}}) == stated


def test_schema_of_a_form_is_stated_by_sixteen_digits_and_its_algorithm():
    stated = stated_parameters({"text": {"format": {"type": "json_schema", "schema": {"type": "object"}}}})
    assert re.fullmatch("SHA-256 [0-9a-f]{16}", str(stated["text.format.schema"]))


@pytest.mark.parametrize("holder", [None, 5, "low", [], {}])
def test_holder_that_is_no_object_states_nothing(holder):
    assert stated_parameters({"reasoning": holder, "text": holder}) == {}
    assert stated_members({"speed": "fast"}, ("speed", "inference_geo")) == {"speed": "fast"}
