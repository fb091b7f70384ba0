"""proxy.client.client_connection: what each state does with bytes, the client's end and time, by a transport that notes it."""

import asyncio

import pytest

from proxy.client import client_connection
from proxy.client.client_state import ClientState
from proxy.errors import RequestError
from tests.client_states import GET, NOW, POST, InProgress, Onward, making
from tests.noted_transport import NotedTransport


@pytest.fixture
def made(monkeypatch):
    with making(monkeypatch) as make:
        yield make


async def test_a_request_that_comes_whole_is_given_on_with_its_body(made):
    one = made()
    one.take(POST + b"hello")
    (request,) = one.handler.requests
    assert (request.whole, request.body, request.length, request.begun) == (b"hello", None, 5, NOW)
    assert (one.one.state, one.transport.done) == (ClientState.BODY, [])


async def test_a_request_whose_body_comes_later_is_given_on_with_the_reader_of_it(made):
    one = made()
    one.take(POST + b"he")
    (request,) = one.handler.requests
    assert (request.body.size, request.unread) == (2, True)
    one.take(b"lloGET")
    assert (request.body.take(), request.unread) == (b"hello", False)
    assert repr(one.one) == "<ClientConnection body ahead=3 paused=False stalled=False>"


async def test_requests_one_behind_another_are_answered_one_by_one(made):
    one = made()
    one.take(GET + POST + b"hello" + GET)
    for count in (1, 2, 3):
        assert len(one.handler.requests) == count
        one.one.finish(keep=True)
        await asyncio.sleep(0)
    assert one.one.state is ClientState.IDLE
    assert [request.head.method for request in one.handler.requests] == ["GET", "POST", "GET"]


async def test_a_request_behind_one_whose_client_reads_slowly_waits_for_it(made):
    one = made()
    one.take(GET + GET)
    one.one.pause_writing()
    one.one.finish(keep=True)
    await asyncio.sleep(0)
    assert (len(one.handler.requests), one.one.state) == (1, ClientState.TURN)
    one.one.resume_writing()
    await asyncio.sleep(0)
    assert len(one.handler.requests) == 2


@pytest.mark.parametrize(("size", "paused"), [(65_536, False), (65_537, True)])
async def test_of_requests_to_come_64_kib_wait_before_the_client_is_paused(made, size, paused):
    one = made()
    one.take(GET, b"x" * size)
    assert one.one.paused is paused
    one.one.finish(keep=True)
    await asyncio.sleep(0)
    assert one.one.paused is False


@pytest.mark.parametrize(("later", "closed"), [(75.0, False), (75.1, True)])
async def test_an_idle_client_is_kept_for_75_seconds(made, later, closed):
    one = made()
    one.sweep(later)
    assert one.transport.done == ([("close",)] if closed else [])
    other = made()
    other.take(GET)
    other.now += 50.0
    other.one.finish(keep=True)
    other.sweep(later)
    assert other.transport.closing is closed


@pytest.mark.parametrize(("later", "closed"), [(30.0, False), (30.1, True)])
async def test_a_head_may_take_30_seconds_from_its_first_byte_on(made, later, closed):
    one = made()
    one.now += 50.0
    one.take(GET[:5])
    one.now += later
    one.take(GET[5:9])
    one.sweep(0.0)
    assert one.transport.done == ([("abort",)] if closed else [])
    assert one.one.state is ClientState.HEAD


async def test_empty_lines_are_no_beginning_of_a_head(made):
    one = made()
    one.take(b"\r\n", b"\r\n")
    assert (one.one.state, one.one.head_since) == (ClientState.IDLE, 0.0)


@pytest.mark.parametrize(("later", "given_up"), [(600.0, False), (600.1, True)])
async def test_a_body_that_does_not_come_for_ten_minutes_is_given_up(made, later, given_up):
    one = made()
    one.take(POST)
    body = one.handler.requests[0].body
    waiting = asyncio.ensure_future(body.read())
    await asyncio.sleep(0)
    one.sweep(later)
    assert body.broken is given_up
    if given_up:
        with pytest.raises(RequestError, match=r"^the rest of the request body did not arrive$") as raised:
            await waiting
        assert (raised.value.status, raised.value.code) == (408, "body_timeout")
    waiting.cancel()


@pytest.mark.parametrize(("later", "given_up"), [(600.0, False), (600.1, True)])
async def test_a_client_that_reads_nothing_for_ten_minutes_is_given_up(made, later, given_up):
    one = made()
    one.take(GET)
    one.one.pause_writing()
    one.sweep(later)
    assert one.transport.done == ([("abort",)] if given_up else [])


@pytest.mark.parametrize(
    ("keep", "refused", "state", "done"),
    [
        (True, False, ClientState.IDLE, []),
        (False, False, ClientState.LINGER, [("write_eof",)]),
        (False, True, ClientState.LINGER, [("write_eof",)]),
        (True, True, ClientState.LINGER, [("write_eof",)]),
    ],
)
async def test_behind_its_response_a_connection_takes_another_request_or_none(made, keep, refused, state, done):
    one = made()
    one.take(GET)
    one.one.finish(keep=keep, refused=refused)
    assert (one.one.state, one.transport.done, one.one.in_progress) == (state, done, None)


@pytest.mark.parametrize(
    ("keep", "end", "state"),
    [(True, b"llo", ClientState.IDLE), (False, b"llo", ClientState.LINGER), (True, b"l", ClientState.DISCARD)],
)
async def test_the_rest_of_a_body_behind_its_response_is_read_and_dropped(made, keep, end, state):
    one = made()
    one.take(POST + b"he")
    one.one.finish(keep=keep)
    assert one.one.state is ClientState.DISCARD
    one.take(end)
    assert (one.one.state, len(one.handler.requests)) == (state, 1)


@pytest.mark.parametrize(("data", "keep", "seconds"), [(POST, True, 10.0), (POST, False, 10.0), (GET, False, 2.0)])
async def test_what_a_client_still_sends_is_dropped_for_a_while(made, data, keep, seconds):
    one = made()
    one.take(data)
    one.now += 5.0
    one.one.finish(keep=keep)
    one.take(b"more")
    one.sweep(seconds)
    assert not one.transport.closing
    one.sweep(seconds + 0.1)
    assert one.transport.closing


@pytest.mark.parametrize(("sent", "seconds"), [(0, 2.0), (7, 75.0)])
async def test_a_connection_that_closes_is_ended_once_all_has_arrived_or_its_client_had_its_time(made, sent, seconds):
    one = made()
    one.transport.buffered = sent
    one.now += 5.0
    one.one.close_idle()
    assert (one.one.state, one.transport.done) == (ClientState.CLOSED, [("close",)])
    one.sweep(seconds)
    assert len(one.transport.done) == 1
    one.sweep(seconds + 0.1)
    assert one.transport.done[1:] == [("abort",)]


@pytest.mark.parametrize(
    ("data", "finished", "closes", "closes_answered"),
    [
        (b"", None, True, True),
        (b"GET /", None, True, True),
        (GET, None, False, False),
        (GET, False, False, True),
        (POST, True, False, True),
    ],
)
async def test_a_process_that_stops_closes_what_is_idle_and_then_what_is_answered(made, data, finished, closes, closes_answered):
    for answered, closed in ((False, closes), (True, closes_answered)):
        one = made()
        one.take(*([data] if data else []))
        if finished is not None:
            one.one.finish(keep=finished)
        one.one.close_idle(answered=answered)
        assert one.transport.closing is closed


async def test_a_process_that_goes_ends_the_request_in_progress(made):
    one, request = made(), InProgress()
    one.take(GET)
    one.one.in_progress = request
    one.one.stop()
    assert (request.noted, one.transport.done) == ([("left", True)], [("abort",)])
    one.one.connection_lost(None)
    assert request.noted == [("left", True)]


async def test_a_client_that_goes_leaves_its_request_and_the_listener(made):
    one, request = made(), InProgress()
    one.take(GET)
    one.one.in_progress = request
    assert (not one.listener.empty.is_set(), one.one.gone) == (True, False)
    one.one.connection_lost(None)
    assert (request.noted, one.listener.empty.is_set(), one.one.gone) == ([("left", False)], True, True)
    one.one.write(b"x")
    one.one.straight(b"x")
    one.one.finish(keep=True)
    assert (one.transport.done, one.one.state) == ([], ClientState.CLOSED)


async def test_bytes_that_are_no_request_are_answered_counted_and_lingered_on(made):
    one = made()
    one.take(b"\x16\x03")
    (name, data), end = one.transport.done
    assert (name, data[:15], end) == ("write", b"HTTP/1.1 400 Ba", ("write_eof",))
    assert b"Connection: close" in data
    assert (one.stats.accepted, one.stats.finished, one.stats.refused) == (1, 1, 1)
    assert (one.one.state, one.handler.requests) == (ClientState.LINGER, [])
    one.take(GET)
    assert one.handler.requests == []


@pytest.mark.parametrize(("data", "keeps"), [(b"", False), (b"GET /", False), (GET, True), (POST + b"he", False)])
async def test_the_end_of_a_client_closes_what_has_nothing_to_wait_for(made, data, keeps, monkeypatch):
    watched = []
    monkeypatch.setattr(client_connection, "HalfCloseWatch", lambda *_, **more: watched.append(more) or InProgress())
    one = made()
    one.take(*([data] if data else []))
    assert one.one.eof_received() is keeps
    assert (one.transport.closing, len(watched)) == (not keeps, int(keeps))


async def test_bytes_of_another_protocol_go_onward_those_first_that_came_too_early(made):
    one, onward = made(), Onward()
    one.take(GET, b"early")
    one.one.switch(onward)
    one.take(b"late")
    assert (one.one.state, onward.noted) == (ClientState.TUNNEL, [b"early", b"late"])
    assert one.one.eof_received() is True
    assert onward.noted[2:] == ["end"]
    one.sweep(10_000.0)
    assert one.transport.done == []


async def test_a_client_too_many_is_turned_away_and_counted(made):
    one = made(clients=1)
    other, transport = one.listener(), NotedTransport()
    other.connection_made(transport)
    (_, (name, excess)) = transport.done
    assert (name, repr(excess), one.stats.refused) == ("set_protocol", "<ExcessClient answered=False>", 1)
    assert repr(one.listener) == "<ClientListener connections=1 excess=1>"
    one.listener.stop_all()
    assert ("abort",) in transport.done
    one.one.connection_lost(None)
    assert not one.listener.empty.is_set()
    excess.connection_lost(None)
    assert one.listener.empty.is_set()
