from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.demo.planted_faults import FAITHFUL, PlantedFaults
from shadow.demo.pretended_model import PretendedCall, PretendedReply
from shadow.demo.wire_format import (
    WireResponse,
    completion_body,
    completion_chunks,
    error_body,
    limited_choice,
    prompt_tokens,
    request_error,
    usage,
)

TEXT = PretendedReply(text="The sea is cold. It stays so.", reasoning="A short thought.")
CALLS = PretendedReply(
    text="", calls=(PretendedCall(name="a", arguments='{"city": "Oslo"}'), PretendedCall(name="b", arguments="{}"))
)


def spoken(reply, index=0, faults=FAITHFUL, **body):
    return limited_choice(reply, body, faults, index=index, ids=("call_1", "call_2"))


def completed(*choices):
    return WireResponse(id="i", created=1, model="m", fingerprint="f", choices=choices, prompt_tokens=5)


def folded(payloads):
    text, finish, arguments = {}, {}, {}
    for payload in payloads:
        for choice in payload["choices"]:
            index, delta = choice["index"], choice["delta"]
            text[index] = text.get(index, "") + (delta.get("content") or "")
            finish[index] = choice["finish_reason"] or finish.get(index)
            for call in delta.get("tool_calls", []):
                arguments[call["index"]] = arguments.get(call["index"], "") + call["function"]["arguments"]
    return text, finish, arguments


@given(st.text())
def test_stream_has_the_same_text_as_the_body(text):
    answer = completed(spoken(PretendedReply(text=text)), spoken(TEXT, index=1))
    texts, finish, _ = folded(completion_chunks(answer, with_usage=True))
    messages = [choice["message"] for choice in completion_body(answer)["choices"]]
    assert [texts[0], texts[1]] == [message["content"] for message in messages] == [text, TEXT.text]
    assert finish == {0: "stop", 1: "stop"}


def test_calls_are_the_same_in_stream_and_body():
    answer = completed(spoken(CALLS))
    calls = completion_body(answer)["choices"][0]["message"]["tool_calls"]
    assert folded(completion_chunks(answer, with_usage=False))[2] == {
        n: call["function"]["arguments"] for n, call in enumerate(calls)
    }
    assert [call["id"] for call in calls] == ["call_1", "call_2"]
    assert completion_body(answer)["choices"][0]["finish_reason"] == "tool_calls"


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_a_limit_on_length_cuts_the_answer_and_its_finish_reason_is_length(name):
    cut = spoken(PretendedReply(text=TEXT.text), **{name: 3})
    assert ("".join(cut.pieces), cut.finish, cut.tokens) == ("The sea is", "length", 3)
    assert spoken(CALLS, **{name: 2}).finish == "length"
    assert spoken(CALLS, **{name: 2}).tokens == 2


def test_an_ignored_limit_cuts_nothing():
    assert spoken(TEXT, faults=PlantedFaults(ignore_max_tokens=True), max_tokens=1).finish == "stop"


@pytest.mark.parametrize("stop", [" cold", [" nowhere", " cold"]])
def test_a_stop_string_ends_the_text_before_it(stop):
    assert "".join(spoken(TEXT, stop=stop).pieces) == "The sea is"


def test_requested_usage_comes_in_its_own_event_and_adds_up():
    answer = completed(spoken(TEXT))
    *others, last = completion_chunks(answer, with_usage=True)
    assert last["choices"] == []
    assert last["usage"] == usage(answer)
    assert all(payload["usage"] is None for payload in others)
    assert usage(answer)["total_tokens"] == 5 + 10
    assert all("usage" not in payload for payload in completion_chunks(answer, with_usage=False))


def test_a_prompt_counts_its_words_and_its_tools():
    short = {"messages": [{"role": "user", "content": "two words"}]}
    assert prompt_tokens(short) == 6
    assert prompt_tokens({**short, "tools": [{"type": "function"}]}) > 6


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ([], ""),
        ({}, "model"),
        ({"model": "m"}, "messages"),
        ({"model": "m", "messages": [{}], "temperature": 3}, "temperature"),
        ({"model": "m", "messages": [{}], "n": 0}, "n"),
        ({"model": "m", "messages": [{}], "tools": [{"type": "function"}]}, "tools"),
    ],
)
def test_a_bad_request_is_refused_with_the_name_of_the_wrong_parameter(body, parameter):
    sentence, named = request_error(body)
    assert sentence
    assert named == parameter


def test_valid_request_has_no_error():
    assert request_error({"model": "m", "messages": [{}], "temperature": 0, "n": 2}) == ("", "")


def test_an_error_has_the_shape_that_clients_know():
    assert set(error_body("no", kind="server_error")["error"]) == {"message", "type", "param", "code"}
