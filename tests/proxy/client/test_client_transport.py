"""proxy.client.client_transport: whether a client keeps up, and that nothing written to one that has gone is a fault."""

from types import SimpleNamespace

import pytest

from proxy.client.client_transport import ClientTransport
from proxy.client.read_pauses import PauseReason
from tests.noted_transport import NotedTransport
from tests.running import until
from tests.wires import client, ok, plane, post, scripted


class InProgress:
    def __init__(self):
        self.held = []

    def hold(self, *, held):
        self.held.append(held)


def test_the_request_in_progress_is_held_while_its_client_reads_too_slowly():
    connection, request = ClientTransport(), InProgress()
    connection.in_progress = request
    connection.pause_writing()
    assert connection.writing_paused
    connection.resume_writing()
    assert (request.held, connection.writing_paused) == ([True, False], False)


def test_nothing_is_done_to_a_transport_that_is_not_there():
    connection = ClientTransport()
    connection.write(b"x")
    connection.break_off()
    connection.abort()
    connection.pause(PauseReason.BODY)
    connection.resume(PauseReason.BODY)
    assert not connection.paused


def test_nothing_is_written_to_a_transport_that_is_closing():
    connection, written = ClientTransport(), []
    connection.transport = SimpleNamespace(is_closing=lambda: True, write=written.append)
    connection.write(b"x")
    assert written == []


async def test_a_client_is_known_to_have_come_by_a_loopback_address():
    async with scripted(None, ok()) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(post(b"{}", close=False))
        (connection,) = await until(lambda: running.connections)
        assert connection.on_loopback


def adopted(**extra):
    made, transport = ClientTransport(), NotedTransport(sockname=("127.0.0.1", 1), **extra)
    made.adopt(transport, 1_000)
    return made, transport


def test_writing_pauses_beyond_the_buffer_that_is_allowed():
    _, transport = adopted()
    assert transport.done == [("set_write_buffer_limits", 1_000, None)]


def test_its_picture_shows_which_side_is_waited_for():
    made, _ = adopted()
    assert repr(made) == "<ClientTransport paused=False stalled=False>"
    made.pause_writing()
    made.pause(PauseReason.BODY)
    assert repr(made) == "<ClientTransport paused=True stalled=True>"
    made.resume_writing()
    made.resume(PauseReason.AHEAD)
    assert repr(made) == "<ClientTransport paused=True stalled=False>"
    made.resume(PauseReason.BODY)
    assert repr(made) == "<ClientTransport paused=False stalled=False>"


def test_a_client_is_paused_for_the_reasons_that_stand():
    made, transport = adopted()
    made.pause(PauseReason.BODY)
    assert [made.paused_for(reason) for reason in PauseReason] == [True, False, False]
    assert transport.done[1:] == [("pause_reading",)]
    assert not ClientTransport().paused_for(PauseReason.BODY)


def test_bytes_are_written_while_the_client_is_there():
    made, transport = adopted()
    made.write(b"a")
    made.straight(b"b")
    transport.closing = True
    made.write(b"c")
    made.straight(b"d")
    assert transport.done[1:] == [("write", b"a"), ("write", b"b")]


def test_a_connection_is_aborted_once_it_is_there():
    made, transport = adopted()
    made.abort()
    assert transport.done[-1] == ("abort",)


@pytest.mark.parametrize(("address", "loopback"), [("127.0.0.1", True), ("::1", True), ("192.0.2.1", False), ("", False)])
def test_a_client_has_come_by_loopback_where_the_address_it_reached_is_one(address, loopback):
    made = ClientTransport()
    made.adopt(NotedTransport(sockname=(address, 1)), 9)
    assert made.on_loopback is loopback
    assert ClientTransport().on_loopback is False
