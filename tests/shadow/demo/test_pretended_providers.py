from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import aiohttp
import pytest

from shadow.demo.planted_faults import PlantedFaults
from shadow.demo.pretended_providers import ProviderSettings, RoutedServer, line_of, settings_of
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


def test_an_unknown_fault_is_refused():
    with pytest.raises(TypeError, match="loose_spaces"):
        settings_of('{"x": {"faults": {"loose_spaces": 1}}}')


def test_settings_survive_the_line_format():
    providers = {"good": ProviderSettings(), "bad": ProviderSettings(faults=PlantedFaults(slow=3.0), seed=2)}
    assert settings_of(line_of(providers)) == providers
    servers = {"near": RoutedServer(share=0.75), "deepx": RoutedServer(share=0.25, faults=PlantedFaults(slow=2.0))}
    router = {"hub": ProviderSettings(servers=servers)}
    assert settings_of(line_of(router)) == router
