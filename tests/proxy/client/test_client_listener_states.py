"""proxy.client.client_listener: the clients that it has, turns away and closes, by transports that note it."""

import pytest

from tests.client_states import GET, making
from tests.noted_transport import NotedTransport


@pytest.fixture
def made(monkeypatch):
    with making(monkeypatch) as make:
        yield make


def another(listener):
    connection, transport = listener(), NotedTransport(sockname=("127.0.0.1", 1))
    connection.connection_made(transport)
    return connection, transport


async def test_a_listener_is_empty_until_a_client_comes_and_once_the_last_has_left(made):
    first = made()
    listener = first.listener
    second, _ = another(listener)
    assert (list(listener.connections), listener.empty.is_set()) == ([first.one, second], False)
    listener.left(first.one)
    assert (list(listener.connections), listener.empty.is_set()) == ([second], False)
    listener.left(second)
    listener.left(second)
    assert (repr(listener), listener.empty.is_set()) == ("<ClientListener connections=0 excess=0>", True)


@pytest.mark.parametrize(("limit", "served"), [(0, 3), (1, 1), (2, 2), (3, 3)])
async def test_clients_beyond_the_limit_are_turned_away_with_its_number(made, limit, served):
    one = made(clients=limit)
    others = [another(one.listener) for _ in range(2)]
    assert (len(one.listener.connections), one.stats.refused) == (served, 3 - served)
    for _, transport in others[served - 1 :]:
        name, excess = transport.done[-1]
        excess.data_received(b"GET")
        (_, answer), _ = transport.done[-2:]
        assert (name, answer[:13]) == ("set_protocol", b"HTTP/1.1 503 ")
        assert f"{limit} clients are connected, which is the limit".encode() in answer
        excess.connection_lost(None)
    for connection in list(one.listener.connections):
        connection.connection_lost(None)
    assert one.listener.empty.is_set()


async def test_each_client_is_swept_closed_and_stopped(made):
    one = made()
    busy, transport = another(one.listener)
    busy.data_received(GET)
    one.listener.close_idle()
    assert (one.transport.closing, transport.closing) == (True, False)
    one.listener.sweep(one.now + 75.1)
    assert one.transport.done == [("close",), ("abort",)]
    busy.finish(keep=False)
    one.listener.close_idle(answered=True)
    assert transport.done[-1] == ("close",)
    one.listener.stop_all()
    assert transport.done[-1] == ("abort",)


@pytest.mark.parametrize("act", ["sweep", "stop_all"])
async def test_a_fault_in_one_connection_is_logged_and_the_others_have_their_turn(made, caplog, act):
    broken = made()
    _, transport = another(broken.listener)
    broken.one.stalled_since = "no time"
    broken.one.in_progress = "no request"
    if act == "sweep":
        broken.listener.sweep(broken.now + 75.1)
    else:
        broken.listener.stop_all()
    assert [record.getMessage() for record in caplog.records] == ["client_connection_fault"]
    assert transport.closing
