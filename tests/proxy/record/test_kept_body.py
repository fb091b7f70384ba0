"""What is kept of a body is its beginning, whole or to the limit, held as it came or compressed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.record.kept_body import KeptBody

MIB = 1024 * 1024


def kept(room: int, *pieces: bytes, compressed: bool = False) -> KeptBody:
    made = KeptBody(room)
    if compressed:
        made.compress()
    for piece in pieces:
        made.add(piece)
    return made


@given(st.lists(st.binary(max_size=60), max_size=9), st.integers(0, 300), st.integers(0, 300), st.booleans())
def test_the_beginning_is_kept_up_to_the_room_and_after_a_cut_no_more_comes(pieces, room, most, compressed):
    whole = b"".join(pieces)
    made = kept(room, *pieces, compressed=compressed)
    assert (made.value(), made.size) == (whole[:room], len(whole[:room]))
    made.shorten(most)
    made.add(b"more")
    assert (made.value(), made.size) == (whole[: min(room, most)], len(whole[: min(room, most)]))


def test_one_piece_is_not_copied():
    piece = b"x" * 100
    assert kept(100, piece).value() is piece


@pytest.mark.parametrize(("size", "compressed"), [(MIB, True), (MIB + 1, False)])
def test_a_body_is_held_compressed_up_to_a_mebibyte(size, compressed):
    body = bytes(range(256)) * 4_096 + b"y"
    made = kept(2 * MIB, body[:1_000], body[1_000:size], compressed=True)
    assert (made.compact, bool(made.frames)) == (compressed, compressed)
    made.add(b"z")
    assert made.frames == b""
    assert made.value() == body[:size] + b"z"


def test_a_body_that_is_not_held_compressed_has_no_frames():
    assert kept(100, b"ab", b"cd").frames == b""


def test_a_body_shows_how_much_of_it_is_kept_and_how_much_may_be():
    assert repr(kept(3, b"abcd")) == "<KeptBody size=3 room=3>"
    assert repr(kept(100, b"ab", b"cd")) == "<KeptBody size=4 room=100>"
