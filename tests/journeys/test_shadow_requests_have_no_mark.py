"""A shadow, a control and a greedy copy reach a server with the head of the request that they copy, byte for byte."""

import itertools
import json
import re

import aiohttp
import pytest

from tests.journeys.two_providers import two_providers
from tests.running import until
from tests.wires import ask, ok, scripted

pytestmark = [pytest.mark.journey, pytest.mark.promise("shadow.unmarked")]

CONFIG = (
    two_providers(candidate='api_key_env = "NEAR_KEY"', official='api_key_env = "FAR_KEY"')
    + """[shadow]
sample_rate = 1.0
wait = 3600
control_fraction = 1.0
greedy = 1.0
[admin]
listen = "127.0.0.1:0"
"""
)
BODY = b'{"model": "m", "messages": [{"role": "user", "content": "Hello"}], "user": "u-1", "temperature": 1}'
TRACE = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
CLIENTS = {
    "openai-python": (
        *(b"Host: 127.0.0.1:8080", b"Accept-Encoding: gzip, deflate", b"Connection: keep-alive", b"Accept: application/json"),
        *(b"Content-Type: application/json", b"User-Agent: AsyncOpenAI/Python 2.1.0", b"X-Stainless-Lang: python"),
        *(b"X-Stainless-Package-Version: 2.1.0", b"X-Stainless-OS: Linux", b"X-Stainless-Arch: x64", b"X-Stainless-Async: 1"),
        *(b"X-Stainless-Runtime: CPython", b"X-Stainless-Runtime-Version: 3.11.4", b"Authorization: Bearer client-key-1234"),
        *(b"x-stainless-retry-count: 0", b"x-stainless-read-timeout: 600"),
    ),
    "node": (
        *(b"host: 127.0.0.1:8080", b"connection: keep-alive", b"authorization: Bearer client-key-1234"),
        *(b"content-type: application/json", b"accept: */*", b"accept-language: *", b"sec-fetch-mode: cors"),
        *(b"user-agent: node", b"accept-encoding: gzip, deflate"),
    ),
    "traced": (
        *(b"Host: 127.0.0.1:8080", b"x-request-id: 0f3c9a52-7d1e-4b8a-9c66-1a2b3c4d5e6f", b"traceparent: " + TRACE),
        *(b"Content-Type: application/json", b"Authorization: Bearer client-key-1234"),
    ),
    "bare": (b"Content-Type: application/json", b"Host: 127.0.0.1:8080"),
}


def answering():
    """A completion to each request, each with an id of its own, so that no answer looks like a stored one."""
    numbers = itertools.count(1)

    def bind(seen):
        async def script(wire):
            while True:
                request = await wire.request()
                if request.startswith(b"GET /v1/models "):
                    await wire.send(ok(b'{"data": []}', b"Content-Type: application/json"))
                    continue
                seen.append(request)
                choice = {"index": 0, "message": {"role": "assistant", "content": "Hi."}, "finish_reason": "stop"}
                body = {"id": f"c-{next(numbers)}", "object": "chat.completion", "model": "m", "choices": [choice]}
                await wire.send(ok(json.dumps(body).encode(), b"Content-Type: application/json"))

        return script

    return bind


def head(request: bytes) -> bytes:
    return request.partition(b"\r\n\r\n")[0]


def alike(request: bytes) -> bytes:
    """A head without what has to be another's: the server's address, the key, the length, and the names of one request."""
    plain = re.sub(rb"(?i)(\r\n(?:host|content-length|x-request-id|traceparent)): [^\r]*", rb"\1: *", head(request))
    return re.sub(rb"Bearer (near|far)-key-1234", b"Bearer *", plain)


async def test_copies_have_the_head_of_the_request_as_bytes(serve):
    near, far = [], []
    bind = answering()
    async with scripted(bind(near)) as candidate, scripted(bind(far)) as official:
        toml = CONFIG.format(candidate=candidate.url, official=official.url)
        async with serve(toml, env={"NEAR_KEY": "near-key-1234", "FAR_KEY": "far-key-1234"}) as served:
            for name, fields in CLIENTS.items():
                near.clear()
                far.clear()
                length = b"Content-Length: %d" % len(BODY)
                request = b"\r\n".join((b"POST /v1/chat/completions HTTP/1.1", *fields, length, b"Connection: close", b"", BODY))
                assert (await ask(int(served.data.rpartition(":")[2]), request)).startswith(b"HTTP/1.1 200"), name
                await until(lambda: len(near) == 2 and len(far) == 3)
                unmarked(near, far)


def unmarked(near: list[bytes], far: list[bytes]) -> None:
    """The live request and its greedy copy at one server; a shadow, a control and a greedy copy at the other."""
    live, greedy = near
    assert alike(greedy) == alike(live)
    # live traffic writes a configured key in a field of the proxy's own writing; a copy elsewhere keeps the client's
    heads = [alike(each).replace(b"\r\nauthorization:", b"\r\nAuthorization:") for each in (live, *far)]
    assert len(set(heads)) == 1, heads
    assert b"Bearer near-key-1234" in head(greedy)
    assert all(b"Bearer far-key-1234" in head(each) for each in far)
    assert b"client-key" not in b"".join((*near, *far))
    assert b"sameweights" not in b"".join((*near, *far)).lower()
    for name in (b"x-request-id: ", b"traceparent: "):
        values = [head(each).partition(name)[2].partition(b"\r\n")[0] for each in (*near, *far)]
        assert len(set(values)) == (5 if name in head(live) else 1), "each copy has a name of its own"


async def test_fields_that_identify_the_application_or_its_network_do_not_reach_the_reference(serve):
    near, far = [], []
    bind = answering()
    async with scripted(bind(near)) as candidate, scripted(bind(far)) as official:
        toml = CONFIG.format(candidate=candidate.url, official=official.url)
        private = {
            "OpenAI-Organization": "org-1",
            "HTTP-Referer": "https://app.example",
            "Via": "1.1 inner",
            "Cookie": "session=secret-1234",
            "X-Vault-Pass": "secret-5678",
        }
        async with (
            serve(toml, env={"NEAR_KEY": "near-key-1234", "FAR_KEY": "far-key-1234"}) as served,
            aiohttp.ClientSession() as session,
        ):
            headers = {"Content-Type": "application/json", **private}
            async with session.post(f"{served.data}/v1/chat/completions", data=BODY, headers=headers) as got:
                assert got.status == 200
                await got.read()
            await until(lambda: len(near) == 2 and len(far) == 3)
    for name, value in private.items():
        assert value.encode() in near[0]
        assert name.lower().encode() not in b"".join(map(head, far)).lower()
    assert b"secret-" not in near[1], "what may be a secret is in no copy"
    assert b"u-1" not in b"".join(far)
