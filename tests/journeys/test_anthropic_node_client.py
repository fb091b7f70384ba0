"""Anthropic's real client for JavaScript, through a running proxy, into the records."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.journeys.messenger import Messenger
from tests.journeys.test_anthropic_python_client import differing, legs
from tests.journeys.test_one_request_walks_the_whole_path import CONFIG

pytestmark = [pytest.mark.journey, pytest.mark.promise("clients.apis"), pytest.mark.timeout(180)]

VERSION = "1.10.0"
SCRIPT = Path(__file__).with_name("node") / "messages.mjs"


@pytest.fixture(scope="session")
def anthropic_home(request):
    """The folder with the npm client, installed once and kept in pytest's cache; no lock file, since those name a registry."""
    if not (shutil.which("npm") and shutil.which("node")):
        pytest.skip("npm and node are not here: the npm client was not tried")
    home = Path(request.config.cache.mkdir(f"npm-anthropic-{VERSION}"))
    if not (home / "node_modules/@anthropic-ai/sdk/package.json").exists():
        options = ("--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
        command = ["npm", "install", *options, "--prefix", str(home), f"@anthropic-ai/sdk@{VERSION}"]
        subprocess.run(command, check=True, capture_output=True, timeout=150)
    return home


async def told(home, story, base_url):
    process = await asyncio.create_subprocess_exec(
        *("node", str(SCRIPT), story, base_url),
        env={**os.environ, "ANTHROPIC_HOME": str(home)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, errors.decode()
    return json.loads(out)


@pytest.mark.parametrize("story", ["whole", "stream"])
async def test_a_call_arrives_and_the_one_that_was_altered_is_named(serve, anthropic_home, story):
    async with Messenger(city="Turin") as candidate, Messenger() as official:
        toml = CONFIG.format(candidate=candidate.url, official=official.url)
        async with serve(toml, env={"OFFICIAL_KEY": "official-key-5678"}) as served:
            outcome = await told(anthropic_home, story, served.data)
            said, cross, alone = await legs(served)
    assert outcome == {
        "text": "I will look.",
        "calls": [["get_weather", {"city": "Turin"}]],
        "stop": "tool_use",
        "tokens": [12, 20],
    }
    assert said[0].stream is (story == "stream")
    assert differing(cross) == {"arguments"}
    assert not differing(alone)


async def test_an_error_is_this_client_s_own_with_the_provider_s_words(serve, anthropic_home):
    async with Messenger() as candidate:
        toml = CONFIG.format(candidate=candidate.url, official="http://127.0.0.1:9/v1")
        async with serve(toml, env={"OFFICIAL_KEY": "official-key-5678"}) as served:
            outcome = await told(anthropic_home, "error", served.data)
    assert outcome == {"name": "OverloadedError", "status": 529, "type": "overloaded_error"}
