"""proxy.client.body_beginning: a body is awaited until its model has come, as far as there is room for it."""

import json
from types import SimpleNamespace

import pytest

from proxy.client import body_beginning as module
from proxy.client.body_beginning import BodyReader
from proxy.exchange import Role
from proxy.provider_config import Limits
from proxy.record.capture import Capture
from proxy.record.held_bodies import HeldBytes
from proxy.record.recorded_head import RecordedHead
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


class Pieces:
    """A request whose body, one long text in JSON, comes in pieces of ten bytes, of which the first `ready` are here already."""

    def __init__(self, count, *, ready=0, codings=()):
        self.count = self.left = count
        self.here = ready
        self.head = SimpleNamespace(codings=codings, looked_at=lambda data: data)

    @property
    def at_end(self):
        return not self.left

    @property
    def ready(self):
        return self.here > 0

    async def read(self):
        self.left -= 1
        self.here -= 1
        return b'{"text":"x' if self.left == self.count - 1 else b"x" * 10


def reader(request, *, held=10_000, **limits):
    capture = Capture(
        identity="",
        role=Role.PRIMARY,
        started=0.0,
        begun=0.0,
        limit=10_000,
        head=RecordedHead("POST", "/", ()),
        held=HeldBytes(held),
    )
    return BodyReader(request, capture, Limits(**limits)), capture


async def test_a_body_is_looked_at_for_its_model_once_at_each_doubling(monkeypatch):
    looks = []

    def settling(data):
        looks.append(len(data))
        yield
        return False

    monkeypatch.setattr(module, "settling", settling)
    read, capture = reader(Pieces(20), peek_body=1_000)
    begun = await read.first(settled=False)
    assert (looks, len(begun.data), begun.more, begun.scan) == ([10, 20, 40, 80, 160], 200, False, None)
    assert capture.request_size == 200


@pytest.mark.parametrize(("peek", "size"), [(99, 100), (100, 110), (0, 10)])
async def test_of_a_body_in_a_coding_no_more_than_the_first_part_is_awaited(peek, size):
    begun = await reader(Pieces(20, codings=("br",)), peek_body=peek)[0].first(settled=False)
    assert (len(begun.data), begun.more, begun.scan) == (size, True, None)


@pytest.mark.parametrize("ready", [0, 1, 3])
async def test_where_no_model_is_needed_what_is_here_is_taken(ready):
    begun = await reader(Pieces(20, ready=ready), peek_body=1_000)[0].first(settled=True)
    assert (len(begun.data), begun.more) == (10 * ready, True)


@pytest.mark.parametrize(("most", "size"), [(0, 10), (19, 20), (20, 30), (1_000, 200)])
async def test_the_rest_of_a_body_is_read_to_a_size_and_a_piece(most, size):
    rest = await reader(Pieces(20))[0].rest(most)
    assert (len(rest.data), rest.more) == (size, size < 200)


@pytest.mark.parametrize(
    ("audit", "held", "size"),
    [
        pytest.param(10_000, 10_000, 200, id="to its end"),
        pytest.param(50, 10_000, 60, id="one piece beyond what is kept"),
        pytest.param(49, 10_000, 50, id="the piece that passes what is kept"),
        pytest.param(10_000, 25, 20, id="as long as there is room"),
    ],
)
async def test_a_body_whose_model_has_not_come_in_its_first_part_is_awaited_as_far_as_there_is_room(audit, held, size):
    read, capture = reader(Pieces(20), held=held, peek_body=0, audit_body=audit)
    begun = await read.first(settled=False)
    assert (len(begun.data), begun.more, begun.scan.settled) == (size, size < 200, False)
    assert capture.taken <= held
