"""A router of four servers, one of which is broken, with running processes: that one is named on every face, and no other.

The router as a whole stays within a tolerance of ten points; what a router writes as a name harms no face.
"""

import json
from contextlib import AsyncExitStack, asynccontextmanager, closing

import aiohttp
import pytest
from aiohttp import web

from shadow.demo.planted_faults import PlantedFaults
from shadow.demo.pretended_router import PretendedRouter
from shadow.demo.pretended_server import PretendedServer
from shadow.report.build_report import build
from tests.journeys.two_providers import EACH_IS_SAMPLED, WEATHER, ChatServer, command, judged, post_chats, two_providers
from tests.running import chat

pytestmark = [pytest.mark.journey, pytest.mark.promise("audit.upstreams")]

CONFIG = two_providers(candidate='upstream_from = "provider"') + EACH_IS_SAMPLED + 'models = ["pretend-small"]\n'
SHARES = {"Alpha": 0.3, "Beta": 0.3, "DeepX": 0.2, "Gamma": 0.2}
BROKEN = PlantedFaults(drop_tool_calls=0.4)
"""Of one server in five: at most eight points of the router's answers."""
REQUESTS = 320


@asynccontextmanager
async def router_and_reference(faults=BROKEN, shares=SHARES):
    """A router of these servers, of which DeepX has `faults`, and the reference."""
    async with AsyncExitStack() as running:
        servers = {}
        for seed, (name, share) in enumerate(shares.items()):
            own = faults if name == "DeepX" else PlantedFaults()
            server = await running.enter_async_context(PretendedServer(seed=seed, faults=own))
            servers[name] = (server.base_url, share)
        router = await running.enter_async_context(PretendedRouter(servers, seed=3))
        yield router, await running.enter_async_context(PretendedServer(seed=9))


@asynccontextmanager
async def routed(serve):
    """A running audit of a router of four servers, of which DeepX is broken."""
    async with (
        router_and_reference() as (router, official),
        serve(CONFIG.format(candidate=router.base_url, official=official.base_url)) as served,
    ):
        yield served


async def ask(served, count: int, *, stream: bool = False) -> None:
    texts = (f"What is the weather in town number {next(served.numbers)}?" for _ in range(count))
    tools = {"tools": [WEATHER], "tool_choice": "auto", "temperature": 0.6}
    await post_chats(served, [chat(text=text, stream=stream, **tools) for text in texts])


async def test_broken_server_is_named_and_no_other_while_the_router_as_a_whole_is_within_tolerance(serve):
    async with routed(serve) as served:
        await ask(served, REQUESTS // 2)
        await ask(served, REQUESTS // 2, stream=True)
        await judged(served, REQUESTS)
        reader = served.reader
        try:
            report = build(reader, 0.0, 9e9)
        finally:
            reader.close()
        [router] = report.routers
        verdicts = {line.upstream: line.verdict for line in router.upstreams}
        assert {name for name, verdict in verdicts.items() if verdict in {"worse", "differs"}} == {"deepx"}, verdicts
        assert set(verdicts) == {"alpha", "beta", "deepx", "gamma"}
        [card] = [card for card in report.cards if card.provider == "candidate"]
        calls = next(line for line in card.signals if line.signal == "calls_tool")
        assert calls.excess is not None
        assert calls.excess < 0.10
        code, _ = await command("report", "--db", str(served.database), "--since", "all", "--fail-on-drift")
        assert code == 3, "a single server behind the router is worse"
        code, words = await command("report", "--db", str(served.database), "--since", "all")
        assert (code, "deepx is worse by more than 2 points" in " ".join(words.split())) == (0, True), words
        drifting = {
            name: await served.metric("sameweights_drift_state", provider="candidate", upstream=name, state="drift")
            for name in ("", *verdicts)
        }
        assert {name for name, value in drifting.items() if value} <= {"", "deepx"}, drifting
        code, words = await command("pairs", "--db", str(served.database), "--all", "--upstream", "DeepX", "--json")
        assert {pair["upstream"] for pair in json.loads(words)["pairs"]} == {"deepx"}
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{served.admin}/pairs", params={"upstream": "deepx", "show": "all"}) as page:
                text = await page.text()
            assert (page.status, "by deepx" in text, "by alpha" in text) == (200, True, False)
            async with session.get(f"{served.admin}/providers/candidate", params={"since": "all"}) as page:
                assert "deepx is worse by more than 2 points" in " ".join((await page.text()).split())
            async with session.get(f"{served.admin}/", params={"since": "all"}) as page:
                assert "candidate: of its 4 upstreams deepx is worse" in " ".join((await page.text()).split())


PINNED = """
[proxy.providers.pinned]
base_url = "{router}"
extra_body = {{ provider = {{ order = ["DeepX"], allow_fallbacks = false }} }}
[[proxy.routes]]
name = "agents"
provider = "candidate"
reference = "official"
candidates = ["pinned"]
"""
OTHER_TEMPLATE = PlantedFaults(extra_prompt_tokens=40)
HALVES = {"Alpha": 0.5, "DeepX": 0.5}
COPIED = 150


async def test_candidate_pinned_to_the_broken_server_is_asked_there_and_the_reference_is_not_blamed_for_it(serve):
    async with router_and_reference(OTHER_TEMPLATE, HALVES) as (router, official):
        toml = CONFIG.format(candidate=router.base_url, official=official.base_url) + PINNED.format(router=router.base_url)
        async with serve(toml) as served:
            await ask(served, COPIED)
            await judged(served, 2 * COPIED)
            assert router.routed["DeepX"] > COPIED, "all copies of the candidate, and some requests of the router"
            await served.shows(1, "sameweights_drift_state", provider="candidate", upstream="", state="drift")
            with closing(served.reader) as reader:
                alarms = reader.judgements.alarms(0, 0)
            assert {alarm.name for alarm in alarms} == {"prompt_tokens"}, "both left the reference, behind one router"


HOSTILE = ("x" * 10_000, "<script>alert(1)</script>", "\x1b[2J\x07", "a\u202eb", ["no", "text"], {"name": "x"}, None, 7)


class HostileRouter(ChatServer):
    """A router that writes another name into every answer."""

    def __init__(self) -> None:
        self.answered = 0

    async def respond(self, _: web.Request) -> web.Response:
        number = self.answered
        self.answered += 1
        name = HOSTILE[number] if number < len(HOSTILE) else f"invented-{number}"
        choice = {"index": 0, "message": {"role": "assistant", "content": "Sunny."}, "finish_reason": "stop"}
        body = {"id": f"chatcmpl-{number}", "object": "chat.completion", "model": "pretend-small", "choices": [choice]}
        return web.json_response({**body, "provider": name})


async def test_new_name_at_every_answer_and_hostile_names_harm_no_face(serve):
    async with (
        HostileRouter() as router,
        PretendedServer(seed=9) as official,
        serve(CONFIG.format(candidate=router.url, official=official.base_url)) as served,
    ):
        await post_chats(served, [chat(text=f"Question {number}") for number in range(60)])
        await judged(served, 60)
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{served.admin}/metrics") as answer:
                metrics = await answer.text()
            names = {line.split('upstream="')[1].split('"')[0] for line in metrics.splitlines() if 'upstream="' in line}
            assert len(names) == 1 + 32 + 2, "the whole, 32 names, other and unnamed"
            assert max(map(len, names)) <= 64
            for path in ("/pairs?show=all", "/pairs?show=all&upstream=other", "/providers/candidate?since=all", "/"):
                async with session.get(f"{served.admin}{path}") as page:
                    text = await page.text()
                assert (page.status, "<script>alert" in text, "\x1b" in text) == (200, False, False)
        code, words = await command("report", "--full", "--db", str(served.database), "--since", "all")
        assert (code, "\x1b" in words, "x" * 65 in words) == (0, False, False)
        code, words = await command("pairs", "--db", str(served.database), "--all", "--upstream", "other", "--json")
        assert len(json.loads(words)["pairs"]) == 20
