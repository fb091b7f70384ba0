"""proxy.client.client_transport: whether a client keeps up, and that nothing written to one that has gone is a fault."""

from types import SimpleNamespace

from proxy.client.client_transport import ClientTransport
from proxy.client.read_pauses import PauseReason
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
        (connection,) = await until(lambda: running.plane._listener.connections)
        assert connection.on_loopback
