"""proxy.forwarding.request_preparation: what is awaited of a body before it is sent, and what its provider gets of it."""

import pytest

from proxy.provider_config import ProxyConfig
from proxy.routing.body_peek import peek
from tests.wires import client, ok, plane, post, scripted

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
EXPECTING = b"POST /v1/x HTTP/1.1\r\nHost: p\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"


async def test_client_that_expects_100_continue_gets_it_before_its_body():
    async with scripted(None, ok(b"yes")) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(EXPECTING)
        assert await asked.until(b"\r\n\r\n") == CONTINUE
        await asked.send(b"{}")
        assert (await asked.until(b"yes")).startswith(b"HTTP/1.1 200 ")
        assert b"Expect" not in provider.requests[0]


async def test_client_whose_body_came_with_its_head_gets_no_100_continue():
    async with scripted(None, ok(b"yes")) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(EXPECTING + b"{}")
        assert (await asked.until(b"yes")).startswith(b"HTTP/1.1 200 ")


async def test_request_with_a_refused_expectation_gets_no_100_continue():
    async with plane("http://127.0.0.1:9/v1") as running, client(running.port) as asked:
        await asked.send(EXPECTING.replace(b"Expect: 100-continue", b"Expect: 100-continue, gold"))
        assert (await asked.rest()).startswith(b"HTTP/1.1 417 ")


@pytest.mark.parametrize(("size", "connections"), [(65_536, 1), (65_537, 1)])
async def test_a_body_of_any_size_is_renamed_where_its_model_is_known_and_has_its_new_length(size, connections):
    body = b'{"model":"small","x":"%b"}' % (b"x" * (size - 24))
    assert len(body) == size
    async with scripted(None, ok()) as provider:
        providers = {"candidate": {"base_url": provider.url, "models": {"small": "renamed"}}}
        async with plane(providers=providers) as running, client(running.port) as asked:
            await asked.send(post(body))
            await asked.rest()
    assert provider.connections == connections
    head, _, sent = provider.requests[0].partition(b"\r\n\r\n")
    assert sent == body.replace(b'"small"', b'"renamed"')
    assert b"Content-Length: %d" % len(sent) in head


@pytest.mark.parametrize(("size", "looked_at"), [(16_384, False), (16_385, True)])
async def test_a_body_that_changes_no_route_is_not_looked_at_where_the_record_holds_it(size, looked_at, monkeypatch):
    """Its model is found by the reader of the record."""
    sizes = []
    monkeypatch.setattr("proxy.forwarding.request_preparation.peek", lambda body: sizes.append(len(body)) or peek(body))
    body = b'{"model":"small","stream":true,"x":"%b"}' % (b"x" * (size - 38))
    assert len(body) == size
    async with scripted(None, ok()) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(post(body))
        await asked.rest()
        labels = (await running.kept.next()).labels
    assert sizes == ([size] if looked_at else [])
    assert (labels.model, labels.stream) == ("small", True)


@pytest.mark.parametrize(
    "more",
    [
        {"routes": [{"name": "r", "model": "s*", "provider": "candidate"}]},
        {"providers": {"candidate": {"base_url": "", "models": {"small": "renamed"}}}},
    ],
    ids=["a route by model", "a model that is renamed"],
)
async def test_a_body_whose_model_changes_the_route_or_the_request_is_looked_at_each_time(more):
    async with scripted(None, ok(b"x")) as provider:
        if "providers" in more:
            more = {"providers": {"candidate": {**more["providers"]["candidate"], "base_url": provider.url}}}
        async with plane(provider.url, **more) as running, client(running.port) as asked:
            for model in (b"small", b"large", b"small"):
                await asked.send(post(b'{"model":"%b"}' % model, close=False))
                await asked.until(b"\r\n\r\nx")
            kept = [(await running.kept.next()).labels for _ in range(3)]
    assert [labels.model for labels in kept] == ["small", "large", "small"]
    assert kept[0] == kept[2]
    if "routes" in more:
        assert [labels.route for labels in kept] == ["r", "default", "r"]
    else:
        assert [b"renamed" in request for request in provider.requests] == [True, False, True]


async def test_a_head_that_is_repeated_goes_where_a_new_configuration_says():
    async with (
        scripted(None, ok(b"1")) as first,
        scripted(None, ok(b"2")) as second,
        plane(first.url) as running,
        client(running.port) as asked,
    ):
        await asked.send(post(b"{}", close=False))
        assert (await asked.until(b"\r\n\r\n1")).startswith(b"HTTP/1.1 200")
        running.plane.reload(ProxyConfig(providers={"other": {"base_url": second.url}}, provider="other"))
        await asked.send(post(b"{}", close=False))
        assert (await asked.until(b"\r\n\r\n2")).startswith(b"HTTP/1.1 200")
        assert [(await running.kept.next()).labels.provider for _ in range(2)] == ["candidate", "other"]
    assert b"Host: 127.0.0.1:%d\r\n" % second.port in second.requests[0]


@pytest.mark.parametrize(("size", "kept", "looked_at"), [(5_000, 5_000, False), (5_001, 5_000, True), (16_385, 20_000, True)])
async def test_a_body_that_the_record_cuts_is_looked_at_on_its_way(size, kept, looked_at, monkeypatch):
    sizes = []
    monkeypatch.setattr("proxy.forwarding.request_preparation.peek", lambda body: sizes.append(len(body)) or peek(body))
    body = b'{"x":"%b","model":"small","stream":true}' % (b"x" * (size - 38))
    assert len(body) == size
    async with (
        scripted(None, ok()) as provider,
        plane(provider.url, limits={"audit_body": kept}) as running,
        client(running.port) as asked,
    ):
        await asked.send(post(body))
        await asked.rest()
        labels = (await running.kept.next()).labels
    assert sizes == ([size] if looked_at else [])
    assert (labels.model, labels.stream) == ("small", True)
