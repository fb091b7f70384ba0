"""A provider that drifts is found, named and dated while it serves, and so is its recovery; a faithful one stays ok; a restart
changes nothing, and what reached no receiver is sent by the next process.
"""

import json
import time

import pytest

from shadow.demo.planted_faults import FAITHFUL, PlantedFaults
from shadow.demo.pretended_server import PretendedServer
from shadow.report.drift_lines import drift_lines
from tests.journeys.two_providers import EACH_IS_SAMPLED, TWO_PROVIDERS, WEATHER, command, judged, post_chats, webhook_receiver
from tests.running import chat, until

pytestmark = [pytest.mark.journey, pytest.mark.promise("audit.drift")]

CONFIG = TWO_PROVIDERS + EACH_IS_SAMPLED + 'models = ["pretend-small"]\n'


async def ask(served, count: int) -> None:
    """Send so many requests, no two of a scene alike."""
    texts = (f"What is the weather in town number {next(served.numbers)}?" for _ in range(count))
    await post_chats(served, [chat(text=text, tools=[WEATHER], tool_choice="auto", temperature=0.6) for text in texts])


def line(served):
    reader = served.reader
    try:
        [found] = drift_lines(reader)
    finally:
        reader.close()
    return found


async def test_a_faithful_provider_stays_ok(serve):
    async with (
        PretendedServer(seed=1) as candidate,
        PretendedServer(seed=2) as official,
        serve(CONFIG.format(candidate=candidate.base_url, official=official.base_url)) as served,
    ):
        await ask(served, 120)
        await judged(served, 120)
        assert await served.metric("sameweights_drift_state", provider="candidate", state="drift") == 0
        assert line(served).state in {"ok", "suspect"}
        assert line(served).pairs == 120


@pytest.mark.parametrize(
    ("faults", "names"),
    [
        (PlantedFaults(garble_arguments=0.9), {"valid_calls"}),
        (PlantedFaults(drop_tool_calls=0.9), {"calls_tool", "calls_tool_rate"}),
        (PlantedFaults(extra_prompt_tokens=7), {"prompt_tokens"}),
    ],
)
async def test_drift_is_named_and_dated_and_survives_a_restart(serve, faults, names):
    async with PretendedServer(seed=1) as candidate, PretendedServer(seed=2) as official:
        toml = CONFIG.format(candidate=candidate.base_url, official=official.base_url)
        async with serve(toml) as served:
            candidate.faults = FAITHFUL
            await ask(served, 80)
            await judged(served, 80)
            began = time.time()
            candidate.faults = faults
            await ask(served, 80)
            slack = max(5.0, (time.time() - began) / 2)  # the time of forty requests, on a machine that is slow
            await judged(served, 160)
            found = line(served)
            assert (found.state, found.provider) == ("drift", "candidate")
            assert found.name in names
            assert found.earliest <= began + slack
            assert found.latest >= began - slack
            await served.shows(1, "sameweights_drift_state", provider="candidate", state="drift")
        async with serve(toml) as again:

            async def shown() -> bool:
                return await again.metric("sameweights_drift_state", provider="candidate", state="drift") == 1

            await until(shown)
            assert line(again) == found


async def test_repaired_provider_has_recovered_and_fail_on_drift_exits_3_only_during_drift(serve, tmp_path):
    async with (
        PretendedServer(seed=1) as candidate,
        PretendedServer(seed=2) as official,
        serve(CONFIG.format(candidate=candidate.base_url, official=official.base_url)) as served,
    ):
        report = ("report", "--db", str(served.database), "--since", "2100-01-01", "--until", "2100-01-02", "--fail-on-drift")
        candidate.faults = PlantedFaults(drop_tool_calls=0.9)
        await ask(served, 100)
        await judged(served, 100)
        assert line(served).state == "drift"
        code, words = await command(*report)
        assert (code, "calls a tool" in words or "how often it calls" in words) == (3, True), words
        candidate.faults = FAITHFUL
        asked = 100
        while line(served).state == "drift" and asked < 1_000:
            await ask(served, 60)
            asked += 60
            await judged(served, asked)
        assert line(served).state == "recovered"
        assert (await command(*report))[0] == 4, "no drift, and nothing compared in that period"


async def test_alarm_is_listed_and_its_acknowledgement_ends_it_in_the_list_and_in_the_running_process(serve):
    async with (
        PretendedServer(seed=1, faults=PlantedFaults(drop_tool_calls=0.9)) as candidate,
        PretendedServer(seed=2) as official,
        serve(CONFIG.format(candidate=candidate.base_url, official=official.base_url)) as served,
    ):
        await ask(served, 100)
        await judged(served, 100)
        listing = ("alarms", "list", "--db", str(served.database))
        [alarm] = json.loads((await command(*listing, "--json"))[1])["alarms"]
        _, words = await command(*listing)
        acknowledged = ("--fixed", "--by", "Ada", "--why", "rolled back")
        code, said = await command("alarms", "ack", alarm["id"], "--db", str(served.database), *acknowledged)
        await served.shows(1, "sameweights_drift_state", provider="candidate", state="ok")
        left = json.loads((await command(*listing, "--json"))[1])["alarms"]
        _, every = await command(*listing, "--all")
    assert (alarm["provider"], alarm["state"], alarm["held"]) == ("candidate", "drift", True)
    assert alarm["low"] < alarm["size"] <= alarm["high"] <= 1
    assert alarm["earliest"] <= alarm["since"] <= alarm["latest"] <= alarm["reported"]
    assert alarm["id"] in words
    assert code == 0, said
    assert left == []
    assert "Ada" in every
    assert "rolled back" in every


async def test_webhook_event_that_failed_before_a_stop_is_sent_once_after_the_next_start(serve):
    async with PretendedServer(seed=1) as candidate, PretendedServer(seed=2) as official:
        toml = CONFIG.format(candidate=candidate.base_url, official=official.base_url)
        candidate.faults = PlantedFaults(drop_tool_calls=0.9)
        async with webhook_receiver(status=503) as (refused, port):
            toml += f'[drift]\nwebhook = "http://127.0.0.1:{port}/hook"\n'
            async with serve(toml) as served:
                await ask(served, 100)
                await judged(served, 100)
                await until(lambda: refused)
        async with webhook_receiver(port) as (got, _):
            async with serve(toml):
                await until(lambda: got)
            async with serve(toml) as again:
                code, words = await command("drift", "ack", "--db", str(again.database), "--fixed")
                assert code == 0, words
                await until(lambda: len(got) > 1)
    assert [event["state"] for _, event in got] == ["drift", "ok"]
    assert (got[0][0], got[0][1]["provider"]) == (refused[0][0], "candidate")


async def test_a_restart_in_the_middle_of_a_drift_changes_nothing(serve):
    """Stopped while the evidence grows: the next process goes on from it, and what both saw is judged as by one."""
    async with PretendedServer(seed=1) as candidate, PretendedServer(seed=2) as official:
        toml = CONFIG.format(candidate=candidate.base_url, official=official.base_url)
        async with serve(toml) as served:
            await ask(served, 60)
            await judged(served, 60)
            candidate.faults = PlantedFaults(drop_tool_calls=0.9)
            began = time.time()
            await ask(served, 20)
            slack = max(5.0, time.time() - began)  # the time of twenty requests, on a machine that is slow
            await judged(served, 80)
            before = line(served)
        async with serve(toml) as again:

            async def loaded() -> bool:
                return await again.metric("sameweights_drift_log_evidence", provider="candidate", signal=before.strongest) != 0

            await until(loaded)
            assert line(again) == before
            await ask(again, 120)
            await judged(again, 120)
            found = line(again)
            assert (found.state, found.pairs) == ("drift", 200)
            assert found.earliest <= began + slack
            assert found.latest >= began - slack
