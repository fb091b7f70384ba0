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
