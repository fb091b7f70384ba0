"""Parameters by their dotted names, of a request and of an answer alike."""

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
