from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shadow.demo.loose_json import content, items, mapping, number, objects, string, strings

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(JSON)
def test_every_accessor_returns_a_value_of_its_type(value):
    assert isinstance(mapping(value), dict)
    assert isinstance(items(value), list)
    assert all(isinstance(member, dict) for member in objects(value))
    assert isinstance(string(value), str)
    assert isinstance(number(value, 1.5), (int, float))
    assert all(strings(value))
    assert isinstance(content(mapping(value)), str)


def test_a_boolean_is_no_number():
    assert number(True, 7) == 7


def test_content_joins_the_parts_of_a_message():
    parts = [{"type": "text", "text": "one"}, {"type": "image_url"}, {"type": "text", "text": "two"}]
    assert content({"content": parts}).split() == ["one", "two"]
