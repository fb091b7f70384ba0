from __future__ import annotations

import asyncio
import io
import json
import os
import sys
from pathlib import Path

import aiohttp
import pytest

from shadow.demo.planted_faults import PlantedFaults
from shadow.demo.pretended_providers import ProviderSettings, RoutedServer, line_of, serve_all, settings_of
from tests.running import PATIENCE


@pytest.mark.slow
async def test_providers_serve_in_their_own_process_until_its_input_ends():
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "shadow.demo.pretended_providers"),
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    settings = {"good": {}, "bad": {"faults": {"error_rate": 1.0}}, "hub": {"servers": {"near": {"share": 1.0}}}}
    process.stdin.write(json.dumps(settings).encode() + b"\n")
    found = json.loads(await process.stdout.readline())
    assert set(found) == {"good", "bad", "hub"}
    async with aiohttp.ClientSession() as session:
        for name, status in (("good", {200}), ("bad", {429, 500})):
            question = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
            async with session.post(f"{found[name]}/chat/completions", json=question) as response:
                assert response.status in status
        async with session.post(f"{found['hub']}/chat/completions", json=question) as response:
            assert (await response.json())["provider"] == "near"
    process.stdin.close()
    assert await asyncio.wait_for(process.wait(), PATIENCE) == 0


def test_provider_without_settings_is_faithful_and_answers_soon():
    (plain,) = settings_of('{"good": {}}').values()
    assert plain == ProviderSettings()
    assert (plain.faults, plain.host, dict(plain.servers)) == (PlantedFaults(), "", {})
    assert (plain.seed, plain.first_token, plain.chunks_per_second) == (0, 0.04, 400.0)


async def test_servers_behind_a_router_draw_apart_and_share_its_pace():
    servers = {"near": RoutedServer(share=0.5), "far": RoutedServer(share=0.5, faults=PlantedFaults(wrong_model="other"))}
    lines, out = asyncio.StreamReader(), io.StringIO()
    hub = ProviderSettings(seed=3, first_token=0.0, chunks_per_second=1e6, servers=servers)
    serving = asyncio.create_task(serve_all({"hub": hub, "plain": ProviderSettings(seed=3, first_token=0.0)}, lines, out))
    while not out.getvalue():
        assert not serving.done()
        await asyncio.sleep(0)
    addresses = json.loads(out.getvalue())
    found = {}
    async with aiohttp.ClientSession() as session:
        for name in servers:
            question = {"model": "m", "messages": [{"role": "user", "content": "hello"}], "provider": {"order": [name]}}
            async with session.post(f"{addresses['hub']}/chat/completions", json=question) as response:
                found[name] = await response.json()
    lines.feed_eof()
    await serving
    assert {name: (answer["provider"], answer["model"]) for name, answer in found.items()} == {
        "near": ("near", "m"),
        "far": ("far", "other"),
    }
    assert found["near"]["id"] != found["far"]["id"]
    assert out.getvalue().endswith("\n")


def test_an_unknown_fault_is_refused():
    with pytest.raises(TypeError, match="loose_spaces"):
        settings_of('{"x": {"faults": {"loose_spaces": 1}}}')


def test_settings_survive_the_line_format():
    providers = {"good": ProviderSettings(), "bad": ProviderSettings(faults=PlantedFaults(slow=3.0), seed=2)}
    assert settings_of(line_of(providers)) == providers
    servers = {"near": RoutedServer(share=0.75), "deepx": RoutedServer(share=0.25, faults=PlantedFaults(slow=2.0))}
    router = {"hub": ProviderSettings(servers=servers)}
    assert settings_of(line_of(router)) == router
