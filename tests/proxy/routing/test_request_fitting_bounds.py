"""proxy.routing.request_fitting: bytes, sentences and steps at the edges of an object, a list and a value."""

import json

import pytest

from proxy.provider_config import Provider
from proxy.routing.request_fitting import RequestFitting, fit_body, fit_in_steps, fit_target, fitting_of, shown_value

STRIP = RequestFitting(strip_thinking=True)


@pytest.mark.parametrize(
    ("body", "fitting", "fitted"),
    [
        (b" { } ", {"add": {"a": 1}}, b' {"a": 1 } '),
        (b"{}", {"add": {"a": 1, "b": [2]}}, b'{"b": [2], "a": 1}'),
        (b'{ "x":1 }', {"add": {"a": 1}}, b'{"a": 1,  "x":1 }'),
        (b'{"x":1}', {"drop": ("x",), "add": {"a": 1}}, b'{"a": 1}'),
        (b'{ "x":1 , "y" : 2 }', {"drop": ("x",)}, b'{ "y" : 2 }'),
        (b'{ "x":1 , "y" : 2 }', {"drop": ("y",)}, b'{ "x":1 }'),
        (b'{ "x":1 , "y" : 2 }', {"drop": ("x", "y")}, b"{  }"),
        (b'{"x":1,"y":2,"x":3}', {"drop": ("x",)}, b'{"y":2}'),
        (b'{"x":1,"y":2,"x":3}', {"add": {"x": 9}}, b'{"x":9,"y":2,"x":9}'),
        (b'{"x":9,"x":9}', {"add": {"x": 9}}, b'{"x":9,"x":9}'),
        (b'{"x":9,"x":8}', {"add": {"x": 9}}, b'{"x":9,"x":9}'),
        (b'{"x" : 1}', {"rename": {"x": "y"}, "add": {"y": 2}}, b'{"y" : 2}'),
        (b'{"x":1,"y":2}', {"rename": {"x": "y"}}, b'{"y":2}'),
        (b'{"a\\"b" :1}', {"rename": {'a"b': "y"}}, b'{"y" :1}'),
        (b'{"x":1}', {"rename": {"z": "y"}}, b'{"x":1}'),
        (b'{"x":1,"y":2}', {"rename": {"x": "u", "y": "v"}}, b'{"u":1,"v":2}'),
    ],
)
def test_each_byte_beside_what_is_fitted_stays_where_it_was(body, fitting, fitted):
    assert fit_body(body, RequestFitting(**fitting)).body == fitted


@pytest.mark.parametrize(
    ("fitting", "body", "anything"),
    [
        ({}, False, False),
        ({"drop": ("a",)}, True, True),
        ({"rename": {"a": "b"}}, True, True),
        ({"add": {"a": 1}}, True, True),
        ({"strip_thinking": True}, True, True),
        ({"headers": (("a", "b"),)}, False, True),
        ({"query": {"a": "b"}}, False, True),
    ],
)
def test_a_fitting_knows_what_it_changes(fitting, body, anything):
    made = RequestFitting(**fitting)
    assert (made.changes_body, made.changes_anything) == (body, anything)


def test_what_may_choose_another_server_is_what_is_added():
    made = RequestFitting(add={"a": 1}, headers=(("b", "c"),), query={"d": "e"}, drop=("x",))
    assert made.chooses == ({"a": 1}, (("b", "c"),), {"d": "e"})


def test_a_variable_that_is_not_set_adds_no_field():
    provider = Provider(base_url="http://h/v1", extra_headers_env={"x-one": "ONE", "x-two": "TWO"}, strip_thinking=True)
    made = fitting_of(provider, {"ONE": " 1 "})
    assert (made.headers, made.strip_thinking, made.query) == ((("x-one", "1"),), True, {})


@pytest.mark.parametrize(("size", "shown"), [(200, 200), (201, 200), (999, 200)])
def test_of_a_value_two_hundred_characters_are_shown(size, shown):
    text = shown_value(b"v" * size)
    assert (len(text), text.endswith("\u2026")) == (shown, size > 200)
    assert text.rstrip("\u2026") == "v" * min(size, 199 if size > 200 else 200)


@pytest.mark.parametrize(
    ("target", "fitted"),
    [("/x?a=1&&b", "/x?b&a=2"), ("/x?a", "/x?a=2"), ("/x?ab=1", "/x?ab=1&a=2"), ("/x?b=1?a=1", "/x?b=1?a=1&a=2")],
)
def test_only_a_parameter_of_the_very_name_gives_way(target, fitted):
    assert fit_target(target, {"a": "2"}) == fitted


def steps(body, fitting):
    return sum(1 for _ in fit_in_steps(body, fitting))


@pytest.mark.parametrize(("count", "more"), [(499, 2), (500, 2), (501, 4), (1_000, 4), (1_001, 6)])
def test_an_object_is_taken_apart_and_joined_in_steps_of_five_hundred_members(count, more):
    body = b"{" + b",".join(b'"a%d":1' % place for place in range(count)) + b"}"
    assert steps(body, RequestFitting(drop=("a0",))) - count // 100 - count // 200 == more


def assistant(*parts, **more):
    return {"role": "assistant", "content": list(parts), **more}


THOUGHT, TEXT = {"type": "thinking", "thinking": "t"}, {"type": "text", "text": "High."}


@pytest.mark.parametrize(("count", "more"), [(20, 1), (21, 2), (40, 2), (41, 3)])
def test_a_talk_is_looked_through_in_steps_of_twenty_messages(count, more):
    messages = [{"role": "user", "content": "thinking"}] * count
    body = json.dumps({"messages": messages}).encode()
    assert steps(body, STRIP) == more


TALKS = {
    "a message of another role": ([{"role": "user", "content": [THOUGHT]}], 0, [{"role": "user", "content": [THOUGHT]}]),
    "a message without a role": ([{"content": [THOUGHT]}], 0, [{"content": [THOUGHT]}]),
    "an element that is a text": (["thinking", assistant(THOUGHT, TEXT)], 1, ["thinking", assistant(TEXT)]),
    "the only part of a message": ([assistant(THOUGHT)], 1, []),
    "all parts of a message": ([assistant(THOUGHT, THOUGHT), assistant(TEXT)], 2, [assistant(TEXT)]),
    "a message with calls": ([assistant(THOUGHT, tool_calls=[])], 1, [assistant(tool_calls=[])]),
    "members beside parts": ([assistant(THOUGHT, TEXT, reasoning="r")], 2, [assistant(TEXT)]),
    "members alone": ([assistant(TEXT, reasoning="r", thinking_blocks=[])], 2, [assistant(TEXT)]),
    "a list of nothing": ([assistant(reasoning="r")], 1, [assistant()]),
    "an item": ([{"type": "reasoning", "id": "r"}, TEXT], 1, [TEXT]),
    "an item of another type": ([{"type": "message", "content": "thinking"}], 0, [{"type": "message", "content": "thinking"}]),
    "a part whose type is no text": ([assistant({"type": 7, "thinking": "t"})], 0, [assistant({"type": 7, "thinking": "t"})]),
}


@pytest.mark.parametrize("key", ["messages", "input"])
@pytest.mark.parametrize(("talk", "gone", "left"), TALKS.values(), ids=TALKS)
def test_of_a_talk_the_thinking_of_the_assistant_alone_is_stripped(talk, gone, left, key):
    body = json.dumps({"model": "m", key: talk}).encode()
    made = fit_body(body, STRIP)
    assert json.loads(made.body) == {"model": "m", key: left}
    assert made.alterations == ((f"{gone} pieces of earlier thinking removed (strip_thinking)",) if gone else ())
    assert gone or made.body is body


@pytest.mark.parametrize("body", [b'{"prompt":["thinking",{"type":"reasoning"}]}', b'{"messages":"thinking"}'])
def test_what_is_no_talk_is_not_looked_into(body):
    assert fit_body(body, STRIP).body is body


def test_of_a_repeated_type_the_last_counts_and_an_escaped_one_is_read():
    for part, stripped in (
        (b'{"type":"text","type":"thinking"}', True),
        (b'{"type":"thinking","type":"text"}', False),
        (b'{"type":"th\\u0069nking"}', True),
    ):
        body = b'{"messages":[{"role":"assistant","content":[%b,{"type":"text"}]}]}' % part
        assert (fit_body(body, STRIP).body != body) == stripped


def test_both_talks_of_a_body_are_stripped_and_the_bytes_around_them_stay():
    body = b'{ "input" : [ {"type":"reasoning"} , 1 ] , "x":0 , "messages" : [ 2 , {"type":"thinking"} ] }'
    made = fit_body(body, STRIP)
    assert made.body == b'{ "input" : [ 1 ] , "x":0 , "messages" : [ 2 ] }'
    assert made.alterations == ("2 pieces of earlier thinking removed (strip_thinking)",)
