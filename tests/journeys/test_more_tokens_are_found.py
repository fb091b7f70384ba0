"""A provider that counts 2 % more tokens for the same words is found on live traffic."""

import json
import random

import pytest
from aiohttp import web

from tests.journeys.two_providers import EACH_IS_SAMPLED, ChatServer, command, judged, post_chats, two_providers
from tests.running import chat

pytestmark = [pytest.mark.journey, pytest.mark.promise("audit.drift")]
CONFIG = two_providers() + EACH_IS_SAMPLED
REQUESTS = 60


class CountingServer(ChatServer):
    """A server that counts each word of a prompt as a token, times a factor."""

    def __init__(self, factor: float) -> None:
        self.factor = factor
        self.answered = 0

    async def respond(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.answered += 1
        words = sum(len(message["content"].split()) for message in body["messages"])
        counts = {"prompt_tokens": round(self.factor * words), "completion_tokens": 3}
        message = {"role": "assistant", "content": f"Answer {self.answered}."}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {**counts, "total_tokens": sum(counts.values())}
        answer = {
            "id": f"chatcmpl-{self.factor}-{self.answered}",
            "object": "chat.completion",
            "created": 1,
            "model": body["model"],
        }
        return web.json_response({**answer, "choices": [choice], "usage": usage})


async def test_two_percent_more_are_stated_in_proportion(serve):
    draw = random.Random(5)
    bodies = [chat(text=f"Text {number}: " + "word " * draw.randint(300, 3_000)) for number in range(REQUESTS)]
    async with (
        CountingServer(1.02) as candidate,
        CountingServer(1.0) as official,
        serve(CONFIG.format(candidate=candidate.url, official=official.url)) as served,
    ):
        assert set(await post_chats(served, bodies)) == {200}
        await judged(served, REQUESTS)
        series = [await served.metric(f"sameweights_token_count_{name}", side="prompt") for name in ("more", "ratio")]
        _, printed = await command("report", "--json", "--since", "all", "--db", str(served.database))
    assert (series[0], round(series[1], 2)) == (1, 1.02)
    report = json.loads(printed)
    [prompts] = [line for line in report["token_counts"] if line["side"] == "prompt"]
    assert (prompts["state"], prompts["shape"]) == ("more", "proportion")
    assert prompts["sentence"].startswith("prompts: 2.0% more tokens than the reference counts for the same words (60 requests,")
    assert "fraud" not in printed
