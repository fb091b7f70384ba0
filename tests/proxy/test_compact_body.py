"""A body held in portions is given back as it came, and nothing else is taken for one."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.compact_body import CompactBody, expand

EVENT = b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":" %d"}}]}\n\n'


def compact(*portions: bytes) -> CompactBody:
    made = CompactBody()
    for portion in portions:
        made.add(portion)
    return made


@given(st.lists(st.binary(max_size=300), max_size=8))
def test_portions_come_back_joined_here_and_where_their_frames_were_sent(portions):
    made, whole = compact(*portions), b"".join(portions)
    assert (made.value(), made.size) == (whole, len(whole))
    assert expand(made.frames, len(whole)) == whole


def test_events_of_a_stream_take_a_fifth_of_their_bytes_or_less():
    draw = random.Random(7)
    events = b"".join(EVENT % draw.randrange(100_000) for _ in range(150))
    made = compact(events, events[::-1])
    assert len(made.frames) * 5 <= made.size


@pytest.mark.parametrize("size", [11, 13])
def test_frames_of_another_size_than_stated_are_refused(size):
    frames = compact(b"hello ", b"world.").frames
    with pytest.raises(ValueError, match=f"a compressed body of other than {size} bytes"):
        expand(frames, size)


def test_much_out_of_little_is_not_made():
    frames = compact(bytes(50_000_000)).frames
    assert len(frames) < 10_000
    with pytest.raises(ValueError, match="a compressed body of other than 10 bytes"):
        expand(frames, 10)


@pytest.mark.parametrize(("frames", "why"), [(b"no frames at all", "not compressed as"), (b"\x28\xb5\x2f\xfd", "of other than")])
def test_bytes_that_are_no_frames_or_cut_off_are_refused(frames, why):
    with pytest.raises(ValueError, match=why):
        expand(frames, 16)


def test_a_body_of_nothing_has_no_frames():
    assert (compact(b"").frames, compact(b"").value(), expand(b"", 0)) == (b"", b"", b"")
