"""Anthropic's real client for JavaScript, through a running proxy, into the records."""

from __future__ import annotations

import pytest

from tests.journeys.messenger import Messenger
from tests.journeys.npm import installed, outcome_of
from tests.journeys.pair_answers import answers_of_pair, differing
from tests.journeys.test_whole_path_of_a_request import CONFIG

pytestmark = [pytest.mark.journey, pytest.mark.promise("clients.apis")]

VERSION = "1.10.0"
SCRIPT = "messages.mjs"


@pytest.fixture(scope="session")
def anthropic_home(request):
    """The folder with the npm client."""
    return installed(request, "@anthropic-ai/sdk", VERSION)


@pytest.mark.parametrize("story", ["whole", "stream"])
async def test_anthropic_node_client_gets_its_call_and_an_altered_call_differs(serve, anthropic_home, story):
    async with Messenger(city="Turin") as candidate, Messenger() as official:
        toml = CONFIG.format(candidate=candidate.url, official=official.url)
        async with serve(toml, env={"OFFICIAL_KEY": "official-key-5678"}) as served:
            outcome = await outcome_of(SCRIPT, anthropic_home, story, served.data)
            said, cross, alone = await answers_of_pair(served)
    assert outcome == {
        "text": "I will look.",
        "calls": [["get_weather", {"city": "Turin"}]],
        "stop": "tool_use",
        "tokens": [12, 20],
    }
    assert said[0].stream is (story == "stream")
    assert differing(cross) == {"arguments"}
    assert not differing(alone)


async def test_provider_error_raises_the_client_s_own_error_with_its_message(serve, anthropic_home):
    async with Messenger() as candidate:
        toml = CONFIG.format(candidate=candidate.url, official="http://127.0.0.1:9/v1")
        async with serve(toml, env={"OFFICIAL_KEY": "official-key-5678"}) as served:
            outcome = await outcome_of(SCRIPT, anthropic_home, "error", served.data)
    assert outcome == {"name": "OverloadedError", "status": 529, "type": "overloaded_error"}
