import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.json_members import elements, finding_elements, finding_members, members

TEXT = st.text(st.characters(), max_size=8) | st.sampled_from(['a"b', "\\", "\ud800", "{", "}", "[,:", "\u2028"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**40), 10**40) | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.lists(st.tuples(TEXT, JSON), max_size=6)
GAPS = st.sampled_from(["", " ", "\n\t", " \r\n "])


@st.composite
def bodies(draw):
    """An object written by hand: repeated keys, any white space, with and without escapes."""
    pairs = draw(OBJECTS)
    gap, ascii_only = draw(GAPS), draw(st.booleans())

    def text(value):
        plain = ascii_only or any(0xD800 <= ord(c) < 0xE000 for c in json.dumps(value, ensure_ascii=False))
        return json.dumps(value, ensure_ascii=plain)

    inner = f"{gap},{gap}".join(f"{text(key)}{gap}:{gap}{text(value)}" for key, value in pairs)
    return pairs, f"{gap}{{{gap}{inner}{gap}}}{gap}".encode()


@given(bodies())
def test_the_members_are_those_that_json_reads(made):
    pairs, body = made
    found = members(body)
    assert [member.key for member in found] == [key for key, _ in pairs]
    for member, (_, value) in zip(found, pairs, strict=True):
        assert repr(json.loads(body[member.value : member.end])) == repr(json.loads(json.dumps(value)))
        assert body[member.start : member.value].rstrip().endswith(b":")


@given(st.binary(max_size=60) | st.text('{}[]":,\\ax1 ', max_size=30).map(str.encode))
def test_anything_else_is_a_value_error_or_read_and_never_another_fault(body):
    try:
        members(body)
    except ValueError:
        with_json = None
        try:
            with_json = json.loads(body)
        except (ValueError, RecursionError):
            return
        assert not isinstance(with_json, dict)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"7",
        b"{",
        b'{"a"',
        b'{"a":',
        b'{"a":1',
        b'{"a" 1}',
        b'{"a":1 2}',
        b'{"a":1,}',
        b"{,}",
        b'{"a":1}x',
        b'{"a": "x}',
    ],
)
def test_members_of_a_body_that_is_no_json_object_are_refused(body):
    with pytest.raises(ValueError, match="not a JSON object"):
        members(body)


def test_depth_and_size_cost_no_recursion():
    body = b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b', "model": "m", "t": "' + b"\\\\x" * 300_000 + b'"}'
    assert [member.key for member in members(body)] == ["a", "model", "t"]


@given(st.lists(st.none() | st.integers() | st.text() | st.lists(st.text()) | st.dictionaries(st.text(), st.integers())))
def test_the_elements_of_an_array_are_found_where_they_stand(values):
    raw = json.dumps(values, indent=1).encode()
    assert [json.loads(raw[start:end]) for start, end in elements(raw)] == values


@pytest.mark.parametrize("raw", [b"", b"{}", b"[", b"[1", b"[1,,2]", b"[,]", b"[1]]", b"[1] 2"])
def test_elements_of_a_value_that_is_no_json_array_are_refused(raw):
    with pytest.raises(ValueError, match="unexpected byte"):
        elements(raw)


@pytest.mark.parametrize(("count", "few"), [(10_000, True), (10_001, False)])
def test_an_object_or_a_list_of_more_than_ten_thousand_is_not_looked_into(count, few):
    for read, body in ((members, b"{" + b'"a":1,' * (count - 1) + b'"a":1}'), (elements, b"[" + b"1," * (count - 1) + b"1]")):
        if few:
            assert len(read(body)) == count
        else:
            with pytest.raises(ValueError, match="more than 10000"):
                read(body)


@pytest.mark.parametrize(
    ("body", "at"),
    [
        *((b"", 0), (b" []", 1), (b"{", 1), (b"{,}", 1), (b'{"a" 1}', 1), (b'{"a":1 2}', 7), (b'{"a":[1] 2}', 9)),
        *((b'{"a":1,}', 7), (b'{"a":1', 6), (b'{"a":[1]', 8), (b'{"a":}', 6), (b'{"a":1} x', 8), (b'{"b":1,"\x01":1}', 7)),
    ],
)
def test_a_body_that_is_no_json_object_is_refused_with_the_place_from_which_it_is_none(body, at):
    with pytest.raises(ValueError, match=f"^the body is not a JSON object: unexpected byte at {at}$"):
        members(body)


@pytest.mark.parametrize(
    ("body", "at"), [(b" x", 1), (b"{}", 0), (b"[1 2]", 3), (b"[,]", 1), (b"[1,", 3), (b"[1]]", 3), (b"[1] 2", 4), (b"[", 1)]
)
def test_a_value_that_is_no_json_array_is_refused_with_the_place_from_which_it_is_none(body, at):
    with pytest.raises(ValueError, match=f"unexpected byte at {at}$"):
        elements(body)


@pytest.mark.parametrize(("count", "steps"), [(99, 0), (100, 1), (199, 1), (200, 2)])
def test_a_step_ends_with_every_hundredth_element(count, steps):
    assert sum(1 for _ in finding_elements(b"[" + b"1," * (count - 1) + b"1]")) == steps


@pytest.mark.parametrize(("count", "steps"), [(99, 0), (100, 1), (199, 1), (200, 3)])
def test_a_step_ends_with_every_hundredth_member_and_every_two_hundredth_that_is_looked_for(count, steps):
    assert sum(1 for _ in finding_members(b"{" + b'"a":1,' * (count - 1) + b'"a":1}')) == steps
