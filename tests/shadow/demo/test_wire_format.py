from __future__ import annotations

import dataclasses

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


@pytest.mark.parametrize(
    ("name", "valid", "refused"),
    [
        ("temperature", (0, 2), (-0.1, 2.1, "hot", True)),
        ("n", (1, 8), (0, 9)),
        ("max_tokens", (1, 1_000_000), (0, 1_000_001)),
        ("max_completion_tokens", (1, 1_000_000), (0, 1_000_001)),
    ],
)
def test_parameter_is_valid_up_to_its_bounds_and_refused_beside_them(name, valid, refused):
    body = {"model": "m", "messages": [{}]}
    assert [request_error({**body, name: value}) for value in valid] == [("", "")] * 2
    assert {request_error({**body, name: value})[1] for value in refused} == {name}


def test_refusal_quotes_the_value_and_its_bounds():
    sentence, _ = request_error({"model": "m", "messages": [{}], "max_tokens": 0})
    assert sentence == "Invalid 'max_tokens': 0 is not within 1..1e+06."


def test_tool_needs_a_type_and_a_function():
    body = {"model": "m", "messages": [{}]}
    assert request_error({**body, "tools": [{"type": "function", "function": {}}]}) == ("", "")
    assert request_error({**body, "tools": [{"function": {}}]})[1] == "tools"


OSLO = ('{"', "city", '":', ' "', "Oslo", '"}')


@pytest.mark.parametrize(
    ("limit", "reasoning", "pieces", "called", "finish"),
    [
        (3, 3, 0, (), "length"),
        (4, 4, 0, (), "length"),
        (6, 4, 2, (), "length"),
        (7, 4, 3, (), "length"),
        (8, 4, 3, ((),), "length"),
        (9, 4, 3, (OSLO[:1],), "length"),
        (14, 4, 3, (OSLO,), "length"),
        (15, 4, 3, (OSLO, ()), "length"),
        (16, 4, 3, (OSLO, ("{}",)), "tool_calls"),
        (None, 4, 3, (OSLO, ("{}",)), "tool_calls"),
    ],
)
def test_limit_counts_the_reasoning_first_then_the_text_then_each_name_and_its_arguments(
    limit, reasoning, pieces, called, finish
):
    cut = spoken(PretendedReply(text="one two three", reasoning="a b c d", calls=CALLS.calls), max_tokens=limit)
    assert (len(cut.reasoning), len(cut.pieces), cut.called, cut.finish) == (reasoning, pieces, called, finish)
    assert len(cut.calls) == len(called)
    assert cut.tokens == min(limit or 16, 16)


def test_text_that_ends_at_its_limit_is_not_cut():
    assert spoken(PretendedReply(text="one two three"), max_tokens=3).finish == "stop"


def test_stop_string_at_the_begin_leaves_no_text():
    assert spoken(PretendedReply(text="one two"), stop="one").pieces == ()


def test_body_of_calls_alone_has_no_content_and_one_of_nothing_has_an_empty_one():
    (calls, nothing) = completion_body(completed(spoken(CALLS), spoken(PretendedReply(text=""), index=1)))["choices"]
    assert (calls["index"], calls["message"]["content"], nothing["index"], nothing["message"]["content"]) == (0, None, 1, "")
    assert "reasoning_content" not in calls["message"]
    assert "tool_calls" not in nothing["message"]
    spoke = completion_body(completed(spoken(TEXT)))["choices"][0]["message"]
    assert (spoke["reasoning_content"], spoke["content"], spoke["refusal"]) == (TEXT.reasoning, TEXT.text, None)


def test_stream_has_the_reasoning_then_the_text_then_the_calls():
    reply = PretendedReply(text="one two", reasoning="a b", calls=CALLS.calls[1:])
    deltas = [chunk["choices"][0] for chunk in completion_chunks(completed(spoken(reply)), with_usage=False)]
    assert [delta["delta"] for delta in deltas] == [
        {"role": "assistant", "content": None, "refusal": None},
        {"reasoning_content": "a"},
        {"reasoning_content": " b"},
        {"content": "one"},
        {"content": " two"},
        {"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": {"name": "b", "arguments": ""}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]},
        {},
    ]
    assert [delta["finish_reason"] for delta in deltas] == [None] * 7 + ["tool_calls"]


def test_choices_of_a_stream_are_interleaved():
    answer = completed(spoken(PretendedReply(text="one two three")), spoken(PretendedReply(text="one"), index=1))
    found = [chunk["choices"][0]["index"] for chunk in completion_chunks(answer, with_usage=False)]
    assert found == [0, 1, 0, 1, 0, 1, 0, 0]


def test_usage_counts_all_choices_and_what_of_them_was_reasoning():
    found = usage(dataclasses.replace(completed(spoken(TEXT), spoken(TEXT, index=1)), cached_tokens=3))
    assert (found["prompt_tokens"], found["completion_tokens"], found["total_tokens"]) == (5, 20, 25)
    assert found["prompt_tokens_details"] == {"cached_tokens": 3}
    assert found["completion_tokens_details"] == {"reasoning_tokens": 6}


def test_answer_of_a_server_without_a_cache_has_no_cached_tokens():
    assert usage(completed(spoken(TEXT)))["prompt_tokens_details"] == {"cached_tokens": 0}


def test_prompt_counts_four_for_each_message_six_for_each_call_and_each_word_of_the_tools():
    messages = [{"content": "two words"}, {"content": None, "tool_calls": [{}, {}]}]
    assert prompt_tokens({"messages": messages}) == (2 + 4) + (4 + 12)
    assert prompt_tokens({"messages": messages, "tools": [{"type": "function"}]}) == 22 + 2


def test_pieces_of_each_choice_are_changed():
    changed = completed(spoken(TEXT), spoken(CALLS, index=1)).with_pieces(lambda pieces: ("x", *pieces[:1]))
    assert [choice.pieces for choice in changed.choices] == [("x", "The"), ("x",)]


def test_an_error_has_the_shape_that_clients_know():
    error = {"message": "no", "type": "server_error", "param": "n", "code": "bad"}
    assert error_body("no", kind="server_error", code="bad", param="n") == {"error": error}
