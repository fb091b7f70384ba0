import json

from mcp import Client

from tests.agents import Agent
from tests.records import add_pair, calling


async def _prompt(store, provider: str) -> str:
    async with Client(Agent(store).server) as client:
        return (await client.get_prompt("bug_report", {"provider": provider})).messages[0].content.text


async def test_a_name_is_quoted_as_json_and_cut_to_200_characters(store):
    long = 'x"\n' * 300
    text = await _prompt(store, long)
    assert json.dumps(long[:200]) in text
    assert len(text) < 3_000


async def test_the_verdict_of_the_last_day_stands_in_the_prompt_and_an_unknown_provider_is_stated(store):
    add_pair(store, "p", calling("Oslo"), calling("Oslo"))
    assert store.flush(20)
    assert "no such provider: 'q'" in await _prompt(store, "q")
