"""proxy.forwarding.request_preparation: what is awaited of a body before it is sent, and what its provider gets of it."""

import pytest

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
