from __future__ import annotations

import asyncio
import os
import signal
import sys
import tomllib
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest

from shadow.demo.demo_processes import (
    DemoProcessError,
    DemoRoute,
    command_output,
    log_tail,
    running_providers,
    running_serve,
    write_config,
)
from shadow.demo.pretended_providers import ProviderSettings
from shadow.settings.top_level_config import Config
from tests.running import until

pytestmark = pytest.mark.slow


ROUTE = DemoRoute(name="agents", live="other", prices={"cheap": 2.0}, tolerance=20)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_written_configuration_is_a_valid_one(tmp_path):
    found = {name: f"http://127.0.0.1:{port}/v1" for port, name in enumerate(("official", "other", "cheap"), 5)}
    file = write_config(tmp_path, found, reference="official", route=ROUTE, model="m", data=3, admin=4, routers=["other"])
    config = Config.model_validate(tomllib.loads(file.read_text()))
    assert config.shadow.sample_rate == 1.0
    assert {name: provider.base_url for name, provider in config.proxy.providers.items()} == found
    assert (config.proxy.listen, config.admin.listen) == ("127.0.0.1:3", "127.0.0.1:4")
    assert [name for name, provider in config.proxy.providers.items() if provider.upstream_from] == ["other"]
    [route] = config.proxy.routes
    assert (route.provider, route.candidates, config.tournament.tolerance) == ("other", ("cheap",), 20)
    assert (config.proxy.providers["cheap"].price_input, config.proxy.providers["cheap"].price_output) == (0.5, 2)
    assert Path(config.storage.url.removeprefix("sqlite:///")).parent == tmp_path


def test_configuration_without_ports_leaves_them_to_the_system_and_prices_the_others_alike(tmp_path):
    found = dict.fromkeys(("official", "other", "cheap", "free"), "http://127.0.0.1:9/v1")
    config = Config.model_validate(
        tomllib.loads(write_config(tmp_path, found, reference="official", route=ROUTE, model="m").read_text())
    )
    assert (config.proxy.listen, config.admin.listen) == ("127.0.0.1:0", "127.0.0.1:0")
    assert (config.proxy.reference, config.admin.models) == ("official", ("m",))
    prices = {
        name: (each.price_input, each.price_cached_input, each.price_output) for name, each in config.proxy.providers.items()
    }
    assert prices["official"] == prices["other"] == (2.5, 0.25, 10.0)
    assert prices["cheap"] == (0.5, 0.05, 2.0)
    assert not any(prices["free"])


def test_end_of_a_log_is_its_last_twelve_lines(tmp_path):
    log = tmp_path / "log"
    log.write_bytes(b"\xff1\n" + b"".join(b"%d\n" % number for number in range(2, 15)) + b"\n\n")
    assert log_tail("serve", log).splitlines() == ["last lines from serve:", *(str(number) for number in range(3, 15))]


async def test_pretended_providers_run_until_the_block_ends(tmp_path):
    async with (
        running_providers({"one": ProviderSettings(), "two": ProviderSettings()}, tmp_path / "log") as found,
        aiohttp.ClientSession() as session,
    ):
        assert set(found) == {"one", "two"}
        for url in found.values():
            async with session.get(f"{url}/models") as answer:
                assert answer.status == 200
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(f"{found['one']}/models")


async def test_serve_that_cannot_start_raises_its_reason(tmp_path):
    file = tmp_path / "sameweights.toml"
    file.write_text("[proxy]\nlisten = 3\n", encoding="utf-8")
    with pytest.raises(DemoProcessError, match=r"listen"):
        async with running_serve(file, tmp_path / "log"):
            pass


async def test_serve_is_ready_inside_the_block_and_stopped_after_it(tmp_path):
    three = dict.fromkeys(("official", "other", "cheap"), ProviderSettings())
    async with running_providers(three, tmp_path / "providers.log") as found:
        file = write_config(tmp_path, found, reference="official", route=ROUTE, model="m")
        async with running_serve(file, tmp_path / "log") as serve:
            question = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
            async with aiohttp.ClientSession() as session:
                answer = await session.post(f"http://127.0.0.1:{serve.data}/official/v1/chat/completions", json=question)
                assert answer.status == 200
                assert (await session.get(f"http://127.0.0.1:{serve.admin}/metrics")).status == 200
    assert not alive(serve.process.pid)


PARENT = """
import asyncio, sys
from pathlib import Path
from shadow.demo.demo_processes import running_serve

async def main():
    async with running_serve(Path(sys.argv[1]), Path(sys.argv[2])) as serve:
        print(serve.process.pid, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.promise("stop.parent")
async def test_serve_stops_in_order_when_its_parent_is_killed(tmp_path):
    nowhere = dict.fromkeys(("official", "other", "cheap"), "http://127.0.0.1:9/v1")
    file = write_config(tmp_path, nowhere, reference="official", route=ROUTE, model="m")
    command = [sys.executable, "-c", PARENT, str(file), str(tmp_path / "log")]
    env = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    parent = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, env=env)
    pid = int(await parent.stdout.readline())
    assert alive(pid)
    parent.send_signal(signal.SIGKILL)
    await parent.wait()
    try:
        await until(lambda: not Path(f"/proc/{pid}").exists())
    finally:
        with suppress(ProcessLookupError):  # it should be gone; a test that fails leaves nothing behind either
            os.kill(pid, signal.SIGKILL)
    assert sorted(tmp_path.glob("*.db*")) == [tmp_path / "sameweights.db", tmp_path / "sameweights.db-lock"], (
        "not stopped in order"
    )


async def test_output_of_a_command_is_returned_and_its_failure_states_the_end_of_it():
    assert "sameweights" in await command_output("--version")
    with pytest.raises(DemoProcessError, match="sameweights choose ended with 2") as raised:
        await command_output("choose", f"/{'n' * 3_000}.toml")
    assert len(f"{raised.value}".partition("\n")[2]) == 2_000
