"""proxy.process.tcp_info: a peer that has ended its sending side, one that has gone, and one that is there, are distinguished."""

import socket
from contextlib import suppress

import pytest

from proxy.process import tcp_info


@pytest.fixture
def ends():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        mine = socket.create_connection(listening.getsockname())
        theirs, _ = listening.accept()
        with mine, theirs:
            yield mine, theirs


def test_what_a_living_peer_has_taken_is_acknowledged(ends):
    mine, theirs = ends
    before = tcp_info.peer(mine)
    mine.sendall(b"x" * 1000)
    assert theirs.recv(2000) == b"x" * 1000
    after = tcp_info.peer(mine)
    assert (before.pending, after.pending) == (0, 0)
    assert after.acknowledged - before.acknowledged == 1000
    assert after.state not in {tcp_info.CLOSED, tcp_info.PEER_ENDED}


def test_a_peer_that_ended_its_side_still_acknowledges(ends):
    mine, theirs = ends
    theirs.shutdown(socket.SHUT_WR)
    assert mine.recv(1) == b""
    before = tcp_info.peer(mine)
    mine.sendall(b"x")
    assert (before.state, tcp_info.peer(mine).acknowledged) == (tcp_info.PEER_ENDED, before.acknowledged + 1)


def test_a_peer_that_has_gone_answers_data_with_a_reset(ends):
    mine, theirs = ends
    theirs.close()
    assert mine.recv(1) == b""
    assert tcp_info.peer(mine).state == tcp_info.PEER_ENDED
    mine.sendall(b"x")
    after = tcp_info.peer(mine)
    assert (after.state, after.pending) == (tcp_info.CLOSED, 1)


def test_what_a_peer_does_not_take_is_pending(ends):
    mine, _ = ends
    mine.setblocking(False)
    sent = 0
    with suppress(BlockingIOError):
        while True:
            sent += mine.send(b"x" * 65_536)
    assert 0 < tcp_info.pending(mine) < sent


def test_of_a_closed_socket_nothing_is_pending(ends):
    mine, _ = ends
    mine.close()
    assert tcp_info.pending(mine) == 0


def test_where_the_kernel_reports_nothing_nothing_is_pending(ends, monkeypatch):
    mine, _ = ends
    mine.setblocking(False)
    with suppress(BlockingIOError):
        while True:
            mine.send(b"x" * 65_536)
    monkeypatch.setattr(tcp_info, "KNOWN", False)
    assert tcp_info.pending(mine) == 0
