"""What the list of a reference's models reveals at start."""

import gzip

import pytest

from proxy.provider_config import Provider, ProxyConfig, Route
from shadow.demo.pretended_server import PretendedServer
from shadow.pipeline.fetcher_client import InProcessFetcher
from shadow.pipeline.reference_client import ReferenceClient
from shadow.pipeline.reference_probe import findings, listed_models, probe, wanted_models
from shadow.settings.top_level_config import Config
from tests.exchanges import exchange

LIST = b'{"object": "list", "data": [{"id": "kestrel-7b"}, {"id": "other"}]}'


def config(base_url: str, **more) -> ProxyConfig:
    official = Provider(base_url=base_url, api_key_env="OFFICIAL_KEY", models=more.pop("models", {}))
    live = Provider(base_url="http://127.0.0.1:9/v1")
    return ProxyConfig(provider="live", providers={"live": live, "official": official}, **{"reference": "official", **more})


async def sentences(proxy: ProxyConfig, key: str = "reference-key") -> list[str]:
    known = Config(proxy=proxy)
    mirror = ReferenceClient(known, {"OFFICIAL_KEY": key}, InProcessFetcher(proxy.timeouts, proxy.limits))
    try:
        return [sentence async for sentence in probe(mirror, wanted_models(proxy), proxy.candidates)]
    finally:
        await mirror.close()


async def test_a_reference_that_takes_its_key_and_lists_the_model_is_fine():
    async with PretendedServer(key="reference-key") as reference:
        assert await sentences(config(reference.base_url, models={"*": "pretend-small"})) == []
        [seen] = reference.requests
    assert (seen.method, seen.target, seen.header("authorization")) == ("GET", "/v1/models", "Bearer reference-key")


async def test_a_refused_key_is_worded_with_the_status_and_without_the_key():
    async with PretendedServer(key="another-key") as reference:
        [sentence] = await sentences(config(reference.base_url))
    assert sentence.startswith("the reference official refused the list of its models: 401; its key is missing or wrong")
    assert "reference-key" not in sentence


async def test_a_reference_that_is_not_there_is_worded():
    [sentence] = await sentences(config("http://127.0.0.1:9/v1"))
    assert sentence.startswith("the reference official cannot be used: ")


async def test_a_model_that_the_reference_does_not_list_is_named():
    async with PretendedServer() as reference:
        [sentence] = await sentences(config(reference.base_url, models={"*": "kestrel-7b"}))
    assert sentence == "the reference official does not list the model 'kestrel-7b'; `models` renames a model for one provider"


@pytest.mark.parametrize("status", [404, 405, 501, 500])
def test_a_server_without_a_list_of_models_reveals_nothing(status):
    assert findings("official", exchange(b"{}", status), ["kestrel-7b"]) == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"data": 3}', b'{"data": [3, {"id": 4}]}', b"<html>", b"\xff"])
def test_a_list_that_cannot_be_read_reveals_nothing(body):
    assert findings("official", exchange(body), ["kestrel-7b"]) == []


def test_each_missing_model_has_a_sentence():
    assert [sentence.split("'")[1] for sentence in findings("official", exchange(LIST), ["b", "kestrel-7b", "a"])] == ["a", "b"]


def test_probed_models_have_the_names_of_the_reference():
    routes = (
        Route(name="one", model="kestrel-7b", provider="live"),
        Route(name="two", model="heron-*", provider="live"),
        Route(name="three", model="wren", provider="live", reference="live"),
    )
    wanted = wanted_models(config("http://127.0.0.1:9/v1", routes=routes, models={"kestrel-7b": "vendor/kestrel-7b"}))
    assert wanted == {"official": frozenset({"vendor/kestrel-7b"}), "live": frozenset({"wren"})}


def test_a_configuration_without_a_reference_probes_no_model():
    assert wanted_models(config("http://127.0.0.1:9/v1", reference="")) == {}


async def test_candidates_of_routes_are_probed_under_that_name():
    async with PretendedServer(key="another-key") as reference:
        route = Route(name="r", model="kestrel-7b", provider="live", candidates=("north",))
        proxy = config(reference.base_url, routes=(route,))
        proxy = proxy.model_copy(update={"providers": {**proxy.providers, "north": Provider(base_url="http://127.0.0.1:9/v1")}})
        assert wanted_models(proxy) == {"north": {"kestrel-7b"}, "official": {"kestrel-7b"}}
        found = await sentences(proxy)
    assert [sentence.split(" ")[:3] for sentence in found] == [["the", "candidate", "north"], ["the", "reference", "official"]]


@pytest.mark.parametrize(("size", "missing"), [(4_194_304, ["absent"]), (4_194_305, [])])
def test_a_compressed_list_of_models_is_read_up_to_four_mebibytes(size, missing):
    packed = exchange(gzip.compress(LIST.ljust(size), 1), headers=(("content-encoding", "gzip"),))
    found = findings("official", packed, ["absent", "kestrel-7b"])
    assert [sentence.split("'")[1] for sentence in found] == missing


def test_a_list_of_models_that_never_came_names_none():
    assert listed_models(exchange(answered=False)) == frozenset()
