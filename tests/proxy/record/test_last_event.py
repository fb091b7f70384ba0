"""proxy.record.last_event: which event is the last one of a whole answer, by every API, line end and cut."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.record.last_event import last_event_came

DELTA = b'data: {"choices":[{"index":0,"delta":{"content":"hi"}}]}\n\n'
LAST = {
    "completions": b"data: [DONE]\n\n",
    "messages": b'event: message_stop\ndata: {"type": "message_stop"}\n\n',
    "messages without names": b'data: {"type":"message_stop"}\n\n',
    "responses": b'event: response.completed\ndata: {"type":"response.completed","response":{"id":"r"}}\n\n',
    "responses, failed": b'event: response.failed\ndata: {"type":"response.failed"}\n\n',
    "responses, incomplete": b'event: response.incomplete\ndata: {"type":"response.incomplete"}\n\n',
    "responses, type last": b'data: {"response":{"id":"r"},"sequence_number":9,"type":"response.completed"}\n\n',
    "responses, then done": b'event: response.completed\ndata: {"type":"response.completed"}\n\ndata: [DONE]\n\n',
    "threads": b"event: done\ndata: [DONE]\n\n",
}
NOT_LAST = {
    "nothing": b"",
    "a delta": b"",
    "usage": b'data: {"choices":[],"usage":{"total_tokens":3}}\n\n',
    "a finish reason": b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n',
    "an event behind it": b"data: [DONE]\n\n" + DELTA,
    "a text that quotes it": b'data: {"delta":"data: [DONE]"}\n\n',
    "a text that quotes a type": b'data: {"type":"response.output_text.delta","delta":"{\\"type\\":\\"message_stop\\"}"}\n\n',
    "a nested type": b'data: {"type":"response.output_item.done","item":{"type":"message_stop"}}\n\n',
    "the end of a block": b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n',
    "a message that stops": b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"}}\n\n',
    "an error": b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error"}}\n\n',
    "a comment that says so": b": data: [DONE]\n\n",
    "half of it": b'event: message_stop\ndata: {"type": "mess',
    "its name alone": b"event: message_stop\n",
    "a list": b'data: ["message_stop"]\n\n',
    "broken data": b'data: {"type":"message_stop"\n\n',
}
ENDS = {"LF": b"\n", "CRLF": b"\r\n", "CR": b"\r"}


def stream(last, end=b"\n", before=2):
    return (DELTA * before + last).replace(b"\n", end)


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())
@pytest.mark.parametrize("last", LAST.values(), ids=LAST.keys())
def test_the_last_event_of_every_api_is_known(last, end):
    assert last_event_came(stream(last, end))
    assert last_event_came(stream(last, end, before=0))


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())
@pytest.mark.parametrize("last", NOT_LAST.values(), ids=NOT_LAST.keys())
def test_no_other_event_is_taken_for_the_last(last, end):
    assert not last_event_came(stream(last, end))


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())
@pytest.mark.parametrize("behind", [b": bye\n\n", b":\n" * 50, b"\n\n\n", b": one\n\n: two\n"])
def test_comments_and_empty_lines_behind_it_change_nothing(behind, end):
    assert last_event_came(stream(LAST["completions"] + behind, end))
    assert last_event_came(stream(LAST["messages"] + behind, end))
    assert not last_event_came(stream(behind, end))


@pytest.mark.parametrize(("missing", "whole"), [(0, True), (1, True), (2, True), (3, False)])
def test_done_is_the_end_even_before_its_line_ends(missing, whole):
    """Clients look at the line; the empty line behind it may come in another piece."""
    body = stream(LAST["completions"])
    assert last_event_came(body[: len(body) - missing]) == whole


@given(st.sampled_from(sorted(LAST.keys() - {"responses, then done"})), st.sampled_from(sorted(ENDS.values())), st.data())
def test_wherever_a_stream_is_cut_it_is_whole_only_behind_the_data_of_its_last_event(last, end, data):
    body = stream(LAST[last], end)
    cut = data.draw(st.integers(0, len(body)))
    if last_event_came(body[:cut]):
        assert body[cut:].strip(b"\r\n") == b""


@pytest.mark.parametrize(("size", "known"), [(900_000, True), (1_100_000, False)])
def test_a_last_event_that_repeats_the_answer_is_looked_for_in_a_mebibyte(size, known):
    data = json.dumps({"type": "response.completed", "response": {"text": "x" * size}}).encode()
    assert last_event_came(DELTA * 2 + b"event: response.completed\ndata: " + data + b"\n\n") == known


@pytest.mark.parametrize(("lines", "came"), [(999, True), (1_000, False)])
def test_a_last_event_has_a_thousand_line_ends_at_most(lines, came):
    stream = b"data: x\n\n" + b"id: 1\n" * lines + b"event: message_stop\ndata: {}\n"
    assert last_event_came(stream + b"\n") == came


def test_comments_behind_the_last_event_are_passed_over():
    assert last_event_came(b"data: [DONE]\n\n" + b": still here\n\n" * 99)
    assert last_event_came(b"data: " + b"x" * 2_000_000 + b"\n\ndata: [DONE]\n\n" + b": a\n" * 99)


@pytest.mark.parametrize(("comments", "came"), [(99, True), (100, False)])
def test_ninety_nine_comments_behind_the_last_event_are_passed_over_and_no_more(comments, came):
    assert last_event_came(b"data: x\n\ndata: [DONE]\n\n" + b":\n" * comments) == came


@pytest.mark.parametrize(("size", "known"), [(65_536, True), (65_537, False)])
def test_the_type_of_an_event_without_a_name_is_read_from_data_of_64_kib(size, known):
    data = b'{"text":"%b","type":"response.completed"}'
    data %= b"x" * (size - len(data % b""))
    assert last_event_came(DELTA + b"data: " + data + b"\n\n") == known


@pytest.mark.parametrize(("size", "known"), [(1_048_576, True), (1_048_577, False)])
def test_the_name_of_a_last_event_of_a_mebibyte_is_read(size, known):
    event = b"event: response.completed\ndata: {%b}\n\n"
    event %= b"x" * (size - len(event % b""))
    assert last_event_came(DELTA + event) == known


@pytest.mark.parametrize("data", [b'{"type":7}', b'{"type":null}', b"{}", b'{"type":"other"}', b'["response.completed"]'])
def test_data_without_a_type_that_ends_an_answer_is_not_the_last(data):
    assert not last_event_came(b"data: " + data + b"\n\n")
