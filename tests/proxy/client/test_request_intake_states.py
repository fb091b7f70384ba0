"""proxy.client.request_intake: which bytes are a request's and what is done with the others, by a transport that notes it."""

import asyncio
from types import SimpleNamespace

import pytest

from proxy.client import client_connection, request_intake
from proxy.client.client_state import ClientState
from proxy.client.read_pauses import PauseReason
from tests.client_states import GET, NOW, POST, making
from tests.heads import raw_head

CHUNKED = raw_head((b"Transfer-Encoding", b"chunked"))
ONE, LAST = b"1\r\nb\r\n", b"0\r\n\r\n"


@pytest.fixture
def made(monkeypatch):
    with making(monkeypatch) as make:
        yield make


async def test_bytes_that_are_no_request_are_counted_once_and_answered(made):
    one = made()
    one.take(b"no request\r\n\r\n")
    assert (one.stats.accepted, one.stats.finished, one.stats.refused, one.stats.in_flight) == (1, 1, 1, 0)
    (_, answer), end = one.transport.done
    assert (answer[:12], end, one.one.state) == (b"HTTP/1.1 400", ("write_eof",), ClientState.LINGER)
    assert b"\r\nConnection: close\r\n" in answer


@pytest.mark.parametrize(("pieces", "since"), [((b"\r\n",), 0.0), ((GET[:9],), NOW), ((GET[:9], GET[9:12]), NOW), ((GET,), 0.0)])
async def test_a_head_is_awaited_from_its_first_byte_to_its_last(made, pieces, since):
    one = made()
    for piece in pieces:
        one.take(piece)
        one.now += 1.0
    assert one.one.head_since == since


@pytest.mark.parametrize(
    ("data", "whole", "ahead"),
    [(GET, b"", 0), (GET + b"rest", b"", 4), (POST + b"hello", b"hello", 0), (POST + b"hello" + GET, b"hello", len(GET))],
)
async def test_what_follows_a_whole_request_waits(made, data, whole, ahead):
    one = made()
    one.take(data)
    (request,) = one.handler.requests
    assert (request.whole, request.body, request.begun) == (whole, None, NOW)
    assert f" ahead={ahead} " in repr(one.one)


async def test_what_comes_behind_a_body_goes_before_what_comes_later(made):
    one = made()
    one.take(CHUNKED + ONE, ONE + LAST + GET[:10], GET[10:] + POST, b"hello")
    assert f" ahead={len(GET + POST) + 5} " in repr(one.one)
    for method in ("POST", "GET", "POST"):
        assert one.handler.requests[-1].head.method == method
        one.one.finish(keep=True)
        await asyncio.sleep(0)


@pytest.mark.parametrize(("size", "paused"), [(65_536, False), (65_537, True)])
async def test_a_client_is_paused_while_more_than_64_kib_wait(made, size, paused):
    one = made()
    one.take(GET, b"x" * size)
    assert (one.one.paused_for(PauseReason.AHEAD), one.transport.reading) == (paused, not paused)


async def test_of_very_many_chunks_a_thousand_are_read_in_a_turn_and_the_client_is_not_read_meanwhile(made):
    one = made()
    one.take(CHUNKED + ONE * 1_001 + LAST + GET)
    (request,) = one.handler.requests
    assert (request.body.size, request.unread, one.transport.reading) == (1_000, True, False)
    await asyncio.sleep(0)
    assert (request.body.size, request.unread, one.transport.reading) == (1_001, False, True)
    assert (f" ahead={len(GET)} " in repr(one.one), one.transport.closing) == (True, False)


async def test_the_next_portion_waits_for_the_reader_of_the_body(made):
    one = made()
    one.take(CHUNKED + ONE * 1_001)
    (request,) = one.handler.requests
    one.one.pause_body()
    await asyncio.sleep(0)
    assert request.body.size == 1_000
    one.one.resume_body()
    assert request.body.size == 1_000
    await asyncio.sleep(0)
    assert (request.body.size, one.transport.reading) == (1_001, True)


async def test_the_end_of_a_client_in_the_middle_of_a_body_is_seen_behind_the_chunks_that_wait(made):
    one = made()
    one.take(CHUNKED + ONE * 2_500)
    (request,) = one.handler.requests
    assert one.one.eof_received() is True
    for size in (1_000, 2_000):
        assert (request.body.size, one.transport.closing) == (size, False)
        await asyncio.sleep(0)
    assert (request.body.size, one.transport.closing) == (2_500, True)


async def test_no_portion_of_a_body_is_read_for_the_request_behind_it(made):
    one = made()
    one.take(CHUNKED + ONE * 1_001 + LAST + GET)
    one.one.connection_lost(None)
    await asyncio.sleep(0)
    assert (one.handler.requests[0].body.size, len(one.handler.requests)) == (1_000, 1)


@pytest.mark.parametrize(("data", "gone"), [(GET[:9], True), (POST + b"he", True), (POST + b"hello", False), (GET, False)])
async def test_a_request_that_can_never_be_whole_ends_with_the_side_of_its_client(made, monkeypatch, data, gone):
    monkeypatch.setattr(client_connection, "HalfCloseWatch", lambda *_, **__: SimpleNamespace(stop=list))
    one = made()
    one.take(GET + data)
    one.one.eof_received()
    one.one.finish(keep=True)
    await asyncio.sleep(0)
    assert one.transport.closing is gone


def padded(size):
    """A head of `size` bytes."""
    empty = raw_head((b"X", b""), method="GET")
    return raw_head((b"X", b"x" * (size - len(empty))), method="GET")


@pytest.mark.parametrize(("head", "read"), [(padded(4_096), 1), (padded(4_097), 2), (padded(100), 1)])
async def test_a_head_of_4_kib_at_most_is_read_once_for_all_requests_that_have_it(made, monkeypatch, head, read):
    memos, memo_of = [], request_intake.HeadMemo
    monkeypatch.setattr(request_intake, "HeadMemo", lambda raw: memos.append(memo_of(raw)) or memos[-1])
    one = made()
    for _ in range(2):
        one.take(head)
        one.one.finish(keep=True)
    assert (len(one.handler.requests), len(memos)) == (2, read)
