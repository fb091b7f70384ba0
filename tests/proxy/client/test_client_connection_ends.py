"""proxy.client.client_connection: the end of a client's side, what follows it, and clients whose end no event loop reports."""

import asyncio

import pytest

from proxy.client import client_connection
from proxy.client.client_state import ClientState
from proxy.client.half_close import PROBE
from proxy.errors import RequestError
from proxy.process import tcp_info
from proxy.process.tcp_info import TcpInfo
from tests.client_states import GET, POST, InProgress, Onward, making
from tests.heads import raw_head

CHUNKED = raw_head((b"Transfer-Encoding", b"chunked"))


class Watch:
    """In place of the watch of a client that ended its side."""

    def __init__(self, _transport, *, begun, probe):
        self.begun, self.probe, self.stopped = begun, probe, False

    def stop(self):
        self.stopped = True


@pytest.fixture
def watches(monkeypatch):
    """Those that were begun."""
    begun = []
    monkeypatch.setattr(
        client_connection, "HalfCloseWatch", lambda *args, **more: begun.append(Watch(*args, **more)) or begun[-1]
    )
    return begun


@pytest.fixture
def made(monkeypatch):
    with making(monkeypatch) as make:
        yield make


@pytest.mark.parametrize(
    ("state", "reading", "watched", "aborted"),
    [
        (tcp_info.CLOSED, False, 0, True),
        (tcp_info.CLOSED, True, 0, False),
        (tcp_info.PEER_ENDED, False, 1, False),
        (tcp_info.PEER_ENDED, True, 0, False),
        (1, False, 0, False),
    ],
)
async def test_the_end_of_a_client_that_is_not_read_is_found_by_its_kernel(  # noqa: PLR0917 - fixtures and a row of the table
    made, watches, monkeypatch, state, reading, watched, aborted
):
    monkeypatch.setattr(tcp_info, "peer", lambda _: TcpInfo(state, 0, 0))
    one = made()
    one.take(GET)
    one.transport.reading = reading
    one.sweep(1.0)
    one.sweep(2.0)
    assert (len(watches), ("abort",) in one.transport.done) == (watched, aborted)


async def test_of_another_protocol_only_a_client_that_has_gone_is_ended(made, watches, monkeypatch):
    one = made()
    one.take(GET)
    one.one.switch(Onward())
    one.transport.reading = False
    for state, done in ((tcp_info.PEER_ENDED, []), (tcp_info.CLOSED, [("abort",)])):
        monkeypatch.setattr(tcp_info, "peer", lambda _, state=state: TcpInfo(state, 0, 0))
        one.sweep(1.0)
        assert (one.transport.done, watches) == (done, [])


async def test_a_client_that_ended_its_side_gets_its_response_and_is_closed_behind_it(made, watches):
    one = made()
    one.take(GET)
    assert one.one.eof_received() is True
    assert (watches[0].begun(), watches[0].probe()) == (False, PROBE)
    one.one.in_progress = InProgress()
    assert watches[0].begun() is True
    one.one.finish(keep=True)
    assert (one.one.state, one.transport.done) == (ClientState.CLOSED, [("close",)])
    one.one.connection_lost(None)
    assert watches[0].stopped


async def test_a_client_of_http_1_0_that_ended_its_side_is_not_probed(made, watches):
    one = made()
    one.take(raw_head(method="GET", version="1.0"))
    one.one.eof_received()
    assert watches[0].probe() == b""


async def test_each_request_of_a_client_that_ended_its_side_is_watched_by_itself(made, watches):
    one = made()
    one.take(GET + GET + POST + b"he")
    one.one.eof_received()
    one.one.finish(keep=True)
    await asyncio.sleep(0)
    assert ([watch.stopped for watch in watches], len(one.handler.requests)) == ([True, False], 2)
    one.one.finish(keep=True)
    await asyncio.sleep(0)
    assert ("abort",) in one.transport.done  # the third request never becomes whole


@pytest.mark.parametrize("broken", [False, True])
async def test_the_end_of_a_client_is_seen_behind_what_is_still_to_be_read_of_its_body(made, watches, broken):
    one = made()
    one.take(CHUNKED + (b"x" if broken else b"1\r\nb\r\n" * 1_001 + b"0\r\n\r\n"))
    assert one.one.eof_received() is True
    assert (one.transport.closing, watches) == (False, [])
    if not broken:
        await asyncio.sleep(0)
        assert (one.handler.requests[0].body.whole, len(watches)) == (True, 1)


async def test_a_client_whose_body_breaks_while_it_is_dropped_takes_no_other_request(made):
    one = made()
    one.take(CHUNKED + b"1\r\nb\r\n")
    one.one.finish(keep=True)
    one.take(b"x")
    assert one.one.state is ClientState.LINGER


async def test_another_protocol_begins_with_the_end_of_a_client_that_ended_its_side(made, watches):
    one, onward = made(), Onward()
    one.take(GET, b"early")
    one.one.eof_received()
    one.one.switch(onward)
    assert (watches[0].stopped, onward.noted) == (True, [b"early", "end"])


async def test_empty_lines_between_requests_are_of_no_account_however_many_requests_come(made):
    one = made(head=1_024)
    for _ in range(600):
        one.take(b"\r\n", GET)
        one.one.finish(keep=True)
    assert (len(one.handler.requests), one.stats.refused) == (600, 0)


async def test_a_response_that_is_over_waits_for_no_body(made):
    one = made()
    one.take(POST)
    waiting = asyncio.ensure_future(one.handler.requests[0].body.read())
    await asyncio.sleep(0)
    assert one.one.waiting_since > 0.0
    one.one.finish(keep=True)
    assert one.one.waiting_since == 0.0
    waiting.cancel()


async def test_a_client_that_still_sends_behind_its_response_is_not_idle(made):
    one = made()
    one.take(GET)
    one.one.finish(keep=False)
    one.one.close_idle()
    assert one.one.state is ClientState.LINGER


@pytest.mark.parametrize(("keep", "paused"), [(True, False), (False, False)])
async def test_a_client_that_was_paused_is_read_again_behind_its_response(made, keep, paused):
    one = made()
    one.take(GET, b"x" * 65_537)
    assert one.one.paused
    one.one.finish(keep=keep)
    await asyncio.sleep(0)
    assert one.one.paused is paused


async def test_a_refusal_of_a_body_that_is_not_whole_drops_the_rest_and_of_a_broken_one_lingers(made):
    one = made()
    one.take(POST + b"he")
    one.one.finish(keep=False, refused=True)
    assert one.one.state is ClientState.DISCARD
    other = made()
    other.take(POST + b"he")
    other.handler.requests[0].body.fail(RequestError(400, "x", ""))
    other.one.finish(keep=False, refused=True)
    assert other.one.state is ClientState.LINGER


async def test_a_request_whose_body_is_still_to_be_read_is_watched_behind_it(made, watches):
    one = made()
    one.take(GET + CHUNKED + b"1\r\nb\r\n" * 1_001 + b"0\r\n\r\n")
    one.one.finish(keep=True)
    one.one.eof_received()
    await asyncio.sleep(0)
    assert ([request.unread for request in one.handler.requests], watches) == ([False, True], [])
    await asyncio.sleep(0)
    assert (one.handler.requests[1].unread, len(watches)) == (False, 1)


async def test_where_kernels_show_nothing_of_a_client_that_ended_its_side_its_next_request_is_answered_unwatched(
    made, watches, monkeypatch
):
    monkeypatch.setattr(tcp_info, "KNOWN", False)
    one = made()
    one.take(GET + GET)
    one.one.finish(keep=True)
    one.one.eof_received()
    await asyncio.sleep(0)
    assert (len(one.handler.requests), watches, one.transport.closing) == (2, [], False)


async def test_the_next_request_of_a_client_that_ended_its_side_between_two_is_watched(made, watches):
    one = made()
    one.take(GET + GET)
    one.one.finish(keep=True)
    one.one.eof_received()
    await asyncio.sleep(0)
    assert (len(one.handler.requests), [watch.stopped for watch in watches]) == (2, [False])


async def test_the_next_request_of_a_client_whose_end_its_kernel_alone_shows_is_watched_by_itself(made, watches, monkeypatch):
    monkeypatch.setattr(tcp_info, "peer", lambda _: TcpInfo(tcp_info.PEER_ENDED, 0, 0))
    one = made()
    one.take(GET + GET)
    one.transport.reading = False
    one.sweep(1.0)
    one.one.finish(keep=True)
    await asyncio.sleep(0)
    assert (len(one.handler.requests), [watch.stopped for watch in watches]) == (2, [True, False])


@pytest.mark.parametrize("ended", [False, True])
async def test_a_connection_whose_side_cannot_be_ended_or_whose_client_has_ended_its_own_closes_behind_the_last_response(
    made, watches, ended
):
    one = made()
    one.take(GET + GET)
    if ended:
        one.one.eof_received()
    else:
        one.transport.can_write_eof = lambda: False  # as of TLS
    one.one.finish(keep=False)
    assert (one.one.state, one.transport.done[-1]) == (ClientState.CLOSED, ("close",))


async def test_a_client_that_sent_much_before_the_switch_is_read_again_before_that_is_sent_on(made):
    one, reading = made(), []
    onward = Onward()
    onward.take = lambda data: reading.append((len(data), one.transport.reading))
    one.take(GET, b"x" * 65_537)
    assert not one.transport.reading
    one.one.switch(onward)
    assert reading == [(65_537, True)]
