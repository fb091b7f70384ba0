"""Where the reference cannot be a measure, nothing is called drift and nothing is called fine: it is not measured, and why."""

import itertools
import json
import re

import aiohttp
import pytest

from shadow.demo.planted_faults import PlantedFaults
from shadow.demo.pretended_server import PretendedServer
from tests.journeys.test_drift_is_detected import CONFIG, ask, line
from tests.journeys.two_providers import command
from tests.running import chat, until
from tests.wires import ok, scripted

pytestmark = [pytest.mark.journey, pytest.mark.promise("audit.drift")]

REQUESTS = 60
ENOUGH = 200
"""Pairs in which a difference well short of a breakdown would have been seen."""


async def not_measured(serve, toml: str):
    """The report after some requests; one that is to fail on drift exits with the code for "nothing was compared"."""
    async with serve(toml) as served:
        await ask(served, REQUESTS)

        async def ruled() -> bool:
            return await served.metric("sameweights_drift_excluded_total") >= REQUESTS

        await until(ruled)
        found = line(served)
        await served.shows(1, "sameweights_drift_state", provider="candidate", state="not_measured")
        code, words = await command("report", "--full", "--db", str(served.database), "--fail-on-drift")
        assert code == 4, words
        assert "✓" not in words, "silence is no innocence"
        assert found.why in " ".join(words.split())
    return found


@pytest.mark.parametrize(
    ("faults", "more", "why"),
    [
        (PlantedFaults(error_rate=1.0), "", ("the reference failed", "the call was rejected")),
        (PlantedFaults(silent=1.0), "timeout = 0.3", ("the reference failed",)),
    ],
)
async def test_reference_that_fails_or_never_answers_is_not_measured(serve, faults, more, why):
    async with PretendedServer(seed=1) as candidate, PretendedServer(seed=2, faults=faults) as official:
        toml = CONFIG.format(candidate=candidate.base_url, official=official.base_url)
        found = await not_measured(serve, toml.replace("concurrency = 500", f"concurrency = 500\n{more}"))
    assert found.state == "not_measured"
    assert any(each in found.why for each in why)
    assert found.strongest in {"", "error"}


async def test_reference_that_answers_from_a_cache_is_not_measured(serve):
    """Both give the same answers; but the reference repeats one answer, so its noise cannot be measured."""
    numbers = itertools.count(1)

    def saying(again: bool):
        async def script(wire):
            while True:
                await wire.request()
                choice = {"index": 0, "message": {"role": "assistant", "content": "No."}, "finish_reason": "stop"}
                name = "again" if again else f"fresh-{next(numbers)}"
                body = json.dumps({"id": name, "object": "chat.completion", "model": "pretend-small", "choices": [choice]})
                await wire.send(ok(body.encode(), b"Content-Type: application/json"))

        return script

    async with scripted(saying(again=False)) as candidate, scripted(saying(again=True)) as official:
        toml = CONFIG.format(candidate=candidate.url, official=official.url)
        found = await not_measured(serve, toml.replace("concurrency = 500", "concurrency = 500\ncontrol_fraction = 1.0"))
    assert found.state == "not_measured"
    assert "cache" in found.why
    assert found.left_out["cached"] >= 3


async def test_a_provider_that_is_its_own_reference_has_no_drift_state_and_gets_its_verdict(serve):
    """The judge of drift leaves its pairs out, a report of the period counts them: the noise floor at work."""
    async with PretendedServer(seed=1) as both, serve(CONFIG.format(candidate=both.base_url, official=both.base_url)) as served:
        await ask(served, ENOUGH)

        async def ruled() -> bool:
            return await served.metric("sameweights_drift_excluded_total", reason="same_server") == ENOUGH

        await until(ruled)
        found = line(served)
        code, words = await command("report", "--full", "--db", str(served.database), "--fail-on-drift")
    assert (found.state, found.pairs, found.evidence) == ("not_measured", 0, None)
    assert "same server" in found.why
    assert found.left_out["same_server"] == ENOUGH
    said = " ".join(words.split())
    assert code == 0, words
    assert re.search(
        r"✓ candidate (no difference seen|differs from its reference no more than the reference differs from itself)", said
    ), words
    assert "note: candidate and official are the same server: any difference is its own noise" in said


async def test_reference_that_never_answered_leaves_the_group_waiting(serve):
    """Fewer pairs than `not measured` needs, and none of them counted."""
    async with PretendedServer(seed=1) as candidate, PretendedServer(seed=2, faults=PlantedFaults(silent=1.0)) as official:
        toml = CONFIG.format(candidate=candidate.base_url, official=official.base_url)
        async with serve(toml.replace("concurrency = 500", "concurrency = 500\ntimeout = 0.3")) as served:
            async with aiohttp.ClientSession() as session, session.post(f"{served.data}/v1/chat/completions", data=chat()) as got:
                await got.read()

            async def ruled() -> bool:
                return await served.metric("sameweights_drift_state", state="waiting") == 1

            await until(ruled)
            assert await served.metric("sameweights_drift_state", state="ok") == 0
            code, words = await command("report", "--full", "--db", str(served.database), "--fail-on-drift")
    assert code == 4, words


async def test_provider_that_refuses_every_request_is_not_measured_and_the_report_has_the_remedy(serve):
    """A missing key: nothing is sampled, and the verdict is about the key, not about a reference."""

    async def refusing(wire):
        while True:
            await wire.request()
            await wire.send(b"HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")

    async with (
        scripted(refusing) as candidate,
        PretendedServer(seed=2) as official,
        serve(CONFIG.format(candidate=candidate.url, official=official.base_url)) as served,
    ):
        await ask(served, 20)

        async def stated() -> tuple[int, str] | None:
            code, words = await command("report", "--full", "--db", str(served.database), "--fail-on-drift")
            return (code, words) if "20 requests" in words else None

        code, words = await until(stated)
    said = " ".join(words.split())
    assert code == 4, words
    assert "not measured: the provider refused 20 of its newest 20 requests: 401 its key is missing or wrong" in said, words
