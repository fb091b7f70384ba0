"""Runs make reading quicker and change nothing that is read."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow.reading import event_runs, messages_response, responses_stream
from shadow.reading.chat_response import fold_events
from shadow.reading.chunk_template import template_of
from shadow.reading.event_runs import EventRuns, TextRun, non_empty
from shadow.reading.sse import read_stream
from tests.shadow.reading.hostile import CHOICE, CHUNK, WORDS

TEXT = st.text(max_size=6) | WORDS | st.sampled_from(['"', "\\", '","usage":{"x":1},"a":"', "\u2028", "\x7f", '{"a": "b"}'])
ENTRY = st.fixed_dictionaries({"index": st.integers(0, 1), "function": st.fixed_dictionaries({"arguments": TEXT})})
DELTA = (
    st.fixed_dictionaries({"content": TEXT}, optional={"role": st.none() | st.just("assistant")})
    | st.fixed_dictionaries({"reasoning_content": TEXT}, optional={"content": st.none() | st.just("")})
    | st.fixed_dictionaries({"tool_calls": st.lists(ENTRY, min_size=1, max_size=2)})
)
PLAIN = st.builds(
    lambda delta, finish, index: {"index": index, "delta": delta, "finish_reason": finish},
    DELTA,
    st.sampled_from([None, None, None, "stop"]),
    st.sampled_from([0, 0, 0, 1, None]),
)
FRAMED = st.builds(
    lambda choices, more: {"id": "1", "object": "chat.completion.chunk", "model": "m", "choices": choices, **more},
    st.lists(PLAIN, min_size=1, max_size=1) | st.lists(CHOICE, max_size=2),
    st.sampled_from(
        [{}, {}, {}, {"usage": None}, {"usage": {"prompt_tokens": 1}}, {"obfuscation": "aB"}, {"model": "n"}, {"error": None}]
    ),
)
WRITTEN = st.sampled_from([json.dumps, lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":"))])


def without_runs(stream, read=fold_events):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EventRuns, "_run", lambda runs: None)
        return read(stream, 200)


def chunk(delta: dict, **more) -> dict:
    choice = {"index": 0, "delta": delta, "finish_reason": None}
    return {"object": "chat.completion.chunk", "choices": [choice], **more}


def test_iterating_yields_an_event_and_the_run_of_those_like_it():
    body = b"".join(b'data: {"delta":"%b"}\n\n' % text for text in (b"a", b"b", b"", b"c")) + b"data: {}\n\n"
    runs = EventRuns(read_stream(body))
    seen = []
    for item in runs:
        seen.append(item if isinstance(item, TextRun) else item.data)
        if not isinstance(item, TextRun) and (first := json.loads(item.data)):
            runs.expect(first, first, "delta")
    assert seen == [b'{"delta":"a"}', TextRun(["b", "c"], [42, 83]), b"{}"]


def test_iterating_without_an_expectation_yields_every_event():
    body = b"".join(b'data: {"delta":"%b"}\n\n' % text for text in (b"a", b"b", b"c"))
    assert [len(item) for item in EventRuns(read_stream(body))] == [3, 3, 3]


@given(st.lists(FRAMED | CHUNK, max_size=8), WRITTEN, st.booleans())
def test_chat_stream_is_read_alike_with_runs_and_without(chunks, written, again):
    chunks = [*chunks, *chunks] if again else chunks
    body = "".join(f"data: {written(chunk)}\n\n" for chunk in chunks).encode("utf-8", "surrogatepass")
    assert fold_events(read_stream(body), 200) == without_runs(read_stream(body))


@given(st.lists(st.binary(max_size=6), max_size=6))
def test_chat_stream_with_any_bytes_in_place_of_the_text_is_read_alike(literals):
    shell = b'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"%b"},"finish_reason":null}]}\n\n'
    body = b"".join(shell % literal for literal in (b"first", *literals))
    assert fold_events(read_stream(body), 200) == without_runs(read_stream(body))


@given(st.lists(st.tuples(st.binary(max_size=6), st.binary(max_size=6)), max_size=6))
def test_chat_stream_with_any_bytes_in_place_of_text_and_padding_is_read_alike(literals):
    shell = (
        b'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"%b"},"finish_reason":null}]'
        b',"usage":null,"obfuscation":"%b"}\n\n'
    )
    body = b"".join(shell % two for two in ((b"first", b"aB1"), *literals))
    assert fold_events(read_stream(body), 200) == without_runs(read_stream(body))


@given(st.lists(st.sampled_from(["", "a", "b"]), max_size=6))
def test_empty_texts_are_left_out_with_their_ends(texts):
    kept, ends = non_empty(texts, list(range(len(texts))))
    assert list(zip(kept, ends, strict=True)) == [(text, end) for end, text in enumerate(texts) if text]


SPREAD = st.lists(st.sampled_from([1, 1, 1, 1, 1, 1, 1, 0, 2, -3, 90]), min_size=1, max_size=12)
"""Steps between the numbers of events that follow each other, most of them 1."""
HIDING = st.text("aB1", max_size=3) | st.sampled_from(['"', "\\", "a\\u0042", '","delta":"b', "é"])
ORDERS = st.permutations(
    ["type", "sequence_number", "item_id", "output_index", "content_index", "delta", "logprobs", "obfuscation"]
)
KINDS = st.sampled_from(
    [
        "response.output_text.delta",
        "response.output_text.delta",
        "response.function_call_arguments.delta",
        "response.custom_tool_call_input.delta",
        "response.reasoning_summary_text.delta",
        "response.refusal.delta",
        "response.output_text.done",
    ]
)
ITEMS = [
    {"type": "message", "id": "i0", "content": []},
    {"type": "function_call", "id": "i1", "call_id": "c1", "name": "f"},
    {"type": "custom_tool_call", "id": "i2", "call_id": "c2", "name": "g"},
    {"type": "reasoning", "id": "i3"},
]
ODD = st.sampled_from([{}] * 9 + [{"logprobs": [{"token": "a", "logprob": -1}]}, {"error": {"message": "no"}}, {"item_id": 3}])


@st.composite
def response_streams(draw):
    """A stream of /v1/responses: runs of deltas whose numbers mostly grow by 1, padded, in one order of members or in several."""
    number = draw(st.sampled_from([0, 4, 8, 97, 998, 10**18]))
    written = draw(WRITTEN)
    began = [{"type": "response.output_item.added", "output_index": at, "item": item} for at, item in enumerate(ITEMS)]
    lines = [f"data: {written(each)}\n\n" for each in began]
    for _ in range(draw(st.integers(1, 3))):
        kind, order, index = draw(KINDS), draw(ORDERS), draw(st.sampled_from([0, 0, 1, 2, 3, 7]))
        lead = draw(st.sampled_from(["", f"event: {kind}\n", "event: error\n"]))
        for step in draw(SPREAD):
            number += step
            event = {"type": kind, "sequence_number": number, "item_id": f"i{index}", "output_index": index, "content_index": 0}
            event |= {"delta": draw(TEXT), "logprobs": [], "obfuscation": draw(HIDING), **draw(ODD)}
            lines.append(f"{lead}data: {written({name: event[name] for name in order} | event)}\n\n")
    ended = {"type": "response.completed", "response": {"status": "completed", "output": []}}
    return "".join([*lines, f"data: {written(ended)}\n\n"]).encode("utf-8", "surrogatepass")


@given(response_streams())
def test_responses_stream_is_read_alike_with_runs_and_without(body):
    assert responses_stream.fold_events(read_stream(body), 200) == without_runs(read_stream(body), responses_stream.fold_events)


SHELL = (
    b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","content_index":0,"delta":"%b",'
    b'"item_id":"m","logprobs":[],"obfuscation":"%b","output_index":0,"sequence_number":%b}\n\n'
)


@given(st.lists(st.tuples(st.binary(max_size=6), st.binary(max_size=6), st.binary(max_size=3)), max_size=6))
def test_responses_stream_with_any_bytes_in_place_of_text_padding_and_number_is_read_alike(literals):
    body = b"".join(SHELL % three for three in ((b"first", b"aB1", b"7"), *literals))
    assert responses_stream.fold_events(read_stream(body), 200) == without_runs(read_stream(body), responses_stream.fold_events)


def counted(shell: bytes, numbers, texts=None) -> list[bytes]:
    return [shell % (texts[n] if texts else b"word %d" % n, b"x" * (n % 5), b"%d" % number) for n, number in enumerate(numbers)]


def events_read_in_full(body: bytes, read) -> int:
    """Events that were read in full, but for [DONE]."""
    seen = []

    def counting(runs, iterate=EventRuns.__iter__):
        for item in iterate(runs):
            seen.extend([] if isinstance(item, TextRun) or item.data == b"[DONE]" else [item])
            yield item

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EventRuns, "__iter__", counting)
        read(read_stream(body), 200)
    return len(seen)


@pytest.mark.parametrize(
    ("numbers", "alone"),
    [
        (range(1, 9), 1),
        (range(1, 10), 1),
        (range(1, 11), 2),
        (range(9, 12), 2),
        (range(95, 1005), 3),
        ([4, 5, 6, 8, 9], 2),
        ([4, 4, 4, 4], 4),
        ([9, 8, 7], 3),
    ],
)
def test_run_goes_on_while_event_numbers_follow_each_other_with_as_many_digits(numbers, alone):
    body = b"".join(counted(SHELL, numbers)) + b"event: end\ndata: [DONE]\n\n"
    assert events_read_in_full(body, responses_stream.fold_events) == alone


@pytest.mark.parametrize("padding", ["obfuscation", "p"])
def test_padded_chat_stream_is_one_run(padding):
    chunks = [json.dumps(chunk({"content": "a"}, **{padding: "x" * (n % 5)})) for n in range(50)]
    assert events_read_in_full("".join(f"data: {each}\n\n" for each in [*chunks, "[DONE]"]).encode(), fold_events) == 1


SPACED = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"%b","%b":"%b"}%b}\n\n'
BEGUN = (
    b'event: message_start\ndata: {"type":"message_start","message":{"role":"assistant"}}\n\n'
    b'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":%b}\n\n'
)
BLOCKS = [
    (b'{"type":"text","text":""}', b"text_delta", b"text"),
    (b'{"type":"thinking","thinking":""}', b"thinking_delta", b"thinking"),
    (b'{"type":"tool_use","id":"t","name":"f","input":{}}', b"input_json_delta", b"partial_json"),
]


@pytest.mark.parametrize(("block", "kind", "key"), BLOCKS)
def test_messages_stream_padded_with_spaces_is_one_run(block, kind, key):
    deltas = [SPACED % (kind, key, b'a\\"}', b" " * (1 + n % 9)) for n in range(40)]
    body = BEGUN % block + b"".join(deltas) + b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
    assert events_read_in_full(body, messages_response.fold_events) == 4


@given(
    st.sampled_from(BLOCKS),
    st.lists(
        st.tuples(st.binary(max_size=6) | st.just(b'a\\"}'), st.sampled_from([b" ", b"   ", b"", b"\t", b"} ", b" x"])),
        max_size=7,
    ),
)
def test_messages_stream_is_read_alike_with_runs_and_without(form, texts):
    block, kind, key = form
    deltas = [SPACED % (kind, key, text, spaces) for text, spaces in ((b"first", b"  "), *texts)]
    body = BEGUN % block + b"".join(deltas) + b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
    assert messages_response.fold_events(read_stream(body), 200) == without_runs(read_stream(body), messages_response.fold_events)


def test_empty_arguments_carry_nothing_in_a_run_or_one_by_one():
    begun = chunk({"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f", "arguments": ""}}]})
    more = [chunk({"tool_calls": [{"index": 0, "function": {"arguments": text}}]}) for text in ("{", "", "", "}")]
    body = "".join(f"data: {json.dumps(each)}\n\n" for each in (begun, *more)).encode()
    assert fold_events(read_stream(body), 200) == without_runs(read_stream(body))
    assert len(fold_events(read_stream(body), 200).content_ends) == 3


def test_no_template_is_made_after_eight_that_no_event_fits():
    made = []
    body = b"".join(counted(SHELL, [1] * 40))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(event_runs, "template_of", lambda *given: (made.append(1), template_of(*given))[1])
        responses_stream.fold_events(read_stream(body), 200)
    assert len(made) == 8
