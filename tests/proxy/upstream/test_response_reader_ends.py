"""proxy.upstream.response_reader: how an answer ends, at each of its limits and beside it, and what is said of it."""

import itertools

import pytest
from httptools import HttpParserError

from proxy.exchange import FailureKind, Role
from proxy.record.capture import Capture
from proxy.record.recorded_head import RecordedHead
from proxy.upstream import response_reader as module
from proxy.upstream.known_heads import KnownHeads, PatternBudget
from proxy.upstream.response_consumer import HeadRewrite
from proxy.upstream.response_head import read_head
from proxy.upstream.response_reader import ResponseReader
from tests.wires import STREAM_HEAD, chunks, ok

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n"
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\n\r\n"


class Client:
    """Takes heads as they came, and keeps what is written."""

    def __init__(self):
        self.written = []

    def begin(self, head):
        return HeadRewrite(head=head.raw)

    def write(self, data):
        self.written.append(data)


class Told(Capture):
    """A capture that keeps what it was told of the head."""

    __slots__ = ("told",)

    def head(self, *args, **named):
        self.told = named
        super().head(*args, **named)


def answer(*pieces, method="GET", limit=10_000, switch=b"", known=None):
    capture = Told(identity="", role=Role.PRIMARY, started=0.0, begun=0.0, limit=10**6, head=RecordedHead(method, "/", ()))
    client = Client()
    made = ResponseReader(method=method, limit=limit, capture=capture, reader=client, switch=switch)
    made.known = known
    for moment, piece in enumerate(pieces):
        made.feed(piece, float(moment))
    return made, client, capture


@pytest.mark.parametrize(
    ("data", "reset", "cut", "kind", "detail"),
    [
        (b"", False, False, FailureKind.CLOSED, "before any byte of an answer"),
        (b"H", False, False, FailureKind.CLOSED, "inside the head of the answer"),
        (b"HTTP/1.1 100 \r\n\r\n", True, False, FailureKind.RESET, "inside the head of the answer"),
        (ok(b"hello")[:-1], False, False, FailureKind.CLOSED, "after 4 of 5 bytes of the body"),
        (ok(b"hello")[:-5], True, False, FailureKind.RESET, "after 0 of 5 bytes of the body"),
        (ok(b"hello")[:-1], False, True, FailureKind.CLOSED, "after 4 of 5 bytes of the body"),
        (CHUNKED + chunks(b"hello"), False, False, FailureKind.CLOSED, "after 5 bytes of an unfinished body"),
        (UNTIL_CLOSE + b"he", True, False, FailureKind.RESET, "after 2 bytes of an unfinished body"),
        (
            *(UNTIL_CLOSE + b"he", False, True),
            *(FailureKind.CLOSED, "after 2 bytes of an unfinished body (TLS ended without close_notify)"),
        ),
    ],
)
def test_an_answer_that_breaks_off_says_where(data, reset, cut, kind, detail):
    made, _, _ = answer(*([data] if data else []))
    made.eof(reset=reset, cut=cut)
    assert (made.over, made.reusable, made.failure.kind, made.failure.detail) == (True, False, kind, detail)
    assert made.failure.after_head == (b"200" in data)


@pytest.mark.parametrize(
    ("data", "switch", "reset", "cut", "whole"),
    [
        (UNTIL_CLOSE + b"he", b"", False, False, True),
        (UNTIL_CLOSE, b"", False, False, True),
        (SWITCH + b"he", b"websocket", False, False, True),
        (SWITCH + b"he", b"websocket", False, True, True),
        (SWITCH + b"he", b"websocket", True, False, False),
    ],
)
def test_an_answer_without_an_end_of_its_own_is_whole_at_a_clean_end(data, switch, reset, cut, whole):
    made, client, capture = answer(data, switch=switch)
    made.eof(reset=reset, cut=cut)
    assert (made.over, made.reusable, made.failure is None) == (True, False, whole)
    assert b"".join(client.written) == data
    assert capture.size == len(data.partition(b"\r\n\r\n")[2])


def test_an_end_behind_a_whole_answer_changes_nothing():
    made, _, _ = answer(ok(b"x"))
    made.eof(reset=True)
    assert (made.failure, made.reusable) == (None, True)


@pytest.mark.parametrize("switch", [b"", b"h2c"])
def test_a_switch_of_protocols_that_was_not_requested_is_malformed(switch):
    made, client, _ = answer(SWITCH, switch=switch)
    assert (made.failure.kind, made.failure.detail) == (
        FailureKind.MALFORMED,
        "it switches protocols without a request to do so",
    )
    assert client.written == []


@pytest.mark.parametrize("size", [1, 7, 1_000])
@pytest.mark.parametrize("interim", [b"", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"])
@pytest.mark.parametrize(("more", "passes"), [(0, True), (-1, False)])
def test_heads_of_exactly_the_limit_pass_and_of_one_byte_more_do_not(size, interim, more, passes):
    heads = interim + ok(b"")
    limit = len(heads) + more
    made, _, _ = answer(*(heads[at : at + size] for at in range(0, len(heads), size)), limit=limit)
    if passes:
        assert (made.failure, made.reusable) == (None, True)
    else:
        assert (made.failure.kind, made.failure.detail) == (FailureKind.TOO_LARGE, f"more than {limit} bytes")


def learnt(raw):
    known = KnownHeads(PatternBudget())
    for _ in range(3):
        known.learn(read_head(raw, "GET"))
    return known


def test_a_head_of_a_known_shape_counts_with_the_heads_before_it():
    head, interim = ok(b""), b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
    for limit, passes in ((len(head + interim), True), (len(head + interim) - 1, False)):
        made, _, _ = answer(interim, head, limit=limit, known=learnt(head))
        assert (made.failure is None) == passes


@pytest.mark.parametrize(("limit", "passes"), [(len(ok(b"")), True), (len(ok(b"")) - 1, False)])
def test_a_head_of_a_known_shape_has_the_limit_of_any_head(limit, passes):
    made, _, _ = answer(ok(b""), limit=limit, known=learnt(ok(b"")))
    assert (made.failure is None) == passes


def test_an_answer_to_head_of_a_known_shape_has_no_body():
    made, _, _ = answer(ok(b"hello")[:-5], method="HEAD", known=learnt(ok(b"hello")[:-5]))
    assert (made.over, made.reusable) == (True, True)


@pytest.mark.parametrize("known", [False, True])
def test_a_chunked_answer_is_read_the_same_whether_its_head_is_known(known):
    body = chunks(b"ab", b"c") + b"0\r\n\r\n"
    made, client, capture = answer(CHUNKED + body[:4], body[4:], known=learnt(CHUNKED) if known else None)
    assert (made.over, made.reusable, made.failure) == (True, True, None)
    assert b"".join(client.written) == CHUNKED + body
    assert capture.end(9.0).response.body == b"abc"


def test_the_third_answer_of_one_shape_is_known():
    known = KnownHeads(PatternBudget())
    for _ in range(3):
        assert known.read(ok(b"")) is None
        answer(ok(b""), known=known)
    assert known.read(ok(b"")).status == 200


@pytest.mark.parametrize(
    ("fields", "events", "coded"),
    [
        ((b"Content-Type: text/event-stream",), True, False),
        ((b"Content-Type: text/event-stream", b"Content-Encoding: gzip"), False, True),
        ((b"Content-Type: application/json",), False, False),
    ],
)
def test_what_a_head_says_of_its_body_is_noted_with_its_length(fields, events, coded):
    _, _, capture = answer(ok(b"hello", *fields))
    assert capture.told == {"events": events, "length": 5, "coded": coded}


@pytest.mark.parametrize("places", [(), (-2,), (-6,)])
@pytest.mark.parametrize(
    ("data", "reusable"),
    [
        (ok(b"hello"), True),
        (ok(b"hello") + b"!", False),
        (ok(b"hello", b"Connection: close"), False),
        (NO_CONTENT, True),
        (NO_CONTENT + b"!", False),
        (CHUNKED + chunks(b"hello") + b"0\r\n\r\n", True),
        (CHUNKED + chunks(b"hello") + b"0\r\n\r\nHTTP", False),
        (CHUNKED + chunks(b"hello") + b"0\r\nX: y\r\n\r\n", True),
    ],
)
def test_a_connection_serves_again_only_behind_an_answer_that_ends_exactly(data, reusable, places):
    edges = [0, *(len(data) + place for place in places), len(data)]
    pieces = [data[start:end] for start, end in itertools.pairwise(edges)]
    made, client, _ = answer(pieces[0])
    for piece in pieces[1:]:
        if not made.over:
            made.feed(piece, 1.0)
    assert (made.over, made.failure, made.reusable) == (True, None, reusable)
    assert data.startswith(b"".join(client.written))


def test_a_whole_answer_that_comes_at_once_is_written_at_once_as_it_came():
    data = ok(b"hello")
    _, client, capture = answer(data)
    assert client.written == [data]
    assert [(mark.seconds, mark.end) for mark in capture.end(9.0).response.marks] == [(0.0, 5)]


def test_an_answer_without_a_body_has_no_piece():
    _, _, capture = answer(ok(b""))
    assert (capture.size, list(capture.end(9.0).response.marks)) == (0, [])


@pytest.mark.parametrize(("size", "passes"), [(1_000, True), (1_001, False)])
def test_framing_without_a_body_byte_may_have_the_limit_of_a_head(size, passes):
    made, client, _ = answer(CHUNKED, b"1\r\nb\r\n", limit=1_000)
    for _ in range(size // 100):
        made.feed(b"0\r\nX: " + b"y" * 94 if client.written[-1] == b"1\r\nb\r\n" else b"y" * 100, 9.0)
    made.feed(b"y" * (size % 100), 9.0) if size % 100 else None
    assert made.over != passes
    if not passes:
        assert made.failure.detail == "more than 1000 bytes of chunk framing without a body byte"


def test_a_body_byte_begins_the_count_of_framing_again():
    made, _, capture = answer(CHUNKED, b"1\r\na\r\n", limit=1_000)
    for _ in range(5):
        made.feed(b"1;" + b"e" * 500, 9.0)
        made.feed(b"e" * 300, 9.0)
        made.feed(b"\r\nb\r\n", 9.0)
    assert (made.over, capture.size) == (False, 6)


@pytest.mark.parametrize(("size", "waits"), [(64, True), (65, False)])
def test_of_the_first_chunk_a_size_of_64_bytes_is_waited_for(size, waits):
    _, client, _ = answer(CHUNKED, b"5" + b" " * (size - 1))
    assert (len(client.written) == 1) == waits


@pytest.mark.parametrize("begun", [b"5", b"5\r", b"1f \t", b""])
def test_the_size_of_the_first_chunk_is_passed_on_once_it_is_whole(begun):
    made, client, _ = answer(CHUNKED, begun)
    assert client.written == [CHUNKED]
    assert not made.over


def test_its_picture_shows_its_head_its_size_and_how_it_failed():
    made, _, _ = answer(ok(b"hello")[:-2])
    assert repr(made) == "<ResponseReader 200 content-length body=3 over=False failure=''>"
    made.eof(reset=True)
    assert repr(made) == "<ResponseReader 200 content-length body=3 over=True failure='reset'>"
    assert repr(answer()[0]) == "<ResponseReader no head body=0 over=False failure=''>"


def test_an_event_stream_is_written_piece_by_piece():
    _, client, _ = answer(STREAM_HEAD, chunks(b"one"), chunks(b"two"))
    assert client.written == [STREAM_HEAD, chunks(b"one"), chunks(b"two")]


@pytest.mark.parametrize("size", [1, 5, 1_000])
def test_a_bare_line_feed_in_a_head_is_malformed_as_soon_as_it_comes(size):
    head = b"HTTP/1.1 200 OK\r\nA: b\nC"
    made, client, _ = answer(*(head[at : at + size] for at in range(0, len(head), size)))
    assert (made.failure.kind, made.failure.detail, client.written) == (
        *(FailureKind.MALFORMED, "a line of its head ends with a bare line feed"),
        [],
    )


class Strict:
    """llhttp, refusing what the reader of our own accepts."""

    def __init__(self, _events):
        pass

    def feed_data(self, data):
        raise HttpParserError(f"{len(data)} bytes")


def test_a_head_that_llhttp_refuses_is_malformed_though_the_other_reader_accepts_it(monkeypatch):
    monkeypatch.setattr(module, "HttpResponseParser", Strict)
    made, client, _ = answer(ok(b""))
    assert (made.failure.kind, made.failure.detail, client.written) == (FailureKind.MALFORMED, f"{len(ok(b''))} bytes", [])


@pytest.mark.parametrize("limit", [len(ok(b"")), 10_000])
def test_a_head_of_a_known_shape_is_read_by_its_shape_alone(monkeypatch, limit):
    known = learnt(ok(b""))
    for reader in ("read_head", "HttpResponseParser"):
        monkeypatch.setattr(module, reader, lambda *_: pytest.fail("another reader was needed"))
    made, client, _ = answer(ok(b""), limit=limit, known=known)
    assert (made.reusable, client.written) == (True, [ok(b"")])


@pytest.mark.parametrize("whole", [ok(b"hello"), NO_CONTENT, CHUNKED + chunks(b"hello") + b"0\r\n\r\n"])
@pytest.mark.parametrize("size", [20, 1_000])
def test_an_answer_that_is_over_takes_nothing_more(whole, size):
    made, client, capture = answer(*(whole[at : at + size] for at in range(0, len(whole), size)))
    before = capture.size
    made.feed(ok(b"another"), 9.0)
    assert (b"".join(client.written), capture.size, made.failure, made.reusable) == (whole, before, None, True)


def test_an_answer_that_failed_takes_nothing_more():
    made, client, capture = answer(ok(b"hello")[:-2])
    made.fail(FailureKind.SILENCE_TIMEOUT, "no byte in 600 s")
    made.feed(b"lo", 9.0)
    assert (b"".join(client.written), capture.size, made.failure.detail) == (ok(b"hello")[:-2], 3, "no byte in 600 s")


@pytest.mark.parametrize(("size", "passes"), [(1_000, True), (1_001, False)])
def test_framing_before_the_first_body_byte_has_the_same_limit(size, passes):
    made, _, _ = answer(CHUNKED, b"1;" + b"e" * (size - 2), limit=1_000)
    assert made.over != passes


def test_a_last_chunk_whose_place_in_the_bytes_is_not_known_is_malformed(monkeypatch):
    monkeypatch.setattr(module, "chunked_end", lambda *_, **__: None)
    made, client, capture = answer(CHUNKED, chunks(b"hello"), b"0\r\n", b"\r\n")
    assert (made.failure.kind, made.failure.detail) == (FailureKind.MALFORMED, "bytes follow its last chunk")
    assert (b"".join(client.written), capture.size) == (CHUNKED + chunks(b"hello") + b"0\r\n", 5)
