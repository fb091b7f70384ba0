"""A body comes back as it went in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.sqlite.body_compression import BodyCompressor, decompress


@given(st.lists(st.none() | st.binary(max_size=2_000), max_size=5))
def test_every_body_comes_back_through_one_squeezer(bodies):
    squeezer = BodyCompressor()
    assert [decompress(squeezer.squeeze(body)) for body in bodies] == bodies


@given(st.lists(st.binary(max_size=2_000), max_size=5))
def test_numbers_come_back_like_bodies(packed):
    squeezer = BodyCompressor()
    assert [decompress(squeezer.squeeze_numbers(each)) for each in packed] == packed


def test_what_repeats_becomes_small_and_what_is_long_is_whole():
    body = b'data: {"choices": []}\n\n' * 400_000
    squeezed = BodyCompressor().squeeze(body)
    assert len(squeezed) < len(body) / 1_000
    assert decompress(squeezed) == body


def test_a_squeezer_goes_on_after_something_that_is_no_body():
    squeezer = BodyCompressor()
    with pytest.raises(TypeError):
        squeezer.squeeze("text")
    assert decompress(squeezer.squeeze(b"body")) == b"body"
