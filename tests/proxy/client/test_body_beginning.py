"""proxy.client.body_beginning: a body is awaited until its model has come, as far as there is room for it."""

import json

import pytest

from tests.wires import ask, client, ok, plane, post, scripted

PICTURE = "data:image/png;base64," + "iVBORw0KGgo" * 460_000
"""5 MB, as the OpenAI client writes them: before the model."""
LARGE = json.dumps({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": PICTURE}}]}]}).encode()
CHUNKED = b"POST /v1/x HTTP/1.1\r\nHost: p\r\nTransfer-Encoding: chunked\r\n\r\n"


def two(first, second, **more):
    """Routes by the model: `a-*` to one provider, everything else to another."""
    return {
        "provider": "second",
        "providers": {"first": {"base_url": first.url, **more}, "second": {"base_url": second.url}},
        "routes": [{"name": "as", "model": "a-*", "provider": "first"}],
    }


def before(body, model=b"a-1"):
    return body[:-1] + b',"stream":true,"model":"%b"}' % model


def body_of(request):
    return request.partition(b"\r\n\r\n")[2]


@pytest.mark.promise("routes.large")
@pytest.mark.parametrize("model", [b"a-1", b"b-1"])
async def test_a_model_behind_a_picture_of_five_megabytes_is_routed_and_recorded(model):
    async with scripted(None, ok()) as first, scripted(None, ok()) as second, plane(**two(first, second)) as running:
        assert (await ask(running.port, post(before(LARGE, model)))).startswith(b"HTTP/1.1 200")
        exchange = await running.kept.next()
        assert running.held.size == 0
    served, other = (first, second) if model == b"a-1" else (second, first)
    assert [body_of(request) == before(LARGE, model) for request in served.requests] == [True]
    assert other.requests == []
    assert (exchange.labels.model, exchange.labels.stream) == (model.decode(), True)
    assert (exchange.request.body == before(LARGE, model)) is True


async def test_a_model_behind_a_picture_is_renamed_and_what_follows_it_passes():
    body = before(LARGE) + b" " * 300_000
    async with (
        scripted(None, ok()) as first,
        scripted(None, ok()) as second,
        plane(**two(first, second, models={"*": "renamed"})) as running,
    ):
        await ask(running.port, post(body))
    assert [body_of(request) == body.replace(b'"a-1"', b'"renamed"') for request in first.requests] == [True]


async def test_request_is_sent_as_soon_as_the_model_behind_a_picture_has_come():
    start = before(LARGE)[:-1]

    async def early(wire):
        await wire.head()
        await wire.send(ok(b"early"))
        await wire.gone()

    async with (
        scripted(early) as first,
        scripted(None, ok()) as second,
        plane(**two(first, second)) as running,
        client(running.port) as asked,
    ):
        await asked.send(CHUNKED + b"%x\r\n%b\r\n" % (len(start), start))
        await asked.until(b"early")


@pytest.mark.parametrize(("held", "known"), [(12_000_000, True), (4_000_000, False)])
async def test_body_without_room_is_routed_by_its_first_part(held, known):
    """What is awaited is counted beside what is kept for the audit: twice the 5 MB."""
    limits = {"audit_held": held}
    async with (
        scripted(None, ok()) as first,
        scripted(None, ok()) as second,
        plane(**two(first, second), limits=limits) as running,
    ):
        assert (await ask(running.port, post(before(LARGE)))).startswith(b"HTTP/1.1 200")
        assert (await running.kept.next()).unheld is not known
        assert running.held.size == 0
    assert [body_of(request) == before(LARGE) for request in (first if known else second).requests] == [True]


@pytest.mark.parametrize(("size", "known"), [(2_000_000, False), (6_000_000, True)])
async def test_a_body_is_awaited_up_to_the_limit_of_what_is_kept_of_it(size, known):
    async with (
        scripted(None, ok()) as first,
        scripted(None, ok()) as second,
        plane(**two(first, second), limits={"audit_body": size}) as running,
    ):
        await ask(running.port, post(before(LARGE)))
    assert [body_of(request) == before(LARGE) for request in (first if known else second).requests] == [True]
