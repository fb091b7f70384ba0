"""What a verdict names, through a running `serve`: the fault and not its side effect, a refusing reference with what to do about
it, and one word on every face.
"""

import itertools
import json
import random
from collections import Counter

import pytest
from aiohttp import web

from shadow.report.build_report import build
from shadow.verdict.verdict_value import VerdictWord
from tests.journeys.two_providers import (
    EACH_IS_SAMPLED,
    TWO_PROVIDERS,
    WEATHER,
    ChatServer,
    command,
    post_chats,
    webhook_receiver,
)
from tests.running import chat, until

pytestmark = [pytest.mark.journey, pytest.mark.promise("audit.drift")]

CONFIG = (
    TWO_PROVIDERS
    + EACH_IS_SAMPLED
    + """
[drift]
webhook = "http://127.0.0.1:{port}/hook"
"""
)
ASKED = {"quiet": 80, "never-calls": 90, "cached": 60, "wrong-name": 30, "limited": 60, "tie": 16}
"""Requests by model; each model is one scene."""
PLAIN = "It rains in the north and in the east of the town until the evening."
_numbers = itertools.count(1)


class Scene(ChatServer):
    """A server that plays the scene its model names; `first` is the provider, the other the reference.

    Its draws depend on the request and on how often it came, so that no order of arrival and no drawn control changes them.
    """

    def __init__(self, *, first: bool) -> None:
        self._first = first
        self._times: Counter[str] = Counter()

    async def respond(self, request: web.Request) -> web.Response:
        body = await request.json()
        draw = self._draw(json.dumps([body["model"], body["messages"]]))
        status = self._refusal(body["model"], draw)
        if status:
            return web.json_response({"error": {"message": "no", "type": "x"}}, status=status)
        message, finish = self._said(body, draw)
        tokens = len((message["content"] or "a call").split())
        usage = {"prompt_tokens": 9, "completion_tokens": tokens, "total_tokens": 9 + tokens}
        choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}
        name = f"chatcmpl-{self._first}{next(_numbers)}"
        heads = {"Age": "12", "X-Cache": "HIT"} if self._first and body["model"] == "cached" else {}
        whole = {"id": name, "object": "chat.completion", "model": body["model"], "choices": [choice], "usage": usage}
        return web.json_response(whole, headers=heads)

    def _draw(self, key: str) -> float:
        self._times[key] += 1
        return random.Random(f"{self._first} {self._times[key]} {key}").random()

    def _refusal(self, model: str, draw: float) -> int:
        if self._first:
            return 0
        return 404 if model == "wrong-name" else 429 if model == "limited" and draw < 0.7 else 0

    def _said(self, body: dict, draw: float) -> tuple[dict, str]:
        model = body["model"]
        if not self._first and body.get("tools") and draw < 0.94:
            function = {"name": "get_weather", "arguments": '{"city": "Oslo"}'}
            call = {"id": f"call_{next(_numbers)}", "type": "function", "function": function}
            return {"content": None, "tool_calls": [call]}, "tool_calls"
        cut = self._first and ((model == "never-calls" and draw < 0.09) or model == "tie")
        return {"content": PLAIN}, "length" if cut else "stop"


async def ask(served, model: str, count: int) -> None:
    """Send so many requests, no two alike; those of the tie are one request, repeated."""
    tools = {"tools": [WEATHER]} if model in {"never-calls", "cached"} else {}
    numbers = [0] * count if model == "tie" else range(count)
    await post_chats(served, [chat(model, text=f"What is the weather in town {number}?", **tools) for number in numbers])


def cards(served):
    reader = served.reader
    try:
        return {card.model: card for card in build(reader, 0.0, 0.0).cards}
    finally:
        reader.close()


async def test_each_scene_has_its_verdict_and_signal_in_text_json_exit_code_and_webhook(serve):
    async with (
        Scene(first=True) as candidate,
        Scene(first=False) as official,
        webhook_receiver() as (got, port),
        serve(CONFIG.format(candidate=candidate.url, official=official.url, port=port)) as served,
    ):
        for model, count in ASKED.items():
            await ask(served, model, count)

        def judged() -> bool:
            found = cards(served)
            return (
                {model: card.pairs for model, card in found.items()} == ASKED
                and all(found[model].verdict.since for model in ("never-calls", "cached"))
                # a pair is listed before the judge has counted it
                and f"{ASKED['wrong-name']} of " in found["wrong-name"].verdict.sentence
            )

        await until(judged)
        await until(lambda: {"never-calls", "cached"} <= {event["model"] for _, event in got})
        found = cards(served)
        code, words = await command("report", "--full", "--db", str(served.database), "--fail-on-drift")
        _, written = await command("report", "--db", str(served.database), "--json")
    verdicts = {model: card.verdict for model, card in found.items()}
    assert {model: verdict.word for model, verdict in verdicts.items()} == {
        "quiet": VerdictWord.NONE_SEEN,
        "never-calls": VerdictWord.DIFFERS,
        "cached": VerdictWord.DIFFERS,
        "wrong-name": VerdictWord.NOT_MEASURED,
        "limited": VerdictWord.UNDECIDED,
        "tie": VerdictWord.UNDECIDED,
    }
    for model in ("never-calls", "cached"):
        assert verdicts[model].worst == "calls_tool_rate"
        assert "itself: calls a tool " in verdicts[model].sentence
    assert verdicts["wrong-name"].sentence == (
        "not measured: the reference failed in 30 of 30 requests; "
        "the reference refused with 404 (no such model or path) in 30; check its base_url and its name for the model"
    )
    assert "the reference refused with 429 (rate limit) in " in verdicts["limited"].sentence
    assert code == 3
    in_json = {card["model"]: card["verdict"]["word"] for card in json.loads(written)["cards"]}
    assert in_json == {model: verdict.word.value for model, verdict in verdicts.items()}
    assert all(verdict.sentence.split(";")[0].split(": ")[0] in " ".join(words.split()) for verdict in verdicts.values())
    for _, event in got:
        assert event["verdict"] == verdicts[event["model"]].word.value
        assert (event["verdict"] == VerdictWord.DIFFERS) == (event["subject"] == "provider or reference")
