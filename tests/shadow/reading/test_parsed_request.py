"""The request in the normal form, and for each that is none the reason."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.reading.completion import UnreadReason
from shadow.reading.parsed_request import Tool, digest, fingerprint, parse_request
from tests.shadow.reading.hostile import HOSTILE

CHAT = "/v1/chat/completions"


def ask(value, **changes):
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return parse_request(changes.get("target", CHAT), changes.get("headers", ()), body, changes.get("truncated", False))


def test_a_request_is_parsed_into_its_fields():
    asked = ask({
        "model": "m",
        "stream": True,
        "messages": [{"role": "user", "content": "hi"}],
        "tools": [
            {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}},
            {"type": "function", "function": {"name": "g"}},
            {"type": "web_search"},
        ],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "temperature": 0,
        "seed": 7.0,
        "n": 2,
        "max_tokens": 9,
        "max_completion_tokens": 11,
    })  # fmt: skip
    assert asked.unread is None
    assert (asked.api, asked.model, asked.stream, asked.n, asked.max_tokens, asked.seed) == ("chat", "m", True, 2, 11, 7)
    assert asked.temperature == 0.0
    assert asked.tools == (Tool(name="f", schema={"type": "object"}), Tool(name="g", schema=None))
    assert asked.tool_choice == {"type": "function", "function": {"name": "f"}}
    assert asked.messages == ({"role": "user", "content": "hi"},)


def test_value_that_was_not_sent_is_none_and_never_guessed():
    asked = ask({"messages": [], "temperature": True, "seed": "x", "stream": 1, "tools": {}, "model": 5})
    assert asked.unread is None
    assert (asked.temperature, asked.seed, asked.max_tokens, asked.tool_choice) == (None, None, None, None)
    assert (asked.stream, asked.tools, asked.model, asked.n) == (False, (), "", 1)


def test_functions_of_old_are_tools():
    asked = ask({"messages": [], "functions": [{"name": "f", "parameters": {}}], "function_call": "auto"})
    assert asked.tools == (Tool(name="f", schema={}),)
    assert asked.tool_choice == "auto"


@pytest.mark.parametrize("target", ["/v1/models", "/v1/threads/t1/messages", ""])
def test_a_path_of_no_api_is_not_audited(target):
    asked = parse_request(target, (), b"{}", False)
    assert asked.unread.why is UnreadReason.NOT_AUDITED
    assert asked.api == ""


def test_a_request_of_another_api_keeps_its_name_and_what_was_sent():
    sent = {"model": "m", "prompt": "Once", "max_tokens": 9, "best_of": 1}
    asked = ask(sent, target="/v1/completions")
    assert (asked.api, asked.sent, asked.messages) == ("completions", sent, ({"role": "user", "content": "Once"},))
    assert fingerprint(asked) != fingerprint(ask({**sent, "best_of": 2}, target="/v1/completions"))


def test_a_request_that_its_api_cannot_translate_gives_its_reason_and_keeps_what_was_sent():
    asked = ask({"prompt": "Once", "echo": True}, target="/v1/completions")
    assert asked.unread.why is UnreadReason.NOT_AUDITED
    assert asked.sent == {"prompt": "Once", "echo": True}
    assert not fingerprint(asked)


def test_a_custom_tool_is_a_tool_without_a_schema():
    asked = ask({"messages": [], "tools": [{"type": "custom", "custom": {"name": "patch"}}]})
    assert asked.tools == (Tool(name="patch", schema=None),)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", UnreadReason.EMPTY),
        (b"hello", UnreadReason.NOT_JSON),
        (b"[" * 100_000, UnreadReason.TOO_DEEP),
        (b'{"messages": ' + b"[" * 300 + b"]" * 300 + b"}", UnreadReason.TOO_DEEP),
        (b'{"messages": [], "model": "\xff"}', UnreadReason.NOT_JSON),
        (b"[]", UnreadReason.WRONG_SHAPE),
        (b"null", UnreadReason.WRONG_SHAPE),
        (b"{}", UnreadReason.WRONG_SHAPE),
        (b'{"messages": ["hi"]}', UnreadReason.WRONG_SHAPE),
    ],
)
def test_a_request_that_cannot_be_parsed_is_unread_with_its_reason(body, why):
    asked = ask(body)
    assert asked.unread.why is why
    assert asked.unread.detail
    assert asked.api == "chat"
    assert not fingerprint(asked)


def test_a_request_that_was_not_kept_whole_is_not_read():
    assert ask({"messages": []}, truncated=True).unread.why is UnreadReason.TRUNCATED


def test_a_compressed_request_is_read():
    body = gzip.compress(b'{"messages": [], "model": "m"}')
    assert ask(body, headers=(("content-encoding", "gzip"),)).model == "m"
    assert ask(b"{}", headers=(("content-encoding", "gzip"),)).unread.why is UnreadReason.ENCODING


def test_nan_and_half_characters_do_not_stop_the_reading():
    asked = ask(rb'{"messages": [{"role": "user", "content": "\ud83d"}], "temperature": NaN, "max_tokens": 1e999}')
    assert asked.unread is None
    assert asked.temperature is None
    assert asked.max_tokens is None
    assert asked.messages[0]["content"] == "\ufffd"
    assert len(fingerprint(asked)) == 32


def test_equal_meaning_has_an_equal_fingerprint():
    one = ask(b'{"model": "m", "messages": [{"role":"user","content":"\\u00e9"}]}')
    two = ask('{ "messages":[{"content":"é","role":"user"}],"model":"m" }'.encode())
    other = ask({"model": "n", "messages": [{"role": "user", "content": "é"}]})
    assert fingerprint(one) == fingerprint(two) != fingerprint(other)
    assert len(digest({"n": 2**70})) == 32


def test_half_of_a_surrogate_pair_has_a_digest_of_its_own():
    assert len({digest(text) for text in ("\ud800", "\ud801", "\ufffd")}) == 3


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "x"}]}),
        ("/v1/responses", {"input": "x"}),
        ("/v1/messages", {"messages": [{"role": "user", "content": "x"}]}),
    ],
)
def test_members_that_do_not_count_leave_the_fingerprint_alone(target, words):
    plain, named, other = (
        ask({"model": "m", **words, **more}, target=target)
        for more in ({}, {"user": "u", "metadata": {"user_id": "u"}}, {"user": "u", "top_p": 0.5})
    )
    without = {"user", "metadata"}
    assert fingerprint(plain, without) == fingerprint(named, without) != fingerprint(other, without)
    assert fingerprint(plain) == fingerprint(plain, without)
    assert fingerprint(named) != fingerprint(plain)


@given(HOSTILE, st.booleans())
def test_no_json_makes_it_raise(value, truncated):
    asked = ask({"messages": [value] if isinstance(value, dict) else value, "tools": value, "model": value}, truncated=truncated)
    fingerprint(asked)


@given(st.text(), st.binary())
def test_no_bytes_make_it_raise(target, body):
    parse_request(target, (), body, False)
    parse_request(CHAT, (("content-encoding", target),), body, False)


@pytest.mark.parametrize(
    ("sent", "field", "value"),
    [
        ({"temperature": 1e299}, "temperature", 1e299),
        ({"temperature": 1e300}, "temperature", None),
        ({"temperature": -1e300}, "temperature", None),
        ({"temperature": "1"}, "temperature", None),
        ({"seed": 7.5}, "seed", None),
        ({"seed": True}, "seed", None),
        ({"seed": 0}, "seed", 0),
        ({"n": 0}, "n", 1),
        ({"n": 3.0}, "n", 3),
        ({"max_tokens": 9}, "max_tokens", 9),
        ({"max_tokens": 9, "max_completion_tokens": 0}, "max_tokens", 9),
        ({"max_completion_tokens": 11}, "max_tokens", 11),
        ({"tool_choice": None, "function_call": "auto"}, "tool_choice", None),
        ({"functions": {"name": "f"}}, "tools", ()),
        ({"functions": [5, {"name": 5}, {"parameters": {}}]}, "tools", ()),
        ({"tools": [5, {"function": {"name": "f"}, "custom": {"name": "g"}}]}, "tools", (Tool(name="f", schema=None),)),
    ],
)
def test_field_of_a_request_is_its_value_where_it_has_one(sent, field, value):
    assert getattr(ask({"messages": [], **sent}), field) == value


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"target": "/v1/models"}, "this path is not read, only chat, completions, responses, messages, embeddings are"),
        ({"truncated": True}, "only 2 bytes of the request were kept"),
        ({}, "the request has no list of messages"),
        ({"headers": (("content-encoding", "dcb"),)}, "content-encoding 'dcb' is not one that is read here"),
    ],
)
def test_request_that_is_not_read_states_why(changes, detail):
    asked = ask(b"{}", **changes)
    assert asked.unread.detail == detail
    assert (asked.model, asked.stream, asked.tools, asked.n, asked.messages, dict(asked.body)) == ("", False, (), 1, (), {})


def test_request_of_another_shape_states_why_and_a_byte_order_mark_is_no_fault():
    assert ask(b"[]").unread.detail == "the request is a JSON list, not an object"
    assert ask(b"").unread.detail == "the request has no body"
    assert ask(b'{"messages": [], "model": "\xff"}').unread.detail == "the body holds bytes that are not UTF-8"
    marked = ask(b'\xef\xbb\xbf{"messages": [], "model": "m"}')
    assert (marked.unread, marked.model) == (None, "m")
    assert ask({"prompt": 5}, target="/v1/completions").sent == {"prompt": 5}


def test_digest_is_the_same_for_members_in_another_order_and_numbers_of_any_length():
    assert digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1}) != digest({"a": 1, "b": [3]})
    assert digest({"a": 2**70, "b": 1}) == digest({"b": 1, "a": 2**70}) != digest({"a": 2**70 + 1, "b": 1})
    assert len(digest({})) == 32
