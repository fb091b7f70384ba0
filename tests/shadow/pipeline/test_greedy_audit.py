"""Both sides get the request once more at temperature 0, with their own keys, and the pair is of its own kind."""

import asyncio
import json

import pytest

from proxy.exchange import Role
from proxy.provider_config import Provider, ProxyConfig
from shadow.demo.planted_faults import PlantedFaults
from shadow.demo.pretended_server import PretendedServer
from shadow.findings.pair import PairKind
from shadow.pipeline.fetcher_client import FetcherLostError, InProcessFetcher
from shadow.pipeline.greedy_audit import send_greedily, takes_temperature
from shadow.pipeline.reference_client import ReferenceClient
from shadow.reading.parsed_exchange import parse_exchange
from shadow.sampling.shadow_body import ShadowBody
from shadow.settings.top_level_config import Config, ShadowConfig
from tests.exchanges import asked, exchange, said


async def test_greedy_audit_calls_both_sides_at_temperature_zero_with_their_own_keys():
    live = parse_exchange(exchange(said("A bridge."), request=asked("Tell me about bridges")))
    async with (
        PretendedServer(seed=5, faults=PlantedFaults()) as provider,
        PretendedServer(seed=5, faults=PlantedFaults()) as reference,
    ):
        providers = {
            live.exchange.labels.provider: Provider(base_url=provider.base_url, api_key_env="NEAR"),
            live.exchange.labels.reference: Provider(base_url=reference.base_url, api_key_env="FAR"),
        }
        config = Config(proxy=ProxyConfig(providers=providers), shadow=ShadowConfig())
        mirror = ReferenceClient(
            config, {"NEAR": "k1", "FAR": "k2"}, InProcessFetcher(config.proxy.timeouts, config.proxy.limits)
        )
        try:
            found = await send_greedily(mirror, live)
        finally:
            await mirror.close()
        arrived = [server.requests for server in (provider, reference)]
    assert found.comparison.kind is PairKind.GREEDY
    assert [each.exchange.role for each in found.exchanges] == [Role.GREEDY, Role.GREEDY]
    assert [one.exchange.labels.provider for one in found.exchanges] == [
        live.exchange.labels.provider,
        live.exchange.labels.reference,
    ]
    assert [len(requests) for requests in arrived] == [1, 1]
    assert [json.loads(requests[0].body)["temperature"] for requests in arrived] == [0, 0]
    keys = [{name.lower(): value for name, value in requests[0].headers}["authorization"] for requests in arrived]
    assert keys == ["Bearer k1", "Bearer k2"]


async def test_copy_for_the_provider_keeps_identifying_members_and_for_the_reference_does_not():
    body = asked("Tell me about bridges", user="u-1", metadata={"a": "b"}, service_tier="flex", store=False)
    live = parse_exchange(exchange(said("A bridge."), request=body))
    live = live._replace(
        exchange=live.exchange._replace(request=live.exchange.request._replace(target="/v1/chat/completions?v=1"))
    )
    async with PretendedServer(seed=5) as provider, PretendedServer(seed=5) as reference:
        providers = {
            live.exchange.labels.provider: Provider(base_url=provider.base_url),
            live.exchange.labels.reference: Provider(base_url=reference.base_url),
        }
        config = Config(proxy=ProxyConfig(providers=providers), shadow=ShadowConfig())
        mirror = ReferenceClient(config, {}, InProcessFetcher(config.proxy.timeouts, config.proxy.limits))
        try:
            await send_greedily(mirror, live)
        finally:
            await mirror.close()
        [[near], [far]] = provider.requests, reference.requests
    assert set(near.json) == {"temperature", "model", "messages", "user", "metadata", "service_tier", "store"}
    assert set(far.json) == {"temperature", "model", "messages"}
    assert (near.target, far.target) == ("/v1/chat/completions?v=1", "/v1/chat/completions")


@pytest.mark.parametrize(
    ("target", "version", "takes"),
    [
        ("/v1/chat/completions", "", True),
        ("/v1/embeddings", "", False),
        ("/v1/messages", "", True),
        ("/v1/messages", "2023-06-01", True),
        ("/v1/messages", "2026-10-21", False),
        ("/v1/messages", "2027-01-01", False),
    ],
)
def test_api_without_temperature_has_no_greedy_audit(target, version, takes):
    made = exchange(b"{}", request=json.dumps({"input": "a", "messages": []}).encode())
    headers = (("Anthropic-Version", version),) if version else ()
    assert (
        takes_temperature(parse_exchange(made._replace(request=made.request._replace(target=target, headers=headers)))) is takes
    )


async def test_answer_that_comes_after_the_other_side_was_lost_is_passed_on():
    live = parse_exchange(exchange(said("A bridge."), request=asked("Tell me about bridges")))
    over, came = asyncio.Event(), []

    class Client:
        """References of which one is lost at once, and the other answers then."""

        def prepare(self, *_):
            return ShadowBody(body=live.exchange.request.body, alterations=())

        async def ask(self, asked, _body, _role, name):
            if name == live.exchange.labels.reference:
                over.set()
                raise FetcherLostError
            await over.wait()
            for _ in range(20):
                await asyncio.sleep(0)
            return asked

    with pytest.raises(FetcherLostError):
        await send_greedily(Client(), live, came.append)
    assert [each.exchange.id for each in came] == [live.exchange.id]


async def test_cancelled_audit_leaves_no_call_behind_though_the_other_side_was_lost():
    live = parse_exchange(exchange(said("A bridge."), request=asked("Tell me about bridges")))
    ended = []

    class Client:
        """References of which one is lost at once, and the other never answers."""

        def prepare(self, *_):
            return ShadowBody(body=live.exchange.request.body, alterations=())

        async def ask(self, _asked, _body, _role, name):
            if name == live.exchange.labels.reference:
                raise FetcherLostError
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(name)

    audit = asyncio.create_task(send_greedily(Client(), live))
    for _ in range(20):
        await asyncio.sleep(0)
    audit.cancel()
    with pytest.raises(asyncio.CancelledError):
        await audit
    assert ended == [live.exchange.labels.provider]
