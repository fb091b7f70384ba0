"""proxy.client.request_body: pieces for a reader that waits, or for one that is called."""

import asyncio

import pytest

from proxy.client.body_framing import ChunkedBody, LengthBody
from proxy.client.request_body import DROPPED, MOST_WAITING, RequestBody
from proxy.errors import RequestError


class Peer:
    def __init__(self):
        self.waiting_since = 0.0
        self.paused = False

    def pause_body(self):
        self.paused = True

    def resume_body(self):
        self.paused = False


class Sink:
    def __init__(self):
        self.came = []

    def take(self, piece, *, last):
        self.came.append((piece, last))

    def fail(self, error):
        self.came.append(error.status)


async def test_a_reader_gets_what_came_then_waits_for_more_and_then_is_at_the_end():
    peer = Peer()
    body = RequestBody(LengthBody(6), peer)
    body.feed(b"ab")
    body.feed(b"c")
    assert await body.read() == b"abc"
    reading = asyncio.create_task(body.read())
    await asyncio.sleep(0)
    assert peer.waiting_since
    body.feed(b"defX")
    assert (await reading, peer.waiting_since, body.at_end, body.rest()) == (b"def", 0.0, True, b"X")
    assert (await body.read(), body.rest()) == (b"", b"")


@pytest.mark.parametrize(("size", "paused"), [(65_536, False), (65_537, True)])
async def test_a_client_is_paused_while_more_than_64_kib_wait_for_the_reader(size, paused):
    assert MOST_WAITING == 65_536
    peer = Peer()
    body = RequestBody(LengthBody(100_000), peer)
    body.feed(b"x" * size)
    assert peer.paused is paused
    assert len(await body.read()) == size
    assert not peer.paused


async def test_a_reader_that_waits_learns_that_the_body_broke():
    body = RequestBody(ChunkedBody(), Peer())
    reading = asyncio.create_task(body.read())
    await asyncio.sleep(0)
    body.feed(b"zz\r\n")
    with pytest.raises(RequestError) as raised:
        await reading
    assert (raised.value.code, body.broken) == ("bad_body", True)
    body.feed(b"0\r\n\r\n")
    assert not body.whole


def test_a_sink_gets_what_waits_and_then_each_piece_and_the_last_is_marked():
    sink, body = Sink(), RequestBody(ChunkedBody(), Peer())
    body.feed(b"1\r\na\r\n")
    body.attach(sink)
    body.feed(b"1\r\nb\r\n1\r")
    body.feed(b"\nc\r\n0\r\n\r\n")
    assert sink.came == [(b"a", False), (b"b", False), (b"c", True)]


def test_an_end_without_a_byte_is_a_last_piece_too():
    sink, body = Sink(), RequestBody(ChunkedBody(), Peer())
    body.attach(sink)
    body.feed(b"1\r\na\r\n")
    body.feed(b"0\r\n\r\n")
    assert sink.came == [(b"a", False), (b"", True)]


def test_what_comes_while_no_sink_is_attached_waits_for_the_next_one():
    first, second, body = Sink(), Sink(), RequestBody(LengthBody(3), Peer())
    body.attach(first)
    body.feed(b"a")
    body.attach(None)
    body.feed(b"bc")
    body.attach(second)
    assert (first.came, second.came) == ([(b"a", False)], [(b"bc", True)])


def test_a_sink_that_is_attached_behind_a_break_learns_of_it():
    sink, body = Sink(), RequestBody(ChunkedBody(), Peer())
    body.feed(b"zz\r\n")
    body.attach(sink)
    assert sink.came == [400]


def test_a_body_that_is_dropped_is_read_to_its_end_and_not_kept():
    body = RequestBody(LengthBody(200_000), Peer())
    body.attach(DROPPED)
    body.feed(b"x" * 200_000)
    assert (body.whole, body.waiting) == (True, 0)


@pytest.mark.parametrize("rest", [b"1\r\na\r\n0\r\n\r\n", b"0\r\n\r\n"])
def test_the_end_of_a_body_is_given_once_however_often_its_sink_is_attached(rest):
    sink, body = Sink(), RequestBody(ChunkedBody(), Peer())
    body.attach(sink)
    body.feed(rest)
    given = list(sink.came)
    body.attach(None)
    body.attach(sink)
    assert sink.came == given
    assert [last for _, last in given] == [True]


def test_an_end_that_came_while_no_sink_was_attached_is_given_to_the_next_one():
    sink, body = Sink(), RequestBody(ChunkedBody(), Peer())
    body.attach(sink)
    body.attach(None)
    body.feed(b"0\r\n\r\n")
    body.attach(sink)
    body.attach(sink)
    assert sink.came == [(b"", True)]


def test_a_body_shows_how_much_has_come_and_how_much_waits():
    body = RequestBody(LengthBody(4), Peer())
    body.feed(b"abc")
    assert repr(body) == "<RequestBody come=3 waiting=3 whole=False broken=False>"
    assert body.take() == b"abc"
    body.feed(b"d")
    body.fail(RequestError(400, "x", "y"))
    body.feed(b"more")
    assert repr(body) == "<RequestBody come=4 waiting=1 whole=True broken=True>"


def test_what_came_behind_a_body_is_given_once():
    body = RequestBody(LengthBody(2), Peer())
    body.feed(b"abGET")
    assert (body.rest(), body.rest()) == (b"GET", b"")


def test_a_body_is_at_its_end_once_the_reader_has_all_of_it():
    body = RequestBody(LengthBody(2), Peer())
    body.feed(b"a")
    assert (body.at_end, body.take(), body.at_end) == (False, b"a", False)
    body.feed(b"b")
    assert (body.whole, body.at_end, body.take(), body.at_end) == (True, False, b"b", True)


def test_of_very_many_chunks_the_rest_is_read_in_a_later_turn():
    body = RequestBody(ChunkedBody(), Peer())
    body.feed(b"1\r\nb\r\n" * 1_001)
    assert (body.portioned, body.size) == (True, 1_000)
    body.feed(b"")
    assert (body.portioned, body.size, body.waiting) == (False, 1_001, 1_001)
