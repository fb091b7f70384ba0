"""A faulty provider: detected by the real Prometheus, reported by the real Alertmanager, drawn by every panel, resolved once
fixed.
"""

import asyncio
import itertools
import math
import os
import re
import sys
import time
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import aiohttp
import pytest
import yaml

from shadow.demo.demo_traffic import DemoTraffic
from shadow.demo.planted_faults import FAITHFUL, PlantedFaults
from shadow.demo.pretended_server import PretendedServer
from tests.boards import GRAFANA, PROMETHEUS, Target, boards, filled, targets, variables
from tests.running import Served, chat, until
from tests.watching import Watch, Webhook, alertmanager, missing, prometheus, promtool, webhook

pytestmark = [pytest.mark.promise("audit.alerts"), pytest.mark.journey, pytest.mark.timeout(900)]

LONG = 300
"""Seconds in which an event must have come on the busiest machine; a quiet one needs a tenth, since each is waited for and not
for its time."""
PICTURED = 240
"""Seconds of scrapes, one in each, that a picture shows."""
MODEL = "demo-7b"
AUDITED = ("faithful", "toolbreaker")
BROKEN = PlantedFaults(drop_tool_calls=0.4, garble_arguments=0.3)
CONFIG = """
[proxy]
listen = "127.0.0.1:0"
provider = "official"
reference = "official"

[proxy.providers]
{providers}

[shadow]
sample_rate = 1.0
wait = 3600
control_fraction = 0.4
concurrency = 64
requests = 1000000

[storage]
max_bytes = 10000000000

[admin]
listen = "127.0.0.1:0"
models = ["demo-7b"]
"""
ELSEWHERE = ("sameweights_otel_", "sameweights_stated_cost_", "sameweights_money_uncertain_", "sameweights_tenant_")
"""Series that are absent without `otel.endpoint` (tests/journeys/test_spans_over_otlp.py) and without tenants
(tests/journeys/test_tenants.py), and of bills that no provider here sends (tests/shadow/metrics/test_observe.py).
"""
SHORT = {"1d": "30s", "6h": "25s", "1h": "20s", "30m": "15s", "15m": "8s", "10m": "15s", "5m": "15s"}
"""The rules of the repository with hours made into seconds, and nothing else changed: windows, intervals, `for`."""


def shortened(name: str) -> str:
    text = re.sub(r"\[(\w+)\]", lambda found: f"[{SHORT[found[1]]}]", (PROMETHEUS / name).read_text(encoding="utf-8"))
    return re.sub(r"(?m)^( +(?:interval|for|keep_firing_for)): \w+$", r"\1: 1s", text)


def written(folder: Path, target: str, alerts: str, hook: Webhook) -> tuple[Path, Path]:
    """The configurations of both servers, made from the committed ones."""
    for name in ("rules.yml", "alerts.yml"):
        (folder / name).write_text(shortened(name), encoding="utf-8")
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text(encoding="utf-8"))
    config["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    config["scrape_configs"][0]["static_configs"] = [{"targets": [target.removeprefix("http://")]}]
    config["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [alerts]}]}]} if alerts else {}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    manager = yaml.safe_load((PROMETHEUS.parent / "alertmanager" / "alertmanager.yml").read_text(encoding="utf-8"))
    manager["route"] |= {"group_wait": "0s", "group_interval": "1s"}
    manager["receivers"] = [{"name": "shown", "webhook_configs": [{"url": hook.url, "send_resolved": True}]}]
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(manager), encoding="utf-8")
    return folder / "prometheus.yml", folder / "alertmanager.yml"


@dataclass
class Play:
    """The whole stage: pretended providers, all processes of `serve`, the watchers, and traffic that goes on."""

    pretended: dict[str, PretendedServer]
    served: Served
    watch: Watch
    hook: Webhook


async def _staged(stack: AsyncExitStack, serve, folder: Path) -> Play:
    cast = {"official": FAITHFUL, "faithful": FAITHFUL, "toolbreaker": BROKEN}
    pretended = {
        name: await stack.enter_async_context(PretendedServer(faults=faults, seed=number, keep=False))
        for number, (name, faults) in enumerate(cast.items())
    }
    # one without a price, so that the panels of unknown costs have a value too
    prices = dict.fromkeys(cast, ", price_input = 1.0, price_output = 2.0") | {"toolbreaker": ""}
    tables = "\n".join(f'{name} = {{ base_url = "{one.base_url}"{prices[name]} }}' for name, one in pretended.items())
    served = await stack.enter_async_context(serve(CONFIG.format(providers=tables)))
    hook = await stack.enter_async_context(webhook())
    # the address of the Alertmanager is known only once it runs, and it needs its file first
    _, manager = written(folder, served.admin, "", hook)
    alerts = await stack.enter_async_context(alertmanager(manager, folder / "alerts"))
    config, _ = written(folder, served.admin, alerts, hook)
    watch = await stack.enter_async_context(prometheus(config, folder / "tsdb"))
    # the first alarm waits for the second look, which takes up to 6,000 compared requests
    traffic = DemoTraffic(base=served.data, providers=AUDITED, model=MODEL, width=5, seed="watched", pause=0.1)
    for running in (traffic.run(3_600), _repeated(served), _long_prompts(served)):
        stack.push_async_callback(_ended, asyncio.create_task(running))
    return Play(pretended, served, watch, hook)


async def _repeated(served: Served) -> None:
    """One request over and over, which proves nothing more after its first time, and is counted as left out."""
    async with aiohttp.ClientSession(headers={"x-sameweights-provider": "faithful"}) as session:
        while True:
            async with session.post(f"{served.data}/v1/chat/completions", data=chat(MODEL)) as got:
                await got.read()
            await asyncio.sleep(0.5)


async def _long_prompts(served: Served) -> None:
    """Requests of 400 words, none like another: token counts are compared from 300 on."""
    async with aiohttp.ClientSession(headers={"x-sameweights-provider": "faithful"}) as session:
        for number in itertools.count():
            words = " ".join(f"word{number + place}" for place in range(400))
            async with session.post(f"{served.data}/v1/chat/completions", data=chat(MODEL, text=words)) as got:
                await got.read()
            await asyncio.sleep(0.5)


async def _ended(task: asyncio.Task) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_alert_fires_for_the_faulty_provider_only_and_resolves_after_its_repair(serve, tmp_path):
    assert not missing(), f"apt-get install prometheus prometheus-alertmanager; missing: {missing()}"
    async with AsyncExitStack() as stack:
        play = await _staged(stack, serve, tmp_path)
        # of the two tests of drift Alertmanager sends the proof alone, which may come before or after the computed one
        computed = await until(lambda: play.watch.alerts("SameweightsDrift", "firing"), LONG)
        assert await play.watch.now('max_over_time(ALERTS{alertname="SameweightsDrift", alertstate="pending"}[2m])')
        assert {(each["labels"]["provider"], each["labels"]["reference"]) for each in computed} == {("toolbreaker", "official")}
        await until(lambda: play.watch.alerts("SameweightsInvalidToolCalls", "firing"), LONG)
        await until(lambda: play.hook.received("SameweightsDriftProven", "firing", provider="toolbreaker"), LONG)
        await _every_panel_draws(play)
        await _the_panels_part_the_faulty_from_the_faithful(play)
        await _every_point_opens_its_pair(play)
        await _an_alert_says_enough_and_its_links_open(play)
        await _every_variable_has_values(play)
        await _the_exposition_is_clean(play)
        await _pictures(play)
        play.pretended["toolbreaker"].faults = FAITHFUL
        await until(lambda: play.hook.received("SameweightsDriftProven", "resolved", provider="toolbreaker"), LONG)
        for alert in ("SameweightsDrift", "SameweightsDriftProven"):
            assert not play.hook.received(alert, "firing", provider="faithful")


async def _pictures(play: Play) -> None:
    """Where PICTURES names a folder: what the panels show now, as images to look at."""
    if folder := os.environ.get("PICTURES"):
        # a quiet machine comes here within half a minute, of which a picture would be mostly empty
        await until(lambda: play.watch.now(f"max(count_over_time(up[{PICTURED}s])) > {PICTURED * 0.9}"), 3 * PICTURED)
        flags = ("--prometheus", play.watch.url, "--seconds", str(PICTURED), "--rate-interval", "5s")
        drawing = await asyncio.create_subprocess_exec(sys.executable, GRAFANA / "picture.py", folder, *flags)
        assert await drawing.wait() == 0


async def _every_panel_draws(play: Play) -> None:
    """Each query of each panel gives series that are numbers within the panel's bounds; the slow ones a moment later."""
    # the dashboard Fleet is of hosts with a broker: tests/journeys/test_exchanges_over_a_broker.py
    shown = [target for target in targets() if target.board != "fleet"]
    empty: list[Target] = [target for target in shown if not any(name in target.expr for name in ELSEWHERE)]

    async def drawn() -> bool:
        empty[:] = [target for target in empty if not await _draws(play.watch, target)]
        return not empty

    with suppress(TimeoutError):
        await until(drawn, LONG)
    assert not empty, "panels without data:\n" + "\n".join(f"{each}\n    {each.filled('5s')}" for each in empty)


async def _draws(watch: Watch, target: Target) -> bool:
    end = time.time()
    found = await watch.over(target.filled("5s"), end - 15, end, 1)
    values = [float(value) for series in found for _, value in series["values"]]
    low = -math.inf if target.low is None else target.low
    high = math.inf if target.high is None else target.high * 1.0001
    assert all(math.isnan(value) or low <= value <= high for value in values), f"{target} leaves its panel: {values}"
    return any(not math.isnan(value) for value in values)


PARTING = {
    "By provider and model, over a day": {},
    "Excess over the reference's own noise, last hour": {},
    "State": {},
    "Evidence of the audit": {},
    "Excess by signal and provider, over a day": {},
    "Which side is the odd one: $signal": {"signal": "answer_kind"},
    "Evidence: z of $signal in the last hour": {"signal": "answer_kind"},
    "Pairs that differ: $signal": {"signal": "valid_calls"},
    "Faults that need no statistics, last hour": {},
}
"""Panels that are there to tell a faulty provider from a faithful one, and what their variables are put to."""


async def _the_panels_part_the_faulty_from_the_faithful(play: Play) -> None:
    """The first query of each, which is the provider's own, as Grafana would send it for either provider."""
    by_panel = {target.panel: target for target in reversed([*targets()])}

    async def highest(panel: str, provider: str) -> float:
        expr, end = by_panel[panel].filled("5s", provider=provider, **PARTING[panel]), time.time()
        found = await play.watch.over(expr, end - 10, end, 1)
        values = [float(value) for series in found for _, value in series["values"]]
        # no value is right where the faithful one was never odd: there is nothing to be unsure of
        return max((value for value in values if not math.isnan(value)), default=0.0)

    async def parted(panel: str) -> bool:
        return await highest(panel, "toolbreaker") > max(0.05, await highest(panel, "faithful"))

    for panel in PARTING:
        await until(partial(parted, panel), LONG)
    table = [target for target in targets() if target.panel == "By provider and model, over a day"]
    # a scrape that came too late leaves a moment without values
    worst = await until(lambda: play.watch.now(table[1].filled()), LONG)
    assert {each["metric"]["provider"] for each in worst} == {"toolbreaker"}
    [(size, low, high)] = zip(*[await _values(play, target) for target in table[1:4]], strict=True)
    assert 0 < low < size <= high <= 1, "the worst signal, with its interval around its size"


async def _values(play: Play, target: Target) -> list[float]:
    return [float(each["value"][1]) for each in await until(lambda: play.watch.now(target.filled()), LONG)]


async def _every_point_opens_its_pair(play: Play) -> None:
    """For each query whose points are to lead to pairs: one of them, by the address that the data source makes of it."""
    (source,) = yaml.safe_load((GRAFANA / "provisioning/datasources/sameweights.yml").read_text(encoding="utf-8"))["datasources"]
    (link,) = source["jsonData"]["exemplarTraceIdDestinations"]
    template = link["url"].replace("$$", "$").replace("http://127.0.0.1:8081", play.served.admin)
    leading = [target for target in targets() if target.exemplar]
    assert len(leading) == 10
    end = time.time()
    for target in leading:
        found = await play.watch.get(
            "query_exemplars", query=target.filled("5s", provider="toolbreaker"), start=f"{end - 90}", end=f"{end}"
        )
        assert found, f"no exemplar: {target}"
        pair = found[0]["exemplars"][0]["labels"][link["name"]]
        page = await _opened(template.replace("${__value.raw}", pair))
        assert "toolbreaker" in page, target


async def _an_alert_says_enough_and_its_links_open(play: Play) -> None:
    """The event that the webhook got: provider, signal, size, since when; its entry in the runbook, and the pairs it is about."""
    proven = play.hook.received("SameweightsDriftProven", "firing", provider="toolbreaker")[-1]
    (computed,) = await play.watch.alerts("SameweightsDrift", "firing")
    for name, alert in (("SameweightsDrift", computed), ("SameweightsDriftProven", proven)):
        labels, words = alert["labels"], alert["annotations"]
        assert all(labels[key] in words["summary"] for key in ("provider", "model", "reference"))
        assert re.search(r"noise: \w+ ((more|fewer|further|closer) )?[\d.]+%", words["description"])
        assert "signal" not in labels, "one alert for a provider and model"
        assert re.search(r", most in \w+", words["summary"]), "which names the worst signal"
        assert re.search(r"[\d.]+% of the pairs", words["description"])
        assert re.search(r"since (about )?20\d\d-\d\d-\d\d \d\d:\d\d|start to about 20\d\d-", words["description"])
        assert f'id="{name}"' in await _opened(words["runbook_url"].replace("http://127.0.0.1:8081", play.served.admin))
        assert re.fullmatch(
            r"http://127\.0\.0\.1:3000/d/sameweights-divergence\?var-provider=toolbreaker&.+", words["dashboard_url"]
        )
        listed = await _opened(words["evidence_url"].replace("http://127.0.0.1:8081", play.served.admin))
        assert "toolbreaker" in listed
        assert 'href="/pairs/' in listed, words["evidence_url"]


async def _opened(url: str) -> str:
    async with aiohttp.ClientSession() as session, session.get(url) as page:
        assert page.status == 200, url
        return await page.text()


async def _every_variable_has_values(play: Play) -> None:
    for name, board in boards().items():
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                found = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"])
                assert found, variable["query"]
                series = await play.watch.get("series", **{"match[]": filled(found[1], variables(board))})
                assert {each[found[2]] for each in series}, f"{name}: {variable['name']}"


async def _the_exposition_is_clean(play: Play) -> None:
    checked = promtool("check", "metrics", stdin=await play.served.metrics())
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
