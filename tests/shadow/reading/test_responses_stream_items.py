"""Items of a stream of responses: calls, custom tools, citations and log probabilities, each taken once."""

from __future__ import annotations

import json

import pytest

from shadow.reading.completion import Completion, Logprob, UnreadReason
from shadow.reading.response_notes import CALL_INDICES, UNANNOUNCED, UNLIKE_ITS_END
from shadow.reading.responses_stream import fold_events
from shadow.reading.sse import read_stream
from tests.shadow.reading.test_event_runs import events_read_in_full
from tests.shadow.reading.test_responses_stream import (
    ADDED,
    DONE,
    PART,
    call,
    call_of,
    completed,
    event,
    message,
    stream,
    text_of,
)


def custom_of(text):
    return {"type": "custom_tool_call", "call_id": "c1", "name": "g", "input": text}


def custom(*pieces):
    begun = event(ADDED, output_index=0, item=custom_of(""))
    return [begun, *(event("custom_tool_call_input.delta", output_index=0, delta=piece) for piece in pieces)]


def ends_of(events) -> list[int]:
    bodies = [f"event: {each['type']}\ndata: {json.dumps(each)}\n\n".encode() for each in events]
    return [each.end for each in read_stream(b"".join(bodies)).events]


@pytest.mark.parametrize(
    "ending",
    [
        [event("custom_tool_call_input.done", output_index=0, input='say "hi"')],
        [event(DONE, output_index=0, item=custom_of('say "hi"'))],
        [
            event("custom_tool_call_input.done", output_index=0, input='say "hi"'),
            event(DONE, output_index=0, item=custom_of('say "hi"')),
        ],
    ],
)
@pytest.mark.parametrize("pieces", [[], ['say "hi"'], ["say ", '"h', 'i"']])
def test_text_of_a_custom_tool_is_one_argument_however_its_item_comes_and_ends(pieces, ending):
    said = stream(*custom(*pieces), *ending, completed(custom_of('say "hi"'))).completion
    assert isinstance(said, Completion)
    (made,) = said.first.tool_calls
    assert (made.id, made.name, made.parsed, made.arguments) == ("c1", "g", {"input": 'say "hi"'}, '{"input": "say \\"hi\\""}')
    assert (said.first.finish_reason, said.notes) == ("tool_calls", ())


@pytest.mark.parametrize("item", [call_of("{}"), custom_of("ls")])
def test_call_that_comes_in_no_delta_is_named_once(item):
    begun = event(ADDED, output_index=0, item={**item, "arguments": "", "input": ""})
    said = stream(begun, event(DONE, output_index=0, item=item), completed(item)).completion
    assert ([made.name for made in said.first.tool_calls], said.notes) == ([item["name"]], ())


def test_call_that_is_named_at_its_end_only_keeps_the_arguments_that_streamed():
    begun = event(ADDED, output_index=0, item={"type": "function_call"})
    delta = event("function_call_arguments.delta", output_index=0, delta="{}")
    said = stream(begun, delta, event(DONE, output_index=0, item=call_of("{}")), completed(call_of("{}"))).completion
    (made,) = said.first.tool_calls
    assert (made.id, made.name, made.arguments, made.deltas, said.notes) == ("c1", "f", "{}", 1, ())


def test_calls_of_several_kinds_are_numbered_without_a_gap():
    acted = {"type": "local_shell_call", "call_id": "c2", "action": {"type": "exec", "command": ["ls"]}}
    said = stream(
        *call("{}", at=0),
        event(ADDED, output_index=1, item={"type": "local_shell_call"}),
        event(DONE, output_index=1, item=acted),
        *call("[]", at=2),
        completed(call_of("{}"), acted, call_of("[]")),
    ).completion
    assert [made.name for made in said.first.tool_calls] == ["f", "local_shell_call", "f"]
    assert CALL_INDICES not in said.notes


def test_arguments_of_an_ending_are_not_added_to_those_that_streamed():
    done = event("function_call_arguments.done", output_index=0, arguments='{"a": 1}')
    said = stream(*call('{"a"', ": 1}"), done, completed(call_of('{"a": 1}'))).completion
    assert [(made.arguments, made.deltas) for made in said.first.tool_calls] == [('{"a": 1}', 2)]


@pytest.mark.parametrize("logprobs", [False, True])
def test_text_in_like_deltas_is_read_with_its_quotes_and_its_log_probabilities(logprobs):
    begun = message()
    more = {"logprobs": [{"token": '"', "logprob": -1.0}]} if logprobs else {}
    deltas = [event("output_text.delta", output_index=0, delta='"', **more) for _ in range(3)]
    said = stream(*begun, *deltas, completed(text_of('"""'))).completion
    assert (said.first.text, said.notes) == ('"""', ())
    assert said.first.logprobs == ((Logprob(token='"', logprob=-1.0),) * 3 if logprobs else None)


def test_log_probabilities_of_a_message_that_came_in_no_delta_are_taken_from_its_end():
    part = {"type": "output_text", "text": "a", "logprobs": [{"token": "a", "logprob": -2.0}]}
    item = {"type": "message", "content": [part]}
    said = stream(*message(), event(DONE, output_index=0, item=item), completed(item)).completion
    assert said.first.logprobs == (Logprob(token="a", logprob=-2.0),)


def test_refusal_in_like_deltas_is_read_whole():
    begun = event(ADDED, output_index=0, item={"type": "message", "content": []})
    deltas = [event("refusal.delta", output_index=0, delta="no") for _ in range(3)]
    refused = {"type": "message", "content": [{"type": "refusal", "refusal": "nonono"}]}
    said = stream(begun, *deltas, completed(refused)).completion
    assert (said.first.refusal, said.first.text, said.notes) == ("nonono", None, ())


def cited(count):
    part = {"type": "output_text", "text": "hi", "annotations": [{"type": "url_citation"}] * count}
    return {"type": "message", "content": [part]}


@pytest.mark.parametrize("times", [1, 2])
def test_citations_that_come_only_with_the_item_are_counted_once_though_it_ends_twice(times):
    done = event(DONE, output_index=0, item=cited(3))
    said = stream(*message("hi"), *[done] * times, completed(cited(3))).completion
    assert (said.first.citations, said.first.other) == (3, ("citations",))


def test_citations_that_stream_are_not_counted_again_at_the_end_of_their_item():
    one = event("output_text.annotation.added", output_index=0, annotation={"type": "url_citation"})
    said = stream(*message("hi"), one, one, event(DONE, output_index=0, item=cited(2)), completed(cited(2))).completion
    assert said.first.citations == 2


def test_speech_begins_with_its_first_event_though_more_follows():
    thought = event(ADDED, output_index=0, item={"type": "reasoning"})
    said = event("reasoning_text.delta", output_index=0, delta="so")
    events = [thought, said, *message("hi", at=1), *message("there", at=2), completed(text_of("hi"), text_of("there"))]
    reading, ends = stream(*events), ends_of(events)
    assert (reading.first_output, reading.content_ends) == (ends[4], [ends[1], ends[4], ends[7]])


def test_message_announced_with_its_content_needs_no_announced_part():
    item = text_of("")
    begun, delta = event(ADDED, output_index=0, item=item), event("output_text.delta", output_index=0, delta="hi")
    assert stream(begun, delta, completed(text_of("hi"))).completion.notes == ()
    bare = event(ADDED, output_index=0, item={"type": "message"})
    assert stream(bare, delta, completed(text_of("hi"))).completion.notes == (UNANNOUNCED,)


def test_items_without_index_and_id_are_one():
    begun = [event(ADDED, item={"type": "message", "content": []}), event(PART)]
    deltas = [event("output_text.delta", delta="hi"), event("output_text.delta", output_index=0, delta=" there")]
    said = stream(*begun, *deltas, completed(text_of("hi there"))).completion
    assert (said.first.text, said.notes) == ("hi there", ())


def test_empty_text_of_another_message_adds_no_blank_line():
    said = stream(*message("a"), *message("", at=1), *message("b")[2:], completed(text_of("ab"))).completion
    assert said.first.text == "ab"


def test_text_of_a_message_that_came_in_no_delta_is_kept_apart_from_the_one_before():
    done = event(DONE, output_index=1, item=text_of("b"))
    said = stream(*message("a"), *message(at=1), done, completed(text_of("a"), text_of("b"))).completion
    assert (said.first.text, said.first.pieces, said.notes) == ("a\n\nb", ("a", "\n\nb"), ())


def test_kind_of_an_event_without_a_type_is_its_name():
    body = "".join(
        f"event: {each.pop('type')}\ndata: {json.dumps(each)}\n\n" for each in [*message("hi"), completed(text_of("hi"))]
    )
    said = fold_events(read_stream(body.encode()), 200).completion
    assert (said.first.text, said.first.finish_reason) == ("hi", "stop")


def test_end_marker_of_other_apis_ends_the_reading_and_the_response_must_have_ended_before():
    hi = "".join(f"data: {json.dumps(each)}\n\n" for each in message("hi"))
    last = f"data: {json.dumps(completed(text_of('hi')))}\n\n"
    early = fold_events(read_stream(f"{hi}data: [DONE]\n\n{last}".encode()), 200)
    assert (early.completion.why, early.done) == (UnreadReason.NO_DONE, False)
    late = fold_events(read_stream(f"{hi}{last}data: [DONE]\n\ndata: nonsense\n\n".encode()), 200)
    assert (late.completion.first.text, late.completion.notes, late.done) == ("hi", (), True)


@pytest.mark.parametrize(
    ("event_of", "message_of"),
    [
        (event("failed", response={"error": {"message": "first"}}), "first"),
        ({"type": "error", "message": "first"}, "first"),
        ({"error": {"message": "first"}}, "first"),
    ],
)
def test_of_two_errors_the_first_is_kept(event_of, message_of):
    later = event("failed", response={"status": "failed", "error": {"message": "second"}})
    reading = stream(*message("hi"), event_of, later)
    assert (reading.error.message, reading.error.status, reading.error.in_stream) == (message_of, 200, True)
    assert reading.completion.detail == "the provider sent an error in the stream"


def test_error_member_of_an_event_that_holds_its_response_is_no_error():
    begun = event("created", response={"id": "r", "error": None}, error={"message": "no"})
    reading = stream(begun, *message("hi"), completed(text_of("hi")))
    assert (reading.error, reading.completion.first.text) == (None, "hi")


def test_error_that_comes_before_a_completed_response_stands_beside_the_answer():
    reading = stream({"type": "error", "message": "slow"}, *message("hi"), completed(text_of("hi")))
    assert (reading.error.message, reading.completion.first.text) == ("slow", "hi")


@pytest.mark.parametrize(
    ("events", "detail"),
    [
        ([], "no event of the stream has content"),
        ([event("created", response={"id": "r"})], "no event of the stream ends the response"),
        (message("hi"), "no event of the stream ends the response"),
    ],
)
def test_stream_without_an_end_states_whether_anything_came(events, detail):
    assert stream(*events).completion.detail == detail


@pytest.mark.parametrize(
    ("response", "finish", "notes"),
    [
        ({"status": "completed", "output": [text_of("hi")]}, "stop", ()),
        ({"output": [text_of("hi")]}, "length", ("the response is incomplete: max_output_tokens",)),
        ({"status": "paused", "output": [text_of("hi")]}, "length", ("the response is paused: max_output_tokens",)),
    ],
)
def test_final_status_is_that_of_the_response_else_that_of_the_event(response, finish, notes):
    given = {"incomplete_details": {"reason": "max_output_tokens"}, **response}
    said = stream(*message("hi"), event("incomplete", response=given)).completion
    assert (said.first.finish_reason, said.notes) == (finish, notes)


def test_head_of_the_response_is_the_first_that_was_stated():
    begun = event("created", response={"id": "r1", "model": ""})
    ended = completed(text_of("hi"), id="r1", model="m", usage={"input_tokens": 3, "output_tokens": 1})
    said = stream(begun, *message("hi"), ended).completion
    assert (said.id, said.model, said.usage.prompt_tokens, said.stream, said.notes) == ("r1", "m", 3, True, ())


def test_ids_that_are_no_words_name_no_item():
    begun = [event(ADDED, item_id=7, item={"type": "message", "id": ["m"], "content": []}), event(PART, item_id=7)]
    said = stream(*begun, event("output_text.delta", output_index=0, delta="hi"), completed(text_of("hi"))).completion
    assert (said.first.text, said.notes) == ("hi", ())


def test_event_about_no_item_that_adds_or_ends_one_is_passed_over():
    said = stream(*message("hi"), event(ADDED, output_index=1), event(DONE, output_index=1, item=5), completed(text_of("hi")))
    assert (said.completion.first.text, said.completion.notes) == ("hi", ())


@pytest.mark.parametrize("item", [call_of(""), custom_of("")])
def test_arguments_in_like_deltas_are_one_run(item):
    stem = "function_call_arguments" if "arguments" in item else "custom_tool_call_input"
    deltas = [event(f"{stem}.delta", output_index=0, delta="a") for _ in range(20)]
    body = "".join(f"data: {json.dumps(each)}\n\n" for each in [event(ADDED, output_index=0, item=item), *deltas, completed()])
    assert events_read_in_full(body.encode(), fold_events) == 3


@pytest.mark.parametrize(("ended", "noted"), [("no", False), ("yes", True), ("", True)])
def test_refusal_that_ends_as_another_than_it_streamed_is_noted(ended, noted):
    begun = event(ADDED, output_index=0, item={"type": "message", "content": []})
    refused = {"type": "message", "content": [{"type": "refusal", "refusal": ended}]}
    said = stream(begun, event("refusal.delta", output_index=0, delta="no"), completed(refused)).completion
    assert (UNLIKE_ITS_END in said.notes) is noted
