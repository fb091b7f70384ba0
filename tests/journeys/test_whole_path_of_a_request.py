"""One request through every room: forwarded, shadowed, recorded, compared, shown and counted, by real processes."""

import os
from pathlib import Path

import aiohttp
import pytest

from shadow.demo.planted_faults import PlantedFaults
from shadow.demo.pretended_server import PretendedServer
from storage.rows import PairFilter
from tests.journeys.two_providers import TWO_PROVIDERS
from tests.running import chat, until

pytestmark = pytest.mark.journey

CONFIG = (
    TWO_PROVIDERS
    + """api_key_env = "OFFICIAL_KEY"
[shadow]
sample_rate = 1.0
wait = 3600
control_fraction = 1.0
[admin]
listen = "127.0.0.1:0"
models = ["pretend-small"]
"""
)
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def post(session: aiohttp.ClientSession, base: str, body: bytes, **headers: str):
    return session.post(
        f"{base}/v1/chat/completions",
        data=body,
        headers={"Content-Type": "application/json", "Authorization": "Bearer client-secret-1234", **headers},
    )


def command_lines(served) -> str:
    pids = (served.process.pid, *served.children().values())
    return "".join(Path(f"/proc/{pid}/cmdline").read_text(encoding="latin-1") for pid in pids)


async def audited(served, count: int) -> list:
    """The pairs in the store, once there are `count`."""

    def pairs() -> list:
        if not served.database.exists():
            return []
        with_reader = served.reader
        try:
            found = list(with_reader.pairs(PairFilter(limit=200)))
        finally:
            with_reader.close()
        return found if len(found) >= count else []

    return await until(pairs)


@pytest.mark.promise("audit.whole")
async def test_a_streamed_request_is_answered_paired_stored_shown_and_counted(serve):
    async with PretendedServer(seed=1) as candidate, PretendedServer(seed=2, key="official-key-5678") as official:
        toml = CONFIG.format(candidate=candidate.base_url, official=official.base_url)
        async with serve(toml, env={"OFFICIAL_KEY": "official-key-5678"}) as served, aiohttp.ClientSession() as session:
            body = chat(stream=True, text="What is the weather in Paris?", tools=[WEATHER])
            async with post(session, served.data, body) as got:
                assert got.status == 200
                assert (await got.read()).rstrip().endswith(b"data: [DONE]")
            [summary] = await audited(served, 1)
            pair = summary.pair
            assert (pair.provider, pair.reference, pair.control_reason) == ("candidate", "official", "random")
            assert summary.matches + summary.differs > 0
            reader = served.reader
            live, shadow, control = (reader.exchange(x) for x in (pair.subject_id, pair.reference_id, pair.control_id))
            assert live.request_body == body
            assert [exchange.status for exchange in (live, shadow, control)] == [200, 200, 200]
            assert live.first_token is not None
            assert shadow.stream
            assert {finding.comparison for finding in reader.findings(pair_id=pair.id)} == {"cross", "self"}
            reader.close()

            async with session.get(f"{served.admin}/pairs?show=all") as page:
                assert pair.id in await page.text()
            async with session.get(f"{served.admin}/pairs/{pair.id}") as page:
                assert page.status == 200
            assert await until(lambda: served.metric("sameweights_comparisons_total", provider="candidate", comparison="cross"))
            await served.shows(1, "sameweights_requests_total", provider="candidate", role="primary", code="2xx")
            await served.shows(2, "sameweights_requests_total", provider="official")


@pytest.mark.promise("secrets.nowhere", "keys.apart")
async def test_no_key_is_found_in_any_file_page_metric_or_log_and_none_at_the_wrong_server(serve, tmp_path):
    secrets = ("client-secret-1234", "official-key-5678")
    async with PretendedServer(seed=1) as candidate, PretendedServer(seed=2, key="official-key-5678") as official:
        toml = CONFIG.format(candidate=candidate.base_url, official=official.base_url)
        async with serve(toml, env={"OFFICIAL_KEY": "official-key-5678"}) as served, aiohttp.ClientSession() as session:
            async with post(session, served.data, chat(), Cookie="session=client-secret-1234") as got:
                await got.read()
            [summary] = await audited(served, 1)
            shown = await served.metrics()
            for path in ("/pairs?show=all", f"/pairs/{summary.pair.id}"):
                async with session.get(served.admin + path) as page:
                    shown += await page.text()
            shown += command_lines(served)
        shown += "".join(served.errors)
        at_rest = b"".join(path.read_bytes() for path in tmp_path.rglob("served.db*"))
    for secret in secrets:
        assert secret not in shown
        assert secret.encode() not in at_rest
    [live] = candidate.requests
    assert live.header("authorization") == "Bearer client-secret-1234"
    for shadow in official.requests:
        assert "client-secret-1234" not in str(shadow.headers)
        assert shadow.header("authorization") == "Bearer official-key-5678"


@pytest.mark.promise("audit.killed")
async def test_killed_audit_process_costs_no_request_and_restarts(serve):
    async with PretendedServer(seed=1) as candidate, PretendedServer(seed=2) as official:
        toml = CONFIG.format(candidate=candidate.base_url, official=official.base_url)
        async with serve(toml, env={"OFFICIAL_KEY": "x"}) as served, aiohttp.ClientSession() as session:
            statuses = []
            for number in range(60):
                if number == 10:
                    os.kill(served.children()["shadow.processes.audit_process"], 9)
                async with post(session, served.data, chat(stream=True, text=f"Tell me about bridge {number}")) as got:
                    statuses.append((got.status, (await got.read()).rstrip().endswith(b"data: [DONE]")))
            assert statuses == [(200, True)] * 60

            async def back() -> bool:
                try:
                    return await served.metric("sameweights_requests_total", role="primary") >= 1
                except aiohttp.ClientError:
                    return False

            async def again() -> bool:
                async with post(session, served.data, chat(text="Once more")) as got:
                    assert got.status == 200
                return await back()

            assert await until(again)


@pytest.mark.promise("shadow.unfelt", "shadow.bounded")
@pytest.mark.parametrize(("queue", "dropped"), [(0, 18), (5, 13)])
async def test_reference_that_never_answers_does_not_delay_the_application(serve, queue, dropped):
    async with PretendedServer(seed=1) as candidate, PretendedServer(seed=2, faults=PlantedFaults(silent=1.0)) as official:
        toml = CONFIG.format(candidate=candidate.base_url, official=official.base_url).replace(
            "control_fraction = 1.0", f"control_fraction = 1.0\nconcurrency = 2\nqueue = {queue}\ntimeout = 600"
        )
        async with serve(toml, env={"OFFICIAL_KEY": "x"}) as served, aiohttp.ClientSession() as session:
            for number in range(20):
                async with post(session, served.data, chat(text=f"Question {number}")) as got:
                    assert got.status == 200
                    await got.read()

            async def counted() -> bool:
                return await served.metric("sameweights_shadow_dropped_total", reason="concurrency") == dropped

            assert await until(counted)
            await official.until(lambda reference: reference.open_streams == 2)


@pytest.mark.promise("audit.unread")
@pytest.mark.parametrize(
    ("body", "unread"),
    [(b"", "empty"), (b"this is not json", "not_json"), (b"\xff\xfe\x00", "not_json"), (b"[" * 100_000, "too_deep")],
    ids=["empty", "words", "not utf-8", "deep"],
)
async def test_unreadable_body_is_forwarded_unchanged_and_counted_as_not_measured(serve, body, unread):
    async with PretendedServer(seed=1) as candidate, PretendedServer(seed=2) as official:
        toml = CONFIG.format(candidate=candidate.base_url, official=official.base_url)
        async with serve(toml, env={"OFFICIAL_KEY": "x"}) as served, aiohttp.ClientSession() as session:
            async with post(session, served.data, body) as got:
                assert got.status == 400

            async def counted() -> bool:
                return await served.metric("sameweights_shadow_dropped_total", reason=unread) == 1

            assert await until(counted)
        [request] = candidate.requests
        assert request.body == body
        assert [seen.method for seen in official.requests if seen.target != "/v1/models"] == []
