"""proxy.client.half_close: at each look whether a client that ended its side still reads, by what its kernel acknowledges."""

from types import SimpleNamespace

import pytest

from proxy.client import half_close as module
from proxy.client.half_close import PROBE, HalfCloseWatch
from proxy.process import tcp_info
from proxy.process.tcp_info import TcpInfo
from tests.noted_timers import NotedTimers
from tests.noted_transport import NotedTransport

HERE = tcp_info.PEER_ENDED


class Made:
    """A watch whose client's kernel says what `peer` is, and whose answer has `begun` or not."""

    def __init__(self, monkeypatch, *, begun=False, probe=PROBE, peer=TcpInfo(HERE, 100, 0), buffered=0):  # noqa: B008 - a tuple
        self.peer, self.begun, self.timers, self.transport = peer, begun, NotedTimers(), NotedTransport(socket="its socket")
        self.transport.buffered = buffered
        monkeypatch.setattr(module, "asyncio", SimpleNamespace(get_running_loop=lambda: self.timers))
        monkeypatch.setattr(module.tcp_info, "peer", lambda _: self.peer)
        self.watch = HalfCloseWatch(self.transport, begun=lambda: self.begun, probe=lambda: probe)

    def looks(self, *peers):
        for peer in peers:
            self.peer = peer
            self.timers.timers[-1][1]()
        return self


@pytest.fixture
def made(monkeypatch):
    return lambda **more: Made(monkeypatch, **more)


def test_a_client_is_looked_at_after_half_a_second_and_behind_a_probe_after_a_fifth(made):
    one = made().looks(TcpInfo(HERE, 100, 0))
    assert [seconds for seconds, _ in one.timers.timers] == [0.5, 0.2]
    assert (one.transport.done, repr(one.watch)) == ([("write", PROBE)], "<HalfCloseWatch probed=True>")
    one.looks(TcpInfo(HERE, 125, 0), TcpInfo(HERE, 125, 0))
    assert [seconds for seconds, _ in one.timers.timers] == [0.5, 0.2, 1.0, 1.0]
    assert len(one.transport.done) == 1


def test_a_client_that_answers_a_probe_with_a_reset_has_gone(made):
    one = made().looks(TcpInfo(HERE, 100, 0), TcpInfo(tcp_info.CLOSED, 100, 25))
    assert one.transport.done == [("write", PROBE), ("abort",)]
    assert len(one.timers.timers) == 2


@pytest.mark.parametrize(
    ("begun", "acknowledged", "pending", "stays"),
    [(True, 101, 0, True), (True, 100, 0, False), (True, 100, 7, True), (False, 100, 0, True)],
)
def test_behind_the_beginning_of_an_answer_a_client_must_have_acknowledged_something_of_it(
    made, begun, acknowledged, pending, stays
):
    one = made(begun=begun).looks(TcpInfo(HERE, acknowledged, pending))
    assert (("abort",) not in one.transport.done) is stays


@pytest.mark.parametrize(("acknowledged", "reads"), [(112, False), (113, True)])
def test_what_is_acknowledged_of_answers_before_is_of_no_account(made, acknowledged, reads):
    one = made(peer=TcpInfo(HERE, 100, 5), buffered=7).looks(TcpInfo(HERE, acknowledged, 0))
    assert (one.transport.done == []) is reads
    one.begun = True
    one.looks(TcpInfo(HERE, acknowledged, 0))
    assert (("abort",) in one.transport.done) is not reads


def test_an_answer_that_had_begun_counts_from_its_beginning(made):
    one = made(begun=True, peer=TcpInfo(HERE, 100, 5), buffered=7).looks(TcpInfo(HERE, 101, 0))
    assert one.transport.done == []


def test_a_client_that_cannot_be_probed_is_only_looked_at(made):
    one = made(probe=b"").looks(TcpInfo(HERE, 100, 0), TcpInfo(HERE, 100, 0))
    assert (one.transport.done, [seconds for seconds, _ in one.timers.timers]) == ([], [0.5, 1.0, 1.0])


def test_a_connection_that_closes_is_looked_at_no_more(made):
    one = made()
    one.transport.closing = True
    one.looks(TcpInfo(tcp_info.CLOSED, 0, 0))
    assert (one.transport.done, len(one.timers.timers)) == ([], 1)
    one.watch.stop()
    assert one.timers.cancelled == 1
