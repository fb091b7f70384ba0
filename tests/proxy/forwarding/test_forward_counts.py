"""proxy.forwarding.forward: what is counted, recorded and let go of each request that ends, and a health check."""

from types import SimpleNamespace

import pytest

from proxy.client.client_request import ClientRequest
from proxy.client.head_memo import HeadMemo
from proxy.exchange import Failure, FailureKind, Role
from proxy.forwarding import forward as module
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


@pytest.fixture
def begin(monkeypatch):
    """Begins a request, of which nothing is sent, and gives what is in progress."""

    def live(shared, _connection, request, capture):
        made = SimpleNamespace(
            request=request, capture=capture, routing=shared.routing, tenant=None, start=lambda: begun.append(made)
        )
        return made

    def begin(forward, request):
        forward.begin(Connection(), request)
        return begun.pop()

    begun = []
    monkeypatch.setattr(module, "LiveRequest", live)
    return begin


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
def test_a_request_that_is_over_is_recorded_unless_its_client_is_no_tenant_or_wants_none(
    begin, fields, tenants, tenant, recorded
):
    forward, request, sink, stats = made(*fields, tenants=tenants)
    live = begin(forward, request)
    assert (stats.in_flight, stats.accepted, stats.finished) == (1, 1, 0)
    live.tenant = tenant
    forward.over(live, GONE, 1.0)
    assert (len(sink.offered), stats.unrecorded) == (int(recorded), int(not recorded))
    assert (stats.in_flight, stats.finished) == (0, 1)


def test_what_was_held_of_a_request_is_given_back(begin):
    forward, request, _, _ = made()
    held, live = forward.held, begin(forward, request)
    live.capture.ask(b"x" * 20_000)
    assert held.size == 20_000
    forward.over(live, GONE, 1.0)
    assert held.size == 0


def test_a_process_that_stops_is_quiet_once_no_request_is_in_progress(begin):
    forward, request, _, _ = made()
    first, second, third = (begin(forward, request) for _ in range(3))
    forward.over(first, GONE, 1.0)
    assert not forward.quiet.is_set()
    forward.drain()
    assert (forward.draining, forward.quiet.is_set()) == (True, False)
    assert repr(forward) == "<Forward in_flight=2 websockets=0 draining=True>"
    forward.over(second, GONE, 1.0)
    assert not forward.quiet.is_set()
    forward.over(third, GONE, 1.0)
    assert forward.quiet.is_set()


def test_a_process_is_not_quiet_before_it_stops_and_is_at_once_where_nothing_is_in_progress(begin):
    forward, request, _, _ = made()
    forward.over(begin(forward, request), GONE, 1.0)
    assert not forward.quiet.is_set()
    forward.drain()
    assert forward.quiet.is_set()


@pytest.mark.parametrize(("length", "said"), [(None, ""), (0, "0"), (5, "5")])
def test_a_record_begins_with_the_head_and_the_length_that_it_states(begin, length, said):
    forward, _, _, _ = made(audit_body=7)
    field = [] if length is None else [(b"Content-Length", b"%d" % length)]
    request = ClientRequest(HeadMemo(raw_head(*field, path="/v1/x")), length, 0.0)
    made_of_it = begin(forward, request).capture.end(3.0)
    assert (made_of_it.role, made_of_it.seconds, made_of_it.request.target) == (Role.PRIMARY, 3.0, "/v1/x")
    assert [value for name, value in made_of_it.request.headers if name == "Content-Length"] == ([said] if said else [])
    capture = begin(forward, request).capture
    capture.ask(b"x" * 9)
    assert capture.end(3.0).request.body == b"x" * 7
