"""The event reader against the standard: a second, slow reader written line by line, and the decoder of httpx2."""

from __future__ import annotations

from itertools import takewhile

import httpx2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shadow.reading.sse import FixedBytes, SseEvent, events, read_stream

FIELDS = [b"data: a", b"data:", b"data", b"data:  b", b"event: x", b": comment", b"id: 7", b"retry: 1", b"x", b":", b" "]
ENDINGS = [b"\n", b"\r", b"\r\n", b"\n\n", b"\r\r", b"\r\n\r\n"]
NO_ENDINGS = ["\u2028".encode(), b"\xc2\x85", b"\x0b", b"\xff"]
PIECES = st.sampled_from(FIELDS + ENDINGS + NO_ENDINGS)
BODIES = st.lists(PIECES, max_size=30).map(b"".join)


def slow(body: bytes) -> list[SseEvent]:
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
                found.append(SseEvent(b"\n".join(data), name, position))
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


@pytest.mark.slow
@given(BODIES)
@example(b"\xef\xbb\xbfdata: a\r\n\r\ndata: b\n\n")
@example(b"data: a\r\r\ndata: b\r\r")
def test_events_are_those_of_a_reader_written_by_the_standard(body):
    assert slow(body) == list(events(body))


BLOCKS = st.lists(
    st.lists(
        st.sampled_from(
            [b"data: a", b"data: b", b"data:c", b"data:  d", b"data: ", b"data: data: a", b"event: x", b"id: a", b": a"]
        ),
        max_size=3,
    ).map(b"\n".join),
    max_size=12,
).map(b"\n\n".join)


@given(BLOCKS, st.sampled_from([b"\n", b"\r\n", b"\r"]))
@example(b"data: a\nid: a\n\ndata: a\nid: b\n\n", b"\n")
def test_events_laid_out_alike_or_not_read_as_the_standard_reads_them(blocks, ending):
    body = (blocks + b"\n\n").replace(b"\n", ending)
    assert slow(body) == list(events(body))


@given(BODIES.filter(lambda body: not body.endswith(b"\r")))
def test_events_are_those_that_httpx2_reads(body):
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
    assert (SseEvent("a\u2028b\x0b\x0c\x85\u2029c".encode(), "", len(body)),) == events(body)


def test_an_event_ends_after_its_blank_line():
    assert [event.end for event in events(b"data: x\n\ndata: y\n\n")] == [9, 18]
    assert [event.end for event in events(b"data: x\r\n\r\n\r\ndata:y\r\n\r\n")] == [11, 23]


def test_what_has_no_blank_line_after_it_is_a_tail_and_no_event():
    stream = read_stream(b"data: x\n\ndata: [DONE]")
    assert [event.data for event in stream.events] == [b"x"]
    assert stream.tail == SseEvent(b"[DONE]", "", 21)
    assert read_stream(b"data: x\n\n: comment\n").tail is None


def lines_only(literals):
    """Reads what holds no end of a line, as every JSON string."""
    return [literal.decode("latin-1") for literal in takewhile(lambda literal: not {10, 13} & {*literal}, literals)]


def in_runs(body: bytes, before: bytes, after: bytes) -> list[SseEvent]:
    """The events of a body; after each that is `before`, something and `after`, those that are too are taken in one go."""
    walk, found = read_stream(body).walk(), []
    while event := walk.next():
        found.append(event)
        if len(event.data) >= len(before + after) and event.data.startswith(before) and event.data.endswith(after):
            texts, ends = walk.run(FixedBytes(before), FixedBytes(after), lines_only)
            found += [
                SseEvent(before + text.encode("latin-1") + after, event.event, end) for text, end in zip(texts, ends, strict=True)
            ]
    return found


SHELLS = st.sampled_from([(b'{"a":"', b'"}'), (b'"', b'"'), (b"d", b"}"), (b"da", b"ta"), (b"d", b"\xff")])
PARTS = st.lists(
    st.sampled_from([b"a", b"", b'"', b'"}', b'{"a":"', b"da", b"ta", b"\n", b"\n\n", b"\n\ndata: ", b": x\n\n"]), max_size=3
)
AROUND = st.sampled_from(
    [(b"data: ", b""), (b"data: ", b""), (b"data:", b""), (b"event: x\ndata: ", b""), (b"data: ", b"\nid: 1")]
)


@given(
    SHELLS,
    st.lists(st.tuples(AROUND, PARTS.map(b"".join)), min_size=1, max_size=9),
    st.booleans(),
    st.sampled_from([b"\n", b"\r\n", b"\r"]),
)
def test_events_taken_in_one_go_are_those_read_one_by_one(shell, written, steady, ending):
    before, after = shell
    around = [written[0][0]] * len(written) if steady else [pair for pair, _ in written]
    blocks = [lead + before + part + after + rest + b"\n\n" for (lead, rest), (_, part) in zip(around, written, strict=True)]
    body = b"".join(blocks).replace(b"\n", ending)
    assert in_runs(body, before, after) == read_stream(body).events


@pytest.mark.parametrize("odd", [b"", b"data: <b]\n\n", b": comment\n\n", b"data: <\n\n", b"data: b>\nid: 1\n\n"])
@pytest.mark.parametrize("place", [0, 1, 5, 19, 20])
def test_an_event_of_another_form_ends_a_run_wherever_it_stands(odd, place):
    alike = [b"data: <%d>\n\n" % number for number in range(20)]
    body = b"data: <first>\n\n" + b"".join([*alike[:place], odd, *alike[place:]]) + b"data: [DONE]\n\n"
    walk = read_stream(body).walk()
    walk.next()
    texts, ends = walk.run(FixedBytes(b"<"), FixedBytes(b">"), lines_only)
    assert texts == [str(number) for number in range(20)][: place if odd else 20][: len(texts)]
    assert len(texts) >= place - 1
    assert in_runs(body, b"<", b">") == read_stream(body).events
    assert ends == [event.end for event in read_stream(body).events][1 : len(ends) + 1]


@pytest.mark.parametrize(("number", "alike"), [(None, 20_000), (0, 9), (1, 8), (8, 1), (9, 0), (10, 89), (99, 0), (100, 899)])
def test_events_follow_alike_until_their_number_has_a_digit_more(number, alike):
    assert FixedBytes(b"a", number).alike == alike


@pytest.mark.parametrize(("number", "step", "written"), [(None, 5, b"a%"), (7, 0, b"a%7b%"), (7, 2, b"a%9b%"), (9, 1, b"a%10b%")])
def test_fixed_bytes_are_written_with_the_number_of_a_later_event(number, step, written):
    fixed = FixedBytes(b"a%", number, b"b%")
    assert fixed.of(step) == written
    assert number is None or fixed.format % (number + step) == written


def test_fixed_bytes_stand_behind_and_before_others():
    assert FixedBytes(b"b", 1, b"c").behind(b"a").of(0) == b"ab1c"
    assert FixedBytes(b"b", 1, b"c").ended(b"d").of(0) == b"b1cd"
    assert FixedBytes(b"b").ended(b"d").of(0) == b"bd"


@pytest.mark.parametrize(
    ("body", "holds"), [(b"", False), (b": comment\n\n", False), (b"data: a\n\n", True), (b"data: a", True), (b"event: a", False)]
)
def test_stream_is_true_where_it_holds_an_event_or_the_beginning_of_one(body, holds):
    for ending in (b"\n", b"\r\n", b"\r"):
        assert bool(read_stream(body.replace(b"\n", ending))) is holds
    assert bool(read_stream(b": x\r\n: y\n" + body)) is holds


def run_of(lines: list[bytes], before: FixedBytes, after: FixedBytes):
    walk = read_stream(b"".join(lines)).walk()
    walk.next()
    texts, ends = walk.run(before, after, lines_only)
    return texts, ends, walk.next()


@pytest.mark.parametrize("side", ["before", "after"])
def test_run_of_numbered_events_ends_where_the_number_does_not_follow(side):
    form = b"data: {%d:%b}\n\n" if side == "before" else b"data: {%b:%d}\n\n"
    numbers = [4, 5, 6, 8, 9]
    lines = [form % ((number, b"x") if side == "before" else (b"x", number)) for number in numbers]
    if side == "before":
        found = run_of(lines, FixedBytes(b"{", 4, b":"), FixedBytes(b"}"))
    else:
        found = run_of(lines, FixedBytes(b"{"), FixedBytes(b":", 4, b"}"))
    texts, ends, following = found
    assert (texts, ends) == (["x", "x"], [2 * len(lines[0]), 3 * len(lines[0])])
    assert following.end == 4 * len(lines[0])


def test_no_run_begins_behind_an_event_of_several_lines_or_before_another_form():
    assert run_of([b"data: <a>\nid: 1\n\n", b"data: <b>\n\n"], FixedBytes(b"<"), FixedBytes(b">"))[:2] == ([], [])
    assert run_of([b"data: <a>\n\n", b"data: [b]\n\n"], FixedBytes(b"<"), FixedBytes(b">"))[:2] == ([], [])
    mixed = [b"data: <a>\r\n\r\n", b"data: <b>\n\n"]
    assert run_of(mixed, FixedBytes(b"<"), FixedBytes(b">"))[:2] == ([], [])


def test_run_takes_twenty_thousand_events_at_a_time():
    body = [b"data: <a>\n\n"] * 20_002
    texts, ends, following = run_of(body, FixedBytes(b"<"), FixedBytes(b">"))
    assert (len(texts), ends[-1]) == (20_000, 20_001 * len(body[0]))
    assert following is not None


@pytest.mark.parametrize("second", [b"data: b", b"data:  b", b"data:b", b"data: b\nid: 1", b"event: y\ndata: b", b"data:"])
@pytest.mark.parametrize("first", [b"data: a", b"data:a", b"event: x\ndata: a"])
@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"])
def test_event_behind_one_of_another_layout_is_read_as_alone(first, second, ending):
    body = b"\n\n".join((first, second, first, b"")).replace(b"\n", ending)
    assert [event[:2] for event in events(body)] == [
        event[:2] for part in (first, second, first) for event in events(part + b"\n\n")
    ]


@pytest.mark.parametrize("body", [b"data: a\r\n\r\ndata: b\n\n", b"data: a\n\ndata: b\r\r", b"data: a\r\rdata: b\n\n"])
def test_body_that_mixes_its_line_endings_is_read_line_by_line(body):
    assert [event.data for event in events(body)] == [b"a", b"b"]
    assert events(body)[-1].end == len(body)
