"""Whole bodies and streams into the normal form, and what no client could have read into its reason."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.reading.chat_response import ResponseReading, fold_events, read_whole
from shadow.reading.completion import Completion, Unread, UnreadReason
from shadow.reading.sse import read_stream
from tests.shadow.reading.hostile import CHUNK, HOSTILE
from tests.shadow.reading.made import members


def stream(*chunks, done: bool = True) -> ResponseReading:
    texts = [chunk if isinstance(chunk, str) else json.dumps(chunk) for chunk in chunks] + ["[DONE]"] * done
    return fold_events(read_stream("".join(f"data: {text}\n\n" for text in texts).encode("utf-8", "surrogatepass")), 200)


def delta(content: str | None = None, finish: str | None = None, **more) -> dict:
    return {"choices": [{"index": 0, "delta": {"content": content, **more}, "finish_reason": finish}]}


def can_be_kept(reading: ResponseReading) -> bool:
    """Whether everything in it can be written as strict JSON in UTF-8, as the store and the pages will."""
    error = asdict(reading.error) if reading.error else None
    return bool(json.dumps([members(reading.completion), error], ensure_ascii=False, allow_nan=False).encode())


@pytest.mark.slow
@given(st.lists(CHUNK | HOSTILE, max_size=5), st.booleans())
def test_no_stream_of_json_makes_it_raise(chunks, done):
    assert can_be_kept(stream(*chunks, done=done))


@pytest.mark.slow
@given(CHUNK | HOSTILE)
def test_no_json_makes_it_raise(value):
    assert can_be_kept(read_whole(json.dumps(value).encode(), 200))


@given(st.binary(max_size=300))
def test_no_bytes_make_it_raise(data):
    assert can_be_kept(read_whole(data, 200))
    assert can_be_kept(fold_events(read_stream(b"data: " + data + b"\n\n"), 200))


@given(st.lists(st.text(), max_size=8))
def test_the_pieces_join_to_the_text(texts):
    reading = stream(*(delta(text) for text in texts), delta(None, "stop"))
    assert isinstance(reading.completion, Completion)
    assert (reading.completion.first.text or "") == "".join(texts)
    assert reading.completion.first.pieces == tuple(text for text in texts if text)


@given(st.text(min_size=1), st.data())
def test_a_text_cut_between_any_two_utf16_units_reads_whole(text, data):
    units = text.encode("utf-16-le")
    cut = 2 * data.draw(st.integers(0, len(units) // 2))
    halves = [units[:cut].decode("utf-16-le", "surrogatepass"), units[cut:].decode("utf-16-le", "surrogatepass")]
    said = stream(*(delta(half) for half in halves), delta(None, "stop")).completion
    assert isinstance(said, Completion)
    assert said.first.text == text
    assert "".join(said.first.pieces) == text


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", UnreadReason.NOT_JSON),
        (b"<html>", UnreadReason.NOT_JSON),
        (b"[" * 100_000, UnreadReason.TOO_DEEP),
        (b"[]", UnreadReason.WRONG_SHAPE),
        (b"{}", UnreadReason.WRONG_SHAPE),
        (b'{"choices": {}}', UnreadReason.WRONG_SHAPE),
        (b'{"choices": [1]}', UnreadReason.WRONG_SHAPE),
        (b'{"choices": []}', UnreadReason.EMPTY),
        (b'{"error": "no"}', UnreadReason.ERROR),
    ],
)
def test_a_body_that_is_no_answer_gives_its_reason(body, why):
    said = read_whole(body, 200).completion
    assert isinstance(said, Unread)
    assert said.why is why


@pytest.mark.parametrize(
    ("chunks", "done", "why"),
    [
        ([], False, UnreadReason.EMPTY),
        ([], True, UnreadReason.EMPTY),
        ([{}], True, UnreadReason.EMPTY),
        (["nonsense"], True, UnreadReason.NOT_JSON),
        (["[" * 2_000], True, UnreadReason.TOO_DEEP),
        (["[1]"], True, UnreadReason.WRONG_SHAPE),
        ([{"choices": 1}], True, UnreadReason.WRONG_SHAPE),
        ([{"choices": [1]}], True, UnreadReason.WRONG_SHAPE),
        ([delta("a")], False, UnreadReason.NO_DONE),
        ([delta("a"), {"error": {"message": "no"}}], True, UnreadReason.ERROR),
    ],
)
def test_a_stream_that_is_no_answer_gives_its_reason(chunks, done, why):
    said = stream(*chunks, done=done).completion
    assert isinstance(said, Unread)
    assert said.why is why


def test_an_error_after_the_finish_stands_beside_the_answer():
    reading = stream(delta("a", "stop"), {"error": {"message": "late", "code": 500}})
    assert isinstance(reading.completion, Completion)
    assert reading.error is not None
    assert (reading.error.message, reading.error.code, reading.error.in_stream) == ("late", "500", True)


def test_an_event_named_error_is_an_error_whatever_it_holds():
    reading = fold_events(read_stream(b'event: error\ndata: {"message": "gone"}\n\n'), 200)
    assert reading.error is not None
    assert reading.error.message == "gone"


def test_an_error_key_of_null_is_no_error():
    reading = stream({**delta("a", "stop"), "error": None})
    assert reading.error is None
    assert isinstance(reading.completion, Completion)


def test_events_behind_done_are_not_read():
    reading = fold_events(
        read_stream(b'data: {"choices":[{"delta":{"role":"x","content":"a"}}]}\n\ndata: [DONE]\n\ndata: nonsense\n\n'), 200
    )
    assert isinstance(reading.completion, Completion)
    assert reading.done
    assert reading.completion.notes == ("the stream ended without a finish_reason",)


def test_an_event_without_data_is_passed_over():
    said = stream(delta("a", role="assistant"), "", delta(None, "stop")).completion
    assert isinstance(said, Completion)
    assert said.notes == ("an event carried no data",)


def test_the_last_usage_counts_and_null_does_not_undo_it():
    chunk = {**delta("a"), "usage": {"prompt_tokens": 3, "completion_tokens": 1}}
    last = {**delta("b", "stop"), "usage": {"prompt_tokens": 3, "completion_tokens": 2}}
    said = stream(chunk, last, {"choices": [], "usage": None}).completion
    assert isinstance(said, Completion)
    assert said.usage is not None
    assert said.usage.completion_tokens == 2


def test_a_model_that_changes_is_noted_and_the_first_name_kept():
    said = stream({**delta("a", role="assistant"), "model": "m"}, {**delta("b", "stop"), "model": "n"}).completion
    assert isinstance(said, Completion)
    assert said.model == "m"
    assert said.notes == ("the model's name changed within the stream",)


def test_content_ends_are_those_of_events_with_content():
    first = b'data: {"choices":[{"delta":{"role":"assistant","content":""}}]}\n\n'
    second = b'data: {"choices":[{"delta":{"content":"a"}},{"index":1,"delta":{"content":"b"}}]}\n\n'
    assert fold_events(read_stream(first + second + first), 200).content_ends == [len(first + second)]


def test_an_answer_has_at_most_twenty_notes():
    chunks = [delta(None, "stop")] + [{"choices": [{"delta": {"content": [{"type": f"t{number}"}]}}]} for number in range(60)]
    said = stream(*chunks).completion
    assert isinstance(said, Completion)
    assert len(said.notes) == 20


def test_whole_choices_come_in_the_order_of_their_index():
    body = {"choices": [{"index": 1, "message": {"content": "b"}}, {"index": 0, "message": {"content": "a"}}]}
    said = read_whole(json.dumps(body).encode(), 200).completion
    assert isinstance(said, Completion)
    assert [choice.text for choice in said.choices] == ["a", "b"]


def test_an_identity_that_changes_within_the_stream_is_noted():
    first = {**delta("a", role="assistant"), "id": "1", "system_fingerprint": "f"}
    said = stream(
        first, {**delta("b"), "id": "2", "system_fingerprint": "f"}, {**delta("c", "stop"), "system_fingerprint": "g"}
    ).completion
    assert isinstance(said, Completion)
    assert (said.id, said.fingerprint) == ("1", "f")
    assert said.notes == ("the id changed within the stream", "the system_fingerprint changed within the stream")


def test_reasoning_precedes_content_and_a_router_names_its_upstream():
    thought = b'data: {"provider":"Near","choices":[{"delta":{"reasoning_content":"hm"}}]}\n\n'
    spoken = b'data: {"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}\n\n'
    reading = fold_events(read_stream(thought + spoken), 200)
    assert (reading.content_ends, reading.first_output) == ([len(thought), len(thought + spoken)], len(thought + spoken))
    assert isinstance(reading.completion, Completion)
    assert reading.completion.provider == "Near"
    assert fold_events(read_stream(thought), 200).first_output is None


def test_of_two_errors_in_a_stream_the_first_is_kept():
    events = [{"choices": [{"index": 0, "delta": {}, "error": {"message": text}}]} for text in ("first", "second")]
    stream = b"".join(b"data: %b\n\n" % json.dumps(event).encode() for event in events)
    assert fold_events(read_stream(stream), 200).error.message == "first"


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"error": {"message": "busy", "code": 503}}, "an error with status 200"),
        ({"choices": [], "error": {"message": "busy", "code": 503}}, "an error with status 200"),
        ({"choices": [{"index": 0, "error": {"message": "busy", "code": 503}}]}, "an error with status 200 in place of a choice"),
    ],
)
def test_an_error_in_place_of_the_choices_or_of_the_first_one_is_read_as_an_error(body, detail):
    reading = read_whole(json.dumps(body).encode(), 200)
    assert reading.completion == Unread(why=UnreadReason.ERROR, detail=detail)
    assert (reading.error.message, reading.error.code, reading.error.status) == ("busy", "503", 200)
