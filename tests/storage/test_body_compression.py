"""A body comes back as it went in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.body_compression import BodyCompressor, decompress


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
