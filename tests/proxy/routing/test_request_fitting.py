"""A request is fitted member by member, and every byte that no setting names stays as sent."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.provider_config import Provider
from proxy.routing.request_fitting import RequestFitting, around_the_body, fit_body, fit_fields, fit_target, fitting_of

NAMES = ["a", "b", "c", "größe", "x y"]
VALUES = st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text(max_size=6) | st.lists(st.integers(), max_size=3)
BODIES = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=5)


@settings(deadline=None)
@given(
    BODIES,
    st.lists(st.sampled_from(NAMES), max_size=2, unique=True),
    st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["new", "other"]), max_size=1),
    st.dictionaries(st.sampled_from([*NAMES, "new"]), VALUES, max_size=2),
    st.tuples(st.sampled_from([None, 0, 3]), st.booleans()),
)
def test_members_are_left_out_renamed_and_added_in_this_order(body, drop, rename, add, written):
    indent, plain = written
    raw = json.dumps(body, indent=indent, ensure_ascii=plain).encode()
    made = fit_body(raw, RequestFitting(drop=tuple(drop), rename=rename, add=add))
    expected = {key: value for key, value in body.items() if key not in drop}
    for old, new in rename.items():
        if old in expected:
            value = expected.pop(old)
            expected.setdefault(new, value)
    expected |= add
    assert json.loads(made.body) == expected
    assert made.alterations or made.body is raw


def test_what_no_setting_names_stays_byte_for_byte():
    raw = b'{ "n":1e400,\n"max_tokens" :12345678901234567890123 , "user":"\\ud800", "top_k":1 }\n'
    made = fit_body(raw, RequestFitting(drop=("top_k",), rename={"max_tokens": "max_completion_tokens"}, add={"user": "é"}))
    assert made.body == b'{ "n":1e400,\n"max_completion_tokens" :12345678901234567890123 , "user":"\\u00e9" }\n'
    assert made.alterations == (
        "top_k removed: left out for this provider",
        "max_tokens sent as max_completion_tokens",
        'user sent as "\\u00e9"',
    )


def test_of_two_names_for_one_thing_the_providers_own_stays():
    made = fit_body(
        b'{"max_tokens": 1, "max_completion_tokens": 2}', RequestFitting(rename={"max_tokens": "max_completion_tokens"})
    )
    assert made.body == b'{"max_completion_tokens": 2}'
    assert "is given too" in made.alterations[0]


def test_a_repeated_and_an_escaped_key_are_renamed_each_time():
    made = fit_body(b'{"a":1,"\\u0061":2}', RequestFitting(rename={"a": "b"}))
    assert made.body == b'{"b":1,"b":2}'


def test_a_removed_value_is_never_shown():
    assert "ann" not in " ".join(fit_body(b'{"user": "ann"}', RequestFitting(drop=("user",))).alterations)


def test_a_body_that_no_fitting_changes_is_the_same_bytes_without_alterations():
    raw = b' {"a" : 1}'
    made = fit_body(raw, RequestFitting(drop=("z",), rename={"y": "x"}, add={"a": 1}, strip_thinking=True))
    assert made.body is raw
    assert made.alterations == ()


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b"\x1f\x8b", b'{"a":1} x'])
def test_a_body_that_is_no_json_object_cannot_be_fitted(raw):
    with pytest.raises(ValueError, match="JSON object"):
        fit_body(raw, RequestFitting(drop=("a",)))


def talk(*messages, key="messages"):
    return json.dumps({"model": "m", key: list(messages)}).encode()


USER = {"role": "user", "content": "thinking about reasoning"}
TEXT = {"type": "text", "text": "High."}


@pytest.mark.parametrize(
    ("message", "left", "pieces"),
    [
        ({"role": "assistant", "content": [{"type": "thinking", "thinking": "t", "signature": "s"}, TEXT]}, [TEXT], 1),
        ({"role": "assistant", "content": [{"type": "redacted_thinking", "data": "s"}, TEXT]}, [TEXT], 1),
        ({"role": "assistant", "content": "High.", "reasoning_content": "t", "reasoning_details": []}, "High.", 2),
        ({"role": "assistant", "content": [{"type": "reasoning", "text": "t"}, TEXT], "thinking_blocks": []}, [TEXT], 2),
    ],
)
def test_earlier_thinking_is_stripped_from_the_assistants_messages(message, left, pieces):
    made = fit_body(talk(USER, message, USER), RequestFitting(strip_thinking=True))
    assert json.loads(made.body)["messages"] == [USER, {"role": "assistant", "content": left}, USER]
    assert made.alterations == (f"{pieces} pieces of earlier thinking removed (strip_thinking)",)


def test_a_message_of_thinking_alone_goes_whole_and_one_with_calls_stays():
    alone = {"role": "assistant", "content": [{"type": "thinking", "thinking": "t"}]}
    calling = {**alone, "tool_calls": [{"id": "1"}]}
    made = fit_body(talk(USER, alone, calling), RequestFitting(strip_thinking=True))
    assert json.loads(made.body)["messages"] == [USER, {**calling, "content": []}]


def test_reasoning_items_of_responses_are_stripped():
    made = fit_body(
        talk(USER, {"type": "reasoning", "encrypted_content": "s"}, USER, key="input"), RequestFitting(strip_thinking=True)
    )
    assert json.loads(made.body)["input"] == [USER, USER]


def test_words_about_thinking_are_no_thinking():
    raw = talk(USER, {"role": "assistant", "content": [{"type": "text", "text": '"type":"thinking"'}]})
    assert fit_body(raw, RequestFitting(strip_thinking=True)).body is raw


@pytest.mark.parametrize(
    ("target", "query", "fitted"),
    [
        ("/v1/chat/completions", {}, "/v1/chat/completions"),
        ("/v1/chat/completions", {"api-version": "2024-10-21"}, "/v1/chat/completions?api-version=2024-10-21"),
        ("/v1/x?a=1&api-version=old&b=%20", {"api-version": "new"}, "/v1/x?a=1&b=%20&api-version=new"),
        ("/v1/x?", {"a b": "c&d/é"}, "/v1/x?a%20b=c%26d%2F%C3%A9"),
    ],
)
def test_parameters_take_the_place_of_those_of_their_name(target, query, fitted):
    assert fit_target(target, query) == fitted


def test_fields_take_the_place_of_those_of_their_name():
    assert fit_fields([("Host", ""), ("X-Team", "a")], (("x-team", "b"),)) == (("Host", ""), ("x-team", "b"))


def test_a_secret_field_comes_from_the_environment_and_its_value_is_never_reported():
    provider = Provider(
        base_url="http://localhost/v1",
        extra_headers={"x-team": "a"},
        extra_headers_env={"x-gateway-key": "KEY"},
        extra_query={"v": "1"},
    )
    fitting = fitting_of(provider, {"KEY": "hunter2\n"})
    assert fitting.headers == (("x-team", "a"), ("x-gateway-key", "hunter2"))
    assert around_the_body(fitting) == ("header x-team added", "header x-gateway-key added", "query v=1 added")
    assert "hunter2" not in repr(fitting)


@given(
    st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=6),
    st.lists(st.sampled_from(NAMES), max_size=3, unique=True),
    st.sampled_from(["", " ", "\n  "]),
)
def test_what_is_left_keeps_its_bytes_and_what_parts_it_from_the_next(pairs, drop, white):
    written = [f"{json.dumps(key)}{white}:{white}{json.dumps(value)}" for key, value in pairs]
    raw = f"{{{white}{f'{white},{white}'.join(written)}{white}}}".encode()
    left = [text for text, (key, _) in zip(written, pairs, strict=True) if key not in drop]
    inner = f"{white},{white}".join(left)
    expected = f"{{{white}{inner}{white}}}" if pairs else raw.decode()
    assert fit_body(raw, RequestFitting(drop=tuple(drop))).body == expected.encode()
