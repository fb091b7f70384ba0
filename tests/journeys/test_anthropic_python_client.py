"""Anthropic's real client for Python, through a running proxy, into the records: nothing is noticed, and the answers are read."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from typing import NamedTuple

import anthropic
import pytest

from tests.journeys.messenger import TEXT, THOUGHT, Messenger
from tests.journeys.pair_answers import answers_of_pair, differing
from tests.journeys.test_whole_path_of_a_request import CONFIG, audited
from tests.journeys.through import CITY
from tests.running import Served, until

pytestmark = [pytest.mark.journey, pytest.mark.promise("clients.apis")]

WEATHER = {"name": "get_weather", "description": "The weather in a city", "input_schema": CITY}
OSLO = {"model": "pretend-small", "max_tokens": 2_048, "messages": [{"role": "user", "content": "What is the weather in Oslo?"}]}
OFFICIAL = "official-key-5678"


class Asking(NamedTuple):
    served: Served
    client: anthropic.AsyncAnthropic

    async def ask(self, *, stream: bool, **more):
        if not stream:
            return await self.client.messages.create(**OSLO, **more)
        async with self.client.messages.stream(**OSLO, **more) as events:
            return await events.get_final_message()


@pytest.fixture(autouse=True)
def _no_keys_of_the_machine(monkeypatch):
    for name in [name for name in os.environ if name.startswith("ANTHROPIC_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def asking(serve):
    """`async with asking(candidate, official) as a`: the client `a.client` of a `serve` that shadows everything."""

    @asynccontextmanager
    async def opened(candidate: Messenger, official: Messenger, *, lines: str = "", **more):
        toml = CONFIG.format(candidate=candidate.url, official=f"{official.url}/v1")
        toml = toml.replace("[proxy.providers.official]", f"{lines}\n[proxy.providers.official]")
        async with (
            serve(toml, env={"OFFICIAL_KEY": OFFICIAL, "CANDIDATE_KEY": "candidate-key-9"}) as served,
            anthropic.AsyncAnthropic(
                **{"base_url": served.data, "api_key": "client-key-1234", "auth_token": None, "max_retries": 0, **more}
            ) as client,
        ):
            yield Asking(served, client)

    return opened


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_message_is_read_and_its_faithful_shadow_matches(asking, stream):
    async with Messenger() as candidate, Messenger(key=OFFICIAL) as official, asking(candidate, official) as a:
        thinking = {"type": "enabled", "budget_tokens": 1_024}
        answer = await a.ask(stream=stream, thinking=thinking, system="Be brief.", metadata={"user_id": "somebody"})
        assert [block.type for block in answer.content] == ["thinking", "text"]
        assert (answer.content[1].text, answer.stop_reason, answer.usage.output_tokens) == ("".join(TEXT), "end_turn", 20)
        said, cross, alone = await answers_of_pair(a.served)
    assert [(completion.first.text, completion.first.reasoning, completion.first.finish_reason) for completion in said] == [
        ("".join(TEXT), THOUGHT, "stop")
    ] * 2
    assert said[0].first.pieces == (tuple(TEXT) if stream else ("".join(TEXT),))
    assert not differing(cross)
    assert {cross[signal] for signal in ("text", "finish_reason", "prompt_tokens", "reasoning_shown")} == {"match"}
    assert not differing(alone)
    assert {alone[check] for check in ("usage", "max_tokens", "echoed_model", "finish_contradiction")} == {"match"}
    assert ("stream_structure" in alone) is stream
    asked = official.requests[0]
    assert (asked["system"], asked["thinking"], asked.get("metadata")) == ("Be brief.", thinking, None)
    assert candidate.requests[0]["metadata"] == {"user_id": "somebody"}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_call_altered_by_the_provider_differs(asking, stream):
    async with Messenger(city="Turin") as candidate, Messenger() as official, asking(candidate, official) as a:
        answer = await a.ask(stream=stream, tools=[WEATHER])
        [call] = [block for block in answer.content if block.type == "tool_use"]
        assert (call.name, call.input) == ("get_weather", {"city": "Turin"})
        said, cross, alone = await answers_of_pair(a.served)
    assert [call.parsed for completion in said for call in completion.first.tool_calls] == [{"city": "Turin"}, {"city": "Oslo"}]
    assert differing(cross) == {"arguments"}
    assert (cross["tools"], cross["valid_calls"], cross["finish_trigger"]) == ("match", "match", "match")
    assert not differing(alone)
    assert (alone["valid_calls"], alone["call_id"]) == ("match", "match")


async def test_versions_and_betas_reach_both_sides_and_each_gets_its_own_key(asking):
    async with Messenger() as candidate, Messenger(key=OFFICIAL) as official, asking(candidate, official) as a:
        await a.client.beta.messages.create(**OSLO, betas=["context-1m-2025-08-07"])
        await audited(a.served, 1)
    for headers in (candidate.headers[0], *official.headers):
        assert headers["anthropic-beta"] == "context-1m-2025-08-07"
        assert headers["anthropic-version"] == candidate.headers[0]["anthropic-version"]
    assert candidate.headers[0]["authorization"] == "Bearer client-key-1234"
    assert {headers["x-api-key"] for headers in official.headers} == {OFFICIAL}
    assert not any("authorization" in headers for headers in official.headers)


@pytest.mark.parametrize(
    ("lines", "credential", "borne"),
    [
        ("", {}, {"authorization": "Bearer candidate-key-9"}),
        ("", {"api_key": None, "default_headers": {"X-Api-Key": "client-token-1"}}, {"x-api-key": "candidate-key-9"}),
        ('api_key_header = "x-api-key"', {}, {"x-api-key": "candidate-key-9"}),
    ],
    ids=["the field of today's client", "the field of an older one", "the field that is configured"],
)
async def test_configured_key_replaces_the_client_s_key(asking, lines, credential, borne):
    lines = f'api_key_env = "CANDIDATE_KEY"\n{lines}'
    async with Messenger() as candidate, Messenger() as official, asking(candidate, official, lines=lines, **credential) as a:
        await a.ask(stream=False)
        database = a.served.database
        await audited(a.served, 1)
    [headers] = candidate.headers
    assert {name: headers[name] for name in ("x-api-key", "authorization") if name in headers} == borne
    stored = b"".join(path.read_bytes() for path in database.parent.glob(f"{database.name}*"))
    assert b"candidate-key-9" not in stored
    assert b"client-" not in stored


async def test_provider_error_raises_the_client_s_own_error_and_its_type_is_recorded(asking):
    async with Messenger() as candidate, Messenger() as official, asking(candidate, official) as a:
        with pytest.raises(anthropic.InternalServerError, match="Overloaded"):
            await a.client.messages.create(**{**OSLO, "model": "overloaded"})
        [summary] = await audited(a.served, 1)
        reader = a.served.reader
        found = {each.signal: each for each in reader.findings(pair_id=summary.pair.id) if each.comparison == "cross"}
        reader.close()
    assert (found["error"].state, found["error_class"].subject, found["error_class"].state) == ("match", "server", "match")


async def test_token_counting_is_forwarded_and_not_audited(asking):
    async with Messenger() as candidate, Messenger() as official, asking(candidate, official) as a:
        named = a.client.with_options(base_url=f"{a.served.data}/candidate")
        counted = await named.messages.count_tokens(model="pretend-small", messages=OSLO["messages"])
        assert counted.input_tokens == 1
        await until(lambda: a.served.metric("sameweights_shadow_dropped_total", reason="not_audited"))
    assert (candidate.counted, official.counted, official.requests) == (1, 0, [])


@pytest.mark.promise("effects.once")
async def test_request_with_a_server_tool_is_never_shadowed(asking):
    async with Messenger() as candidate, Messenger() as official, asking(candidate, official) as a:
        await a.ask(stream=False, tools=[{"type": "web_search_20250305", "name": "web_search"}])
        await until(lambda: a.served.metric("sameweights_shadow_dropped_total", reason="side_effecting"))
    assert official.requests == []
