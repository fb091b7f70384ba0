"""Bills of several APIs through real processes: metrics, records, the budget and the report come to the same money."""

import sqlite3
from contextlib import closing

import pytest
from aiohttp import web

from tests.journeys.two_providers import EACH_IS_SAMPLED, ChatServer, command, post_chats, two_providers
from tests.running import chat, until

pytestmark = pytest.mark.journey

PRICES = """
[[proxy.providers.{name}.prices]]
model = "grok"
input = 1.25
cached_input = 0.20
output = 2.50
[[proxy.providers.{name}.prices]]
model = "gpt"
input = 1.25
cached_input = 0.125
output = 10
[[proxy.providers.{name}.prices]]
model = "gemini"
input = 1.25
output = 10
"""
USAGES = {
    "grok": {
        "prompt_tokens": 10120,
        "completion_tokens": 1499,
        "total_tokens": 14428,
        "prompt_tokens_details": {"cached_tokens": 128},
        "completion_tokens_details": {"reasoning_tokens": 2809},
    },
    "gpt": {
        "prompt_tokens": 1486,
        "completion_tokens": 651,
        "total_tokens": 2137,
        "prompt_tokens_details": {"cached_tokens": 1408},
        "completion_tokens_details": {"reasoning_tokens": 512},
    },
    "gemini": {"prompt_tokens": 758, "completion_tokens": 102, "total_tokens": 1725},
    "silent": None,
    "wrong": {"prompt_tokens": -10, "completion_tokens": 1, "total_tokens": 2},
    "unknown": {"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11},
}
BILLS = 0.0232856 + 0.0067835 + 0.0106175


class Billing(ChatServer):
    """Answers each model with its usage."""

    async def respond(self, request: web.Request) -> web.Response:
        model = (await request.json())["model"]
        choice = {"index": 0, "message": {"role": "assistant", "content": f"I am {model}."}, "finish_reason": "stop"}
        body = {"id": "x", "object": "chat.completion", "created": 1, "model": model, "choices": [choice]}
        return web.json_response({**body, "usage": USAGES[model]})


@pytest.mark.promise("money.known")
async def test_bills_of_several_apis_are_the_same_money_in_metrics_records_budget_and_report(serve):
    async with Billing() as candidate, Billing() as official:
        toml = two_providers(official=PRICES.format(name="official")).replace(
            "[proxy.providers.official]", f"{PRICES.format(name='candidate')}[proxy.providers.official]"
        )
        toml += EACH_IS_SAMPLED.replace("[admin]\n", "control_fraction = 0.0\nmoney = 1000.0\n[admin]\n")
        async with serve(toml.format(candidate=candidate.url, official=official.url)) as served:
            assert await post_chats(served, [chat(model=model) for model in USAGES]) == [200] * len(USAGES)

            async def shadowed() -> bool:
                return await served.metric("sameweights_requests_total", role="shadow") == len(USAGES)

            await until(shadowed)
            for role in ("primary", "shadow"):
                await served.shows(pytest.approx(BILLS, abs=1e-12), "sameweights_money_total", role=role)
                for reason in ("no_usage", "invalid_usage", "no_price"):
                    await served.shows(1, "sameweights_unpriced_total", role=role, reason=reason)
            spent = await until(lambda: spending(served.database))
        code, shown = await command("report", "--full", "--since", "all", str(served.database.with_name("sameweights.toml")))
    assert code == 0
    assert "not known: 50.0 % of 6 answers not priced" in " ".join(shown.split())
    assert f"the others cost {BILLS:.4f}" in " ".join(shown.split())
    assert spent == pytest.approx(BILLS, rel=0.02), "what has no usage is estimated for the budget, and is small"
    assert spent > BILLS


def spending(database) -> float:
    """The money that the budget counted, once all shadows are paid."""
    with closing(sqlite3.connect(database)) as conn:
        requests, money = conn.execute("SELECT coalesce(sum(requests), 0), coalesce(sum(money), 0.0) FROM spending").fetchone()
    return float(money) if requests == len(USAGES) and money > BILLS else 0.0
