import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.measures import request_size
from shadow.reading.parsed_request import Tool
from tests.shadow.compare.made import ask

ODD = st.sampled_from(["\ud83d", 1e-7, 1e16, math.nan, math.inf, None, 2**70, 'a"\\\n\x01\x7f', "\u00e9\U0001f600"])
VALUES = st.recursive(
    st.text(max_size=5) | ODD | st.floats() | st.integers() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.lists(st.dictionaries(st.text(max_size=3), st.text(max_size=6) | VALUES, max_size=3), max_size=4),
    st.lists(st.dictionaries(st.text(max_size=3), VALUES, max_size=3), min_size=1, max_size=3),
)
def test_characters_are_those_of_the_library_whichever_way_they_are_counted(messages, tools):
    asked = ask(messages=tuple(messages), body={"tools": tools})
    expected = len(json.dumps(tools, ensure_ascii=False))
    assert request_size.tool_characters(asked) == expected
    assert request_size.tool_characters(asked) == expected, "from what is kept"
    sizes = [len(json.dumps(message, ensure_ascii=False)) for message in messages]
    assert request_size.message_characters(asked) == sum(sizes)


def test_input_nested_too_deep_to_be_written_counts_no_characters():
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    asked = ask(messages=({"content": deep}, {"content": "x"}), body={"tools": [deep]})
    assert request_size.tool_characters(asked) == 0
    assert request_size.message_characters(asked) == len('{"content": "x"}')
    while deep:
        deep = deep.pop()


@pytest.mark.parametrize(
    ("content", "media"),
    [
        ("a picture", ""),
        ([{"type": "text", "text": "a"}, "b", {"type": ["image"]}, {}], ""),
        (
            [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "u"}}],
            '{"type": "image_url", "image_url": {"url": "u"}}',
        ),
        ([{"type": "tool_result", "content": [{"type": "image", "source": {}}]}], '{"type": "image", "source": {}}'),
        ([{"type": "tool_result", "content": [{"type": "text", "text": "a"}]}], ""),
        ([{"type": "tool_result", "content": "a"}], ""),
    ],
)
def test_media_are_seen_in_a_message_and_in_the_result_of_a_tool(content, media):
    asked = ask(messages=({"role": "user", "content": content},))
    assert (request_size.has_media(asked), request_size.media_characters(asked)) == (bool(media), len(media))


TOOLS = [{"type": "function", "function": {"name": "a", "parameters": {"type": "object"}}}]


def offering(*schemas, body=None):
    return ask(tools=tuple(Tool(name="a", schema=schema) for schema in schemas), body=body or {})


def test_characters_of_tools_are_those_of_the_member_that_offers_them():
    size = len(json.dumps(TOOLS))
    assert request_size.tool_characters(offering(None, body={"tools": TOOLS})) == size
    assert request_size.tool_characters(offering(None, body={"functions": TOOLS})) == size
    assert request_size.tool_characters(offering(body={"tools": TOOLS})) == 0


@pytest.mark.parametrize(
    ("schemas", "text"),
    [
        ((), ""),
        ((None,), ""),
        (({"a": 1}, None, {"b": [1, 2]}), '[{"a": 1}, {"b": [1, 2]}]'),
        (({"default": None},), '[{"default": null}]'),
        (({"maximum": 2**70},), '[{"maximum": 1180591620717411303424}]'),
    ],
)
def test_characters_of_parameters_are_those_of_the_schemas_alone(schemas, text):
    assert request_size.schema_characters(offering(*schemas)) == len(text)


def test_parameters_longer_than_those_that_are_kept_are_counted_too():
    for characters in (60_000, 70_000):
        schema = {"description": "x" * characters}
        assert request_size.schema_characters(offering(schema)) == len(json.dumps([schema]))
        assert request_size.tool_characters(offering(schema, body={"tools": [schema]})) == len(json.dumps([schema]))


REASONED = (
    {"role": "user", "content": "Why?"},
    {"role": "assistant", "reasoning_content": "four", "content": "So."},
    {"role": "assistant", "reasoning": "", "content": "Yes."},
    {"role": "assistant", "thinking": ["no text"], "reasoning": "three"},
)


def test_each_earlier_turn_with_reasoning_is_counted_by_its_characters():
    assert request_size.earlier_reasoning(ask(messages=REASONED)) == [4, 5]


def test_a_template_may_leave_out_tools_and_reasoning_where_there_are_any():
    both = ask(messages=REASONED, body={"tools": TOOLS})
    assert request_size.droppable(both) == {"tools": len(json.dumps(TOOLS)), "earlier reasoning": 9}
    assert request_size.droppable(ask(tools=())) == {}
