"""The model of each side: as named, else the only one that its server lists."""

import asyncio
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

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


@pytest.mark.parametrize(("count", "more"), [(8, ""), (9, ", ...")])
async def test_eight_of_the_models_of_a_server_are_named(count: int, more: str):
    models = tuple(f"m{n}" for n in range(count))
    async with PretendedServer(models=models) as several, PretendedServer(models=("f16",)) as one:
        with pytest.raises(ConfigError) as raised:
            await asyncio.to_thread(named, several.base_url, one.base_url)
    shown = ", ".join(f"'m{n}'" for n in range(8))
    assert raised.value.errors == (f"--model: upstream serves {count} models ({shown}{more}); name the one to compare",)


async def test_a_server_that_is_not_there_is_a_sentence_with_the_reason():
    async with PretendedServer(models=("f16",)) as one:
        with pytest.raises(ConfigError) as raised:
            await asyncio.to_thread(named, "http://127.0.0.1:1/v1", one.base_url)
    (fault,) = raised.value.errors
    assert fault.startswith("--model: upstream lists no models (")
    assert "no answer" not in fault
    assert "refused" in fault


async def test_only_the_side_without_a_name_is_looked_up():
    async with PretendedServer(models=("f16",)) as one:
        assert await asyncio.to_thread(named, one.base_url, "http://127.0.0.1:1/v1", reference_model="n") == ["f16", "n"]


class Listing(BaseHTTPRequestHandler):
    """A server whose list of models is the body of its class."""

    body = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", f"{len(self.body)}")
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"data": [{"id": "a"}, {"id": 1}, {"name": "b"}, "c"]}', "a"),
        (b"{", ""),
        (b'[{"id": "a"}]', ""),
        (b'{"data": {"id": "a"}}', ""),
    ],
)
def test_a_list_is_read_as_far_as_it_has_the_form_of_the_api(body: bytes, found: str):
    handler = type("Handler", (Listing,), {"body": body})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        try:
            address = f"http://127.0.0.1:{server.server_port}/v1"
            if found:
                assert named(address, address, reference_model="n") == [found, "n"]
            else:
                with pytest.raises(ConfigError, match=r"lists no models \(status 200\)"):
                    named(address, address, reference_model="n")
        finally:
            server.shutdown()
