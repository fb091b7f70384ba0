"""proxy.process.tls_records: two ends of TLS in this process, of which the server is read a record at a time."""

import ssl
import tracemalloc

import pytest

from proxy.process.server_tls import server_context
from proxy.process.tls_records import RecordObject
from proxy.upstream.tls_sessions import resume_sessions
from tests.certificates import handshake, issued

LONG = bytes(range(256)) * 400


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def ends(tmp_path, request):
    """The client's and the server's TLS, whose handshake is made."""
    trust, files = issued(tmp_path)
    trust.maximum_version = request.param
    return handshake(server_context(*files), resume_sessions(trust))


def test_both_sides_of_the_proxy_are_read_by_records(ends):
    assert all(isinstance(end, RecordObject) for end in ends)


def test_all_that_was_written_is_read_whatever_a_read_would_take(ends):
    client, server = ends
    assert client.write(LONG) == len(LONG)
    got = b""
    while len(got) < len(LONG):
        got += server.read(256 * 1024)
    assert got == LONG
    with pytest.raises(ssl.SSLWantReadError):
        server.read(256 * 1024)


def test_a_read_of_256_kib_takes_memory_for_no_more_than_a_record(ends):
    client, server = ends
    client.write(LONG)
    tracemalloc.start()
    try:
        got = server.read(256 * 1024)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(got) == 16_384
    assert most < 2 * 16_384


def test_a_shorter_read_leaves_the_rest_of_the_record_pending(ends):
    client, server = ends
    client.write(b"abcdef")
    assert (server.read(4), server.pending()) == (b"abcd", 2)
    assert (server.read(4), server.pending()) == (b"ef", 0)


def test_a_read_into_a_buffer_fills_it_and_returns_the_number_of_bytes(ends):
    client, server = ends
    client.write(b"abcdef")
    buffer = bytearray(4)
    assert (server.read(4, buffer), bytes(buffer)) == (4, b"abcd")


def test_the_end_of_a_client_that_announces_it_is_read_as_no_bytes(ends):
    client, server = ends
    with pytest.raises(ssl.SSLWantReadError):
        client.unwrap()
    assert server.read(256 * 1024) == b""
