"""The client of the reference uses the reference's own key and names, is bounded in time and bytes, and never raises."""

import gzip

import pytest

from proxy.exchange import FailureKind, Role
from proxy.provider_config import Provider, ProxyConfig
from shadow.demo.planted_faults import PlantedFaults
from shadow.demo.pretended_server import PretendedServer
from shadow.pipeline.fetcher_client import InProcessFetcher
from shadow.pipeline.reference_client import ReferenceClient, _query
from shadow.reading.completion import Completion
from shadow.reading.parsed_response import parse_response
from shadow.settings.top_level_config import Config, ShadowConfig
from tests.exchanges import asked, exchange
from tests.running import PATIENCE


def config(base_url: str, models: dict[str, str] | None = None, **shadow) -> Config:
    official = Provider(base_url=base_url, api_key_env="OFFICIAL_KEY", models=models or {})
    return Config(proxy=ProxyConfig(provider="official", providers={"official": official}), shadow=ShadowConfig(**shadow))


async def ask(provider: PretendedServer | str, live, **options):
    base = provider if isinstance(provider, str) else provider.base_url
    known = config(base, **options)
    mirror = ReferenceClient(known, {"OFFICIAL_KEY": "reference-key"}, InProcessFetcher(known.proxy.timeouts, known.proxy.limits))
    try:
        body = mirror.prepare(live)
        return body, await mirror.ask(live, body, Role.SHADOW)
    finally:
        await mirror.close()


async def test_a_shadow_is_read_like_live_traffic_with_marks_and_a_role_of_its_own():
    async with PretendedServer() as provider:
        live = exchange(request=asked(stream=True), stream=True, tag="t", conversation="c", opted_out=True)
        _, shadow = await ask(provider, live)
    assert shadow.role is Role.SHADOW
    assert shadow.labels == live.labels._replace(provider="official", reference="", opted_out=False)
    assert shadow.id != live.id
    assert len(shadow.response.marks) > 1
    assert isinstance(parse_response(shadow).completion, Completion)


async def test_the_reference_gets_its_own_key_and_the_clients_fields_and_no_mark_of_ours():
    headers = (
        *(("host", "proxy"), ("user-agent", "OpenAI/Python"), ("X-Stainless-Lang", "python"), ("Authorization", "")),
        *(("Content-Type", "application/json"), ("Content-Length", "1"), ("Accept", "text/event-stream"), ("Via", "1.1 inner")),
    )
    async with PretendedServer(key="reference-key") as provider:
        _, shadow = await ask(provider, exchange(request=asked(), headers=headers))
        [got] = provider.requests
    assert shadow.response.status == 200
    assert [name for name, _ in got.headers] == [
        *("Host", "user-agent", "X-Stainless-Lang", "Authorization", "Content-Type", "Content-Length", "Accept")
    ]
    assert got.header("authorization") == "Bearer reference-key"
    assert got.header("user-agent") == "OpenAI/Python"
    assert ("Authorization", "") in shadow.request.headers, "no key in what is recorded of the shadow"


async def test_a_client_without_a_user_agent_has_copies_without_one():
    async with PretendedServer() as provider:
        await ask(provider, exchange(request=asked(), headers=(("Content-Type", "application/json"),)))
        [got] = provider.requests
    assert got.header("user-agent") in {None, ""}


async def test_a_packed_request_is_sent_unpacked_and_the_change_is_recorded():
    packed = exchange(request=gzip.compress(asked("Say hello")), headers=(("Content-Encoding", "gzip"),))
    async with PretendedServer() as provider:
        body, shadow = await ask(provider, packed)
        [got] = provider.requests
    assert shadow.response.status == 200
    assert got.json["messages"][0]["content"] == "Say hello"
    assert got.header("content-encoding") in {None, ""}
    assert body.alterations[0] == "sent unpacked"


async def test_the_model_is_called_by_the_references_name_and_the_change_is_recorded():
    async with PretendedServer() as provider:
        body, _ = await ask(provider, exchange(request=asked()), models={"pretend-small": "official/pretend-small"})
        [got] = provider.requests
    assert got.json["model"] == "official/pretend-small"
    assert any("official/pretend-small" in alteration for alteration in body.alterations)


@pytest.mark.parametrize("faults", [PlantedFaults(cut_stream=1.0), PlantedFaults(error_rate=1.0)], ids=["cut", "error"])
async def test_a_faulty_reference_is_a_value(faults):
    async with PretendedServer(faults=faults) as provider:
        _, shadow = await ask(provider, exchange(request=asked(stream=True), stream=True))
    assert shadow.failure or shadow.response.status >= 400


async def test_a_reference_that_is_not_there_is_a_value():
    _, shadow = await ask("http://127.0.0.1:9/v1", exchange(request=asked()))
    assert shadow.failure.kind is FailureKind.CONNECT
    assert shadow.response is None


async def test_a_silent_reference_is_given_up_after_the_timeout_and_the_connection_closed():
    async with PretendedServer(faults=PlantedFaults(silent=1.0)) as provider:
        _, shadow = await ask(provider, exchange(request=asked()), timeout=0.2)
        assert shadow.failure.kind is FailureKind.TOTAL_TIMEOUT
        await provider.until(lambda p: p.open_streams == 0, seconds=PATIENCE)


async def test_an_endless_answer_is_kept_up_to_its_limit_only():
    async with PretendedServer() as provider:
        _, shadow = await ask(provider, exchange(request=asked(stream=True, max_tokens=4_000)), max_body=1_024)
    assert len(shadow.response.body) <= 1_024
    assert shadow.response.truncated


@pytest.mark.parametrize(
    ("target", "path", "field", "borne"),
    [
        ("/v1/chat/completions", "/v1/chat/completions", "", ("authorization", "Bearer reference-key")),
        ("/near/v1/messages?beta=true", "/v1/messages", "", ("x-api-key", "reference-key")),
        ("/v1/messages", "/v1/messages", "authorization", ("authorization", "Bearer reference-key")),
        ("/v1/embeddings", "/v1/embeddings", "api-key", ("api-key", "reference-key")),
    ],
)
async def test_shadow_request_uses_the_clients_api_and_its_field_for_the_key(target, path, field, borne):
    headers = (("Content-Type", "application/json"), ("Anthropic-Version", "2023-06-01"), ("Anthropic-Beta", "a,b"))
    live = exchange(request=asked(), headers=headers)
    live = live._replace(request=live.request._replace(target=target))
    async with PretendedServer() as provider:
        known = config(provider.base_url)
        official = known.proxy.providers["official"].model_copy(update={"api_key_header": field})
        known = known.model_copy(update={"proxy": known.proxy.model_copy(update={"providers": {"official": official}})})
        mirror = ReferenceClient(
            known, {"OFFICIAL_KEY": "reference-key"}, InProcessFetcher(known.proxy.timeouts, known.proxy.limits)
        )
        await mirror.ask(live, mirror.prepare(live), Role.SHADOW)
        await mirror.close()
        [got] = provider.requests
    assert got.target == path
    assert {name: got.header(name) for name in ("authorization", "x-api-key", "api-key") if got.header(name)} == dict([borne])
    assert (got.header("anthropic-version"), got.header("anthropic-beta")) == ("2023-06-01", "a,b")


FITTED = {
    "drop": ("seed",),
    "rename": {"max_tokens": "max_completion_tokens"},
    "extra_body": {"provider": {"order": ["x"]}},
    "extra_headers": {"x-team": "a"},
    "extra_headers_env": {"x-gateway-key": "GATE"},
    "extra_query": {"api-version": "1"},
}


async def fitted(live, *, reference: dict | None = None, candidate: dict | None = None):
    """The copy of `live` that a reference with these settings gets, what it got, and how that differs."""
    async with PretendedServer() as provider:
        providers = {
            "candidate": Provider(base_url="http://127.0.0.1:9/v1", **(candidate or {})),
            "official": Provider(base_url=provider.base_url, **(reference or {})),
        }
        known = Config(proxy=ProxyConfig(provider="candidate", reference="official", providers=providers))
        mirror = ReferenceClient(known, {"GATE": "hunter2"}, InProcessFetcher(known.proxy.timeouts, known.proxy.limits))
        try:
            body = mirror.prepare(live)
            shadow = await mirror.ask(live, body, Role.SHADOW)
        finally:
            await mirror.close()
        return body, shadow, provider.requests[0]


async def test_a_copy_is_fitted_to_its_reference_and_each_change_is_recorded_without_secrets():
    live = exchange(request=asked(seed=1, max_tokens=5), headers=(("X-Team", "mine"),))
    body, shadow, got = await fitted(live, reference=FITTED)
    assert (got.json["max_completion_tokens"], got.json["provider"]) == (5, {"order": ["x"]})
    assert not {"seed", "max_tokens"} & set(got.json)
    assert (got.header("x-team"), got.header("x-gateway-key")) == ("a", "hunter2")
    assert got.target.endswith("?api-version=1")
    assert body.alterations == (
        "seed removed: left out for this provider",
        "max_tokens sent as max_completion_tokens",
        'provider added: {"order": ["x"]}',
        "header x-team added",
        "header x-gateway-key added",
        "query api-version=1 added",
    )
    assert "hunter2" not in repr(shadow.request)


async def test_a_fitting_of_the_provider_is_no_fitting_of_its_reference():
    live = exchange(request=asked(seed=1))
    body, _, got = await fitted(live, candidate=FITTED)
    assert got.json["seed"] == 1
    assert body.alterations == ()


async def test_how_the_applications_own_request_was_fitted_is_reported_with_the_pair():
    live = exchange(request=asked(seed=1))
    body, _, got = await fitted(live, candidate={"drop": ("seed",), "extra_query": {"v": "1"}, "fit_live": True})
    assert got.json["seed"] == 1
    assert body.of_live == ("to the provider: seed removed: left out for this provider", "to the provider: query v=1 added")


async def test_a_router_with_another_provider_order_at_the_same_address_is_another_server():
    address = "http://127.0.0.1:9/v1"
    for orders, same in (((["x"], ["x"]), True), ((["x"], ["y"]), False)):
        near, far = ({"base_url": address, "extra_body": {"provider": {"order": order}}} for order in orders)
        known = Config(
            proxy=ProxyConfig(provider="candidate", reference="official", providers={"candidate": near, "official": far})
        )
        assert (
            ReferenceClient(known, {}, InProcessFetcher(known.proxy.timeouts, known.proxy.limits)).same_server(exchange()) is same
        )


@pytest.mark.parametrize(
    ("query", "sent"),
    [("", ""), ("?api-version=1", "?api-version=1"), ("?a=1&subscription-key=redacted&b=2", "?a=1&b=2"), ("?key=redacted", "")],
)
def test_a_copy_for_the_same_provider_has_the_query_of_the_request_without_its_credentials(query, sent):
    live = exchange()
    assert _query(live._replace(request=live.request._replace(target=f"/v1/chat/completions{query}"))) == sent


async def test_a_field_of_the_settings_takes_the_place_of_the_clients_own():
    live = exchange(request=asked(), headers=(("User-Agent", "OpenAI/Python"), ("Accept", "application/json")))
    _, _, got = await fitted(live, reference={"extra_headers": {"User-Agent": "audit"}})
    assert [value for name, value in got.headers if name.lower() == "user-agent"] == ["audit"]
