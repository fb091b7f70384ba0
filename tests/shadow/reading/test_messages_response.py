"""Messages, whole and streamed, into the normal form, and what no client could have read into its reason."""

from __future__ import annotations

import json
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.reading.completion import Completion, Unread, UnreadReason, Usage
from shadow.reading.event_runs import EventRuns
from shadow.reading.message_blocks import DELTA_TEXTS
from shadow.reading.messages_response import STOPS, fold_events, read_whole
from shadow.reading.response_notes import NO_MESSAGE_START, NO_MESSAGE_STOP, UNKNOWN_STOP_REASON, UNNAMED_EVENTS
from shadow.reading.sse import read_stream
from tests.shadow.reading.hostile import HOSTILE, WORDS
from tests.shadow.reading.test_chat_response import can_be_kept

START = {"type": "message_start", "message": {"id": "msg_1", "role": "assistant", "model": "m", "usage": {"input_tokens": 3}}}
TEXT = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
END = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}}
STOP = {"type": "message_stop"}

INDEX = st.integers(0, 2) | st.sampled_from([None, "0", 2**70])
BLOCK = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["text", "thinking", "tool_use", "server_tool_use"]) | HOSTILE,
        "text": WORDS | HOSTILE,
        "thinking": WORDS | HOSTILE,
        "id": WORDS | HOSTILE,
        "name": WORDS | HOSTILE,
        "input": HOSTILE,
    },
)
DELTA = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["text_delta", "thinking_delta", "input_json_delta", "signature_delta"]) | HOSTILE,
        "text": WORDS | HOSTILE,
        "thinking": WORDS | HOSTILE,
        "partial_json": WORDS | HOSTILE,
        "stop_reason": st.sampled_from([*STOPS]) | HOSTILE,
        "stop_details": HOSTILE | st.fixed_dictionaries({"explanation": WORDS | HOSTILE}),
    },
)
COUNTS = st.dictionaries(st.sampled_from(["input_tokens", "output_tokens", "cache_read_input_tokens"]), HOSTILE, max_size=3)
EVENT = st.fixed_dictionaries(
    {"type": st.sampled_from([START["type"], TEXT["type"], "content_block_delta", "content_block_stop", END["type"], "ping"])},
    optional={
        "index": INDEX,
        "content_block": BLOCK | HOSTILE,
        "delta": DELTA | HOSTILE,
        "message": HOSTILE | st.fixed_dictionaries({"role": WORDS | HOSTILE, "usage": COUNTS | HOSTILE, "id": HOSTILE}),
        "usage": COUNTS | HOSTILE,
        "error": HOSTILE,
    },
)
"""Nearly the event of a stream."""


def sse(*events) -> bytes:
    lines = (event if isinstance(event, str) else f"event: {event.get('type')}\ndata: {json.dumps(event)}" for event in events)
    return "".join(f"{line}\n\n" for line in lines).encode("utf-8", "surrogatepass")


def stream(*events):
    return fold_events(read_stream(sse(*events)), 200)


def delta(text: str, index: int = 0) -> dict:
    return {"type": "content_block_delta", "index": index, "delta": {"type": "text_delta", "text": text}}


def message(**more) -> dict:
    return {"id": "msg_1", "role": "assistant", "content": [{"type": "text", "text": "a"}], "stop_reason": "end_turn", **more}


def body_of(**more) -> Completion:
    said = read_whole(json.dumps(message(**more)).encode(), 200).completion
    assert isinstance(said, Completion)
    return said


@pytest.mark.slow
@given(st.lists(EVENT | HOSTILE, max_size=6))
def test_no_stream_of_json_makes_it_raise(events):
    lines = [
        f"event: {event['type']}" if isinstance(event, dict) and isinstance(event.get("type"), str) else "" for event in events
    ]
    texts = (f"{line}\ndata: {json.dumps(event)}".lstrip("\n") for line, event in zip(lines, events, strict=True))
    assert can_be_kept(stream(*texts))


@pytest.mark.slow
@given(st.lists(BLOCK | HOSTILE, max_size=4) | HOSTILE, HOSTILE, COUNTS | HOSTILE)
def test_no_json_makes_it_raise(content, reason, usage):
    assert can_be_kept(read_whole(json.dumps(message(content=content, stop_reason=reason, usage=usage)).encode(), 200))
    assert can_be_kept(read_whole(json.dumps(content).encode(), 200))


@given(st.binary(max_size=300))
def test_no_bytes_make_it_raise(data):
    assert can_be_kept(read_whole(data, 200))
    assert can_be_kept(fold_events(read_stream(b"event: message_start\ndata: " + data + b"\n\n"), 200))


@given(st.lists(st.text(), max_size=8))
def test_any_split_of_a_text_reads_the_same(texts):
    said = stream(START, TEXT, *map(delta, texts), END, STOP).completion
    assert isinstance(said, Completion)
    assert (said.first.text, said.first.pieces) == ("".join(texts), tuple(text for text in texts if text))
    assert said.notes == ()


@pytest.mark.slow
@given(st.dictionaries(st.text(), st.integers() | st.text()), st.data())
def test_any_split_of_a_call_reads_the_same(given_input, data):
    text = json.dumps(given_input)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    block = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}
    begun = {"type": "content_block_start", "index": 0, "content_block": block}
    grown = [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": piece}}
        for piece in pieces
    ]
    [called] = stream(START, begun, *grown, {"type": "content_block_stop", "index": 0}, END, STOP).completion.first.tool_calls
    [at_once] = body_of(content=[{**block, "input": given_input}]).first.tool_calls
    assert called.parsed == at_once.parsed == given_input
    assert (called.id, called.name, called.invalid) == (at_once.id, at_once.name, "")


@pytest.mark.parametrize(("word", "chat"), STOPS.items())
def test_the_reasons_to_stop_are_those_of_chat_and_the_other_word_stays_visible(word, chat):
    said = body_of(stop_reason=word)
    assert said.first.finish_reason == chat
    assert bool(said.notes) == (word not in {"end_turn", "tool_use", "max_tokens"})
    assert all(word in note for note in said.notes)


def test_reason_outside_the_api_is_kept_and_noted():
    said = body_of(stop_reason="stop")
    assert said.first.finish_reason == "stop"
    assert said.notes == (f"{UNKNOWN_STOP_REASON}: stop",)
    assert body_of(stop_reason=None).first.finish_reason is None


def test_the_tokens_of_the_cache_are_part_of_the_prompt():
    counts = {"input_tokens": 5, "cache_read_input_tokens": 30, "cache_creation_input_tokens": 7, "output_tokens": 4}
    details = {"output_tokens_details": {"thinking_tokens": 3}}
    expected = Usage(
        prompt_tokens=42,
        completion_tokens=4,
        total_tokens=None,
        reasoning_tokens=3,
        cached_tokens=30,
        cache_write_tokens=7,
        reasoning_inside=True,
    )
    assert body_of(usage={**counts, **details}).usage == expected
    assert body_of().usage is None


def test_later_counts_take_the_place_of_earlier_ones_and_nothing_does_not():
    late = {**END, "usage": {"input_tokens": None, "output_tokens": 9}}
    assert stream(START, TEXT, delta("a"), late, STOP).completion.usage.prompt_tokens == 3
    assert stream(START, TEXT, delta("a"), late, STOP).completion.usage.completion_tokens == 9


def test_events_with_content_are_reported_and_where_reasoning_ended():
    thought = {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}}
    thinks = {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}}
    text = {**TEXT, "index": 1}
    events = [START, thought, thinks, text, {"type": "ping"}, delta("a", 1), delta("b", 1), END, STOP]
    reading = stream(*events)
    ends = [len(sse(*events[: position + 1])) for position in range(len(events))]
    assert reading.content_ends == [ends[2], ends[5], ends[6]]
    assert (reading.first_output, reading.done) == (ends[5], True)


@pytest.mark.parametrize(
    ("events", "why"),
    [
        ([], UnreadReason.EMPTY),
        ([{"type": "ping"}], UnreadReason.EMPTY),
        ([START, TEXT, delta("a")], UnreadReason.NO_DONE),
        (["data: {"], UnreadReason.NOT_JSON),
        (["data: []"], UnreadReason.WRONG_SHAPE),
        ([START, "event: error\ndata: {}"], UnreadReason.ERROR),
    ],
)
def test_what_no_client_could_read_has_its_reason(events, why):
    said = stream(*events).completion
    assert isinstance(said, Unread)
    assert said.why is why


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"content": "a"}, UnreadReason.WRONG_SHAPE),
        ({"choices": [{"message": {"content": "a"}}]}, UnreadReason.WRONG_SHAPE),
        ([], UnreadReason.WRONG_SHAPE),
        ({"type": "error", "error": {"type": "api_error", "message": "x"}}, UnreadReason.ERROR),
    ],
)
def test_a_body_of_another_form_has_its_reason(body, why):
    assert read_whole(json.dumps(body).encode(), 200).completion.why is why


def test_an_error_after_the_end_leaves_the_answer_readable():
    reading = stream(START, TEXT, delta("a"), END, {"type": "error", "error": {"type": "api_error", "message": "late"}})
    assert reading.completion.first.text == "a"
    assert (reading.error.message, reading.error.in_stream) == ("late", True)


@pytest.mark.parametrize(
    ("events", "note"),
    [
        ([START, TEXT, delta("a"), END], NO_MESSAGE_STOP),
        ([TEXT, delta("a"), START, END, STOP], NO_MESSAGE_START),
        ([START, TEXT, f"data: {json.dumps(delta('a'))}", END, STOP], UNNAMED_EVENTS),
    ],
)
def test_an_event_that_misleads_a_client_is_noted(events, note):
    assert note in stream(*events).completion.notes


def test_call_whose_block_is_still_open_at_the_end_of_its_message_has_the_input_that_it_began_with():
    call = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"at": 1}}
    begun = {"type": "content_block_start", "index": 0, "content_block": call}
    [made] = stream(START, begun, END, STOP).completion.first.tool_calls
    assert (made.name, made.parsed) == ("look", {"at": 1})


def test_an_end_without_its_blank_line_is_an_end():
    reading = fold_events(read_stream(sse(START, TEXT, delta("a"), END, STOP)[:-1]), 200)
    assert reading.done
    assert reading.completion.notes == ("the last event has no blank line after it",)


GROWN = st.lists(st.tuples(st.sampled_from(["text_delta", "thinking_delta", "input_json_delta"]), st.text(), INDEX), max_size=12)


@given(GROWN, st.lists(EVENT, max_size=2))
def test_stream_read_in_runs_equals_the_same_read_event_by_event(grown, more):
    deltas = [{"type": kind, DELTA_TEXTS[kind]: text} for kind, text, _ in grown]
    events = [{"type": "content_block_delta", "index": at, "delta": each} for each, (_, _, at) in zip(deltas, grown, strict=True)]
    call = {"type": "content_block_start", "index": 1, "content_block": {"type": "tool_use", "id": "a", "name": "f"}}
    body = read_stream(sse(START, TEXT, call, *events, *more, *events, END, STOP))
    at_once = fold_events(body, 200)
    with patch.object(EventRuns, "_run", lambda runs: None):
        assert fold_events(body, 200) == at_once


HELD = (
    st.builds(lambda text: {"type": "text", "text": text}, st.text(max_size=6))
    | st.builds(lambda text: {"type": "thinking", "thinking": text}, st.text(max_size=6))
    | st.builds(
        lambda kind, value: {"type": kind, "id": "t", "name": "f", "input": {"a": value}},
        st.sampled_from(["tool_use", "server_tool_use", "mcp_tool_use"]),
        st.text(max_size=4),
    )
    | st.just({"type": "web_search_tool_result", "content": []})
)
PIECES = {"text": "text_delta", "thinking": "thinking_delta", "input": "input_json_delta"}


def deltas(index, block, cut):
    """A block as its events: what it begins with is empty, and what it holds comes in two pieces."""
    key = next((key for key in PIECES if key in block), None)
    begun = block if key is None else {**block, key: {} if key == "input" else ""}
    yield {"type": "content_block_start", "index": index, "content_block": begun}
    held = "" if key is None else json.dumps(block[key]) if key == "input" else block[key]
    at = cut % (len(held) + 1)
    for piece in (held[:at], held[at:]) if key else ():
        member = "partial_json" if key == "input" else key
        yield {"type": "content_block_delta", "index": index, "delta": {"type": PIECES[key], member: piece}}
    yield {"type": "content_block_stop", "index": index}


@given(st.lists(HELD, max_size=6), st.integers(0, 20))
def test_blocks_of_every_kind_read_the_same_streamed_and_whole(blocks, cut):
    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "usage": {"input_tokens": 1, "output_tokens": 1}}
    events = [
        {"type": "message_start", "message": {**head, "content": []}},
        *(event for index, block in enumerate(blocks) for event in deltas(index, block, cut)),
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}},
        {"type": "message_stop"},
    ]
    body = "".join(f"event: {each['type']}\ndata: {json.dumps(each)}\n\n" for each in events)
    streamed = fold_events(read_stream(body.encode()), 200).completion
    at_once = read_whole(json.dumps({**head, "content": blocks, "stop_reason": "end_turn"}).encode(), 200).completion
    assert isinstance(streamed, Completion)
    assert isinstance(at_once, Completion)
    for field in ("reasoning", "other", "finish_reason"):
        assert (getattr(streamed.first, field) or None) == (getattr(at_once.first, field) or None)
    assert (streamed.first.text or "") == (at_once.first.text or "")
    assert [(call.name, call.parsed) for call in streamed.first.tool_calls] == [
        (call.name, call.parsed) for call in at_once.first.tool_calls
    ]


def test_the_error_of_a_whole_body_has_its_status_and_its_message():
    body = b'{"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}'
    error = read_whole(body, 200).error
    assert (error.status, error.type, error.message) == (200, "overloaded_error", "busy")
