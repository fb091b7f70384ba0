import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.measures import request_size
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
