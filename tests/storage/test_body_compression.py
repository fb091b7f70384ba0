"""A body comes back as it went in."""

import random
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.body_compression import BodyCompressor, compress_against, decompress, zstd


@given(st.lists(st.none() | st.binary(max_size=2_000), max_size=5))
def test_every_body_comes_back_through_one_compressor(bodies):
    compressor = BodyCompressor()
    assert [decompress(compressor.compress(body)) for body in bodies] == bodies


@given(st.lists(st.binary(max_size=2_000), max_size=5))
def test_numbers_come_back_like_bodies(packed):
    compressor = BodyCompressor()
    assert [decompress(compressor.compress_timings(each)) for each in packed] == packed


def test_what_repeats_becomes_small_and_what_is_long_is_whole():
    body = b'data: {"choices": []}\n\n' * 400_000
    compressed = BodyCompressor().compress(body)
    assert len(compressed) < len(body) / 1_000
    assert decompress(compressed) == body


def test_compressor_works_after_an_error():
    compressor = BodyCompressor()
    with pytest.raises(TypeError):
        compressor.compress("text")
    assert decompress(compressor.compress(b"body")) == b"body"


def test_body_against_a_prefix_is_never_read_as_another_one_whichever_byte_of_it_is_damaged():
    prefix, body = random.Random(1).randbytes(600), random.Random(2).randbytes(300)
    frame = compress_against(body, prefix)
    assert decompress(frame, prefix) == body
    for place in range(len(frame)):
        damaged = frame[:place] + bytes([frame[place] ^ 0x10]) + frame[place + 1 :]
        with suppress(zstd.ZstdError):
            assert decompress(damaged, prefix) == body


def test_body_against_a_prefix_takes_the_bytes_that_are_new():
    prefix = random.Random(1).randbytes(5_000)
    assert len(compress_against(prefix + b"and more", prefix)) < 60


def test_absent_bodies_stay_absent_and_empty_ones_empty():
    compressor = BodyCompressor()
    assert (compressor.compress(None), compressor.compress(b""), compressor.compress_timings(b"")) == (None, b"", b"")
    assert (decompress(None), decompress(b""), decompress(None, b"prefix")) == (None, b"", None)


def test_chunk_timings_are_compressed_quickly_and_bodies_better():
    text = b"".join(b"%d words of an answer, " % (number * 7919 % 1_000) for number in range(2_000))
    compressor = BodyCompressor()
    assert len(compressor.compress(text)) < len(compressor.compress_timings(text)) < len(text)
