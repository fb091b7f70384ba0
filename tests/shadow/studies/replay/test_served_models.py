"""The model of each side: as named, else the only one that its server lists."""

import asyncio

import pytest

from proxy.provider_config import Provider, ProxyConfig
from shadow.demo.pretended_server import PretendedServer
from shadow.settings.config_errors import ConfigError
from shadow.settings.top_level_config import Config
from shadow.studies.replay.served_models import UNKNOWN, named_models


def named(upstream: str, reference: str, model: str = "", reference_model: str = "", *, listing: bool = True):
    providers = {"upstream": Provider(base_url=upstream), "reference": Provider(base_url=reference)}
    config = Config(proxy=ProxyConfig(providers=providers))
    made = named_models(config, model, reference_model, {}, listing=listing)
    return [made.proxy.providers[name].models["*"] for name in ("upstream", "reference")]


async def test_the_only_model_of_each_server_is_taken_from_its_list():
    async with PretendedServer(models=("q4",)) as one, PretendedServer(models=("f16",)) as other:
        assert await asyncio.to_thread(named, one.base_url, other.base_url) == ["q4", "f16"]


@pytest.mark.parametrize(("given", "models"), [(("m",), ["m", "m"]), (("m", "n"), ["m", "n"])])
def test_a_named_model_needs_no_server(given, models):
    assert named("http://127.0.0.1:1/v1", "http://127.0.0.1:1/v1", *given) == models


def test_a_plan_asks_no_server():
    assert named("http://127.0.0.1:1/v1", "http://127.0.0.1:1/v1", listing=False) == [UNKNOWN, UNKNOWN]


async def test_several_models_and_none_are_sentences_with_the_flag_to_name_one():
    async with PretendedServer(models=("a", "b")) as several, PretendedServer(key="secret") as locked:
        with pytest.raises(ConfigError) as raised:
            await asyncio.to_thread(named, several.base_url, locked.base_url)
    assert raised.value.errors == (
        "--model: upstream serves 2 models ('a', 'b'); name the one to compare",
        "--reference-model: reference lists no models (status 401); name the one to compare",
    )
