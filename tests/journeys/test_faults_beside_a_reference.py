"""Faults of answers through a running `serve`: reported where the reference answers the same requests without them, and only
there; calls in the text, a hidden prompt and an inflated bill.
"""

import itertools

import pytest
from aiohttp import web

from shadow.report.build_report import build
from tests.journeys.two_providers import EACH_IS_SAMPLED, TWO_PROVIDERS, WEATHER, ChatServer, command, post_chats
from tests.running import chat, until

pytestmark = [pytest.mark.journey, pytest.mark.promise("audit.drift")]

CONFIG = TWO_PROVIDERS.replace('reference = "official"', "{reference}") + EACH_IS_SAMPLED
CALL = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Oslo"}}\n</tool_call>'
THOUGHT = "<think>It is asked of the weather.</think>It rains in the north and in the east of the town until the evening."
PLAIN = "It rains in the north and in the east of the town until the evening."
TEXTS = {"leaks": (THOUGHT, PLAIN), "both-leak": (THOUGHT, THOUGHT), "writes-calls": (CALL, PLAIN)}
"""The answers of the provider and the reference, by model; the others are equal."""
_numbers = itertools.count(1)


class Counting(ChatServer):
    """A server that answers by its model, and counts words; `first` is the provider, the other the reference."""

    def __init__(self, *, first: bool) -> None:
        self._first = first

    async def respond(self, request: web.Request) -> web.Response:
        body = await request.json()
        model = body["model"]
        text = TEXTS.get(model, (PLAIN, PLAIN))[0 if self._first else 1]
        prompt = sum(len(message["content"].split()) + 4 for message in body["messages"])
        prompt += 40 if self._first and model == "hidden" else 0
        factor = 1.25 if self._first and model == "bill" else 1.0
        counts = round(prompt * factor), round(len(text.split()) * factor)
        usage = {"prompt_tokens": counts[0], "completion_tokens": counts[1], "total_tokens": sum(counts)}
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        name = f"chatcmpl-{next(_numbers)}"
        return web.json_response({"id": name, "object": "chat.completion", "model": model, "choices": [choice], "usage": usage})


async def ask(served, model: str, count: int) -> None:
    """Send so many requests of many lengths at once, no two alike."""
    tools = {"tools": [WEATHER]} if model == "writes-calls" else {}
    numbers = [next(_numbers) for _ in range(count)]
    texts = (f"What is the weather in town {number}" + " and in the next one" * (number % 13) for number in numbers)
    await post_chats(served, [chat(model, text=text, **tools) for text in texts], at_once=count)


def reported(served):
    reader = served.reader
    try:
        return build(reader, 0.0, 0.0)
    finally:
        reader.close()


async def test_faults_count_against_the_provider_only_where_the_reference_has_none_and_causes_are_named(serve):
    async with Counting(first=True) as candidate, Counting(first=False) as official:
        toml = CONFIG.format(candidate=candidate.url, official=official.url, reference='reference = "official"')
        async with serve(toml) as served:
            models = [*TEXTS, "hidden", "bill"]
            for model in models:
                await ask(served, model, 24)

            def compared() -> bool:
                return sum(card.pairs for card in reported(served).cards) == 24 * len(models)

            await until(compared)
            report = reported(served)
    cards = {card.model: {line.signal: line for line in card.checks} for card in report.cards}
    leak = cards["leaks"]["reasoning_form"]
    assert (leak.plus, leak.minus, leak.conversations, leak.worse) == (24, 0, 24, True)
    assert not cards["both-leak"]["reasoning_form"].worse
    assert cards["both-leak"]["reasoning_form"].faulty == 24
    assert cards["writes-calls"]["call_in_text"].worse
    assert {name for name, line in cards["writes-calls"].items() if line.worse} == {"call_in_text"}
    assert not any(line.deciding for model in ("hidden", "bill", "both-leak") for line in cards[model].values())
    causes = {line.model: line.sentence for line in report.templates}
    assert causes["hidden"] == "puts about 40 tokens before the messages (a hidden prompt); 100% of 24 pairs"
    assert causes["bill"] == "both counts are larger by the factor 1.25 while 24 answers are equal: the bill; 100% of 24 pairs"
    assert causes["leaks"].startswith("both count the same")


async def test_without_a_reference_a_fault_in_every_answer_is_reported_from_50_answers_on(serve):
    async with (
        Counting(first=True) as candidate,
        serve(CONFIG.format(candidate=candidate.url, official=candidate.url, reference="")) as served,
    ):
        await ask(served, "leaks", 49)
        await until(lambda: sum(card.requests for card in reported(served).cards) == 49)
        assert (await command("report", "--full", "--db", str(served.database), "--fail-on-drift"))[0] == 0
        await ask(served, "leaks", 1)
        await until(lambda: sum(card.requests for card in reported(served).cards) == 50)
        code, words = await command("report", "--full", "--db", str(served.database), "--fail-on-drift")
    assert code == 3
    said = " ".join(words.split())
    assert "reasoning out of its field: seen in 100 % of 50 answers; no answer of a reference to the same requests" in said
    assert "more often than" not in said
