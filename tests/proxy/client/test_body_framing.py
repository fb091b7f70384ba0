"""proxy.client.body_framing: where a body ends, to the byte, however it comes."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.client.body_framing import BrokenBodyError, ChunkedBody, LengthBody


def fed(body, *pieces):
    """What a body is, read from `pieces`, and what came behind it."""
    read = []
    for piece in pieces:
        read.append(body.feed(piece))
        while body.waits:
            read.append(body.feed(b""))
    return b"".join(read), body.ended, body.rest


def cut(data, places):
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[begin:end] for begin, end in pairwise(edges)]


@given(st.binary(max_size=40), st.integers(0, 40), st.lists(st.integers(0, 100), max_size=4))
def test_a_body_of_a_length_ends_at_its_length_however_it_is_cut(data, length, places):
    length = min(length, len(data))
    assert fed(LengthBody(length), *cut(data, places)) == (data[:length], True, data[length:])


PIECES = st.lists(st.binary(min_size=1, max_size=20), max_size=5)
SIZES = st.sampled_from([b"%x", b"%X", b"000%x", b"%x ", b"%x\t", b"%x;a", b"%x ; a = b", b'%x;a="b c"', b"%x;"])
TRAILERS = st.sampled_from([b"", b"X-Sum: 1\r\n", b"A:\r\nB: \xff\r\n"])


@given(PIECES, SIZES, TRAILERS, st.binary(max_size=10), st.lists(st.integers(0, 300), max_size=6))
def test_a_body_in_chunks_is_read_however_it_is_written_and_cut_and_ends_exactly(pieces, size, trailers, behind, places):
    sent = b"".join(b"%b\r\n%b\r\n" % (size % len(piece), piece) for piece in pieces)
    sent += size.replace(b"%x", b"0").replace(b"%X", b"0") + b"\r\n" + trailers + b"\r\n" + behind
    assert fed(ChunkedBody(), *cut(sent, places)) == (b"".join(pieces), True, behind)


BROKEN = [
    *(
        b"\r\n",
        b"-3\r\n",
        b"+3\r\n",
        b"0x3\r\n",
        b"3_\r\n",
        b"zz\r\n",
        b" 3\r\n",
        b"3 a\r\n",
        b"3\n",
        b"3\r3",
        b"3\x0b\r\n",
        b"3;\n",
    ),
    *(b"3;a\rb\r\n", b"3;\x00\r\n", b"3\x00\r\n", b"f" * 16 + b"\r\n", b"1" + b"0" * 15 + b"\r\n", b"\xd9\xa3\r\n"),
    *(b"3\r\nabcd\r\n", b"3\r\nabc\n", b"3\r\nabc\rX", b"0\r\nno field\r\n", b"0\r\n: x\r\n", b"0\r\nA: b\n", b"0\r\n A: b\r\n"),
    *(b"0\r\nA : b\r\n", b"0\r\nA: \x00\r\n", b"0x0\r\n"),
]


@pytest.mark.parametrize("size", [1, 2, 100])
@pytest.mark.parametrize("data", BROKEN)
def test_framing_that_could_be_read_in_two_ways_breaks_the_body_at_once(data, size):
    with pytest.raises(BrokenBodyError):
        fed(ChunkedBody(), *(data[at : at + size] for at in range(0, len(data), size)))


@given(st.binary(max_size=60), st.lists(st.integers(0, 60), max_size=5))
def test_any_bytes_are_read_to_the_same_end_or_broken_alike_however_they_are_cut(data, places):
    results = []
    for pieces in ([data], cut(data, places), [bytes([byte]) for byte in data]):
        try:
            results.append(fed(ChunkedBody(), *pieces))
        except BrokenBodyError:
            results.append(None)
    assert results[0] == results[1] == results[2]


@pytest.mark.parametrize(("digits", "passes"), [(b"f" * 15, True), (b"f" * 16, False), (b"0" * 100 + b"f" * 15, True)])
def test_a_size_of_15_digits_leading_zeros_aside_is_read(digits, passes):
    body = ChunkedBody()
    if passes:
        assert body.feed(digits + b"\r\nabc") == b"abc"
    else:
        with pytest.raises(BrokenBodyError):
            body.feed(digits + b"\r\nabc")


@pytest.mark.parametrize(("length", "passes"), [(4_096, True), (4_097, False)])
def test_a_line_of_framing_that_is_not_over_may_have_4_kib(length, passes):
    body, line = ChunkedBody(), b"3;" + b"a" * (length - 2)
    if passes:
        assert fed(body, line, b"\r\nabc\r\n0\r\n\r\n") == (b"abc", True, b"")
    else:
        with pytest.raises(BrokenBodyError):
            body.feed(line)


def test_a_body_whose_extensions_are_more_than_64_kib_is_broken():
    chunk = b"1;%b\r\nx\r\n" % (b"a" * 1_016)  # 1,020 bytes of framing, of which 20 are usual
    body = ChunkedBody()
    assert body.feed(chunk * 65) == b"x" * 65
    with pytest.raises(BrokenBodyError):
        body.feed(chunk)


@pytest.mark.parametrize(("count", "waits"), [(1_000, False), (1_001, True)])
def test_at_most_1000_chunks_are_read_at_once(count, waits):
    body = ChunkedBody()
    assert body.feed(b"1\r\nb\r\n" * count) == b"b" * 1_000
    assert body.waits is waits
    assert fed(body, b"0\r\n\r\nX")[1:] == (True, b"X")


def test_a_body_shows_what_of_it_has_not_come():
    body = LengthBody(5)
    body.feed(b"ab")
    assert (repr(body), body.ended, body.waits) == ("<LengthBody left=3>", False, False)
    chunked = ChunkedBody()
    assert repr(chunked) == "<ChunkedBody left=0 ended=False waits=False>"
    chunked.feed(b"5\r\nab")
    assert repr(chunked) == "<ChunkedBody left=3 ended=False waits=False>"
    chunked.feed(b"cde\r\n0\r\n\r\n")
    assert repr(chunked) == "<ChunkedBody left=0 ended=True waits=False>"


@pytest.mark.parametrize(
    ("fed_pieces", "got"),
    [
        ([b"3\r\nabc\r\n2\r\nde"], [b"abcde"]),
        ([b"3", b"\r\nab", b"c\r", b"\n0\r\n\r\n"], [b"", b"ab", b"c", b""]),
        ([b"a;x=y \r\n", b"0123456789", b"\r\n"], [b"", b"0123456789", b""]),
        ([b"00A \r\n0123456789\r\n"], [b"0123456789"]),
    ],
)
def test_each_read_gives_what_of_it_is_body(fed_pieces, got):
    body = ChunkedBody()
    assert [body.feed(piece) for piece in fed_pieces] == got


@pytest.mark.parametrize(
    ("pieces", "rest"),
    [
        ([b"1\r\nb\r\n0\r\n\r\nGET"], b"GET"),
        ([b"1\r\nb\r\n0\r\nA: b\r\n\r", b"\nG", b"ET"], b"GET"),
        ([b"0\r\n", b"\r\n"], b""),
    ],
)
def test_what_comes_behind_a_chunked_body_is_kept_for_the_next_request(pieces, rest):
    body = ChunkedBody()
    for piece in pieces:
        body.feed(piece)
    assert (body.ended, body.rest) == (True, rest)


def test_what_comes_behind_a_body_of_a_length_is_kept_for_the_next_request():
    body = LengthBody(2)
    assert [body.feed(piece) for piece in (b"a", b"bGE", b"T")] == [b"a", b"b", b""]
    assert (body.ended, body.rest) == (True, b"GET")


@pytest.mark.parametrize(("trailers", "passes"), [(64, True), (65, False)])
def test_trailers_of_64_kib_are_read_and_no_more(trailers, passes):
    lines = b"".join(b"X: %b\r\n" % (b"y" * 1_021) for _ in range(trailers))  # 1,024 bytes each, without its end
    body = ChunkedBody()
    if passes:
        assert fed(body, b"0\r\n" + lines + b"\r\n") == (b"", True, b"")
    else:
        with pytest.raises(BrokenBodyError):
            body.feed(b"0\r\n" + lines)


@pytest.mark.parametrize(("length", "passes"), [(4_094, True), (4_095, False)])
def test_a_trailer_has_4_kib_with_its_end(length, passes):
    line = b"X:" + b"y" * (length - 2) + b"\r\n"
    body = ChunkedBody()
    if passes:
        assert fed(body, b"0\r\n" + line + b"\r\n") == (b"", True, b"")
    else:
        with pytest.raises(BrokenBodyError):
            body.feed(b"0\r\n" + line)


@pytest.mark.parametrize(("size", "count", "passes"), [(20, 5_000, True), (21, 65_536, True), (21, 65_537, False)])
def test_the_usual_twenty_bytes_of_a_size_are_not_counted(size, count, passes):
    chunk = b"1;" + b"a" * (size - 4) + b"\r\nx\r\n"
    body = ChunkedBody()
    sent = chunk * count
    if passes:
        assert fed(body, sent)[0] == b"x" * count
    else:
        with pytest.raises(BrokenBodyError):
            fed(body, sent)
