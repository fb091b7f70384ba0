"""A client's connection over a transport that notes what is done with it, by a clock that stands still."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from proxy.client import client_connection, client_transport, request_body, request_intake
from proxy.client.client_listener import ClientListener
from proxy.provider_config import Limits, Timeouts
from proxy.worker_stats import WorkerStats
from tests.heads import raw_head
from tests.noted_transport import NotedTransport

NOW = 1_000.0
GET = raw_head(method="GET", path="/v1/models")
POST = raw_head((b"Content-Length", b"5"))


class Handler:
    """Keeps the requests that it is given."""

    def __init__(self):
        self.requests = []

    def begin(self, _connection, request):
        self.requests.append(request)


class InProgress:
    """A request that is being answered."""

    answering = True

    def __init__(self):
        self.noted = []

    def hold(self, *, held):
        self.noted.append(("hold", held))

    def left(self, *, stopped=False):
        self.noted.append(("left", stopped))


class Onward:
    """Where the bytes of another protocol go."""

    def __init__(self):
        self.noted = []

    def take(self, data):
        self.noted.append(data)

    def end(self):
        self.noted.append("end")


class Made:
    """A connection with its transport, the requests that it had answered, and a clock that stands still."""

    def __init__(self, sock, **limits):
        self.now = NOW
        self.handler, self.stats = Handler(), WorkerStats()
        self.listener = ClientListener(self.handler, Timeouts(), Limits(**limits), self.stats)
        self.one, self.transport = self.listener(), NotedTransport(sockname=("127.0.0.1", 1), socket=sock)
        self.one.connection_made(self.transport)
        self.transport.done.clear()

    def take(self, *pieces):
        for piece in pieces:
            self.one.data_received(piece)

    def sweep(self, later):
        self.one.sweep(self.now + later)


@contextmanager
def making(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Made]]:
    """What makes a connection with these limits; time is that of the last one made."""
    near, far = socket.socketpair()
    one = None

    def make(**limits):
        nonlocal one
        one = Made(near, **limits)
        return one

    for module in (client_connection, client_transport, request_body, request_intake):
        monkeypatch.setattr(module, "monotonic", lambda: one.now if one else NOW)
    with near, far:
        yield make
