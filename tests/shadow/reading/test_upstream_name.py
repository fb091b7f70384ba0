"""The name of the server behind a router: wherever the router names it, whatever it writes there, short and on one line."""

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.reading.parsed_exchange import parse_exchange
from shadow.reading.upstream_name import named_upstream, upstream_name
from tests.exchanges import asked, exchange, said


def named(body: bytes, source: str = "provider", **more) -> str:
    parsed = parse_exchange(exchange(body, request=asked("Hello"), **more))
    return named_upstream(parsed.exchange, parsed.answer, source)


def whole(**more: object) -> bytes:
    return json.dumps({**json.loads(said("Hello")), **more}).encode()


def stream(*members: dict) -> bytes:
    chunks = [{"choices": [{"delta": {"content": "Hi"}, "finish_reason": "stop"}], **each} for each in members]
    return b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks) + b"data: [DONE]\n\n"


def test_member_of_a_whole_body_is_the_name():
    assert named(whole(provider="DeepX")) == "DeepX"


def test_member_of_a_later_event_is_the_name():
    assert named(stream({}, {"provider": "DeepX"}), stream=True) == "DeepX"


def test_any_other_member_is_read_in_a_whole_body_and_in_a_stream():
    assert named(whole(served="DeepX"), "served") == "DeepX"
    assert named(stream({}, {"served": "DeepX"}), "served", stream=True) == "DeepX"


@pytest.mark.parametrize(("before", "found"), [(99, "DeepX"), (100, "")])
def test_member_is_looked_for_in_so_many_events(before, found):
    assert named(stream(*[{}] * before, {"served": "DeepX"}), "served", stream=True) == found


def test_member_of_another_api_is_read():
    body = {"id": "r1", "object": "response", "status": "completed", "output": [], "provider": "DeepX"}
    assert named(json.dumps(body).encode(), target="/v1/responses") == "DeepX"


def test_member_of_a_packed_body_is_read():
    fields = (("content-type", "application/json"), ("content-encoding", "gzip"))
    assert named(gzip.compress(whole(served="DeepX")), "served", headers=fields) == "DeepX"


@pytest.mark.parametrize("source", ["header:x-served-by", "header:X-Served-By"])
def test_field_of_the_response_is_the_name(source):
    assert named(whole(provider="other"), source, headers=(("X-Served-By", "near"),)) == "near"


@pytest.mark.parametrize("value", [None, 7, True, ["DeepX"], {"name": "DeepX"}, "", "  "])
@pytest.mark.parametrize("member", ["provider", "served"])
def test_value_other_than_a_text_is_no_name(member, value):
    assert upstream_name(named(whole(**{member: value}), member)) == ""


@pytest.mark.parametrize("body", [b"", b"no json", b"[1]", b'{"provider": "x"', b"data: {\n\n", b"\xff\xfe"])
def test_body_without_a_member_is_no_name(body):
    assert named(body, "served") == ""


def test_exchange_without_a_response_has_no_name():
    assert named(b"", answered=False) == ""


def test_member_of_ten_kilobytes_is_cut():
    assert len(named(whole(provider="x" * 10_000))) == 256
    assert upstream_name("x" * 10_000) == "x" * 64


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("  DeepX ", "deepx"),
        ("Deep\tX\n2", "deep x 2"),
        ("\x1b[31mred", "[31mred"),
        ("a\u202eb\u2028c", "a b c"),
        ("\ud800x", "x"),
        ("<script>", "<script>"),
        ("x" * 64, "x" * 64),
        ("x" * 65, "x" * 64),
        ("x" * 63 + " y", "x" * 63),
    ],
)
def test_name_is_kept_in_lower_case_on_one_line_and_short(sent, kept):
    assert upstream_name(sent) == kept


@given(st.text())
def test_name_that_is_normalised_again_stays_the_same(sent):
    once = upstream_name(sent)
    assert upstream_name(once) == once
    assert len(once) <= 64
    assert once.isprintable()
    once.encode()
