"""proxy.upstream.chunked_body: chunked bodies with extensions are read the same however they are cut, or refused."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.upstream.chunked_body import ChunkReader

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
