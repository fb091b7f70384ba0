"""What stands around the choices of a chat answer: its head, its errors, its usage, its citations and its end."""

from __future__ import annotations

import json

import pytest

from shadow.reading.chat_response import fold_events, read_whole
from shadow.reading.completion import UnreadReason
from shadow.reading.sse import read_stream
from tests.shadow.reading.test_chat_response import delta, stream

CHUNK = "chat.completion.chunk"
BEGUN = delta("a", role="assistant")
ENDED = delta("b", "stop")


def whole(**more):
    body = {"choices": [{"index": 0, "message": {"content": "a"}, "finish_reason": "stop"}], **more}
    return read_whole(json.dumps(body).encode(), 200)


def test_whole_answer_with_choices_is_read_though_an_error_stands_beside_them():
    reading = whole(error={"message": "late"})
    assert (reading.completion.first.text, reading.error, reading.done, reading.content_ends) == ("a", None, False, [])
    assert reading.completion.stream is False


@pytest.mark.parametrize("body", [{"error": "busy"}, {"choices": [{"error": {"message": "busy"}}]}])
def test_error_of_a_whole_answer_did_not_come_in_a_stream(body):
    reading = read_whole(json.dumps(body).encode(), 200)
    assert (reading.error.in_stream, reading.done, reading.completion.why) == (False, False, UnreadReason.ERROR)


def test_head_of_a_whole_answer_is_its_words_and_nothing_where_they_are_no_text():
    said = whole(id="1", model="m", system_fingerprint="f", provider="Near", service_tier="flex").completion
    assert (said.id, said.model, said.fingerprint, said.provider) == ("1", "m", "f", "Near")
    assert dict(said.applied) == {"service_tier": "flex"}
    odd = whole(id=1, model=None, system_fingerprint=["f"], provider=5).completion
    assert (odd.id, odd.model, odd.fingerprint, odd.provider) == ("", "", "", "")


ROUTED = {"gateway": {"routing": {"finalProvider": "far"}}}


def test_upstream_of_a_gateway_is_named_by_the_message_of_the_first_choice():
    choice = {"message": {"content": "a", "provider_metadata": ROUTED}}
    assert whole(choices=[choice]).completion.provider == "far"
    assert whole(choices=[choice], provider="Near").completion.provider == "Near"
    assert whole(choices=[{"message": {"content": "a"}}, choice]).completion.provider == ""


def test_upstream_of_a_gateway_is_named_by_the_first_delta_that_states_it():
    other = {"gateway": {"routing": {"finalProvider": "other"}}}
    said = stream(BEGUN, delta("", provider_metadata=ROUTED), delta("", provider_metadata=other), ENDED).completion
    assert (said.provider, said.first.text) == ("far", "ab")
    assert stream({**BEGUN, "provider": "Near"}, delta("", "stop", provider_metadata=ROUTED)).completion.provider == "Near"


def test_citations_and_filters_beside_the_choices_belong_to_the_first_one():
    filtered = [{"content_filter_results": {"hate": {"filtered": True}}}]
    choices = [{"index": index, "message": {"content": "a"}} for index in (1, 0)]
    at_once = whole(choices=choices, citations=["u", "v"], prompt_filter_results=filtered).completion
    assert [(choice.index, choice.citations, choice.filtered) for choice in at_once.choices] == [(0, 0, ()), (1, 2, ("hate",))]
    chunks = [{**BEGUN, "citations": ["u", "v"], "prompt_filter_results": filtered}, {**ENDED, "citations": []}]
    other = {"choices": [{"index": 1, "delta": {"role": "assistant", "content": "c"}, "finish_reason": "stop"}]}
    streamed = stream(other, *chunks).completion
    assert [(choice.text, choice.citations, choice.filtered) for choice in streamed.choices] == [
        ("ab", 2, ("hate",)),
        ("c", 0, ()),
    ]


@pytest.mark.parametrize("given", ["u", {"a": 1}, None, 5])
def test_citations_that_are_no_list_are_none(given):
    assert whole(citations=given).completion.first.citations == 0


def test_choices_without_a_number_are_numbered_by_their_place():
    said = whole(
        choices=[{"message": {"content": text}, "index": index} for text, index in (("a", None), ("b", True))]
    ).completion
    assert [(choice.index, choice.text) for choice in said.choices] == [(0, "a"), (1, "b")]


@pytest.mark.parametrize(
    ("chunk", "message"),
    [
        ({"object": CHUNK, "choices": [], "error": {"message": "no"}}, "no"),
        ({"object": "error", "message": "no"}, "no"),
        ({"code": 500, "message": "no"}, "no"),
        ({"object": CHUNK, "detail": "no"}, None),
        ({"object": CHUNK, "choices": [], "error": None}, None),
        ({"choices": []}, None),
    ],
)
def test_event_is_an_error_where_it_states_one_or_is_no_chunk_and_fails(chunk, message):
    reading = stream(BEGUN, ENDED, chunk)
    assert (reading.error.message if reading.error else None) == message
    assert reading.completion.first.text == "ab"


@pytest.mark.parametrize(
    ("chunks", "why"),
    [
        ([BEGUN, {"error": "no"}], UnreadReason.ERROR),
        ([{"error": "no"}], UnreadReason.ERROR),
        ([delta("a", "error"), {"error": "no"}], UnreadReason.ERROR),
        ([BEGUN, ENDED, {"choices": [{"index": 1, "delta": {"content": "c"}}]}, {"error": "no"}], UnreadReason.ERROR),
        ([BEGUN, ENDED, {"error": "no"}], None),
    ],
)
def test_error_in_a_stream_counts_unless_every_choice_had_finished(chunks, why):
    reading = stream(*chunks)
    assert getattr(reading.completion, "why", None) is why
    assert (reading.error.message, reading.error.status, reading.error.in_stream) == ("no", 200, True)


def test_of_errors_beside_the_choices_the_first_is_kept():
    assert stream(BEGUN, {"error": "first"}, {"error": "second"}).error.message == "first"


@pytest.mark.parametrize(
    ("end", "done", "notes"),
    [
        (b"data: [DONE]\n\n", True, ()),
        (b"data: [DONE]\n\ndata: rest", True, ()),
        (b"data: [DONE]", True, ("the last event has no blank line after it",)),
        (b"data: more", False, ("the last event has no blank line after it", "the stream ended without [DONE]")),
        (b"", False, ("the stream ended without [DONE]",)),
    ],
)
def test_stream_is_done_with_its_marker_even_without_the_blank_line(end, done, notes):
    body = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in (BEGUN, ENDED)).encode()
    reading = fold_events(read_stream(body + end), 200)
    assert (reading.done, reading.completion.first.text, reading.completion.notes) == (done, "ab", notes)


def test_stream_that_no_client_could_have_read_on_is_not_done():
    reading = stream(BEGUN, "nonsense")
    assert (reading.completion.why, reading.done, len(reading.content_ends)) == (UnreadReason.NOT_JSON, False, 1)


def test_answer_marked_as_done_without_a_finish_reason_is_read_and_noted():
    said = stream(BEGUN).completion
    assert (said.first.text, said.first.finish_reason, said.notes) == ("a", None, ("the stream ended without a finish_reason",))
    failed = stream(BEGUN, delta(None, "error")).completion
    assert (failed.first.finish_reason, failed.notes) == ("error", ("the stream ended without a finish_reason",))


def test_head_of_a_stream_is_the_first_that_each_member_states():
    heads = [{}, {"id": "1"}, {"id": "1", "model": "m"}, {"id": "1", "model": "m", "system_fingerprint": "f", "provider": "Near"}]
    said = stream(*({**BEGUN, **head} for head in heads[:1]), *({**delta("b"), **head} for head in heads[1:]), ENDED).completion
    assert (said.id, said.model, said.fingerprint, said.provider) == ("1", "m", "f", "Near")
    assert (said.first.text, said.notes, said.stream) == ("abbbb", (), True)


@pytest.mark.parametrize("member", ["id", "model", "system_fingerprint"])
def test_head_that_is_missing_from_later_events_has_not_changed(member):
    heads = [{member: "x"}, {}, {member: None}, {member: ""}, {member: "x"}]
    chunks = [{**delta("a", role=None if at else "assistant"), **head} for at, head in enumerate(heads)]
    assert stream(*chunks, ENDED).completion.notes == ()


def test_usage_of_groq_is_read_and_noted():
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "queue_time": 0.5}
    said = stream({**BEGUN, "x_groq": {"id": "r"}}, {**ENDED, "x_groq": {"usage": usage}}).completion
    assert (said.usage.prompt_tokens, said.notes) == (3, ("usage came in x_groq",))
    assert [(time.name, time.seconds) for time in said.times] == [("queue", 0.5)]
    assert stream({**BEGUN, "x_groq": {"id": "r"}}, {**ENDED, "x_groq": 5}).completion.notes == ()
    both = stream(BEGUN, {**ENDED, "x_groq": {"usage": usage}, "usage": {"prompt_tokens": 4}}).completion
    assert (both.usage.prompt_tokens, both.notes) == (4, ())


def test_usage_inside_a_choice_is_read_and_noted():
    choice = {"index": 0, "delta": {"content": "b"}, "finish_reason": "stop", "usage": {"prompt_tokens": 3}}
    said = stream(BEGUN, {"choices": [choice]}).completion
    assert (said.usage.prompt_tokens, said.notes) == (3, ("usage came inside a choice",))
    for none in (None, 5, {}):
        assert stream(BEGUN, {"choices": [{**choice, "usage": none}]}).completion.notes == ()


def test_whole_message_in_place_of_a_delta_is_read_and_noted():
    choice = {"index": 0, "message": {"content": "b"}, "finish_reason": "stop"}
    said = stream(BEGUN, {"choices": [choice]}).completion
    assert (said.first.text, said.notes) == ("ab", ("an event carried a whole message instead of a delta",))
    beside = stream(BEGUN, {"choices": [{**choice, "delta": {"content": "c"}}]}).completion
    assert (beside.first.text, beside.notes) == ("ac", ())
    neither = stream(BEGUN, {"choices": [{"index": 0, "delta": None, "finish_reason": "stop"}]}).completion
    assert (neither.first.text, neither.notes) == ("a", ())


def test_error_inside_a_choice_is_the_error_of_the_stream_and_null_is_none():
    reading = stream(BEGUN, {"choices": [{"index": 0, "delta": {}, "error": {"message": "no"}}]})
    assert (reading.error.message, reading.error.in_stream, reading.completion.why) == ("no", True, UnreadReason.ERROR)
    assert stream(BEGUN, {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop", "error": None}]}).error is None


@pytest.mark.parametrize("index", [None, "1", True])
def test_choice_of_an_event_without_a_number_is_the_first(index):
    first = {"choices": [{"index": index, "delta": {"role": "assistant", "content": "x"}}]}
    said = stream(
        first, delta("y"), {"choices": [{"index": index, "delta": {"content": "z"}, "finish_reason": "stop"}]}
    ).completion
    assert [(choice.index, choice.text) for choice in said.choices] == [(0, "xyz")]


def test_choices_that_are_null_or_empty_are_none_and_the_stream_goes_on():
    assert stream({"choices": None}, {"choices": []}, BEGUN, {}, ENDED).completion.first.text == "ab"


def test_event_whose_first_choice_alone_has_content_has_content():
    both = {"choices": [{"index": 0, "delta": {"content": "a"}}, {"index": 1, "delta": {"content": ""}}]}
    body = f"data: {json.dumps(both)}\n\n".encode()
    reading = fold_events(read_stream(body), 200)
    assert (reading.content_ends, reading.first_output) == ([len(body)], len(body))


def test_answer_begins_once_and_only_with_more_than_reasoning():
    events = [delta("a", role="assistant"), delta("b", role=None, reasoning="c"), delta("d", "stop")]
    bodies = [f"data: {json.dumps(each)}\n\n".encode() for each in events]
    assert fold_events(read_stream(b"".join(bodies)), 200).first_output == len(bodies[0])


def test_tier_and_times_beside_the_choices_are_the_last_that_say_something():
    chunks = [{**BEGUN, "service_tier": "flex"}, {**delta(""), "service_tier": None}, {**ENDED, "timings": {"prompt_ms": 250}}]
    said = stream(*chunks).completion
    assert (dict(said.applied), [(time.name, time.seconds) for time in said.times]) == (
        {"service_tier": "flex"},
        [("prompt", 0.25)],
    )


@pytest.mark.parametrize(
    ("member", "note"),
    [
        ("id", "the id changed within the stream"),
        ("model", "the model's name changed within the stream"),
        ("system_fingerprint", "the system_fingerprint changed within the stream"),
    ],
)
def test_member_of_the_head_that_changes_alone_is_noted_alone(member, note):
    head = {"id": "i", "model": "m", "system_fingerprint": "f"}
    assert stream({**BEGUN, **head}, {**ENDED, **head, member: "other"}).completion.notes == (note,)


def test_error_of_a_later_choice_leaves_the_answer():
    choices = [{"index": 0, "message": {"content": "a"}}, {"index": 1, "error": {"message": "no"}}]
    assert whole(choices=choices).completion.first.text == "a"


def test_delta_beside_a_usage_or_an_error_of_its_choice_is_read():
    choice = {"index": 0, "delta": {"content": "b"}, "finish_reason": "stop"}
    for more in ({"usage": {"prompt_tokens": 3}}, {"error": None}, {"error": {"message": "late"}}):
        assert stream(BEGUN, {"choices": [{**choice, **more}]}).completion.first.text == "ab"


def test_calls_of_a_stream_count_their_deltas_and_those_of_a_whole_answer_none():
    calls = [{"index": 0, "id": "c", "function": {"name": "f", "arguments": text}} for text in ("{", "}")]
    deltas = [{"choices": [{"index": 0, "delta": {"role": "assistant", "tool_calls": [call]}}]} for call in calls]
    streamed = stream(*deltas, delta(None, "tool_calls")).completion
    assert [(call.arguments, call.deltas) for call in streamed.first.tool_calls] == [("{}", 2)]
    at_once = whole(choices=[{"message": {"tool_calls": calls}}]).completion
    assert [call.deltas for call in at_once.first.tool_calls] == [0, 0]
    assert "no delta names the role" in stream(delta("a", "stop")).completion.notes
    assert at_once.notes == ()
