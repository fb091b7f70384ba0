"""Candidates beside a live provider: compared on its requests, unnoticed by the application, each in its own trouble alone."""

import asyncio
import json
from collections import Counter
from contextlib import asynccontextmanager

import aiohttp
import pytest

from shadow.demo.planted_faults import PlantedFaults
from shadow.demo.pretended_server import PretendedServer
from storage.rows import PairFilter
from tests.journeys.two_providers import EACH_IS_SAMPLED, WEATHER, command, post_chats
from tests.running import chat, until
from tests.wires import scripted

pytestmark = [pytest.mark.journey, pytest.mark.promise("shadow.candidates")]

REQUESTS = 40
REFUSED = b"HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
LIMITS = EACH_IS_SAMPLED + 'models = ["pretend-small"]\n'


def config(*, live: str, official: str, route: str = "", **candidates: str) -> str:
    tables = {"live": live, "official": official, **candidates}
    providers = "".join(f'[proxy.providers.{name}]\nbase_url = "{url}"\n' for name, url in tables.items())
    named = ", ".join(f'"{name}"' for name in candidates)
    return f"""
[proxy]
listen = "127.0.0.1:0"
{providers}
[[proxy.routes]]
name = "agents"
provider = "live"
reference = "official"
candidates = [{named}]
{route}
{LIMITS}"""


def requests(served, count: int = REQUESTS) -> list[bytes]:
    texts = (f"What is the weather in town number {next(served.numbers)}?" for _ in range(count))
    return [chat(text=text, tools=[WEATHER], tool_choice="auto", temperature=0.6) for text in texts]


@asynccontextmanager
async def hanging():
    """A server that takes requests and answers none until the event that is yielded beside it: then it ends its connections."""
    over = asyncio.Event()

    async def script(wire):
        provider.requests.append(await wire.request())
        await over.wait()

    async with scripted(script) as provider:
        yield provider, over


def pairs(served) -> Counter[str]:
    reader = served.reader
    try:
        return Counter(summary.pair.provider for summary in reader.pairs(PairFilter(limit=1_000)))
    finally:
        reader.close()


async def stored(served, **expected: int) -> None:
    await until(lambda: all(pairs(served)[name] >= count for name, count in expected.items()))


async def test_three_candidates_in_trouble_are_values_and_the_application_and_the_others_notice_nothing(serve):
    async with (
        PretendedServer(seed=1) as live,
        PretendedServer(seed=2) as official,
        PretendedServer(seed=3, faults=PlantedFaults(garble_arguments=1.0)) as odd,
        scripted(None, REFUSED) as limited,
        hanging() as (slow, over),
    ):
        others = {"odd": odd.base_url, "down": "http://127.0.0.1:9/v1", "limited": limited.url, "slow": slow.url}
        toml = config(live=live.base_url, official=official.base_url, **others)
        async with serve(toml.replace("concurrency = 500", "concurrency = 4\nqueue = 16")) as served:
            for sent in range(10, REQUESTS + 1, 10):
                assert set(await post_chats(served, requests(served, 10), at_once=10)) == {200}
                await stored(served, live=sent, odd=sent, down=sent, limited=sent)
            assert pairs(served)["slow"] == 0, "its first four copies wait for an answer still, and 16 for a place"
            assert [request[:4] for request in slow.requests].count(b"POST") == 4

            async def counted() -> bool:
                return await served.metric("sameweights_shadow_dropped_total", reason="candidate_busy") == REQUESTS - 20

            await until(counted)
            asked = {"provider": "limited", "role": "candidate", "code": "4xx"}
            await served.shows(REQUESTS, "sameweights_requests_total", **asked)
            await served.shows(REQUESTS, "sameweights_requests_total", **{**asked, "provider": "down", "code": "connect"})
            await served.shows(REQUESTS, "sameweights_requests_total", role="primary", code="2xx")
            await served.shows(REQUESTS, "sameweights_requests_total", role="shadow")
            await judged(served, "odd")
            await served.shows(REQUESTS, "sameweights_drift_excluded_total", provider="limited", reason="denied")
            await served.shows(REQUESTS, "sameweights_drift_pairs_total", provider="down", signal="error")
            _, words = await command("report", "odd", "--since", "all", "--db", str(served.database))
            assert f"0 requests, 0 failed, {REQUESTS} copies to candidates, {REQUESTS} compared with a reference" in words
            assert "odd  differs from its reference" in words
            async with aiohttp.ClientSession() as session, session.get(f"{served.admin}/pairs?provider=odd") as got:
                assert got.status == 200
                assert "evidence" in await got.text()
            over.set()
            await stored(served, slow=20)
        assert "the candidate limited refused" in "".join(served.errors)
        assert len(live.requests) == REQUESTS


async def judged(served, provider: str, pairs: int = REQUESTS) -> None:
    async def enough() -> bool:
        return await served.metric("sameweights_drift_pairs_total", provider=provider, signal="error") >= pairs

    await until(enough)


TOURNAMENT = '[tournament]\ntolerance = 30\nsignals = ["answer_kind", "error"]\n'


async def test_candidates_in_trouble_are_neither_same_nor_worse_in_a_tournament_and_choose_names_what_to_do(serve):
    async with (
        PretendedServer(seed=1) as live,
        PretendedServer(seed=2) as official,
        PretendedServer(seed=3) as equal,
        scripted(None, REFUSED) as limited,
        hanging() as (late, over),
    ):
        troubled = {"down": "http://127.0.0.1:9/v1", "limited": limited.url, "late": late.url, "twin": official.base_url}
        toml = config(live=live.base_url, official=official.base_url, equal=equal.base_url, **troubled) + TOURNAMENT
        async with serve(toml.replace("concurrency = 500", "concurrency = 60\ntimeout = 4.0")) as served:
            path = str(served.database.with_name("sameweights.toml"))
            assert (await command("choose", path, "--start"))[0] == 0
            assert set(await post_chats(served, requests(served, REQUESTS), at_once=10)) == {200}
            await stored(served, **dict.fromkeys(("equal", *troubled), REQUESTS))
            await judged(served, "late")
            await judged(served, "equal")
            code, words = await command("choose", path, "--json")
            assert code == 0
            found = {each["name"]: each for each in json.loads(words)["candidates"]}
            over.set()
        sentences = {name: found[name]["sentence"] for name in troubled}
        assert {found[name]["verdict"] for name in troubled} == {"not_measured"}, sentences
        each = f"{REQUESTS} of its {REQUESTS} requests were refused or failed"
        assert sentences == {
            "down": f"down: not measured: {each}, most by connect; see whether it runs at its base_url.",
            "limited": f"limited: not measured: {each}, most by status 429; raise its limit, or lower shadow.sample_rate or "
            "tournament.per_request.",
            "late": f"late: not measured: {each}, most by total_timeout; it did not answer in time: see its load, or raise "
            "shadow.timeout.",
            "twin": "twin: not measured: too faithful, it is the reference's own server; name another one, or leave it out.",
        }
        assert found["equal"]["requests"] == REQUESTS
        assert found["equal"]["verdict"] in {"same", "undecided"}


@pytest.mark.parametrize("workers", [1, 2])
async def test_candidate_at_the_reference_is_named_so_and_all_pairs_of_a_request_share_its_answers(serve, workers):
    async with PretendedServer(seed=1) as live, PretendedServer(seed=2) as official, PretendedServer(seed=3) as other:
        toml = config(live=live.base_url, official=official.base_url, twin=official.base_url, other=other.base_url)
        toml = toml.replace("concurrency = 500", f"concurrency = 8\naudit_workers = {workers}\ncontrol_fraction = 0.3")
        async with serve(toml) as served:
            twice = [chat(text="What is the weather in Rome?", tools=[WEATHER], temperature=0.6)] * 2
            await post_chats(served, [*requests(served, 10), *twice], at_once=1)
            await stored(served, live=12, twin=12, other=12)
            await judged(served, "other", 11)
            await served.shows(1, "sameweights_drift_excluded_total", provider="other", reason="repeated")
            reader = served.reader
            found = [summary.pair for summary in reader.pairs(PairFilter(limit=100))]
            shared = Counter(pair.reference_id for pair in found)
            assert list(shared.values()) == [3] * 12
            controls = {pair.control_id for pair in found if pair.control_id}
            calls = [request for request in official.requests if request.method == "POST"]
            assert len(calls) == 12 + 12 + len(controls), "r, the candidate that has its address, and r'"
            drawn = {pair.reference_id for pair in found if pair.control_reason == "random"}
            assert all(pair.control_reason == "random" for pair in found if pair.reference_id in drawn)
            reader.close()
            talk = found[0].conversation
            code, _ = await command("forget", "--conversation", talk, "--db", str(served.database))
            assert code == 0
            gone = {pair.reference_id for pair in found if pair.conversation == talk}
            await until(lambda: sum(pairs(served).values()) == 3 * (12 - len(gone)))
            reader = served.reader
            assert all(reader.exchange(pair.subject_id) is None for pair in found if pair.reference_id in gone)
            reader.close()


async def test_copies_for_candidates_are_spent_from_the_budget_and_counted(serve):
    async with PretendedServer(seed=1) as live, PretendedServer(seed=2) as official, PretendedServer(seed=3) as other:
        toml = config(live=live.base_url, official=official.base_url, other=other.base_url)
        toml = toml.replace("concurrency = 500", "concurrency = 1\nrequests = 9\ntiebreak = false\ncontrol_fraction = 0.0")
        async with serve(toml) as served:
            await post_chats(served, requests(served, 8), at_once=1)

            async def spent() -> bool:
                return await served.metric("sameweights_shadow_dropped_total", reason="budget_requests") == 4

            await until(spent)
            await stored(served, live=5, other=4)

            async def overdrawn() -> bool:
                return await served.metric("sameweights_shadow_budget_left", unit="requests") == 0

            await until(overdrawn)
        assert [request.method for request in other.requests].count("POST") == 4, (
            "the fifth is the ninth request, and its copy would be the tenth"
        )


@pytest.mark.parametrize("workers", [1, 2])
async def test_candidates_get_nothing_before_the_tournament_was_begun_where_that_is_configured(serve, workers):
    async with PretendedServer(seed=1) as live, PretendedServer(seed=2) as official, PretendedServer(seed=3) as other:
        toml = config(live=live.base_url, official=official.base_url, other=other.base_url)
        toml = toml.replace("concurrency = 500", f"concurrency = 8\naudit_workers = {workers}")
        async with serve(toml + '[tournament]\ncopies = "started"\n') as served:
            await post_chats(served, requests(served, 10), at_once=5)
            await stored(served, live=10)
            path = str(served.database.with_name("sameweights.toml"))
            assert (await command("choose", path, "--plan"))[0] == 0
            assert not other.requests, "a plan spends nothing"
            code, words = await command("choose", path, "--start")
            assert code == 0, words
            await until(lambda: "candidate_copies" in "".join(served.errors))
            await post_chats(served, requests(served, 10), at_once=5)
            await stored(served, live=20, other=10)
            assert pairs(served)["other"] == 10
