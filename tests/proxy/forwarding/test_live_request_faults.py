"""proxy.forwarding.live_request: faults of ours while a request waits, and what it shows, notes and leaves."""

import pytest

from proxy.exchange import FailureKind
from proxy.forwarding import live_request as module
from proxy.forwarding.live_request import LiveRequest
from tests.noted_transport import NotedTransport
from tests.proxy.forwarding.test_live_request_ends import OPENING, failed, making
from tests.wires import ok

SWITCHED = b"HTTP/1.1 101 \r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


@pytest.fixture
def made():
    with making() as one:
        yield one


async def test_a_fault_of_the_proxy_in_a_request_that_waits_is_answered_by_500_and_logged(made, caplog, monkeypatch):
    async def prepared(_):
        raise ZeroDivisionError

    monkeypatch.setattr(LiveRequest, "at_once", lambda _: None)
    monkeypatch.setattr(LiveRequest, "prepared", prepared)
    one = await made().start()
    assert one.client.written.startswith(b"HTTP/1.1 500 ")
    assert (failed(one), one.live.ended) == ((FailureKind.INTERNAL, "a fault of the proxy", False), True)
    assert [(record.getMessage(), record.exchange) for record in caplog.records] == [("request_failed", "i")]


async def test_the_time_that_the_proxy_took_is_that_until_the_request_was_sent(made, monkeypatch):
    monkeypatch.setattr(module, "monotonic", lambda: 100.0)
    one = await made().start(ok(b"x"))
    assert one.live.capture.end(200.0).overhead == 100.0


async def test_a_request_shows_what_it_is_over_and_whether_it_has_ended(made):
    one = made()
    assert repr(one.live) == "<LiveRequest <ClientRequest POST length=13 come=13> over None None ended=False>"
    await one.start(ok(b"x"))
    assert repr(one.live).endswith("failure=''> ended=True>")


async def test_a_client_whose_tunnel_waited_for_its_provider_is_read_again_at_the_end(made):
    one = made(*OPENING, method="GET", path="/v1/realtime", body=b"")
    one.client.transport = client = NotedTransport()
    await one.start(SWITCHED)
    one.link.pause_writing()
    one.client.switched.take(b"hello")
    assert client.done == [("pause_reading",)]
    one.live.left()
    assert client.done == [("pause_reading",), ("resume_reading",)]
