"""proxy.forwarding.forward: one exchange for each request, whatever the sink does, and no credential in any of them."""

import asyncio
import gzip
import json
import logging
import random
from time import monotonic

import pytest

from proxy.exchange import FailureKind, Labels
from proxy.packing import pack
from tests.proxy.test_content_coding import PACKERS
from tests.running import until
from tests.wires import PATIENCE, STREAM_HEAD, ask, chunks, client, get, ok, plane, post, scripted

SECRETS = (b"sk-header", b"sk-query", b"sk-cookie", b"sk-ours", b"sk-answer")


async def test_no_credential_is_in_an_exchange():
    async with scripted(None, ok(b"{}", b"Set-Cookie: sk-answer", b"WWW-Authenticate: sk-answer")) as provider:
        providers = {"candidate": {"base_url": provider.url, "api_key_env": "OUR_KEY"}}
        async with plane(providers=providers, environ={"OUR_KEY": "sk-ours"}) as running:
            fields = (b"Authorization: Bearer sk-header", b"X-Api-Key: sk-header", b"Cookie: sk-cookie", b"X-Whatever: sk-header")
            await ask(running.port, post(b"{}", *fields, target=b"/v1/chat/completions?api_key=sk-query&a=1"))
            packed = pack(await running.kept.next())
            assert [secret for secret in SECRETS if secret in packed] == []
            sent = provider.requests[0]
            assert b"Authorization: Bearer sk-ours\r\n" in sent
            assert b"X-Api-Key" not in sent
            assert b"?api_key=sk-query&a=1 " in sent


async def test_a_request_is_directed_by_its_control_fields():
    async with scripted(None, ok()) as one, scripted(None, ok()) as two:
        providers = {"candidate": {"base_url": one.url}, "other": {"base_url": two.url}}
        fields = (
            b"x-sameweights-provider: other",
            b"x-sameweights-shadow: off",
            b"x-sameweights-tag: t",
            b"x-sameweights-conversation: c",
        )
        async with plane(providers=providers, reference="candidate") as running:
            await ask(running.port, post(b'{"model":"m","stream":true}', *fields))
            got = await running.kept.next()
            assert got.labels == Labels(
                route="other",
                provider="other",
                reference="candidate",
                model="m",
                stream=True,
                tag="t",
                conversation="c",
                opted_out=True,
            )
            assert (len(one.requests), len(two.requests)) == (0, 1)
            assert b"sameweights" not in two.requests[0]
            await ask(running.port, get(b"/other/v1/models?x"))
            assert two.requests[1].startswith(b"GET /v1/models?x HTTP/1.1\r\n")


async def test_no_route_is_a_404_and_an_exchange():
    async with plane(provider="", providers={}) as running:
        answer = await ask(running.port, post(b'{"model":"m"}'))
        assert answer.startswith(b"HTTP/1.1 404 ")
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "no_route"
        got = await running.kept.next()
        assert (got.failure.kind, got.labels.model, got.response) == (FailureKind.REFUSED, "m", None)


async def test_times_are_in_order_and_the_proxys_own_share_is_small():
    async with scripted(None, STREAM_HEAD + chunks(b"a", b"b") + b"0\r\n\r\n") as provider, plane(provider.url) as running:
        await ask(running.port, post(b"{}"))
        got = await running.kept.next()
        moments = [got.overhead, got.response.head_seconds, *[mark.seconds for mark in got.response.marks], got.seconds]
        assert moments == sorted(moments)
        assert moments[0] > 0


async def test_a_sink_that_raises_changes_no_answer(caplog):
    class Broken:
        waiting = 0

        def offer(self, exchange):
            raise RuntimeError("disk full")

        def offer_packed(self, packed):
            raise RuntimeError("disk full")

    with caplog.at_level(logging.ERROR):
        async with (
            scripted(None, ok(b"yes")) as provider,
            plane(provider.url, sink=Broken()) as running,
            client(running.port) as asked,
        ):
            for _ in range(3):
                await asked.send(post(b"{}", close=False))
                await asked.until(b"yes")
    assert len(caplog.records) == 3


async def test_a_fault_of_ours_is_a_500_without_its_stack(caplog, monkeypatch):
    monkeypatch.setattr("proxy.forwarding.request_preparation.PreparedRequest", lambda *_parts: 1 / 0)
    with caplog.at_level(logging.ERROR):
        async with plane("http://127.0.0.1:1/v1") as running:
            answer = await ask(running.port, post(b"{}"))
            assert answer.startswith(b"HTTP/1.1 500 ")
            assert b"ZeroDivision" not in answer
            assert (await running.kept.next()).failure.kind is FailureKind.INTERNAL
    assert "ZeroDivisionError" in caplog.text


async def test_accepted_finished_and_refused_requests_are_counted():
    async with scripted(None, ok()) as provider, plane(provider.url) as running:
        await ask(running.port, get())
        await ask(running.port, get(b"*", method=b"OPTIONS"))
        stats = running.stats
        assert (stats.accepted, stats.finished, stats.refused, stats.in_flight) == (2, 2, 1, 0)


class Clock:
    """The forwarder's clock, which a test may set forward."""

    def __init__(self, monkeypatch) -> None:
        self.ahead = 0.0
        for module in ("live_request", "request_preparation"):
            monkeypatch.setattr(f"proxy.forwarding.{module}.monotonic", lambda: monotonic() + self.ahead)


async def test_a_slow_body_is_no_time_of_the_proxys_own(monkeypatch):
    clock = Clock(monkeypatch)
    async with scripted(None, ok()) as provider, plane(provider.url) as running, client(running.port) as asked:
        head, _, body = post(b'{"model":"m"}').partition(b"\r\n\r\n")
        await asked.send(head + b"\r\n\r\n" + body[:3])
        await until(lambda: running.stats.in_flight)
        clock.ahead += 100.0
        await asked.send(body[3:])
        got = await running.kept.next()
        assert got.seconds > 100.0
        assert got.overhead < 100.0


async def test_the_making_of_a_connection_is_no_time_of_the_proxys_own(monkeypatch):
    clock = Clock(monkeypatch)
    async with scripted(None, ok()) as provider, plane(provider.url) as running:
        made = running.plane._upstream.open

        async def slowly(origin):
            clock.ahead += 100.0
            return await made(origin)

        monkeypatch.setattr(running.plane._upstream, "open", slowly)
        await ask(running.port, post(b"{}"))
        got = await running.kept.next()
        assert got.seconds > 100.0
        assert got.overhead < 100.0


@pytest.mark.parametrize("target", [b"/healthz", b"/healthz?full"])
async def test_a_health_check_of_the_port_is_answered_here_and_is_no_request(target):
    async with scripted(None, ok(b"theirs")) as provider, plane(provider.url) as running:
        answer = await ask(running.port, get(target))
        assert answer == (b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n")
        assert (await ask(running.port, get(target, method=b"HEAD"))).endswith(b"Content-Length: 3\r\nConnection: close\r\n\r\n")
        assert (provider.requests, running.stats.accepted, running.kept.more) == ([], 0, 0)


@pytest.mark.parametrize("fields", [(), (b"Content-Length: 0",)])
async def test_a_health_check_keeps_its_connection(fields):
    async with plane("http://127.0.0.1:1/v1") as running, client(running.port) as asked:
        for _ in range(2):
            await asked.send(b"\r\n".join((b"GET /healthz HTTP/1.1", b"Host: x", *fields, b"", b"")))
            assert (await asked.until(b"ok\n")).startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(
    "request_",
    [
        get(b"/healthz", method=b"DELETE"),
        get(b"/health"),
        get(b"/healthz/x"),
        get(b"/healthz", b"x-sameweights-provider: candidate"),
    ],
)
async def test_what_only_looks_like_a_health_check_goes_to_the_provider(request_):
    async with scripted(None, ok(b"theirs")) as provider, plane(provider.url) as running:
        assert (await ask(running.port, request_)).endswith(b"theirs")


async def test_a_path_that_names_no_provider_is_a_404_with_the_known_names():
    async with scripted(None, ok()) as provider, plane(provider.url) as running:
        answer = await ask(
            running.port, post(b"{}", b"Authorization: Bearer sk-of-nobody", target=b"/nobody/v1/chat/completions")
        )
        assert answer.startswith(b"HTTP/1.1 404 ")
        assert b"no provider is named 'nobody'; configured: candidate" in answer
        assert provider.connections == 0


BODY = b'{"model":"m","max_tokens":5,"top_k":1,"text":"\\u00e9"}'
FITTED = b'{"model":"m","max_completion_tokens":5,"text":"\\u00e9"}'
FITTING = {
    "drop": ["top_k"],
    "rename": {"max_tokens": "max_completion_tokens"},
    "extra_query": {"api-version": "1"},
    "extra_headers": {"x-team": "a"},
    "extra_headers_env": {"x-gateway-key": "GATE"},
}


async def test_a_request_of_the_application_leaves_as_it_came_though_the_provider_has_a_fitting():
    async with scripted(None, ok()) as provider:
        providers = {"candidate": {"base_url": provider.url, **FITTING}}
        async with plane(providers=providers, environ={"GATE": "hunter2"}) as running:
            await ask(running.port, post(BODY, b"X-Team: mine"))
        [sent] = provider.requests
    assert sent.endswith(b"\r\n\r\n" + BODY)
    assert b"X-Team: mine\r\n" in sent
    assert b"hunter2" not in sent
    assert b"api-version" not in sent


@pytest.mark.parametrize("chunked", [False, True])
async def test_with_fit_live_it_is_fitted_and_the_record_holds_what_was_sent(chunked):
    async with scripted(None, ok()) as provider:
        providers = {"candidate": {"base_url": provider.url, **FITTING, "fit_live": True}}
        async with plane(providers=providers, environ={"GATE": "hunter2"}) as running:
            head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nX-Team: mine\r\nConnection: close\r\n"
            pieces = head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks(BODY[:20], BODY[20:]) + b"0\r\n\r\n"
            await ask(running.port, pieces if chunked else post(BODY, b"X-Team: mine"))
            got = await running.kept.next()
        [sent] = provider.requests
    assert sent.startswith(b"POST /v1/chat/completions?api-version=1 HTTP/1.1\r\n")
    assert FITTED in sent
    assert b"x-team: a\r\nx-gateway-key: hunter2\r\n" in sent
    assert b"mine" not in sent
    assert got.request.body == BODY
    assert b"hunter2" not in pack(got)


async def test_fitted_request_is_held_to_its_end_though_its_model_came_first():
    first, rest = BODY[:30], BODY[30:]
    async with scripted(None, ok()) as provider:
        providers = {"candidate": {"base_url": provider.url, **FITTING, "fit_live": True}}
        async with plane(providers=providers, environ={"GATE": "k"}) as running, client(running.port) as asked:
            whole = post(BODY)
            await asked.send(whole[: whole.index(BODY)] + first)
            await until(lambda: running.stats.in_flight)
            await asked.send(rest)
            assert (await asked.rest()).startswith(b"HTTP/1.1 200 ")
            got = await running.kept.next()
        [sent] = provider.requests
    assert sent.endswith(FITTED)
    assert got.request.body == BODY


async def test_a_body_beyond_what_is_held_is_sent_as_it_came():
    async with scripted(None, ok(), ok()) as provider:
        providers = {"candidate": {"base_url": provider.url, "drop": ["top_k"], "fit_live": True}}
        fits, beyond = (b'{"model":"m","top_k":1,"x":"%b"}' % (b"x" * size) for size in (2_018, 2_019))
        assert [len(fits), len(beyond)] == [2_048, 2_049]
        async with plane(providers=providers, limits={"peek_body": 2_048}) as running:
            await ask(running.port, post(fits))
            await ask(running.port, post(beyond))
        first, second = provider.requests
    assert b"top_k" not in first
    assert second.endswith(beyond)


def two(first, second):
    """Routes by the model: `a-*` to one provider, everything else to another."""
    return {
        "provider": "second",
        "providers": {"first": {"base_url": first.url}, "second": {"base_url": second.url}},
        "routes": [{"name": "as", "model": "a-*", "provider": "first"}],
    }


@pytest.mark.parametrize("order", ["model first", "model last"])
@pytest.mark.parametrize(("coding", "pack"), [(name, pack) for name, pack in PACKERS.values()], ids=list(PACKERS))
async def test_a_packed_body_is_routed_and_recorded_by_its_model_and_goes_out_as_it_came(coding, pack, order):
    members = [("model", "a-1"), ("stream", True), ("messages", [{"role": "user", "content": "word " * 40_000}])]
    plain = b"\xef\xbb\xbf" + json.dumps(dict(members if order == "model first" else members[::-1])).encode()
    body = pack(plain)
    field = b"Content-Encoding: " + coding.encode()
    async with scripted(None, ok(b"{}")) as first, scripted(None, ok(b"{}")) as second, plane(**two(first, second)) as running:
        await ask(running.port, post(body, field))
        got = await running.kept.next()
        assert (got.labels.provider, got.labels.route, got.labels.model, got.labels.stream) == ("first", "as", "a-1", True)
        assert got.request.body == body
    assert (len(first.requests), len(second.requests)) == (1, 0)
    assert first.requests[0].endswith(body)


async def test_a_packed_body_that_comes_in_pieces_is_awaited_until_its_model_is_known():
    packed = gzip.compress(json.dumps({"messages": [random.Random(1).randbytes(20_000).hex()], "model": "a-1"}).encode())
    async with scripted(None, ok(b"{}")) as first, scripted(None, ok(b"{}")) as second, plane(**two(first, second)) as running:
        async with client(running.port) as asked:
            whole = post(packed, b"Content-Encoding: gzip")
            await asked.send(whole[:-10_000])
            await asked.send(whole[-10_000:])
            assert (await asked.rest()).startswith(b"HTTP/1.1 200")
        assert (await running.kept.next()).labels.model == "a-1"
    assert (len(first.requests), len(second.requests)) == (1, 0)


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        (b"gzip", b'{"model": "a-1"}'),
        (b"br", b"\xff" * 100),
        (b"compress", b'{"model": "a-1"}'),
        (b"gzip", gzip.compress(b'{"messages": ["' + bytes(50_000_000) + b'"], "model": "a-1"}')),
    ],
    ids=["not packed", "broken", "unknown coding", "model beyond what is looked at"],
)
async def test_a_body_whose_model_cannot_be_read_is_routed_as_one_of_no_known_model(coding, body):
    async with scripted(None, ok(b"{}")) as first, scripted(None, ok(b"{}")) as second, plane(**two(first, second)) as running:
        assert (await ask(running.port, post(body, b"Content-Encoding: " + coding))).startswith(b"HTTP/1.1 200")
        got = await running.kept.next()
        assert (got.labels.provider, got.labels.model, got.request.body) == ("second", "", body)


@pytest.mark.promise("memory.held")
async def test_large_uploads_at_once_are_held_up_to_the_total_all_are_forwarded_and_all_room_is_given_back():
    arrived, gate = [], asyncio.Event()

    async def script(wire):
        arrived.append(await wire.request())
        await asyncio.wait_for(gate.wait(), PATIENCE)
        await wire.send(ok())
        await wire.gone()

    async with scripted(script) as provider, plane(provider.url, limits={"audit_held": 1_300_000}) as running:
        held = running.held
        asking = [asyncio.create_task(ask(running.port, post(b"x" * 600_000))) for _ in range(3)]
        await until(lambda: len(arrived) == 3)
        assert held.size == 1_200_000
        gate.set()
        assert [answer[:15] for answer in await asyncio.gather(*asking)] == [b"HTTP/1.1 200 OK"] * 3
        got = [await running.kept.next() for _ in range(3)]
        assert sorted((each.unheld, len(each.request.body)) for each in got) == [(False, 600_000), (False, 600_000), (True, 0)]
        assert held.size == 0
    assert {len(request.partition(b"\r\n\r\n")[2]) for request in arrived} == {600_000}


@pytest.mark.promise("memory.held")
async def test_a_large_upload_that_its_client_breaks_off_gives_its_room_back():
    async with scripted(None, ok()) as provider, plane(provider.url) as running:
        async with client(running.port) as asked:
            await asked.send(post(b"x" * 600_000)[:-100_000])
            await until(lambda: running.held.size == 500_000)
        await running.kept.next()
        assert running.held.size == 0


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
VERY_MANY = b"1\r\nb\r\n" * 60_000 + b"0\r\n\r\n"


@pytest.mark.parametrize("room", [0, 4_096])
async def test_very_many_chunks_reach_a_client_whole_and_their_connection_serves_the_next(room):
    async with (
        scripted(None, CHUNKED + VERY_MANY, ok(b"next")) as provider,
        plane(provider.url, limits={"write_buffer": 16_384}) as running,
        client(running.port, room=room) as asked,
    ):
        await asked.send(post(b"{}", close=False))
        assert (await asked.until(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        assert await asked.exactly(len(VERY_MANY)) == VERY_MANY
        got = await running.kept.next()
        assert (got.failure, got.response.body) == (None, b"b" * 60_000)
        await asked.send(post(b"{}", close=False))
        await asked.until(b"next")
        assert provider.connections == 1


async def test_a_client_that_leaves_while_very_many_chunks_wait_is_recorded_as_that():
    async with scripted(None, CHUNKED + VERY_MANY[:-5] * 20) as provider, plane(provider.url) as running:
        async with client(running.port, room=4_096) as asked:
            await asked.send(post(b"{}"))
            await asked.exactly(1_000)
        got = await running.kept.next()
        assert got.failure.kind is FailureKind.CLIENT_GONE
        assert set(got.response.body) == set(b"b")


@pytest.mark.slow
async def test_a_request_in_progress_as_the_proxy_stops_gets_its_answer_and_the_stop_ends_with_it():
    async def script(wire):
        await wire.request()
        asked_for.set()
        await asyncio.wait_for(answering.wait(), PATIENCE)
        await wire.send(ok(b"late"))

    asked_for, answering = asyncio.Event(), asyncio.Event()
    async with scripted(script) as provider, plane(provider.url) as running, client(running.port) as asked:
        await asked.send(post(b"{}", close=False))
        await asyncio.wait_for(asked_for.wait(), PATIENCE)
        stopping = asyncio.create_task(running.plane.stop(1e6))
        await asyncio.sleep(0)
        answering.set()
        assert (await asked.rest()).endswith(b"\r\n\r\nlate")
        await asyncio.wait_for(stopping, PATIENCE)
