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
    repaired_value,
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


def test_of_an_integer_four_thousand_three_hundred_digits_are_read():
    for digits in (4_299, 4_300, 4_301):
        loaded = load(b'["\\ud83d", %b]' % (b"7" * digits))
        assert (loaded.why, loaded.lenient) == (None, True)
        assert len(str(loaded.value[1])) == min(digits, 4_300)


def test_only_what_a_strict_reader_refuses_is_lenient():
    assert load(b"[1]") == ([1], None, "", (), False)
    assert load(b"[NaN]").lenient
    assert load(b"[").lenient
    assert load("[1]".encode("utf-8-sig")) == ([1], None, "", (), True)


@pytest.mark.parametrize(
    ("data", "why", "detail"),
    [
        (b"[" * 101 + b"]" * 101, UnreadReason.TOO_DEEP, "the JSON is nested more than 100 deep"),
        (b"[" * 100_000, UnreadReason.TOO_DEEP, "the JSON is nested more than 100 deep"),
        (b"nonsense", UnreadReason.NOT_JSON, "not JSON: Expecting value: line 1 column 1 (char 0)"),
    ],
)
def test_body_that_is_not_read_states_why(data, why, detail):
    loaded = load(data)
    assert (loaded.value, loaded.why, loaded.detail, loaded.departures) == (None, why, detail, ())


def test_departures_are_named_in_one_order_and_finite_numbers_are_none():
    assert load(b'["\xff", NaN]').departures == (NOT_FINITE, NOT_UTF8)
    assert load(b'["\xff", 1.5, -2e10]').departures == (NOT_UTF8,)
    assert load(b'["\xff", 1.5]').value == ["\ufffd", 1.5]


@pytest.mark.parametrize(("digits", "quoted"), [(40, 40), (41, 40)])
def test_number_of_arguments_that_no_double_holds_is_quoted_by_forty_characters(digits, quoted):
    number = f"{'1' * (digits - 4)}e999"
    assert load_arguments(f"[{number}]").invalid == f"{number[:quoted]} is not a JSON number that a double can hold"


def test_arguments_that_are_read_state_nothing_else():
    assert load_arguments('{"a": 1.5, "b": [2]}') == ({"a": 1.5, "b": [2]}, "", ())
    twice = load_arguments('{"a": {"x": 1, "x": 2, "x": 3}, "b": 1, "b": 2}')
    assert twice.parsed == {"a": {"x": 3}, "b": 2}
    assert twice.departures == tuple(f"the key '{key}' stands twice in the arguments of one call" for key in "xb")


@pytest.mark.parametrize("deep", [100, 101])
def test_arguments_are_nested_a_hundred_deep_at_most(deep):
    loaded = load_arguments("[" * deep + "]" * deep)
    assert loaded.invalid == ("" if deep == 100 else "the arguments are nested more than 100 deep")
    assert (loaded.parsed is None) == (deep == 101)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("\ud83d", "\ufffd"),
        (["\ud83d", 1], ["\ufffd", 1]),
        ({"\ud83d": {"a": "\udc00"}}, {"\ufffd": {"a": "\ufffd"}}),
        (None, None),
    ],
)
def test_halves_of_characters_are_replaced_in_every_string_of_a_value(value, kept):
    assert repaired_value(value) == kept


def test_text_that_is_whole_stays_the_same_object():
    for text in ("plain", "é\U0001f30a"):
        assert repaired(text) is text
    assert repaired("a\ud83c\udf0ab\udc00") == "a\U0001f30ab\ufffd"
