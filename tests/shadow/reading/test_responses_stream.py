"""Streams of responses into the normal form; the golden bodies show what each kind reads as."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.reading.chat_response import ResponseReading
from shadow.reading.completion import Completion, Unread, UnreadReason
from shadow.reading.response_notes import COMMENTARY, UNANNOUNCED, UNLIKE_ITS_END
from shadow.reading.responses_stream import fold_events, read_whole
from shadow.reading.sse import read_stream
from tests.shadow.reading.hostile import HOSTILE, WORDS
from tests.shadow.reading.test_chat_response import can_be_kept
from tests.shadow.reading.test_responses_body import ITEM, RESPONSE

ADDED, PART, DONE = "output_item.added", "content_part.added", "output_item.done"


def event(kind, **more):
    return {"type": f"response.{kind}", **more}


def stream(*events) -> ResponseReading:
    body = "".join(f"event: {each.get('type', '')}\ndata: {json.dumps(each)}\n\n" for each in events)
    return fold_events(read_stream(body.encode("utf-8", "surrogatepass")), 200)


def text_of(text):
    return {"type": "message", "content": [{"type": "output_text", "text": text}]}


def call_of(arguments):
    return {"type": "function_call", "call_id": "c1", "name": "f", "arguments": arguments}


def message(*texts, at=0):
    begun = [event(ADDED, output_index=at, item={"type": "message", "content": []}), event(PART, output_index=at)]
    return [*begun, *(event("output_text.delta", output_index=at, delta=text) for text in texts)]


def call(*pieces, at=0):
    begun = event(ADDED, output_index=at, item=call_of(""))
    return [begun, *(event("function_call_arguments.delta", output_index=at, delta=piece) for piece in pieces)]


def completed(*output, **more):
    return event("completed", response={"status": "completed", "output": list(output), **more})


@given(st.text(), st.data())
def test_a_text_reads_the_same_wherever_it_was_cut(text, data):
    units = text.encode("utf-16-le")
    cuts = sorted(2 * data.draw(st.integers(0, len(units) // 2)) for _ in range(3))
    ends = [0, *cuts, len(units)]
    texts = [units[start:end].decode("utf-16-le", "surrogatepass") for start, end in pairwise(ends)]
    said = stream(*message(*texts), completed(text_of(text))).completion
    assert isinstance(said, Completion)
    assert (said.first.text, "".join(said.first.pieces), said.notes) == (text, text, ())


@given(st.text(), st.data())
def test_arguments_read_the_same_wherever_they_were_cut(text, data):
    arguments = json.dumps({"city": text})
    cut = data.draw(st.integers(0, len(arguments)))
    said = stream(*call(arguments[:cut], arguments[cut:]), completed(call_of(arguments))).completion
    [made] = said.first.tool_calls
    assert (made.id, made.name, made.parsed, said.first.finish_reason, said.notes) == (
        "c1",
        "f",
        {"city": text},
        "tool_calls",
        (),
    )


def test_calls_are_numbered_as_they_came_whatever_stands_between_them():
    thought = event(ADDED, output_index=0, item={"type": "reasoning", "summary": []})
    said = stream(thought, *call("{", at=1), *call("{}", at=3), *call("}", at=1)[1:], completed()).completion
    assert [made.arguments for made in said.first.tool_calls] == ["{}", "{}"]
    assert [made.deltas for made in said.first.tool_calls] == [2, 1]


@pytest.mark.parametrize(
    ("item", "done"),
    [
        (text_of("hi"), event(DONE, output_index=0, item=text_of("hi"))),
        (call_of("{}"), event("function_call_arguments.done", output_index=0, arguments="{}")),
        (call_of("{}"), event(DONE, output_index=0, item=call_of("{}"))),
    ],
)
def test_what_came_in_no_delta_is_taken_from_the_event_that_ends_it(item, done):
    begun = event(ADDED, output_index=0, item={**item, **({"arguments": ""} if "arguments" in item else {"content": []})})
    first = stream(begun, done, completed(item)).completion.first
    assert (first.text, [made.arguments for made in first.tool_calls]) in (("hi", []), (None, ["{}"]))


@pytest.mark.parametrize("response", [text_of("bye"), call_of("{}")])
def test_a_response_that_ends_as_something_else_than_it_streamed_is_noted(response):
    said = stream(*message("hi"), completed(response)).completion
    assert said.first.text == "hi"
    assert UNLIKE_ITS_END in said.notes


@pytest.mark.parametrize("events", [message("hi")[2:], [*message()[:1], *message("hi")[2:]], call("{}")[1:]])
def test_a_delta_that_no_client_has_a_place_for_is_noted(events):
    assert UNANNOUNCED in stream(*events, completed()).completion.notes


def test_the_summary_and_the_reasoning_itself_have_two_names():
    for kind in ("reasoning_text", "reasoning_summary"):
        named = {"reasoning_text": "reasoning_text.delta", "reasoning_summary": "reasoning_summary_text.delta"}[kind]
        begun = event(ADDED, output_index=0, item={"type": "reasoning"})
        said = stream(begun, event(named, output_index=0, delta="so"), *message("hi", at=1), completed(text_of("hi"))).completion
        assert (said.first.reasoning, said.first.reasoning_field) == ("so", kind)


def test_texts_of_two_messages_are_separated_and_commentary_is_noted():
    items = [{**text_of("I look it up."), "phase": "commentary"}, {**text_of("At noon."), "phase": "final_answer"}]
    events = [*message("I look", " it up."), event(DONE, output_index=0, item=items[0]), *message("At", " noon.", at=1)]
    for said in (stream(*events, completed(*items)).completion, stream(completed(*items)).completion):
        assert (said.first.text, said.notes) == ("I look it up.\n\nAt noon.", (COMMENTARY,))
    whole_of = read_whole(json.dumps(completed(*items)["response"]).encode(), 200).completion
    assert (whole_of.first.text, whole_of.notes) == ("I look it up.\n\nAt noon.", (COMMENTARY,))


def test_the_moments_are_those_of_the_deltas_and_speech_begins_after_the_reasoning():
    begun = event(ADDED, output_index=0, item={"type": "reasoning"})
    events = [
        begun,
        event("reasoning_text.delta", output_index=0, delta="so"),
        *message("hi", "", at=1),
        completed(text_of("hi")),
    ]
    reading = stream(*events)
    ends = [each.end for each in read_stream(b"".join(_bytes(each) for each in events)).events]
    assert reading.content_ends == [ends[1], ends[4]]
    assert reading.first_output == ends[4]
    assert reading.done


def _bytes(each):
    return f"event: {each['type']}\ndata: {json.dumps(each)}\n\n".encode()


@pytest.mark.parametrize(
    ("events", "why"),
    [
        ([], UnreadReason.EMPTY),
        ([{}], UnreadReason.EMPTY),
        (message("hi"), UnreadReason.NO_DONE),
        ([event("created", response={"id": "r"})], UnreadReason.NO_DONE),
        ([*message("hi"), event("failed", response={"status": "failed", "error": {"message": "no"}})], UnreadReason.ERROR),
        ([*message("hi"), {"type": "error", "message": "no"}], UnreadReason.ERROR),
        ([{"error": {"message": "no"}}], UnreadReason.ERROR),
        (
            [event(ADDED, output_index=0, item={"type": "web_search_call"}), completed({"type": "web_search_call"})],
            UnreadReason.NOT_AUDITED,
        ),
    ],
)
def test_a_stream_that_is_no_answer_gives_its_reason(events, why):
    reading = stream(*events)
    assert isinstance(reading.completion, Unread)
    assert reading.completion.why is why
    assert (reading.error is not None and reading.error.in_stream) == (why is UnreadReason.ERROR)


def test_an_event_that_is_no_json_stops_the_reading():
    reading = fold_events(read_stream(b"data: nonsense\n\n"), 200)
    assert reading.completion.why is UnreadReason.NOT_JSON


def test_items_without_an_index_are_filed_by_their_ids():
    texts = [
        {"type": "message", "id": f"m{n}", "content": [{"type": "output_text", "text": text}]}
        for n, text in ((1, "a b"), (2, "c"))
    ]
    called = {**call_of("{}"), "id": "fc1"}
    reading = stream(
        event(ADDED, item={"type": "message", "id": "m1", "content": []}),
        event(PART, item_id="m1", part={"type": "output_text", "text": ""}),
        event("output_text.delta", item_id="m1", delta="a "),
        event("output_text.delta", item_id="m1", delta="b"),
        event(DONE, item=texts[0]),
        event(ADDED, item={**called, "arguments": ""}),
        event("function_call_arguments.delta", item_id="fc1", delta="{}"),
        event(DONE, item=called),
        event(ADDED, item={"type": "message", "id": "m2", "content": []}),
        event(PART, item_id="m2", part={"type": "output_text", "text": ""}),
        event("output_text.delta", item_id="m2", delta="c"),
        event(DONE, item=texts[1]),
        completed(texts[0], called, texts[1]),
    )
    said = reading.completion
    assert isinstance(said, Completion)
    assert (said.first.text, [each.arguments for each in said.first.tool_calls]) == ("a b\n\nc", ["{}"])
    assert said.notes == ()


def test_sealed_arguments_give_way_to_the_plain_ones_of_their_end():
    sealed = call("gAAAAABq", "s0m3c1pher==")
    plain = stream(
        *sealed, event("function_call_arguments.done", output_index=0, arguments='{"a": 1}'), completed(call_of('{"a": 1}'))
    )
    assert isinstance(plain.completion, Completion)
    (made,) = plain.completion.first.tool_calls
    assert (made.arguments, made.sealed, made.deltas, plain.completion.notes) == ('{"a": 1}', False, 2, ())
    never = stream(*sealed, completed(call_of("gAAAAABqs0m3c1pher==")))
    assert isinstance(never.completion, Completion)
    assert never.completion.first.tool_calls[0].sealed


@pytest.mark.parametrize(
    ("item", "name"),
    [
        ({"type": "shell_call", "call_id": "c", "action": {"commands": ["ls"]}, "environment": {"type": "local"}}, "shell_call"),
        ({"type": "shell_call", "call_id": "c", "action": {"commands": ["ls"]}, "environment": {"type": "container_auto"}}, ""),
        ({"type": "apply_patch_call", "call_id": "c", "operation": {"type": "delete_file", "path": "a"}}, "apply_patch_call"),
        ({"type": "local_shell_call", "call_id": "c", "action": {"type": "exec", "command": ["ls"]}}, "local_shell_call"),
        ({"type": "computer_call", "call_id": "c", "action": {"type": "click"}, "pending_safety_checks": []}, "computer_call"),
        ({"type": "mcp_approval_request", "id": "c", "name": "f", "arguments": "{}"}, "mcp_approval_request"),
        (
            {"type": "tool_search_call", "call_id": "c", "execution": "client", "arguments": {"queries": ["a"]}},
            "tool_search_call",
        ),
        ({"type": "tool_search_call", "call_id": "c", "execution": "server", "arguments": {"queries": ["a"]}}, ""),
        ({"type": "web_search_call", "id": "c", "action": {"type": "search"}}, ""),
    ],
)
def test_what_the_client_runs_is_a_call_by_its_kind_streamed_and_whole(item, name):
    streamed = stream(
        event(ADDED, output_index=0, item={"type": item["type"]}),
        event(DONE, output_index=0, item=item),
        *message("hi", at=1),
        completed(item, text_of("hi")),
    ).completion
    at_once = read_whole(json.dumps({"status": "completed", "output": [item, text_of("hi")]}).encode(), 200).completion
    for said in (streamed, at_once):
        assert isinstance(said, Completion)
        assert [(each.name, each.id) for each in said.first.tool_calls] == ([(name, "c")] if name else [])
        assert said.first.other == (() if name else (item["type"],))
        assert said.first.finish_reason == ("tool_calls" if name else "stop")
        assert not any(each.invalid or "call_id" in each.parsed for each in said.first.tool_calls)


def test_content_behind_the_end_of_a_response_is_noted():
    said = stream(*message("hi"), completed(text_of("hi")), *message(" again")[2:]).completion
    assert "content came after the finish_reason" in said.notes


def test_a_change_of_model_or_id_within_the_stream_is_noted():
    begun = event("created", response={"id": "r1", "model": "m"})
    said = stream(begun, *message("hi"), completed(text_of("hi"), id="r2", model="n")).completion
    assert (said.id, said.model) == ("r1", "m")
    assert said.notes == ("the model's name changed within the stream", "the id changed within the stream")


KINDS = st.sampled_from(
    [
        *("created", "completed", "incomplete", "failed", ADDED, DONE, PART, "output_text.delta", "refusal.delta"),
        *("reasoning_text.delta", "reasoning_summary_text.delta", "function_call_arguments.delta"),
        *("function_call_arguments.done", "custom_tool_call_input.delta", "custom_tool_call_input.done"),
    ]
)
EVENT = st.fixed_dictionaries(
    {"type": KINDS.map(lambda kind: f"response.{kind}") | HOSTILE},
    optional={
        "output_index": st.integers(0, 2) | HOSTILE,
        "delta": WORDS | HOSTILE,
        "item": ITEM,
        "response": RESPONSE | HOSTILE,
        **dict.fromkeys(("item_id", "arguments", "input", "logprobs", "error", "message"), HOSTILE),
    },
)


@pytest.mark.slow
@given(st.lists(EVENT, max_size=8))
def test_no_stream_of_events_makes_it_raise(events):
    assert can_be_kept(stream(*events))


@given(st.lists(HOSTILE, max_size=4))
def test_no_stream_of_json_makes_it_raise(values):
    body = "".join(f"data: {json.dumps(value)}\n\n" for value in values)
    assert can_be_kept(fold_events(read_stream(body.encode()), 200))


@pytest.mark.parametrize("item", [text_of("hi"), call_of("{}")])
def test_an_item_that_ends_twice_is_taken_once(item):
    begun = event(ADDED, output_index=0, item={**item, **({"arguments": ""} if "arguments" in item else {"content": []})})
    done = event(DONE, output_index=0, item=item)
    first = stream(begun, done, done, completed(item)).completion.first
    assert (first.text, [made.arguments for made in first.tool_calls]) in (("hi", []), (None, ["{}"]))
