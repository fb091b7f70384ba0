"""Whole responses into the normal form, and for each that is none the reason; the golden bodies show what each kind reads as."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.reading.completion import Completion, Unread, UnreadReason
from shadow.reading.responses_body import read_whole
from tests.shadow.reading.hostile import HOSTILE
from tests.shadow.reading.test_chat_response import can_be_kept

MESSAGE = {"type": "message", "content": [{"type": "output_text", "text": "hi"}]}
CALL = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}


def read(body):
    return read_whole(json.dumps(body).encode(), 200)


@pytest.mark.parametrize(
    ("more", "output", "finish"),
    [
        ({"status": "completed"}, [MESSAGE], "stop"),
        ({"status": "completed"}, [MESSAGE, CALL], "tool_calls"),
        ({"status": "completed"}, [], "stop"),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, [CALL], "length"),
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, [MESSAGE], "content_filter"),
        ({"status": "incomplete", "incomplete_details": {"reason": "tired"}}, [MESSAGE], "incomplete: tired"),
        ({"status": "incomplete", "incomplete_details": None}, [MESSAGE], "incomplete"),
        ({"status": "finished"}, [MESSAGE], "finished"),
        ({"status": 5}, [MESSAGE], None),
        ({}, [MESSAGE], None),
    ],
)
def test_a_status_is_a_finish_reason_and_one_that_is_none_keeps_its_own_word(more, output, finish):
    said = read({"output": output, **more}).completion
    assert isinstance(said, Completion)
    assert said.first.finish_reason == finish
    noted = [note for note in said.notes if note.startswith("the response is ")]
    assert bool(noted) == (isinstance(more.get("status"), str) and more["status"] != "completed")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ([], UnreadReason.WRONG_SHAPE),
        ({}, UnreadReason.WRONG_SHAPE),
        ({"choices": [{"message": {"content": "a chat completion"}}]}, UnreadReason.WRONG_SHAPE),
        ({"output": {}}, UnreadReason.WRONG_SHAPE),
        ({"output": ["hi"]}, UnreadReason.WRONG_SHAPE),
        ({"error": {"message": "no"}}, UnreadReason.ERROR),
        ({"status": "failed", "output": [], "error": {"code": "server_error", "message": "no"}}, UnreadReason.ERROR),
        ({"status": "in_progress", "output": []}, UnreadReason.NOT_AUDITED),
        ({"status": "completed", "output": [{"type": "file_search_call", "call_id": "c"}]}, UnreadReason.NOT_AUDITED),
    ],
)
def test_a_body_that_is_no_answer_gives_its_reason(body, why):
    reading = read(body)
    assert isinstance(reading.completion, Unread)
    assert reading.completion.why is why
    assert (reading.error is not None) == (why is UnreadReason.ERROR)


def test_bytes_that_are_no_json_are_unread_with_the_reason():
    assert read_whole(b"<html>", 200).completion.why is UnreadReason.NOT_JSON


ITEM = st.fixed_dictionaries(
    {"type": st.sampled_from(["message", "reasoning", "function_call", "custom_tool_call", "x_call"]) | HOSTILE},
    optional=dict.fromkeys(("content", "summary", "name", "arguments", "input", "call_id"), HOSTILE),
)
RESPONSE = st.fixed_dictionaries(
    {"output": st.lists(ITEM, max_size=4) | HOSTILE},
    optional={
        "status": st.sampled_from(["completed", "incomplete", "failed"]) | HOSTILE,
        **dict.fromkeys(("id", "model", "usage", "error", "incomplete_details"), HOSTILE),
    },
)


@pytest.mark.slow
@given(RESPONSE)
def test_no_response_makes_it_raise(value):
    assert can_be_kept(read(value))


@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise(data):
    assert can_be_kept(read_whole(data, 200))


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ([], "the body is a JSON list, not an object"),
        ({"output": ["hi"]}, "the body has no list of output items"),
        ({"status": "queued", "output": []}, "the response is queued: it is not the answer yet"),
        ({"error": {"message": "no"}}, "an error with status 200"),
        (
            {"status": "completed", "output": [{"type": "x_call"}, {"type": "a_call"}]},
            "the answer is of items that are not read: a_call, x_call",
        ),
    ],
)
def test_body_that_is_no_answer_states_why(body, detail):
    reading = read(body)
    assert (reading.completion.detail, reading.done, reading.content_ends) == (detail, False, [])
    assert reading.error is None or (reading.error.in_stream, reading.error.status, reading.error.message) == (False, 200, "no")


def test_answer_with_items_is_read_though_an_error_stands_beside_them():
    assert read({"status": "completed", "output": [MESSAGE], "error": {"message": "late"}}).completion.first.text == "hi"


def test_items_that_are_not_read_are_noted_beside_an_answer():
    for more in (MESSAGE, CALL, {"type": "message", "content": [{"type": "refusal", "refusal": "no"}]}):
        said = read({"status": "completed", "output": [{"type": "x_call"}, more]}).completion
        assert said.notes == ("the response holds items that are not read: x_call",)
        assert said.first.other == ("x_call",)
    thought = {"type": "reasoning", "content": [{"text": "so"}]}
    assert isinstance(read({"status": "completed", "output": [{"type": "x_call"}, thought]}).completion, Unread)
    empty = {"type": "message", "content": [{"type": "output_text", "text": ""}]}
    assert read({"status": "completed", "output": [{"type": "x_call"}, empty]}).completion.first.text == ""


def test_sealed_reasoning_commentary_and_citations_are_kept():
    cited = {
        "type": "message",
        "content": [{"type": "output_text", "text": "hi", "annotations": [{}, {}]}],
        "phase": "commentary",
    }
    said = read({"status": "completed", "output": [{"type": "reasoning", "encrypted_content": "x"}, cited]}).completion
    assert (said.first.other, said.first.citations) == (("citations", "sealed_reasoning"), 2)
    assert said.notes == ("the response holds commentary beside its answer",)


def test_texts_of_several_messages_stand_apart_and_an_empty_one_counts_for_none():
    def message(text):
        return {"type": "message", "content": [{"type": "output_text", "text": text}]}

    said = read({"status": "completed", "output": [message(""), message("a"), CALL, message(""), message("b")]}).completion
    assert (said.first.text, said.first.pieces) == ("a\n\nb", ("a", "\n\nb"))


def test_calls_are_numbered_as_they_come_and_log_probabilities_are_joined():
    logged = {"type": "message", "content": [{"type": "output_text", "text": "a", "logprobs": [{"token": "a", "logprob": -1}]}]}
    said = read({"status": "completed", "output": [CALL, logged, {**CALL, "call_id": "d"}, logged]}).completion
    assert [(call.index, call.id) for call in said.first.tool_calls] == [(0, "c"), (1, "d")]
    assert [item.logprob for item in said.first.logprobs] == [-1.0, -1.0]
    assert read({"status": "completed", "output": [MESSAGE]}).completion.first.logprobs is None


@pytest.mark.parametrize(
    ("usage", "kept"),
    [
        ({"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}, (3, 2, 5, None, None)),
        (
            {"input_tokens": 3, "input_tokens_details": {"cached_tokens": 1}, "output_tokens_details": {"reasoning_tokens": 2}},
            (3, None, None, 1, 2),
        ),
        ({"input_tokens": 3, "cost": 0.5}, (3, None, None, None, None)),
    ],
)
def test_usage_has_the_words_of_chat(usage, kept):
    found = read({"status": "completed", "output": [MESSAGE], "usage": usage}).completion.usage
    assert (found.prompt_tokens, found.completion_tokens, found.total_tokens, found.cached_tokens, found.reasoning_tokens) == kept
    assert (found.cost, found.reasoning_inside) == (usage.get("cost"), True)
    assert read({"status": "completed", "output": [MESSAGE], "usage": 5}).completion.usage is None


@pytest.mark.parametrize(("length", "kept"), [(104, 104), (105, 104)])
def test_status_of_its_own_word_is_noted_by_120_characters(length, kept):
    said = read({"status": "s" * length, "output": [MESSAGE]}).completion
    assert said.notes == ("the response is " + "s" * kept,)


def test_head_of_a_response_is_its_words_and_parameters():
    body = {"id": "r", "model": "m", "system_fingerprint": "f", "provider": "p", "temperature": 0.5, "output": [MESSAGE]}
    said = read({"status": "completed", **body}).completion
    assert (said.id, said.model, said.fingerprint, said.provider, said.stream, said.first.index) == ("r", "m", "f", "p", False, 0)
    assert dict(said.applied) == {"temperature": 0.5}
    odd = read({"status": "completed", "id": 5, "model": None, "output": [MESSAGE]}).completion
    assert (odd.id, odd.model) == ("", "")
