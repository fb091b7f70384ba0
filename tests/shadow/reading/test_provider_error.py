"""The error that a provider sent, out of each shape that they use."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.reading.provider_error import carries_error, error_of_body, error_of_json
from tests.shadow.reading.hostile import HOSTILE


@given(HOSTILE, st.binary(max_size=200))
def test_no_body_makes_the_reader_of_errors_raise(value, body):
    for error in (
        error_of_json(500, value, in_stream=True),
        error_of_body(500, json.dumps(value).encode()),
        error_of_body(500, body),
    ):
        (error.message + error.type + error.code).encode()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"error": {"message": "m", "type": "t", "param": None, "code": "c"}}, ("m", "t", "c")),
        ({"error": "m"}, ("m", "", "")),
        ({"message": "m", "code": 7}, ("m", "", "7")),
        ({"detail": "m"}, ("m", "", "")),
        ({"detail": [{"msg": "m", "type": "missing"}]}, ("m", "", "")),
        ({"errors": [{"message": "m"}, {"message": "n"}]}, ("m", "", "")),
        ({"type": "error", "error": {"type": "overloaded_error", "message": "m"}}, ("m", "overloaded_error", "")),
        ([{"error": {"code": 429, "message": "m", "status": "RESOURCE_EXHAUSTED"}}], ("m", "RESOURCE_EXHAUSTED", "429")),
        ({"fault": {"faultstring": "m"}}, ("m", "", "")),
        ({"object": "error", "message": "m", "type": "T", "code": 400}, ("m", "T", "400")),
        ({"error": {}, "message": "m"}, ("m", "", "")),
        ({"base_resp": {"status_code": 1008, "status_msg": "m"}, "choices": None}, ("m", "", "1008")),
        ({"code": 503, "msg": "m", "data": None}, ("m", "", "503")),
        ([], ("", "", "")),
        (None, ("None", "", "")),
    ],
)
def test_each_shape_gives_its_message_type_and_code(value, expected):
    error = error_of_json(429, value, in_stream=False)
    assert (error.message, error.type, error.code) == expected
    assert (error.status, error.in_stream) == (429, False)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<html><head><title>503 Service Unavailable</title></head><h1>x</h1>", "503 Service Unavailable"),
        (b"<p>no  <b>healthy</b> upstream</p>", "no healthy upstream"),
        (b"upstream connect error\n", "upstream connect error"),
        (b'"just a string"', "just a string"),
        (b"", ""),
        (b"\xff\xfe", "\ufffd\ufffd"),
    ],
)
def test_pages_and_plain_text_give_their_words(body, message):
    assert error_of_body(503, body).message == message


def test_a_message_has_an_end():
    assert len(error_of_body(500, b"x" * 100_000).message) == 1_000
    assert len(error_of_json(500, {"error": {"message": "x" * 100_000}}, in_stream=True).message) == 1_000


def test_error_nested_too_deep_is_reported_as_that():
    value: object = "m"
    for _ in range(500):
        value = {"error": value}
    assert "deep" in error_of_json(500, value, in_stream=True).message


def test_only_a_body_marked_as_an_error_has_one():
    assert carries_error({"error": "x"})
    assert carries_error({"object": "error"})
    assert not carries_error({"error": None, "choices": []})
    assert not carries_error({"error": {}, "object": "chat.completion.chunk"})


@pytest.mark.parametrize(
    ("value", "fails"),
    [
        ({"base_resp": {"status_code": 1002, "status_msg": "m"}, "choices": [{}]}, True),
        ({"base_resp": {"status_code": 0, "status_msg": ""}}, False),
        ({"code": 500, "msg": "m"}, True),
        ({"code": "InvalidKey", "message": "m"}, True),
        ({"code": 0, "msg": "ok"}, False),
        ({"code": 200, "message": "ok"}, False),
        ({"code": 500}, False),
        ({"code": 500, "message": "m", "choices": [{}]}, False),
        ({"detail": "Not Found"}, True),
        ({"detail": [{"msg": "m"}], "output": [{}]}, False),
        ({"success": False, "errors": []}, True),
        ({"success": True, "errors": []}, False),
        ({"type": "ping", "detail": "m"}, False),
        ({}, False),
    ],
)
def test_body_without_error_fails_where_it_reports_only_a_failure(value, fails):
    assert carries_error(value) is fails


@pytest.mark.parametrize(("before", "message"), [(9_000, "Busy"), (10_000, "")])
def test_the_title_of_a_page_is_read_in_its_first_ten_thousand_bytes(before, message):
    body = b"<style>".ljust(before - 8, b" ") + b"</style><title>Busy</title>"
    assert error_of_body(503, body).message == message


@pytest.mark.parametrize(("length", "kept"), [(999, 999), (1_000, 1_000), (1_001, 1_000)])
def test_of_a_message_a_thousand_characters_are_kept(length, kept):
    assert error_of_json(500, {"message": "m" * length}, in_stream=False).message == "m" * kept


@pytest.mark.parametrize(("size", "message"), [(1_000_000, "m"), (1_000_001, '{"message": "m",')])
def test_of_the_body_of_an_error_a_million_bytes_are_read(size, message):
    body = b'{"message": "m",'.ljust(size - 8) + b'"n": 1 }'
    assert len(body) == size
    assert error_of_body(500, body).message.split('"n"')[0].strip() == message


@pytest.mark.parametrize("quote", ["", '"'])
def test_title_that_the_ten_thousandth_character_cuts_is_read_up_to_it(quote):
    page = f"{quote}{'<p>'.ljust(10_000 - 10)}<title>Busy</title>{quote}"
    assert error_of_body(503, page.encode()).message == "Bus"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"error": {"message": "m"}, "fault": {"code": "c"}}, ("m", "", "")),
        ({"error": {"message": "m"}, "code": "outer", "type": "t"}, ("m", "t", "outer")),
        ({"error": {"message": "m", "code": "inner"}, "code": "outer"}, ("m", "", "inner")),
        ({"message": {"message": "m", "code": 5}}, ("m", "", "5")),
        ({"message": [{"message": "m"}]}, ("m", "", "")),
        ({"message": [], "detail": "m"}, ("m", "", "")),
        ({"detail": [{"message": "m"}]}, ("m", "", "")),
        ({"detail": [{"msg": "", "message": "m"}]}, ("m", "", "")),
        ({"detail": [{"msg": "m"}, {"msg": "n"}]}, ("m", "", "")),
        ({"message": "m", "status": 429}, ("m", "", "")),
        ({"message": "m", "code": True}, ("m", "", "")),
        ({"message": 5}, ("", "", "")),
        ({"message": "", "msg": "m"}, ("m", "", "")),
        ({"errors": ["m"]}, ("m", "", "")),
        ({"errors": [5]}, ("5", "", "")),
    ],
)
def test_innermost_error_comes_first_and_its_wrapper_fills_what_is_missing(value, expected):
    error = error_of_json(500, value, in_stream=True)
    assert (error.message, error.type, error.code) == expected
    assert error.in_stream is True


@pytest.mark.parametrize(
    ("value", "param"),
    [
        ({"error": {"message": "m", "param": "n"}}, "n"),
        ({"error": {"message": "m", "parameter": "n"}}, "n"),
        ({"error": {"message": "m", "param": "None"}}, ""),
        ({"error": {"message": "m", "param": "null"}}, ""),
        ({"error": {"message": "m", "param": 5}}, ""),
        ({"error": {"param": "inner"}, "param": "outer"}, "inner"),
        ({"detail": [{"loc": ["body", "messages", 0, "role"], "msg": "m"}]}, "messages"),
        ({"detail": [{"loc": ["query", "n"]}]}, "n"),
        ({"detail": [{"loc": ["body", 0]}]}, ""),
        ({"detail": [{"loc": "n"}]}, ""),
        ({"detail": [{"loc": ["body", "a"], "param": "null"}]}, "a"),
        ({"detail": {"loc": ["a"]}}, "a"),
        ({"detail": "m"}, ""),
        ({"param": "p" * 1_000}, "p" * 1_000),
        ({"param": "p" * 1_001}, "p" * 1_000),
        ({"detail": [{"loc": ["p" * 1_001]}]}, "p" * 1_000),
        ({"param": "\ud83d"}, "\ufffd"),
    ],
)
def test_member_that_an_error_names_is_its_param(value, param):
    assert error_of_json(400, value, in_stream=False).param == param


@pytest.mark.parametrize(
    ("value", "carries"),
    [
        ({"type": "error", "message": "m"}, True),
        ({"type": "ping", "base_resp": {"status_code": 1002}}, False),
        ({"base_resp": {"status_code": 1}}, True),
        ({"base_resp": {}}, False),
        ({"base_resp": 5}, False),
        ({"code": 1, "msg": "m"}, True),
        ({"code": 199, "msg": "m"}, True),
        ({"code": 201, "message": "m"}, True),
        ({"code": 500, "message": 5}, False),
        ({"message": "m"}, False),
        ({"success": None, "detail": ""}, False),
        ({"errors": ["m"]}, True),
        ({"detail": "m", "choices": [], "data": []}, True),
    ],
)
def test_body_with_only_a_failure_in_it_carries_an_error(value, carries):
    assert carries_error(value) is carries


@pytest.mark.parametrize(("length", "kept"), [(1_000, 1_000), (1_001, 1_000)])
def test_what_an_error_is_where_it_is_no_object_is_cut_after_a_thousand_characters(length, kept):
    assert error_of_json(500, ["m" * length], in_stream=False).message == "m" * kept
    assert error_of_json(500, {"error": {"code": "c" * length, "message": "m"}}, in_stream=False).code == "c" * kept


def test_too_deep_error_keeps_its_status_and_where_it_came():
    value: object = "m"
    for _ in range(101):
        value = [value]
    error = error_of_json(500, value, in_stream=True)
    assert (error.status, error.in_stream, error.message) == (500, True, "the error is nested too deep to be read")
    assert error_of_body(502, b'{"message": "Bad"}') == error_of_json(502, {"message": "Bad"}, in_stream=False)
    assert error_of_body(502, b"<h1>Bad</h1>") == error_of_json(502, {"message": "Bad"}, in_stream=False)
