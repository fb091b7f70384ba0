"""proxy.upstream.chunked_body: chunked bodies with extensions are read the same however they are cut, or refused."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.upstream.chunked_body import ChunkEvents, ChunkReader, ExtendedChunks

SPACES = st.sampled_from([b"", b" ", b"\t", b"  \t"])
EXTENSIONS = st.sampled_from([b"", b";a", b"; a", b" ; a = b", b";a=b ", b'\t;\ta="b; c"', b";a=1;b=2", b";"])
BODIES = st.lists(st.tuples(st.binary(min_size=1, max_size=40), EXTENSIONS, SPACES, st.integers(0, 3)), max_size=5)
TRAILERS = st.sampled_from([b"", b"X-Sum: 1\r\n", b"X: a\r\nY:\r\n"])


def read(*pieces):
    got = []
    reader = ChunkReader(got.append)
    for at, piece in enumerate(pieces):
        behind = reader.feed_data(piece)
        if behind is not None:
            return b"".join(got), behind + b"".join(pieces[at + 1 :])
    return b"".join(got), None


@given(BODIES, EXTENSIONS, TRAILERS, st.sampled_from([b"", b"HTTP/1.1 200 OK"]), st.lists(st.integers(0, 400), max_size=6))
def test_any_cut_of_any_chunks_reads_the_same(body, last, trailers, behind, cuts):
    chunks = [b"%b%x%b%b\r\n%b\r\n" % (b"0" * zeros, len(data), pad, ext, data) for data, ext, pad, zeros in body]
    whole = b"".join(chunks) + b"0" + last + b"\r\n" + trailers + b"\r\n" + behind
    places = [0, *sorted({min(cut, len(whole)) for cut in cuts}), len(whole)]
    pieces = [whole[start:end] for start, end in pairwise(places)]
    assert read(*pieces) == (b"".join(data for data, *_ in body), behind)
    assert read(*[whole[at : at + 1] for at in range(len(whole))])[0] == b"".join(data for data, *_ in body)


def test_a_body_without_its_end_is_not_over():
    assert read(b"3;a\r\nabc\r\n", b"0\r\n") == (b"abc", None)


WRONG = [
    *(b"\r\n", b" 3\r\n", b"-3\r\n", b"0x3\r\n", b"3_0\r\n", b"g\r\n", b"3 3\r\n", b"3,\r\n", b"3;a\x00\r\n", b"3;a\rb\r\n"),
    *(b"3\n", b"3;a\nabc", b"\xd9\xa3\r\n", b"1" * 16 + b"\r\n", b"3;" + b"a" * 20_000, b"3\r\nabcd\r\n", b"3\r\nabc\n0\r\n"),
    *(b"0\r\nX : 1\r\n", b"0\r\n: 1\r\n", b"0\r\n X: 1\r\n", b"0\r\nX\r\n", b"0\r\nX: \x00\r\n"),
]


@pytest.mark.parametrize("wrong", WRONG)
def test_bytes_that_are_no_chunk_framing_are_refused(wrong):
    with pytest.raises(ValueError, match=r"."):
        read(wrong)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data):
    try:
        read(data)
    except ValueError:
        return


class Measured(bytes):
    """A read that counts the bytes that are copied out of it."""

    copied = 0

    def __getitem__(self, key):
        part = super().__getitem__(key)
        Measured.copied += len(part)
        return part


@pytest.mark.parametrize("chunk", [b"1;a\r\nb\r\n", b"1\r\nb\r\n", b"1" + b" " * 40 + b"\r\nb\r\n"])
def test_a_read_of_very_many_chunks_is_copied_once_at_most(chunk):
    data = Measured(chunk * 20_000)
    Measured.copied = 0
    assert ChunkReader([].append).feed_data(data) is None
    assert 0 < Measured.copied <= len(data)


@pytest.mark.parametrize(("length", "read_whole"), [(16_384, True), (16_385, False)])
def test_a_line_of_chunk_framing_has_16384_bytes_at_the_most_with_its_end_however_it_is_cut(length, read_whole):
    line = b"3;" + b"a" * (length - 4)
    for pieces in ([line + b"\r\n", b"abc\r\n0\r\n\r\n"], [line[:100], line[100:], b"\r\nabc\r\n0\r\n\r\n"]):
        if read_whole:
            assert read(*pieces) == (b"abc", b"")
        else:
            with pytest.raises(ValueError, match="too long"):
                read(*pieces)


END = b"0\r\n\r\n"


def instead(before, data, *pieces):
    """What a reader that takes over reads of `data` behind its `pieces`, and whether that is all; None where none does."""
    events = ChunkEvents()
    reader = ExtendedChunks.instead(events, before, data, pieces)
    return reader and (b"".join(events.pieces), events.ended, events.begun)


@pytest.mark.parametrize(
    ("before", "data", "pieces"),
    [
        (b"", b"3\r\nabc\r\n1 ;a\r\nx\r\n" + END, [b"abc"]),
        (b"", b"3\r\nabc\r\n2\r\nde\r\n1 ;a\r\nx\r\n" + END, [b"abc", b"de"]),
        (b"3\r\nab", b"c\r\n1 ;a\r\nx\r\n" + END, [b"c"]),
        (b"3\r\nab", b"c\r\n2\r\nde\r\n1 ;a\r\nx\r\n" + END, [b"c", b"de"]),
        (b"3\r\nabc", b"\r\n2\r\nde\r\n1 ;a\r\nx\r\n" + END, [b"de"]),
        (b"3\r\nabc\r", b"\n2\r\nde\r\n1 ;a\r\nx\r\n" + END, [b"de"]),
        (b"3\r\nabc\r\n", b"2\r\nde\r\n1 ;a\r\nx\r\n" + END, [b"de"]),
        (b"3\r\nabc\r\n2", b"\r\nde\r\n1 ;a\r\nx\r\n" + END, [b"de"]),
        (b"3\r\nabc", b"\r\n1 ;a\r\nx\r\n" + END, []),
        (b"3\r\nabc\r", b"\n1 ;a\r\nx\r\n" + END, []),
        (b"3\r\nabc\r\n", b"1 ;a\r\nx\r\n" + END, []),
        (b"3\r\nabc\r\n1", b" ;a\r\nx\r\n" + END, []),
        (b"3\r\nabc\r\n1 ;", b"a\r\nx\r\n" + END, []),
        (b"3\r\nabc\r\n1 ;a", b"\r\nx\r\n" + END, []),
        (b"3;y", b"\r\nabc\r\n1 ;a\r\nx\r\n" + END, [b"abc"]),
        (b"1\r\nx\r\n1", b"0\r\n" + b"y" * 16 + b"\r\n11\r\n" + b"z" * 17 + b"\r\n1 ;a\r\nx\r\n" + END, [b"y" * 16, b"z" * 17]),
    ],
)
def test_another_reader_goes_on_at_the_chunk_whose_extension_was_refused_wherever_the_read_began(before, data, pieces):
    assert instead(before, data, *pieces) == (b"x", True, 1)
    assert instead(before, data + b"HTTP", *pieces) == (b"x", True, 2)
    assert instead(before, data[: -len(END)], *pieces) == (b"x", False, 0)


@pytest.mark.parametrize(
    ("before", "data", "pieces"),
    [
        (b"", b"3\r\nabc\r\n1\r\nx\r\n", [b"abc"]),  # no extension is there
        (b"", b"3\r\nabX\r\n1 ;a\r\nx\r\n", [b"abc"]),
        (b"", b"4\r\nabc\r\n1 ;a\r\nx\r\n", [b"abc"]),
        (b"", b"3\r\nabc!\r\n1 ;a\r\nx\r\n", [b"abc"]),
        (b"", b"3\r\nabc\r\n3\r\nde\r\n1 ;a\r\nx\r\n", [b"abc", b"de"]),
        (b"3\r\nab", b"d\r\n1 ;a\r\nx\r\n", [b"c"]),
        (b"9\r\nab\r\n1 ;", b"\r\n1 ;a\r\nx\r\n", []),
    ],
)
def test_no_other_reader_takes_over_where_its_place_is_not_certain(before, data, pieces):
    assert instead(before, data, *pieces) is None


def test_of_the_events_of_a_body_the_pieces_before_its_end_are_its_own():
    events = ChunkEvents()
    events.on_message_begin()
    events.on_body(b"ab")
    events.on_message_complete()
    events.on_message_begin()
    events.on_body(b"of the next")
    events.on_message_complete()
    assert (events.own, events.begun, events.ended, events.pieces) == (1, 2, True, [b"ab", b"of the next"])


def test_a_reader_shows_what_it_waits_for():
    reader = ChunkReader(print)
    assert repr(reader) == "<ChunkReader size left=0 line=0>"
    reader.feed_data(b"5;a")
    assert repr(reader) == "<ChunkReader size left=0 line=3>"
    reader = ChunkReader([].append)
    reader.feed_data(b"5;a\r\nab")
    assert repr(reader) == "<ChunkReader behind_data left=3 line=0>"
    reader.feed_data(b"cde\r\n0\r\nX")
    assert repr(reader) == "<ChunkReader trailer left=0 line=1>"
    assert repr(ExtendedChunks(ChunkEvents())) == (
        "<ExtendedChunks <ChunkReader size left=0 line=0> <ChunkEvents messages=0 ended=False pieces=0>>"
    )


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"3\n", "ends with a bare line feed"),
        (b"g\r\n", "^Invalid character in chunk size$"),
        (b"3\r\nabcX\r\n", "^a chunk is longer than its size$"),
        (b"3\r\nabc\n", "ends with a bare line feed"),
        (b"0\r\n: 1\r\n", "^a trailer field is not valid$"),
        (b"3;" + b"a" * 16_384, "^a line of its chunk framing is too long$"),
    ],
)
def test_what_is_wrong_with_chunk_framing_is_said(data, why):
    with pytest.raises(ValueError, match=why):
        read(data)


def test_chunks_are_delivered_one_by_one_and_of_one_that_is_not_whole_what_has_come():
    got = []
    ChunkReader(got.append).feed_data(b"3\r\nabc\r\n002 ;x\r\nde\r\n9\r\nfgh")
    assert got == [b"abc", b"de", b"fgh"]


def test_sizes_are_hexadecimal():
    got = []
    reader = ChunkReader(got.append)
    assert reader.feed_data(b"1f\r\n" + b"a" * 31 + b"\r\n1A\r\n" + b"b" * 20) is None
    assert (got, repr(reader)) == ([b"a" * 31, b"b" * 20], "<ChunkReader behind_data left=6 line=0>")
    assert reader.feed_data(b"b" * 6 + b"\r\n0\r\n\r\nHTTP") == b"HTTP"
