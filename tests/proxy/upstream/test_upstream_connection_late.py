"""proxy.upstream.upstream_connection: an answer of very many chunks, which is read in several turns."""

import socket

import pytest

from tests.proxy.upstream.test_upstream_connection_states import answer, made
from tests.running import until

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNKS = b"1\r\nx\r\n" * 3_000


@pytest.fixture
def quiet():
    """A socket on which nothing comes."""
    near, far = socket.socketpair()
    with near, far:
        yield near


@pytest.mark.parametrize(("url", "kept"), [("http://h/v1", True), ("https://h/v1", False)])
async def test_a_connection_is_not_kept_behind_an_answer_that_waited_where_tls_may_hold_more(quiet, url, kept):
    connection, transport, _ = made(quiet, url)
    connection.begin(one := answer(), list)
    connection.send(b"GET / HTTP/1.1\r\n\r\n", last=True)
    connection.data_received(HEAD + CHUNKS)
    connection.data_received(b"0\r\n\r\n")
    assert (one.over, transport.reading) == (False, False)
    await until(lambda: one.over)
    assert (one.failure, one.reusable, transport.closing) == (None, kept, not kept)
