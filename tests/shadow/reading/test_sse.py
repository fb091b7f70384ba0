"""The event reader against the standard: a second, slow reader written line by line, and the decoder of httpx2."""

from __future__ import annotations

import httpx2
from hypothesis import example, given
from hypothesis import strategies as st

from shadow.reading.sse import Event, events, read_stream

FIELDS = [b"data: a", b"data:", b"data", b"data:  b", b"event: x", b": comment", b"id: 7", b"retry: 1", b"x", b":", b" "]
ENDINGS = [b"\n", b"\r", b"\r\n", b"\n\n", b"\r\r", b"\r\n\r\n"]
NO_ENDINGS = ["\u2028".encode(), b"\xc2\x85", b"\x0b", b"\xff"]
PIECES = st.sampled_from(FIELDS + ENDINGS + NO_ENDINGS)
BODIES = st.lists(PIECES, max_size=30).map(b"".join)


def slow(body: bytes) -> list[Event]:
    """The standard's own words, one byte at a time."""
    found, line, data, name = [], bytearray(), [], ""
    position = 3 if body.startswith(b"\xef\xbb\xbf") else 0
    while position < len(body):
        byte = body[position : position + 1]
        position += 1
        if byte not in b"\r\n":
            line += byte
            continue
        if byte == b"\r" and body[position : position + 1] == b"\n":
            position += 1
        if not line:
            if data:
                found.append(Event(b"\n".join(data), name, position))
            data, name = [], ""
            continue
        field, _, value = bytes(line).partition(b":")
        value = value[1:] if value.startswith(b" ") else value
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value.decode("utf-8", "replace")
        line.clear()
    return found


def by_httpx2(body: bytes) -> list[tuple[str, str]]:
    response = httpx2.Response(
        200, headers={"content-type": "text/event-stream"}, content=body, request=httpx2.Request("GET", "http://127.0.0.1/")
    )
    return [(sent.event, sent.data) for sent in httpx2.EventSource(response) if sent.data]


@given(BODIES)
@example(b"\xef\xbb\xbfdata: a\r\n\r\ndata: b\n\n")
@example(b"data: a\r\r\ndata: b\r\r")
def test_it_reads_what_the_standard_reads(body):
    assert slow(body) == list(events(body))


@given(BODIES.filter(lambda body: not body.endswith(b"\r")))
def test_it_reads_what_httpx2_reads(body):
    ours = [(event.event or "message", event.data.decode("utf-8", "replace")) for event in events(body) if event.data]
    assert by_httpx2(body) == ours


@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise_and_offsets_rise(body):
    ends = [event.end for event in events(body)]
    assert sorted(set(ends)) == ends
    assert all(end <= len(body) for end in ends)


@given(BODIES, BODIES)
def test_what_comes_later_changes_no_event_before_it(body, more):
    """A chunk is only a longer prefix, so any split of the bytes reads the same; a CR may still be half of a CRLF."""
    known = list(events(body))
    if not body.endswith(b"\r"):
        assert known == list(events(body + more))[: len(known)]


def test_only_three_endings_end_a_line():
    body = "data: a\u2028b\x0b\x0c\x85\u2029c\n\n".encode()
    assert (Event("a\u2028b\x0b\x0c\x85\u2029c".encode(), "", len(body)),) == events(body)


def test_an_event_ends_after_its_blank_line():
    assert [event.end for event in events(b"data: x\n\ndata: y\n\n")] == [9, 18]
    assert [event.end for event in events(b"data: x\r\n\r\n\r\ndata:y\r\n\r\n")] == [11, 23]


def test_what_has_no_blank_line_after_it_is_a_tail_and_no_event():
    stream = read_stream(b"data: x\n\ndata: [DONE]")
    assert [event.data for event in stream.events] == [b"x"]
    assert stream.tail == Event(b"[DONE]", "", 21)
    assert read_stream(b"data: x\n\n: comment\n").tail is None
