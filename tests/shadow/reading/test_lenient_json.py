"""Untrusted JSON: what a strict reader refuses, what a lenient one changes, and what would break those who walk it later."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.reading.completion import UnreadReason
from shadow.reading.lenient_json import (
    EMPTY,
    NOT_FINITE,
    NOT_UTF8,
    is_too_deep,
    load,
    load_arguments,
    load_event,
    repaired,
)

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
)


@given(JSON)
def test_any_json_value_is_read_and_can_be_encoded_again(value):
    loaded = load(json.dumps(value).encode())
    assert loaded.why is None
    json.dumps(loaded.value, ensure_ascii=False).encode()


@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise(data):
    load(data)
    load_event(data)


@given(ANY_TEXT | st.text('{}[]",:\\ud8ab0e1-.5tNaI ', max_size=30))
def test_no_arguments_make_it_raise(text):
    loaded = load_arguments(repaired(text))
    json.dumps(loaded.parsed, ensure_ascii=False, allow_nan=False).encode()
    repaired(loaded.invalid).encode()


@pytest.mark.parametrize("data", [b"[" * 100_000, b'{"a":' * 100_000, b"[" * 500 + b"]" * 500])
def test_a_hundred_thousand_brackets_are_too_deep(data):
    assert load(data).why is UnreadReason.TOO_DEEP
    assert "deep" in load_arguments(data.decode()).invalid


def test_nesting_is_allowed_up_to_the_limit():
    assert load(b"[" * 100 + b"]" * 100).why is None
    assert load(b"[" * (100 + 1) + b"]" * (100 + 1)).why is UnreadReason.TOO_DEEP
    assert load(b"[" + b"[]," * 500 + b"[]]").why is None
    assert not is_too_deep("text")


def test_departures_that_clients_read_over_are_named():
    assert load(b"[NaN]").departures == (NOT_FINITE,)
    assert load(b"[1e400]").departures == (NOT_FINITE,)
    assert load(b'["\xff"]').departures == (NOT_UTF8,)
    assert load(b"\xef\xbb\xbf[1]").value == [1]


def test_half_a_character_survives_in_a_piece_and_is_replaced_in_a_whole():
    assert load_event(rb'["\ud83d"]').value == ["\ud83d"]
    assert load(rb'["\ud83d", {"\udc00": 1}]').value == ["\ufffd", {"\ufffd": 1}]
    assert repaired("\ud83c\udf0a") == "\U0001f30a"


@pytest.mark.parametrize("text", ["", "  ", "null", " null\n"])
def test_empty_arguments_are_an_object_without_members_and_noted(text):
    assert load_arguments(text) == ({}, "", (EMPTY,))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("{", "Expecting"),
        ("NaN", "NaN"),
        ("[1e999]", "1e999"),
        ("{} {}", "Extra data"),
        ("9" * 5_000, "digits"),
    ],
)
def test_arguments_that_are_no_json_give_their_reason(text, word):
    loaded = load_arguments(text)
    assert loaded.parsed is None
    assert word in loaded.invalid


@pytest.mark.parametrize("digits", [4_300, 4_301, 100_000])
def test_an_integer_of_any_length_is_read_by_its_first_digits(digits):
    long = "-" + "7" * digits
    body = load(f'{{"a": {long}}}'.encode())
    assert body.why is None
    assert body.value["a"] < -(10**4_298)
    assert long.startswith(str(body.value["a"]))


def test_large_integers_and_repeated_keys_of_arguments_are_kept_exactly():
    loaded = load_arguments('{"n": 123456789012345678901234567890, "x": 1, "x": 2, "e": "\\ud83d"}')
    assert loaded.parsed == {"n": 123456789012345678901234567890, "x": 2, "e": "\ufffd"}
    assert loaded.departures == ("the key 'x' stands twice in the arguments of one call",)


@pytest.mark.parametrize("opener", ["[", '{"a":'])
@pytest.mark.parametrize("deep", [100 - 1, 100, 100 + 1])
def test_the_depth_of_a_body_is_bounded_whatever_else_stands_in_it(opener, deep):
    closer = "]" if opener == "[" else "}"
    body = f"[{opener * deep}1{closer * deep},{','.join(['[]', '{}'] * 100)}]".encode()
    assert (load(body).why is UnreadReason.TOO_DEEP) == (deep + 1 > 100)
    assert load(b"[" + b",".join([b"[]", b"{}"] * 100) + b"]").why is None


@pytest.mark.parametrize("length", [80, 81])
def test_a_key_that_stands_twice_is_named_up_to_80_characters(length):
    key = "k" * length
    found = load_arguments(f'{{"{key}": 1, "{key}": 2}}').departures
    assert found == (f"the key {'k' * 80!r} stands twice in the arguments of one call",)
