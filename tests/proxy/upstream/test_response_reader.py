"""proxy.upstream.response_reader: any cut of the bytes reads the same, and only what is sound is passed on."""

from itertools import pairwise
from string import ascii_letters

import httptools
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.exchange import FailureKind, Role
from proxy.record.capture import Capture
from proxy.record.recorded_head import RecordedHead
from proxy.upstream.chunked_body import REFUSED_EXTENSION
from proxy.upstream.response_consumer import HeadRewrite
from proxy.upstream.response_reader import ResponseReader
from tests.wires import STREAM_HEAD, chunks, ok

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


class Kept:
    def __init__(self, *, plain=False):
        self.plain = plain
        self.written = b""
        self.heads = []

    def begin(self, head):
        self.heads.append(head.status)
        return HeadRewrite(head=b"<%d>" % head.status, plain=self.plain)

    def write(self, data):
        self.written += data


def read(pieces, *, method="GET", plain=False, limit=10_000):
    capture = Capture(identity="", role=Role.PRIMARY, started=0.0, begun=0.0, limit=10**6, head=RecordedHead(method, "/", ()))
    reader = Kept(plain=plain)
    answer = ResponseReader(method=method, limit=limit, capture=capture, reader=reader)
    for moment, piece in enumerate(pieces):
        if answer.over:
            break
        answer.feed(piece, float(moment))
    while answer.rest:
        answer.read_on()
    return answer, reader, capture


def cut(data, places):
    edges = [0, *sorted({place % (len(data) + 1) for place in places}), len(data)]
    return [data[start:end] for start, end in pairwise(edges) if start < end]


BODIES = st.lists(
    st.binary(min_size=1, max_size=30) | st.sampled_from([b"\r\n", b"0\r\n\r\n", b"\r\n0\r\n\r\n", b"data: x\n\n"]), max_size=6
)


@pytest.mark.slow
@settings(max_examples=150)
@given(BODIES, st.lists(st.integers(0, 400), max_size=12), st.sampled_from([b"", b"X: y\r\n", b"X: " + b"y" * 300 + b"\r\n"]))
def test_a_chunked_body_reads_the_same_however_it_is_cut(pieces, places, trailer):
    body = chunks(*pieces) + b"0\r\n" + trailer + b"\r\n"
    for plain in (False, True):
        answer, reader, capture = read(cut(CHUNKED + body, places), plain=plain)
        assert (answer.over, answer.reusable, answer.failure) == (True, True, None)
        assert reader.written == b"<200>" + (b"".join(pieces) if plain else body)
        assert capture.end(9.0).response.body == b"".join(pieces)


@pytest.mark.parametrize("size", [1, 7, 100])
def test_a_head_that_never_ends_is_given_up_at_the_limit_however_it_drips(size):
    endless = b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 400
    answer, _, _ = read(cut(endless, range(0, len(endless), size)), limit=1_000)
    assert answer.failure.kind is FailureKind.TOO_LARGE
    small = endless[: 1_000 - 1_000 % size]
    assert read(cut(small, range(0, len(small), size)), limit=1_000)[0].failure is None


@pytest.mark.parametrize("pieces", [(b"HT", b"TQ/1.1 2"), (b"", b"x"), (b"HTTP/1", b",")])
def test_what_does_not_begin_like_http_is_given_up_at_once(pieces):
    answer, _, _ = read(pieces)
    assert answer.failure.kind is FailureKind.MALFORMED
    assert not answer.untouched


@given(st.binary(max_size=60), st.lists(st.integers(0, 200), max_size=8), st.binary(max_size=5))
def test_a_body_with_a_length_ends_there(body, places, excess):
    answer, reader, capture = read(cut(ok(body) + excess, places))
    assert reader.written == b"<200>" + body
    assert answer.over
    assert answer.failure is None
    assert capture.size == len(body)


@given(
    st.lists(st.text(ascii_letters, min_size=1, max_size=9).map(str.encode), max_size=4),
    st.lists(st.integers(0, 200), max_size=8),
    st.binary(min_size=1, max_size=9),
)
def test_nothing_beyond_the_last_chunk_is_passed_on(pieces, places, excess):
    body = chunks(*pieces) + b"0\r\n\r\n"
    answer, reader, _ = read([CHUNKED, *cut(body + excess, places)])
    assert answer.over
    assert reader.written == b"<200>" + body


@given(st.binary(max_size=80), st.lists(st.integers(0, 200), max_size=8))
def test_bytes_of_any_kind_never_raise_and_only_sound_ones_pass(noise, places):
    for start in (b"", b"HTTP/1.1 ", b"HTTP/1.1 200 OK\r\n", CHUNKED, STREAM_HEAD + chunks(b"ok")):
        answer, reader, _ = read(cut(start + noise, places))
        if answer.failure is not None and not answer.failure.after_head:
            assert reader.written == b""


def test_long_trailers_in_single_bytes_are_an_end_like_any_other():
    end = b"0\r\n" + b"".join(b"X-%d: %s\r\n" % (number, b"y" * 100) for number in range(5)) + b"\r\n"
    answer, reader, _ = read([CHUNKED + chunks(b"ok"), *(bytes([byte]) for byte in end)])
    assert (answer.failure, answer.reusable) == (None, True)
    assert reader.written == b"<200>" + chunks(b"ok") + end


@pytest.mark.parametrize("body", [b"\r\n0\r\n", b"x\r\n0\r\n\r\n", b"0\r\n" * 3])
def test_a_body_that_ends_like_a_last_chunk_has_its_trailers_behind_it(body):
    whole = chunks(body) + b"0\r\nX: y\r\n\r\n"
    cut_at = len(whole) - len(b"\r\n0\r\nX: y\r\n\r\n")
    answer, reader, _ = read([CHUNKED + whole[:cut_at], whole[cut_at:]])
    assert (answer.failure, answer.reusable) == (None, True)
    assert reader.written == b"<200>" + whole


SPACED = st.sampled_from([b"; a", b";a =b", b";a= b", b";a=1 ", b' ;a="b c" ', b"\t;\ta", b";"])
PLAIN = st.sampled_from([b"", b" ", b";a", b";a=b", b' ;a="b ; c"'])
TEXTS = st.sampled_from(
    [b"x", b"5", b"ok", b"data: one; two\n\n", b"\r\n", b"1 ; a\r\n", b"1\r\n1", b"1; a\r\n1\r\n", b"2;", b"y" * 40]
)


@pytest.mark.slow
@settings(max_examples=300)
@given(
    st.lists(st.tuples(TEXTS, PLAIN), min_size=1, max_size=4),
    st.lists(st.tuples(TEXTS, SPACED | PLAIN), max_size=4),
    SPACED | PLAIN,
    st.lists(st.integers(0, 400), max_size=6),
)
def test_spaced_extensions_of_any_chunk_are_read_or_refused_and_never_misread(first, then, last, places):
    """Where the bytes of one read can be cut into the same pieces in two ways the answer is refused."""
    body = (
        b"".join(b"%x%b\r\n%b\r\n" % (len(text), extension, text) for text, extension in first + then) + b"0" + last + b"\r\n\r\n"
    )
    texts = b"".join(text for text, _ in first + then)
    answer, reader, capture = read([CHUNKED, *cut(body, places)])
    if answer.failure is None:
        assert (answer.reusable, reader.written, capture.end(9.0).response.body) == (True, b"<200>" + body, texts)
    else:
        assert REFUSED_EXTENSION in answer.failure.detail
        assert texts.startswith(capture.end(9.0).response.body)
        assert (b"<200>" + body).startswith(reader.written)


@given(
    st.lists(st.tuples(st.text(ascii_letters[6:], min_size=1, max_size=9), SPACED | PLAIN), max_size=6),
    st.lists(st.integers(0, 400)),
)
def test_spaced_extensions_of_any_chunk_are_read_where_the_data_is_no_framing(chunked, places):
    body = b"".join(b"%x%b\r\n%b\r\n" % (len(text), extension, text.encode()) for text, extension in chunked)
    for start in (b"2\r\nok\r\n", b"2;a\r\nok\r\n"):
        answer, reader, capture = read([CHUNKED, *cut(start + body + b"0 ; a\r\n\r\n", places)])
        assert (answer.failure, answer.reusable) == (None, True)
        assert reader.written == b"<200>" + start + body + b"0 ; a\r\n\r\n"
        assert capture.end(9.0).response.body == b"ok" + "".join(text for text, _ in chunked).encode()


A_READ = 64 * 1024
"""Bytes that are read at once; event loops read four times as many at most."""
KINDS = [
    *(b"1\r\nb\r\n", b"1;a\r\nb\r\n", b"1 ;a=b\r\nb\r\n", b"2\r\n\r\n\r\n", b"001\r\n0\r\n"),
    b"40\r\n" + b"x" * 64 + b"\r\n",
]
ENDS = [b"0\r\n\r\n", b"0\r\nX: y\r\n\r\n", b"0;a\r\n\r\n", b""]


class Counting(Capture):
    """A capture that counts the pieces of each turn."""

    def __init__(self, **told):
        super().__init__(**told)
        self.turns = [0]

    def add(self, piece, now):
        self.turns[-1] += 1
        super().add(piece, now)


def in_turns(pieces, *, plain=False):
    """As `read`, but what comes in `pieces` comes at once, before a first turn is over."""
    capture = Counting(identity="", role=Role.PRIMARY, started=0.0, begun=0.0, limit=10**6, head=RecordedHead("GET", "/", ()))
    reader = Kept(plain=plain)
    answer = ResponseReader(method="GET", limit=65_536, capture=capture, reader=reader)
    for piece in pieces:
        capture.turns.append(0)
        answer.feed(piece, 0.0)
    while answer.rest:
        capture.turns.append(0)
        answer.read_on()
    return answer, reader, capture


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(KINDS), min_size=1, max_size=4), st.sampled_from(ENDS), st.booleans(), st.integers(0, 100_000))
def test_of_very_many_chunks_some_are_read_in_a_turn_and_all_in_the_end(kinds, end, plain, place):
    """1,000 chunks, and those of 4 KiB at most, 6 bytes each, of which the last were."""
    body = b"".join(kinds) * (A_READ // len(b"".join(kinds))) + end
    answer, reader, capture = in_turns(cut(CHUNKED + body, [place]), plain=plain)
    assert max(capture.turns) <= 1_000 + 683
    slowly, expected, kept = read([CHUNKED, *(body[at : at + 900] for at in range(0, len(body), 900))], plain=plain)
    assert reader.written == expected.written
    assert (answer.over, answer.head.keep, answer.failure) == (slowly.over, slowly.head.keep, slowly.failure)
    assert capture.end(1.0).response.body == kept.end(1.0).response.body
    assert answer.reusable == slowly.reusable


@pytest.mark.parametrize("kind", [KINDS[0], KINDS[1], KINDS[5]])
@pytest.mark.parametrize("excess", [b"HTTP/1.1 200 OK\r\n\r\n0\r\n\r\n", b"HTTP/1.1 200 OK" * 9_000, b"\r\n"])
def test_what_follows_very_many_chunks_is_never_passed_on(kind, excess):
    body = kind * (A_READ // len(kind)) + b"0\r\n\r\n"
    for plain in (False, True):
        answer, reader, capture = in_turns([CHUNKED + body + excess], plain=plain)
        assert (answer.over, answer.reusable) == (True, False)
        data = kind[kind.index(b"\n") + 1 : -2] * (A_READ // len(kind))
        assert reader.written == b"<200>" + (data if plain else body)
        assert capture.end(1.0).response.body == data


@pytest.mark.parametrize("kind", [KINDS[0], KINDS[1], KINDS[5]])
def test_spaced_extensions_behind_very_many_chunks_are_read(kind):
    body, end = kind * (A_READ // len(kind)), b"2; a = b\r\nok\r\n0 ; c\r\n\r\n"
    answer, reader, capture = in_turns([CHUNKED + b"1\r\n.\r\n" + body + end])
    assert (answer.failure, answer.reusable) == (None, True)
    assert capture.end(1.0).response.body == b"." + kind[kind.index(b"\n") + 1 : -2] * (A_READ // len(kind)) + b"ok"
    assert reader.written.endswith(body + end)


@pytest.mark.parametrize(("count", "read_by"), [(49, [50]), (50, [50, 51]), (120, [50, 100, 121])])
def test_of_very_many_heads_fifty_are_read_in_a_turn(count, read_by):
    answer, reader, _ = in_turns([])
    answer.feed(b"HTTP/1.1 100 \r\n\r\n" * count + ok(b"x"), 0.0)
    turns = [len(reader.heads)]
    while answer.rest:
        answer.read_on()
        turns.append(len(reader.heads))
    assert turns == read_by
    assert (reader.heads[-1], answer.reusable) == (200, True)


@pytest.mark.parametrize("kind", [KINDS[0], KINDS[1]])
def test_a_bad_chunk_behind_very_many_ends_the_answer(kind):
    body = kind * (A_READ // len(kind))
    answer, reader, capture = in_turns([CHUNKED + body + b"g\r\n" + body])
    assert (answer.failure.kind, answer.rest) == (FailureKind.MALFORMED, b"")
    assert (b"<200>" + body).startswith(reader.written)
    assert capture.size == A_READ // len(kind)


def test_an_answer_that_fails_leaves_nothing_to_read():
    answer, _, _ = in_turns([])
    answer.feed(CHUNKED + b"1\r\nb\r\n" * 40_000, 0.0)
    assert answer.rest
    answer.fail(FailureKind.CLIENT_GONE, "it left")
    assert (answer.rest, answer.over) == (b"", True)


def test_what_is_sound_before_a_bad_chunk_is_passed_on():
    answer, reader, capture = read([CHUNKED, b"5\r\nhello\r\n5\r\nagain\r\nXY\r\n"])
    assert reader.written == b"<200>5\r\nhello\r\n5\r\nagain"
    assert (answer.failure.kind, answer.reusable) == (FailureKind.MALFORMED, False)
    assert capture.end(1.0).response.body == b"helloagain"


def test_interim_heads_are_passed_on_in_order_before_the_final_one():
    answer, reader, _ = read([b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n", b"Link: x\r\n\r\n" + ok(b"x")])
    assert reader.heads == [100, 103, 200]
    assert reader.written == b"<100><103><200>x"
    assert answer.reusable


def test_an_answer_to_head_ends_with_its_head():
    answer, reader, _ = read([b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"], method="HEAD")
    assert (answer.over, answer.reusable, reader.written) == (True, True, b"<200>")
    answer, reader, _ = read([b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"], method="HEAD")
    assert (answer.over, answer.reusable, reader.written) == (True, False, b"<200>")


@pytest.mark.parametrize(
    ("data", "reset", "kind"),
    [
        (b"", False, FailureKind.CLOSED),
        (b"", True, FailureKind.RESET),
        (b"HTTP/1.1 200", False, FailureKind.CLOSED),
        (CHUNKED + b"5\r\nhe", False, FailureKind.CLOSED),
        (CHUNKED + chunks(b"hello"), False, FailureKind.CLOSED),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe", False, FailureKind.CLOSED),
        (b"HTTP/1.1 200 OK\r\n\r\nhe", True, FailureKind.RESET),
        (b"HTTP/1.1 200 OK\r\n\r\nhe", False, None),
    ],
)
def test_an_end_of_the_connection_ends_only_what_may_end_so(data, reset, kind):
    answer, _, _ = read([data] if data else [])
    assert answer.untouched == (not data)
    answer.eof(reset=reset)
    assert answer.over
    assert not answer.reusable
    assert (answer.failure and answer.failure.kind) == kind


def test_the_first_cause_of_a_failure_stays():
    answer, _, _ = read([])
    answer.fail(FailureKind.SILENCE_TIMEOUT, "first")
    answer.fail(FailureKind.CLIENT_GONE, "second")
    answer.eof(reset=True)
    assert answer.failure.detail == "first"


@pytest.mark.parametrize("behind", range(4))
def test_an_answer_whose_reader_has_gone_is_read_to_its_end_and_written_nowhere(behind):
    pieces = [b"HTTP/1.1 200 OK\r\nTransfer-", b"Encoding: chunked\r\n\r\n", chunks(b"one"), chunks(b"two"), b"0\r\n\r\n"]
    answer, reader, capture = read(pieces[:behind])
    before = reader.written
    answer.mute()
    for piece in pieces[behind:]:
        answer.feed(piece, 9.0)
    assert (answer.over, answer.reusable, answer.failure) == (True, True, None)
    assert reader.written == before
    assert capture.end(9.0).response.body == b"onetwo"


def test_moments_are_kept_for_each_piece():
    _, _, capture = read([CHUNKED, chunks(b"ab"), chunks(b"c", b"d")])
    assert [(mark.seconds, mark.end) for mark in capture.end(9.0).response.marks] == [(1.0, 2), (2.0, 3), (2.0, 4)]


@pytest.mark.parametrize("junk", [b"1;" + b"e" * 20_000, b"0\r\nA: " + b"b" * 20_000, b"0\r\n" + b"A: b\r\n" * 4_000])
def test_framing_without_a_body_byte_has_a_limit(junk):
    answer, _, _ = read([CHUNKED, *cut(junk, range(0, len(junk), 1_000))])
    assert answer.failure.kind is FailureKind.MALFORMED


def test_underlying_parser_is_as_strict_as_required():
    for head in (b"Content-Length: 3\r\nTransfer-Encoding: chunked", b"A: b\r\n c", b"A : b", b"A: b\nC: d"):
        with pytest.raises(httptools.HttpParserError):
            httptools.HttpResponseParser(object()).feed_data(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"3;a = b\r\nabcX0\r\n\r\n", "a chunk is longer than its size"),
        (b"3 ;a\r\nabc\r\nzz\r\n", "Invalid character in chunk size"),
    ],
)
def test_a_chunk_behind_a_spaced_extension_that_is_not_framed_is_malformed_with_its_reason(body, why):
    answer, _, _ = read([CHUNKED + body])
    assert (answer.failure.kind, answer.failure.detail) == (FailureKind.MALFORMED, why)
