"""Every coding, in any cut, in chains, cut short, wrong, and as a bomb."""

from __future__ import annotations

import gzip
import zlib

import brotli
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.content_coding import zstd
from shadow.reading.body_decoding import DecodedBody, codings, decode
from shadow.reading.completion import Unread, UnreadReason


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


PACKERS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstd.compress,
}
TEXT = b"".join(b'data: {"n": %d}\n\n' % number for number in range(400))


def headers(*names: str) -> tuple[tuple[str, str], ...]:
    return tuple(("Content-Encoding", name) for name in names)


@given(st.sampled_from(sorted(PACKERS)), st.binary(max_size=2_000), st.lists(st.integers(0, 2_100), max_size=12))
@settings(max_examples=60)
def test_any_cut_decodes_to_the_same_bytes_and_marks_move_along(name, data, cuts):
    packed = PACKERS[name](data)
    ends = sorted(min(cut, len(packed)) for cut in cuts)
    decoded = decode(headers(name), packed, [*ends, len(packed)])
    assert isinstance(decoded, DecodedBody)
    assert decoded.body == data
    assert decoded.whole
    assert len(decoded.ends) == len(ends) + 1
    assert decoded.ends == sorted(decoded.ends)
    assert decoded.ends[-1] == len(data)


@pytest.mark.parametrize("step", [1, 2, 7, 10_000])
def test_raw_deflate_is_read_however_small_its_chunks(step):
    packed = raw_deflate(TEXT)
    decoded = decode(headers("deflate"), packed, range(step, len(packed), step))
    assert isinstance(decoded, DecodedBody)
    assert decoded.body == TEXT


def test_a_flushed_chunk_comes_out_with_its_own_mark():
    packer = zlib.compressobj(wbits=31)
    first = packer.compress(b"data: a\n\n") + packer.flush(zlib.Z_SYNC_FLUSH)
    rest = packer.compress(b"data: b\n\n") + packer.flush()
    decoded = decode(headers("gzip"), first + rest, [len(first), len(first + rest)])
    assert decoded == DecodedBody(b"data: a\n\ndata: b\n\n", [9, 18], whole=True)


def test_without_an_encoding_the_bytes_are_the_body():
    assert decode((), b"abc", [1, 3]) == DecodedBody(b"abc", [1, 3], whole=True)
    assert decode(headers("identity"), b"abc", ()) == DecodedBody(b"abc", [], whole=True)


def test_several_codings_come_off_in_reverse_order():
    packed = brotli.compress(gzip.compress(TEXT))
    for named in (headers("gzip, BR"), headers("gzip", "br"), headers("identity, gzip , br")):
        decoded = decode(named, packed, [5, len(packed)])
        assert isinstance(decoded, DecodedBody)
        assert decoded.body == TEXT
    assert codings(headers("gzip, BR", "identity")) == ["gzip", "br"]


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_several_members_are_one_body(name):
    packed = PACKERS[name](b"one ") + PACKERS[name](b"two")
    assert decode(headers(name), packed, ()) == DecodedBody(b"one two", [], whole=True)


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_a_body_of_more_than_a_thousand_members_is_given_up(name):
    assert decode(headers(name), PACKERS[name](b"a") * 1_000, ()) == DecodedBody(b"a" * 1_000, [], whole=True)
    unread = decode(headers(name), PACKERS[name](b"") * 1_001, ())
    assert isinstance(unread, Unread)
    assert unread.why is UnreadReason.ENCODING


def test_what_follows_the_end_of_gzip_is_ignored():
    assert decode(headers("gzip"), gzip.compress(b"all") + b"junk", ()) == DecodedBody(b"all", [], whole=True)


@pytest.mark.parametrize("name", sorted(PACKERS))
def test_a_cut_body_is_decoded_as_far_as_it_goes(name):
    packed = PACKERS[name](TEXT)
    decoded = decode(headers(name), packed[: len(packed) * 2 // 3], ())
    assert isinstance(decoded, DecodedBody)
    assert not decoded.whole
    assert TEXT.startswith(decoded.body)


@pytest.mark.parametrize("name", sorted(PACKERS))
def test_bytes_of_another_kind_are_reported_as_that(name):
    unread = decode(headers(name), b'{"choices": [{"index": 0, "message": {"content": "plain"}}]}', [4, 9])
    assert isinstance(unread, Unread)
    assert unread.why is UnreadReason.ENCODING


@pytest.mark.parametrize("named", ["compress", "gzip, dcb", "gzip, gzip, gzip, gzip, gzip", "x" * 5_000])
def test_a_coding_that_is_not_read_here_is_named(named):
    unread = decode(headers(named), b"abc", ())
    assert isinstance(unread, Unread)
    assert unread.why is UnreadReason.ENCODING
    assert named[:20] in unread.detail


def test_a_coding_that_is_not_read_here_is_shown_up_to_200_characters():
    assert f"{'x' * 200!r} is not one" in decode(headers("x" * 300), b"abc", ()).detail


def test_four_codings_are_read_and_five_are_not():
    packed = TEXT
    for _ in range(4):
        packed = gzip.compress(packed)
    assert decode(headers("gzip, gzip, gzip, gzip"), packed, ()).body == TEXT
    assert decode(headers("gzip, gzip, gzip, gzip, gzip"), gzip.compress(packed), ()).why is UnreadReason.ENCODING


@pytest.mark.parametrize("name", sorted(PACKERS))
def test_a_bomb_is_stopped_at_the_limit(name):
    packed = PACKERS[name](bytes(3_000_000))
    for ends in ((), range(1, len(packed), 3)):
        unread = decode(headers(name), packed, ends, limit=100_000)
        assert isinstance(unread, Unread)
        assert unread.why is UnreadReason.TOO_LARGE


def test_a_bomb_inside_a_chain_is_stopped_too():
    packed = gzip.compress(gzip.compress(bytes(3_000_000)))
    unread = decode(headers("gzip, gzip"), packed, (), limit=100_000)
    assert isinstance(unread, Unread)
    assert unread.why is UnreadReason.TOO_LARGE


def test_a_body_of_exactly_the_limit_passes():
    for name, pack in PACKERS.items():
        assert isinstance(decode(headers(name), pack(TEXT), (), limit=len(TEXT)), DecodedBody)
        assert isinstance(decode(headers(name), pack(TEXT), (), limit=len(TEXT) - 1), Unread)


@given(st.sampled_from(sorted(PACKERS)), st.binary(max_size=300), st.lists(st.integers(-5, 400), max_size=6))
def test_no_bytes_and_no_marks_make_it_raise(name, data, ends):
    decode(headers(name), data, ends)
    decode(headers(name), PACKERS[name](data)[::-1], ends)


def test_a_window_larger_than_the_web_allows_is_refused():
    options = {zstd.CompressionParameter.window_log: 27, zstd.CompressionParameter.content_size_flag: 0}
    packer = zstd.ZstdCompressor(options=options)
    packed = packer.compress(bytes(1_000)) + packer.flush()
    unread = decode(headers("zstd"), packed, ())
    assert isinstance(unread, Unread)
    assert unread.why is UnreadReason.ENCODING


@pytest.mark.parametrize(("sent", "kept"), [("gzip", ["gzip"]), (" GZIP ,, identity", ["gzip"]), ("", []), ("identity", [])])
def test_codings_are_named_in_lower_case_without_identity(sent, kept):
    assert codings((("content-ENCODING", sent), ("content-encodinX", "br"), ("content-type", "x"))) == kept


def test_body_that_unpacks_to_too_much_or_to_nothing_states_why():
    large = decode(headers("gzip"), gzip.compress(bytes(11)), (), limit=10)
    assert (large.why, large.detail) == (UnreadReason.TOO_LARGE, "the body unpacks to more than 10 bytes")
    broken = decode(headers("gzip", "br"), brotli.compress(b"plain text"), ())
    assert broken.why is UnreadReason.ENCODING
    assert broken.detail.startswith("the body is not gzip, br: ")


def test_marks_beyond_the_body_and_before_the_one_before_are_kept_in_order():
    packed = gzip.compress(TEXT)
    decoded = decode(headers("gzip"), packed, [len(packed) + 5, 3, len(packed)])
    assert decoded.body == TEXT
    assert decoded.ends == [len(TEXT)] * 3
