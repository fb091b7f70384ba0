"""proxy.client.head_buffer: heads that come in pieces, and those that are refused while they come."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.client.head_buffer import HeadBuffer
from proxy.errors import RequestError
from tests.heads import HOST, raw_head

HEAD = raw_head(HOST, (b"X-A", b"1"))


@pytest.mark.parametrize("cut", range(1, len(HEAD)))
def test_a_head_cut_at_any_byte_is_whole_with_its_second_part_and_what_follows_it(cut):
    buffer = HeadBuffer(1_000)
    assert buffer.take(HEAD[:cut]) is None
    assert buffer.take(HEAD[cut:] + b"body") == (HEAD + b"body", len(HEAD))
    assert not buffer


@given(st.lists(st.integers(0, len(HEAD) + 4), max_size=6))
def test_a_head_cut_anywhere_into_pieces_is_whole_with_the_last_and_empty_lines_before_it_are_dropped(cuts):
    sent = b"\r\n\r\n" + HEAD
    buffer, whole = HeadBuffer(1_000), None
    edges = [0, *sorted(cuts), len(sent)]
    for begin, end in pairwise(edges):
        assert whole is None or begin == end
        whole = whole or buffer.take(sent[begin:end])
    assert whole == (HEAD, len(HEAD))


@pytest.mark.parametrize(("limit", "passes"), [(len(HEAD), True), (len(HEAD) - 1, False)])
def test_a_head_of_exactly_the_limit_is_taken_and_one_byte_more_is_refused(limit, passes):
    buffer = HeadBuffer(limit)
    if passes:
        assert buffer.take(HEAD + b"a long body") is not None
    else:
        with pytest.raises(RequestError) as raised:
            buffer.take(HEAD)
        assert raised.value.status == 431


@pytest.mark.parametrize(("size", "passes"), [(20, True), (21, False)])
def test_a_head_that_is_not_whole_is_refused_beyond_the_limit(size, passes):
    buffer = HeadBuffer(20)
    if passes:
        assert buffer.take(b"G" * size) is None
    else:
        with pytest.raises(RequestError, match="larger than 20 bytes"):
            buffer.take(b"G" * size)


def take_all(buffer, data, size):
    for at in range(0, len(data), size):
        buffer.take(data[at : at + size])


@pytest.mark.parametrize("begun", [b"\x16", b" G", b"\n", b"\rG", b"GET / HTTP/1.1\n", b"GET / HTTP/1.1\r\nA: b\n"])
@pytest.mark.parametrize("size", [1, 100])
def test_what_can_become_no_head_is_refused_while_it_comes(begun, size):
    with pytest.raises(RequestError) as raised:
        take_all(HeadBuffer(1_000), begun, size)
    assert raised.value.status == 400


def test_empty_lines_alone_are_no_beginning_of_a_head():
    buffer = HeadBuffer(104)
    for piece in (b"\r", b"\n", b"\r\n" * 50):
        assert buffer.take(piece) is None
    assert not buffer


@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_empty_lines_count_towards_the_limit_of_the_head_behind_them(size):
    for more, passes in ((10, True), (11, False)):
        buffer, sent = HeadBuffer(20 + len(HEAD)), b"\r\n" * more + HEAD
        parts = [sent[at : at + size] for at in range(0, len(sent), size)]
        if passes:
            assert [buffer.take(part) for part in parts][-1] == (HEAD, len(HEAD))
            assert buffer.skipped == 0
        else:
            with pytest.raises(RequestError) as raised:
                [buffer.take(part) for part in parts]
            assert raised.value.status == 431


@pytest.mark.parametrize(("lines", "passes"), [(10, True), (11, False)])
def test_a_flood_of_empty_lines_is_refused_beyond_the_limit(lines, passes):
    buffer = HeadBuffer(20)
    if passes:
        assert buffer.take(b"\r\n" * lines) is None
    else:
        with pytest.raises(RequestError, match="larger than 20 bytes"):
            take_all(buffer, b"\r\n" * lines, 2)


def test_a_buffer_shows_how_much_has_come_and_forgets_it():
    buffer = HeadBuffer(100)
    buffer.take(b"\r\nGET / HT")
    assert (repr(buffer), len(buffer), buffer.skipped) == ("<HeadBuffer begun=8>", 8, 2)
    buffer.clear()
    assert (len(buffer), buffer.skipped) == (0, 0)


@pytest.mark.parametrize("cut", range(1, len(HEAD)))
def test_a_head_is_whole_at_its_last_byte_wherever_it_is_cut(cut):
    buffer = HeadBuffer(len(HEAD))
    assert buffer.take(HEAD[:cut]) is None
    assert buffer.take(HEAD[cut:] + b"body") == (HEAD + b"body", len(HEAD))
    assert not buffer
