"""proxy.forwarding.request_preparation: the head and body that a provider gets, the labels, and what is refused."""

from types import SimpleNamespace

import pytest

from proxy.client.body_framing import LengthBody
from proxy.client.client_request import ClientRequest
from proxy.client.head_memo import HeadMemo
from proxy.client.request_body import RequestBody
from proxy.errors import NoRouteError, RequestError
from proxy.exchange import Labels, Role
from proxy.forwarding.request_preparation import RequestPreparation
from proxy.provider_config import ProxyConfig, TenantKey
from proxy.record.capture import Capture
from proxy.routing.tenant_keys import TenantKeys
from proxy.routing_config import RoutingConfig
from tests.heads import raw_head

BODY = b'{"model":"m","n":1}'
ENVIRON = {"KEY": "sk-configured-1", "TEAM": "key-of-alpha-0123456"}
KEYED = {"api_key_env": "KEY"}
FOREIGN = (b"Origin", b"https://evil.example")


def config(settings=None, **more):
    providers = {"p": {"base_url": "http://p:1/v1", **(settings or {})}, "q": {"base_url": "http://q:2/v1"}}
    providers |= more.pop("others", {})
    return ProxyConfig.model_validate({"provider": "p", "providers": providers, **more})


def prepared(*fields, settings=None, body=BODY, chunked=False, memo=None, loopback=True, routing=None, **more):
    """The preparation of a request, and the connection that it came by."""
    head = {name: more.pop(name) for name in ("method", "path", "version") if name in more}
    made = config(settings, **more)
    fields = fields if any(name == b"Host" for name, _ in fields) else ((b"Host", b"localhost"), *fields)
    length = (b"Transfer-Encoding", b"chunked") if chunked else (b"Content-Length", b"%d" % len(body))
    memo = memo or HeadMemo(raw_head(*fields, *([length] if body or chunked else []), **head))
    request = ClientRequest(memo, len(body) if body and not chunked else None, 0.0)
    request.whole = body
    capture = Capture(identity="i", role=Role.PRIMARY, started=0.0, begun=0.0, limit=10**6, head=memo.recorded)
    written = []
    connection = SimpleNamespace(on_loopback=loopback, write=written.append, written=written)
    return RequestPreparation(request, connection, capture, routing or RoutingConfig.of(made, ENVIRON), made.limits)


def lines(made):
    return made.head.split(b"\r\n")


def test_a_whole_request_goes_out_as_it_came_to_the_provider_of_its_route():
    one = prepared()
    made = one.at_once()
    assert made.head == b"POST /v1/chat/completions HTTP/1.1\r\nHost: p:1\r\nContent-Length: 19\r\n\r\n"
    assert (made.body is one.request.whole, made.origin.host, one.uploading) == (True, "p", False)
    assert one.capture.labels == Labels(route="default", provider="p")
    assert one.capture.asked(99) == BODY
    assert repr(one) == "<RequestPreparation <ClientRequest POST length=19 come=19> uploading=False>"


@pytest.mark.parametrize(
    ("more", "line", "body"),
    [
        ({"settings": {"models": {"m": "org/model"}}}, b"Content-Length: 27", b'{"model":"org/model","n":1}'),
        ({"settings": {"models": {"x": "org/model"}}}, b"Content-Length: 19", BODY),
        ({"chunked": True}, b"Transfer-Encoding: chunked", b"13\r\n" + BODY + b"\r\n0\r\n\r\n"),
        (
            {"chunked": True, "settings": {"models": {"*": "o"}}},
            *(b"Transfer-Encoding: chunked", b'13\r\n{"model":"o","n":1}\r\n0\r\n\r\n'),
        ),
        ({"body": b"", "method": "GET", "path": "/v1/models"}, b"Host: p:1", b""),
        ({"settings": KEYED}, b"Authorization: Bearer sk-configured-1", BODY),
    ],
)
def test_a_body_has_the_name_that_its_provider_gives_the_model_and_the_head_its_length(more, line, body):
    made = prepared(**more).at_once()
    assert (line in lines(made), made.body) == (True, body)


ROUTES = {"routes": [{"name": "r", "model": "m", "provider": "q"}]}


def test_where_the_route_depends_on_the_model_the_body_is_looked_at():
    one = prepared(**ROUTES)
    assert one.at_once().origin.host == "q"
    assert one.capture.labels == Labels(route="r", provider="q", model="m")
    other = prepared(body=b'{"model":"x","stream":true}', **ROUTES)
    assert other.at_once().origin.host == "p"
    assert other.capture.labels == Labels(route="default", provider="p", model="x", stream=True)


def test_a_plan_is_made_once_for_a_head_and_again_for_another_model_or_configuration():
    first = prepared(**ROUTES)
    first.at_once()
    memo, plan = first.request.memo, first.request.memo.plan
    again = prepared(memo=memo, routing=first.routing, **ROUTES)
    again.at_once()
    assert (memo.plan is plan, again.capture.labels) == (True, Labels(route="r", provider="q", model="m"))
    assert prepared(memo=memo, routing=first.routing, body=b'{"model":"other-m"}', **ROUTES).at_once().origin.host == "p"
    assert memo.plan is not plan
    plan = memo.plan
    assert prepared(memo=memo, **ROUTES).at_once().origin.host == "q"
    assert memo.plan is not plan


@pytest.mark.parametrize(("size", "at_once"), [(65_536, True), (65_537, False)])
def test_a_body_of_64_kib_is_sent_at_once(size, at_once):
    one = prepared(body=BODY + b" " * (size - len(BODY)))
    assert (one.at_once() is not None) is at_once


@pytest.mark.parametrize(("size", "at_once"), [(100, True), (101, False)])
def test_a_body_longer_than_is_peeked_at_is_not_sent_at_once(size, at_once):
    one = prepared(body=BODY + b" " * (size - len(BODY)), limits={"peek_body": 100})
    assert (one.at_once() is not None) is at_once


async def test_a_request_that_is_fitted_is_prepared_in_steps():
    settings = {"fit_live": True, "drop": ("n",), "extra_query": {"v": "1"}, "extra_headers": {"x-team": "a"}}
    one = prepared(settings=settings)
    assert one.at_once() is None
    made = await one.prepared()
    assert (made.body, made.route.target) == (b'{"model":"m"}', "/v1/chat/completions?v=1")
    assert lines(made)[0] == b"POST /v1/chat/completions?v=1 HTTP/1.1"
    assert {b"Content-Length: 13", b"x-team: a"} <= set(lines(made))
    assert one.capture.request_size == len(BODY)


async def test_a_fitted_body_that_came_in_chunks_leaves_as_one():
    one = prepared(settings={"fit_live": True, "drop": ("n",)}, chunked=True)
    one.at_once()
    assert (await one.prepared()).body == b'd\r\n{"model":"m"}\r\n0\r\n\r\n'


async def test_a_body_that_is_no_object_leaves_as_it_came():
    one = prepared(settings={"fit_live": True, "drop": ("n",)}, body=b"[1,2]")
    one.at_once()
    assert (await one.prepared()).body == b"[1,2]"


async def test_a_body_that_comes_later_is_awaited_and_its_client_told_to_send_it():
    one = prepared((b"Expect", b"100-continue"), **ROUTES)
    peer = SimpleNamespace(resume_body=list, pause_body=list, waiting_since=0.0)
    one.request.whole, one.request.body = b"", RequestBody(LengthBody(len(BODY)), peer)
    assert one.at_once() is None
    one.request.body.feed(BODY[:7])
    one.request.body.feed(BODY[7:])
    made = await one.prepared()
    assert (made.body, made.origin.host, one.uploading) == (BODY, "q", False)
    assert (one.wait_seconds > 0.0, one.capture.asked(99)) == (True, BODY)


@pytest.mark.parametrize(
    ("target", "loopback", "passes"),
    [
        ("http://localhost:1/v1/x", True, True),
        ("http://127.0.0.1/v1/x", True, True),
        ("http://host/v1/x", True, True),
        ("http://api.example/v1/x", True, False),
        ("http://llm.example/v1/x", True, True),
        ("http://host/v1/x", False, False),
        ("http://llm.example/v1/x", False, True),
    ],
)
def test_a_request_that_was_meant_for_another_server_is_refused(target, loopback, passes):
    one = prepared((b"Host", target.split("/")[2].encode()), path=target, loopback=loopback, hosts=("llm.example",))
    if passes:
        one.check_authority()
    else:
        with pytest.raises(RequestError, match="this is not a forward proxy, and '") as raised:
            one.check_authority()
        assert (raised.value.status, raised.value.code) == (421, "misdirected")


@pytest.mark.parametrize(
    ("fields", "settings", "more", "refused", "opted_out"),
    [
        ((FOREIGN,), {}, {}, False, False),
        ((FOREIGN,), KEYED, {}, True, False),
        ((), KEYED, {}, False, False),
        ((FOREIGN,), {}, {"reference": "q", "others": {"q": {"base_url": "http://q:2/v1", **KEYED}}}, False, True),
        ((), {}, {"reference": "q", "others": {"q": {"base_url": "http://q:2/v1", **KEYED}}}, False, False),
        ((FOREIGN,), KEYED, {"origins": ("https://evil.example",)}, False, False),
        ((FOREIGN,), {"fit_live": True, "extra_headers_env": {"x-key": "KEY"}}, {}, True, False),
        ((FOREIGN,), {"fit_live": True, "drop": ("n",)}, {}, False, False),
    ],
)
def test_a_foreign_page_uses_no_key_of_the_operator_and_is_not_shadowed_with_one(fields, settings, more, refused, opted_out):
    one = prepared(*fields, settings=settings, **more)
    if refused:
        with pytest.raises(RequestError, match="may not use the key that is configured here") as raised:
            one.at_once()
        assert (raised.value.status, raised.value.code) == (403, "foreign_page")
    else:
        one.at_once()
    assert one.capture.labels.opted_out is opted_out


TENANTS = [TenantKey(name="alpha", key_env="TEAM", routes=("r",))]
KEY = (b"x-sameweights-key", b"key-of-alpha-0123456")


def test_a_tenants_request_has_its_name_and_only_its_routes():
    keys = TenantKeys.of(TENANTS, ENVIRON)
    one = prepared(KEY, **ROUTES)
    one.check_tenant(keys)
    one.at_once()
    assert one.capture.labels.tenant == "alpha"
    other = prepared(KEY, body=b'{"model":"x"}', **ROUTES)
    other.check_tenant(keys)
    with pytest.raises(RequestError, match="may not use the route 'default'"):
        other.at_once()
    with pytest.raises(RequestError) as raised:
        prepared(**ROUTES).check_tenant(keys)
    assert raised.value.status == 401


def test_a_tenant_is_found_once_for_a_head_and_again_among_others():
    one = prepared(KEY)
    keys, others = TenantKeys.of(TENANTS, ENVIRON), TenantKeys.of([TenantKey(name="beta", key_env="TEAM")], ENVIRON)
    for among, name in ((keys, "alpha"), (keys, "alpha"), (others, "beta")):
        again = prepared(memo=one.request.memo)
        again.check_tenant(among)
        assert again.tenant.name == name


def test_what_a_client_set_for_the_proxy_is_among_the_labels_even_of_a_request_without_a_route():
    fields = ((b"x-sameweights-tag", b"t"), (b"x-sameweights-conversation", b"c"), (b"x-sameweights-shadow", b"off"))
    one = prepared(*fields, (b"x-sameweights-provider", b"unknown"))
    with pytest.raises(NoRouteError):
        one.at_once()
    assert one.capture.labels == Labels(tag="t", conversation="c", opted_out=True)
    other = prepared(*fields)
    other.at_once()
    assert other.capture.labels == Labels(route="default", provider="p", tag="t", conversation="c", opted_out=True)


@pytest.mark.parametrize(
    ("settings", "target"),
    [
        ({}, "/v1/realtime?model=m&a=b"),
        ({"models": {"m": "org/m"}}, "/v1/realtime?model=org%2Fm&a=b"),
        ({"fit_live": True, "extra_query": {"v": "1"}}, "/v1/realtime?model=m&a=b&v=1"),
    ],
)
def test_the_opening_of_a_websocket_names_its_model_in_the_query(settings, target):
    one = prepared(settings=settings, body=b"", method="GET", path="/v1/realtime?model=m&a=b")
    made = one.websocket()
    assert lines(made)[0] == f"GET {target} HTTP/1.1".encode()
    assert (made.body, one.capture.labels) == (b"", Labels(route="default", provider="p", model="m", stream=True))
