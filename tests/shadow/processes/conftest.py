"""What several tests of the processes of `serve` need: an address where another process listens."""

import socket

import pytest


@pytest.fixture
def taken():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        yield f"127.0.0.1:{held.getsockname()[1]}"
