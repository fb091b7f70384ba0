"""The usage and the stop reason of a message: the counts that replace earlier ones, the caches, the explanation of a refusal."""

from __future__ import annotations

import json

import pytest

from shadow.reading.messages_response import fold_events, read_whole
from shadow.reading.sse import read_stream
from tests.shadow.reading.test_messages_response import END, START, STOP, TEXT, body_of, delta, message, sse, stream


def streamed(*usages: object):
    """The usage of a stream that begins with the first of these and states each other one in a `message_delta`."""
    begun, *later = usages
    start = {**START, "message": {**START["message"], "usage": begun}}
    said = stream(start, TEXT, delta("a"), *({**END, "usage": usage} for usage in later), STOP).completion
    return said.usage


@pytest.mark.parametrize(
    ("later", "prompt"),
    [
        ({"input_tokens": 7}, 7),
        ({"input_tokens": 0}, 3),
        ({"input_tokens": None}, 3),
        ({}, 3),
        (None, 3),
        ([7], 3),
        ({"input_tokens": 0, "cache_read_input_tokens": 5}, 5),
        ({"input_tokens": 0, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}, 3),
        ({"input_tokens": 0, "cache_creation": {"ephemeral_5m_input_tokens": 9}}, 3),
    ],
)
def test_later_prompt_replaces_the_one_before_unless_it_is_nothing(later, prompt):
    found = streamed({"input_tokens": 3, "output_tokens": 1}, later)
    assert (found.prompt_tokens, found.completion_tokens) == (prompt, 1)


def test_prompt_of_no_tokens_is_a_count_where_no_other_came():
    assert streamed({"input_tokens": 0, "output_tokens": 1}).prompt_tokens == 0
    assert streamed(None, {"input_tokens": 0, "output_tokens": 1}).prompt_tokens == 0
    assert streamed(None, None) is None


@pytest.mark.parametrize(
    ("usage", "prompt", "invalid"),
    [
        ({"input_tokens": 0, "cache_read_input_tokens": 4}, 4, ""),
        ({"input_tokens": 5, "cache_read_input_tokens": 0}, 5, ""),
        ({"input_tokens": 5, "cache_read_input_tokens": -1}, 5, "cached_tokens is no token count"),
        ({"input_tokens": 5, "cache_read_input_tokens": True}, 5, "cached_tokens is no token count"),
        ({"input_tokens": 0, "cache_read_input_tokens": 2**53}, 9_007_199_254_740_992, ""),
        ({"input_tokens": 0, "cache_read_input_tokens": 2**53 + 1}, 0, "cached_tokens is no token count"),
        ({"input_tokens": -1, "cache_read_input_tokens": 4}, None, "prompt_tokens is no token count"),
        ({"input_tokens": 2.5, "cache_read_input_tokens": 4}, None, "prompt_tokens is no token count"),
        ({"input_tokens": 2.0, "cache_read_input_tokens": 4}, 2, ""),
    ],
)
def test_prompt_is_the_sum_of_those_counts_that_are_counts(usage, prompt, invalid):
    found = body_of(usage=usage).usage
    assert (found.prompt_tokens, found.invalid) == (prompt, invalid)


@pytest.mark.parametrize(
    ("usage", "written", "kept"),
    [
        ({"cache_creation": {"ephemeral_5m_input_tokens": 2, "ephemeral_1h_input_tokens": 3}}, 5, 3),
        ({"cache_creation": {"ephemeral_5m_input_tokens": 2}}, 2, None),
        ({"cache_creation": {"ephemeral_1h_input_tokens": 3}}, 3, 3),
        ({"cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0}}, 0, 0),
        ({"cache_creation": {"ephemeral_5m_input_tokens": -1, "ephemeral_1h_input_tokens": 3}}, 3, 3),
        ({"cache_creation": {"ephemeral_5m_input_tokens": 2}, "cache_creation_input_tokens": 9}, 9, None),
        ({"cache_creation": {"ephemeral_5m_input_tokens": 2}, "cache_creation_input_tokens": 0}, 0, None),
        ({"cache_creation": {}}, None, None),
        ({"cache_creation": 4}, None, None),
    ],
)
def test_tokens_written_to_a_cache_are_as_stated_or_the_sum_of_their_lifetimes(usage, written, kept):
    found = body_of(usage={"input_tokens": 10, **usage}).usage
    assert (found.cache_write_tokens, found.cache_write_1h_tokens) == (written, kept)
    assert found.prompt_tokens == 10 + (written or 0)


def test_cost_and_tier_that_the_usage_states_are_kept():
    said = body_of(usage={"input_tokens": 1, "output_tokens": 1, "cost": 0.25, "service_tier": "batch", "speed": "fast"})
    assert (said.usage.cost, dict(said.applied)) == (0.25, {"service_tier": "batch", "speed": "fast"})
    assert dict(body_of().applied) == {}


@pytest.mark.parametrize(
    ("reason", "details", "refusal"),
    [
        ("refusal", {"explanation": "no"}, "no"),
        ("refusal", {"explanation": ""}, None),
        ("refusal", {"explanation": 5}, None),
        ("refusal", "no", None),
        ("refusal", None, None),
        ("end_turn", {"explanation": "no"}, None),
    ],
)
def test_explanation_of_a_refusal_is_the_refusal(reason, details, refusal):
    assert body_of(stop_reason=reason, stop_details=details).first.refusal == refusal


@pytest.mark.parametrize(("reason", "word"), [(5, "5"), (["end_turn"], "['end_turn']"), ("x" * 90, "x" * 80)])
def test_stop_reason_that_is_no_word_of_the_api_is_quoted(reason, word):
    said = body_of(stop_reason=reason)
    assert (said.first.finish_reason, said.notes) == (word, (f"the stop_reason is no word of this API: {word}",))


@pytest.mark.parametrize("name", ["tool_use", "tool\\u005fuse"])
def test_large_number_in_the_input_of_a_call_is_kept_to_its_last_digit(name):
    block = f'{{"type": "{name}", "id": "t", "name": "f", "input": {{"n": 12345678901234567890123}}}}'
    said = read_whole(f'{{"content": [{block}], "stop_reason": "end_turn"}}'.encode(), 200).completion
    assert (said.first.tool_calls[0].parsed, said.notes) == ({"n": 12345678901234567890123}, ())


def test_body_that_is_not_strict_json_with_a_large_number_is_read_with_its_departure():
    block = '{"type": "tool_use", "id": "t", "name": "f", "input": {"n": 1234567890123456789, "x": "\\ud83d"}}'
    said = read_whole(f'{{"content": [{block}], "stop_reason": "tool_use"}}'.encode(), 200).completion
    assert said.first.tool_calls[0].parsed == {"n": 1234567890123456789, "x": "\ufffd"}
    bytes_ = read_whole(b'{"content": [%b], "id": "\xff"}' % block.encode(), 200).completion
    assert (bytes_.id, bytes_.notes) == ("\ufffd", ("the body holds bytes that are not UTF-8",))
    assert read_whole(b'{"tool_use": 1234567890123456789', 200).completion.why == "not_json"


@pytest.mark.parametrize(
    ("more", "text"), [({"content": []}, None), ({"error": {"message": "no"}}, "a"), ({"content": [], "role": None}, None)]
)
def test_message_with_blocks_or_without_an_error_is_an_answer(more, text):
    assert body_of(**more).first.text == text


def test_body_with_blocks_that_are_no_objects_is_of_another_form():
    for content in ([5], [{"type": "text", "text": "a"}, "b"], None, {}):
        assert read_whole(json.dumps(message(content=content)).encode(), 200).completion.why == "wrong_shape"


def test_blocks_of_a_body_keep_their_order_and_each_call_its_own_input():
    blocks = [{"type": "tool_use", "id": name, "name": name, "input": {"at": name}} for name in ("a", "b")]
    said = body_of(content=[*blocks, {"type": "text", "text": "c"}])
    assert [(call.id, call.name, call.parsed) for call in said.first.tool_calls] == [
        ("a", "a", {"at": "a"}),
        ("b", "b", {"at": "b"}),
    ]
    assert (said.stream, said.id, said.model, said.first.index, said.notes) == (False, "msg_1", "", 0, ())


def test_events_behind_the_stop_and_what_is_left_open_there_are_not_read():
    body = sse(START, TEXT, delta("a"), END, STOP)
    for rest in (sse(delta("b")), sse("data: nonsense"), b"data: unfinished"):
        reading = fold_events(read_stream(body + rest), 200)
        assert (reading.completion.first.text, reading.completion.notes, reading.done) == ("a", (), True)


def test_unfinished_event_that_is_no_stop_ends_no_stream():
    reading = fold_events(read_stream(sse(START, TEXT, delta("a"), END) + b"event: ping\ndata: {}\n"), 200)
    assert not reading.done
    assert reading.completion.notes == (
        "the last event has no blank line after it",
        "the stream ended without message_stop",
    )


def test_end_marker_of_another_api_is_passed_over():
    said = stream(START, TEXT, delta("a"), END, "data: [DONE]", STOP).completion
    assert (said.first.text, said.notes) == ("a", ())


def test_of_two_errors_the_first_is_kept_and_what_follows_is_read():
    errors = [{"type": "error", "error": {"message": text}} for text in ("first", "second")]
    reading = stream(START, TEXT, delta("a"), *errors, delta("b"), END, STOP)
    assert (reading.error.message, reading.error.status, reading.completion.first.text) == ("first", 200, "ab")
    assert stream(START, errors[0]).completion.detail == "the provider sent an error in the stream"


@pytest.mark.parametrize(
    ("events", "why"),
    [
        ([TEXT, delta("a")], "no_done"),
        ([START], "no_done"),
        ([START, STOP], None),
        ([TEXT, delta("a"), STOP], None),
        ([END, STOP], "empty"),
    ],
)
def test_stream_without_a_beginning_or_without_text_has_its_reason(events, why):
    said = stream(*events).completion
    assert getattr(said, "why", None) == why


def test_call_that_is_open_where_a_stream_stops_without_a_reason_has_the_input_that_it_began_with():
    call = {"type": "tool_use", "id": "t", "name": "f", "input": {"at": 1}}
    said = stream(START, {"type": "content_block_start", "index": 0, "content_block": call}, STOP).completion
    assert ([made.parsed for made in said.first.tool_calls], said.first.finish_reason) == ([{"at": 1}], None)


def test_answer_begins_once_though_more_blocks_follow():
    thought = {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": "hm"}}
    held = {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": "a"}}
    events = [START, thought, held, delta("b", 1), {**held, "index": 2}, END, STOP]
    reading = stream(*events)
    ends = [len(sse(*events[: position + 1])) for position in range(len(events))]
    assert (reading.first_output, reading.content_ends) == (ends[2], ends[1:5])


@pytest.mark.parametrize("index", [None, "0", True])
def test_delta_whose_index_is_no_number_belongs_to_the_first_block(index):
    said = stream(START, TEXT, {**delta("a"), "index": index}, END, STOP).completion
    assert (said.first.text, said.notes) == ("a", ())


def test_head_that_is_no_object_and_words_that_are_no_text_are_left_out():
    said = stream({"type": "message_start", "message": 5}, TEXT, delta("a"), END, STOP).completion
    assert (said.id, said.model, said.first.text, said.notes) == ("", "", "a", ("no delta names the role",))
    named = stream({"type": "message_start", "message": {"id": 5, "model": "m", "role": "assistant"}}, END, STOP).completion
    assert (named.id, named.model, named.stream) == ("", "m", True)
