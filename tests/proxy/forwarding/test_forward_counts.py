"""proxy.forwarding.forward: what is counted, recorded and let go of each request that ends, and a health check."""

from types import SimpleNamespace

import pytest

from proxy.client.client_request import ClientRequest
from proxy.client.head_memo import HeadMemo
from proxy.exchange import Failure, FailureKind, Role
from proxy.forwarding.forward import Forward
from proxy.provider_config import Limits, ProxyConfig, TenantKey
from proxy.routing_config import RoutingConfig
from proxy.worker_stats import WorkerStats
from tests.heads import raw_head

CONFIG = ProxyConfig.model_validate({"provider": "p", "providers": {"p": {"base_url": "http://p:1/v1"}}})
GONE = Failure(kind=FailureKind.CLIENT_GONE, detail="", after_head=False)


class Sink:
    waiting = 0

    def __init__(self):
        self.offered = []

    def offer(self, exchange):
        self.offered.append(exchange)

    offer_packed = offer


class Connection:
    """A client's connection that keeps what is written, and whether it is kept."""

    def __init__(self):
        self.written, self.kept = b"", []

    def write(self, data):
        self.written += data

    straight = write

    def finish(self, *, keep, refused=False):
        self.kept.append(keep)


class Upstream:
    """Has no connection, and makes none before the test is over."""

    def ready(self, _origin):
        return None

    async def open(self, _origin):
        raise AssertionError


def made(*fields, tenants=(), method="GET", path="/v1/models", **limits):
    sink, stats = Sink(), WorkerStats()
    routing = RoutingConfig.of(CONFIG, {"TEAM": "key-of-alpha-0123456"}, tenants)
    forward = Forward(Limits(**limits), routing, upstream=Upstream(), sink=sink, stats=stats)
    request = ClientRequest(HeadMemo(raw_head(*fields, method=method, path=path)), None, 0.0)
    return forward, request, sink, stats


def over(forward, request, failure=GONE, tenant=None):
    capture = forward._capture(request)
    live = SimpleNamespace(request=request, capture=capture, routing=forward.routing, tenant=tenant)
    forward.stats.in_flight += 1
    forward.over(live, failure, 1.0)
    return capture


@pytest.mark.parametrize(
    ("fields", "more", "answered", "keep"),
    [
        ((), {"path": "/healthz"}, True, True),
        ((), {"path": "/healthz?x", "method": "HEAD"}, True, True),
        (((b"Connection", b"close"),), {"path": "/healthz"}, True, False),
        (((b"Expect", b"gold"),), {"path": "/healthz"}, False, None),
        (((b"x-sameweights-provider", b"unknown"),), {"path": "/healthz"}, False, None),
    ],
)
def test_a_health_check_is_answered_here_and_counted_nowhere(fields, more, answered, keep):
    forward, request, sink, stats = made(*fields, **more)
    connection = Connection()
    forward.begin(connection, request)
    assert connection.written.startswith(b"HTTP/1.1 200 ") is answered
    if answered:
        assert (connection.kept, stats, sink.offered) == ([keep], WorkerStats(), [])
    else:
        assert (stats.accepted, stats.finished, stats.refused, stats.in_flight) == (1, 1, 1, 0)


def test_a_health_check_of_a_process_that_stops_ends_its_connection():
    forward, request, _, _ = made(path="/healthz")
    forward.drain()
    connection = Connection()
    forward.begin(connection, request)
    assert connection.kept == [False]
    assert b"Connection: close\r\n" in connection.written


@pytest.mark.parametrize(
    ("fields", "tenants", "tenant", "recorded"),
    [
        ((), (), None, True),
        (((b"x-sameweights-record", b"off"),), (), None, False),
        ((), (TenantKey(name="a", key_env="TEAM"),), None, False),
        ((), (TenantKey(name="a", key_env="TEAM"),), "a", True),
    ],
)
def test_a_request_that_is_over_is_recorded_unless_its_client_is_no_tenant_or_wants_none(fields, tenants, tenant, recorded):
    forward, request, sink, stats = made(*fields, tenants=tenants)
    over(forward, request, tenant=tenant)
    assert (len(sink.offered), stats.unrecorded) == (int(recorded), int(not recorded))
    assert (stats.in_flight, stats.finished) == (0, 1)


def test_what_was_held_of_a_request_is_given_back():
    forward, request, _, _ = made()
    held = forward.held
    capture = forward._capture(request)
    capture.ask(b"x" * 20_000)
    assert held.size == 20_000
    forward.stats.in_flight += 1
    forward.over(SimpleNamespace(request=request, capture=capture, routing=forward.routing, tenant=None), GONE, 1.0)
    assert held.size == 0


def test_a_process_that_stops_is_quiet_once_no_request_is_in_progress():
    forward, request, _, _ = made()
    over(forward, request)
    assert not forward.quiet.is_set()
    forward.stats.in_flight = 1
    forward.drain()
    assert (forward.draining, forward.quiet.is_set()) == (True, False)
    assert repr(forward) == "<Forward in_flight=1 websockets=0 draining=True>"
    over(forward, request)
    assert not forward.quiet.is_set()
    forward.stats.in_flight = 0
    over(forward, request)
    assert forward.quiet.is_set()
    idle, *_ = made()
    idle.drain()
    assert idle.quiet.is_set()


@pytest.mark.parametrize(("length", "said"), [(None, ""), (0, "0"), (5, "5")])
def test_a_record_begins_with_the_head_and_the_length_that_it_states(length, said):
    forward, _, _, _ = made(audit_body=7)
    field = [] if length is None else [(b"Content-Length", b"%d" % length)]
    request = ClientRequest(HeadMemo(raw_head(*field, path="/v1/x")), length, 0.0)
    made_of_it = forward._capture(request).end(3.0)
    assert (made_of_it.role, made_of_it.seconds, made_of_it.request.target) == (Role.PRIMARY, 3.0, "/v1/x")
    assert [value for name, value in made_of_it.request.headers if name == "Content-Length"] == ([said] if said else [])
    capture = forward._capture(request)
    capture.ask(b"x" * 9)
    assert capture.end(3.0).request.body == b"x" * 7
