"""A faulty provider: seen by the real Prometheus, told by the real Alertmanager, drawn by every panel, forgiven once mended."""

import asyncio
import math
import os
import re
import sys
import time
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
import yaml

from shadow.studies.faults import FAITHFUL, Faults
from shadow.studies.pretend import Pretend
from shadow.studies.traffic import Traffic
from tests.boards import GRAFANA, PROMETHEUS, Target, boards, filled, targets, variables
from tests.running import Served, until
from tests.watching import Watch, Webhook, alertmanager, missing, prometheus, promtool, webhook

pytestmark = [pytest.mark.promise("audit.alerts"), pytest.mark.journey, pytest.mark.timeout(280)]

MODEL = "demo-7b"
AUDITED = ("faithful", "toolbreaker")
BROKEN = Faults(drop_tool_calls=0.4, garble_arguments=0.3)
CONFIG = """
[proxy]
listen = "127.0.0.1:0"
provider = "official"
reference = "official"

[proxy.providers]
{providers}

[shadow]
sample_rate = 1.0
control_fraction = 0.4
concurrency = 64

[admin]
listen = "127.0.0.1:0"
models = ["demo-7b"]
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
    """The whole stage: pretended providers, the house, the watchers, and traffic that goes on."""

    pretended: dict[str, Pretend]
    served: Served
    watch: Watch
    hook: Webhook


async def _staged(stack: AsyncExitStack, serve, folder: Path) -> Play:
    cast = {"official": FAITHFUL, "faithful": FAITHFUL, "toolbreaker": BROKEN}
    pretended = {
        name: await stack.enter_async_context(Pretend(faults=faults, seed=number, keep=False))
        for number, (name, faults) in enumerate(cast.items())
    }
    tables = "\n".join(f'{name} = {{ base_url = "{one.base_url}" }}' for name, one in pretended.items())
    served = await stack.enter_async_context(serve(CONFIG.format(providers=tables)))
    hook = await stack.enter_async_context(webhook())
    # the address of the Alertmanager is known only once it runs, and it needs its file first
    _, manager = written(folder, served.admin, "", hook)
    alerts = await stack.enter_async_context(alertmanager(manager, folder / "alerts"))
    config, _ = written(folder, served.admin, alerts, hook)
    watch = await stack.enter_async_context(prometheus(config, folder / "tsdb"))
    traffic = Traffic(base=served.data, providers=AUDITED, model=MODEL, width=3, seed="watched", pause=0.1)
    running = asyncio.create_task(traffic.run(260))
    stack.push_async_callback(_ended, running)
    return Play(pretended, served, watch, hook)


async def _ended(task: asyncio.Task) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_the_faulty_provider_alone_is_told_and_forgiven_once_mended(serve, tmp_path):
    assert not missing(), f"apt-get install prometheus prometheus-alertmanager; missing: {missing()}"
    async with AsyncExitStack() as stack:
        play = await _staged(stack, serve, tmp_path)
        await until(lambda: play.hook.told("SameweightsDrift", "firing", provider="toolbreaker"), 90)
        assert await play.watch.now('max_over_time(ALERTS{alertname="SameweightsDrift", alertstate="pending"}[2m])')
        told = play.hook.told("SameweightsDrift", "firing")
        assert {each["labels"]["provider"] for each in told} == {"toolbreaker"}
        assert {each["labels"]["reference"] for each in told} == {"official"}
        assert all(each["annotations"]["description"] for each in told)
        await until(lambda: play.watch.alerts("SameweightsInvalidToolCalls", "firing"), 60)
        await until(lambda: play.hook.told("SameweightsDriftProven", "firing", provider="toolbreaker"), 60)
        await _every_panel_draws(play)
        await _the_panels_part_the_faulty_from_the_faithful(play)
        await _a_point_opens_its_pair(play)
        await _every_variable_has_values(play)
        await _the_exposition_is_clean(play)
        await _pictures(play)
        play.pretended["toolbreaker"].faults = FAITHFUL
        await until(lambda: play.hook.told("SameweightsDrift", "resolved", provider="toolbreaker"), 100)
        for alert in ("SameweightsDrift", "SameweightsDriftProven"):
            assert not play.hook.told(alert, "firing", provider="faithful")


async def _pictures(play: Play) -> None:
    """Where PICTURES names a folder: what the panels show now, as images to look at."""
    if folder := os.environ.get("PICTURES"):
        flags = ("--prometheus", play.watch.url, "--seconds", "60", "--rate-interval", "5s")
        drawing = await asyncio.create_subprocess_exec(sys.executable, GRAFANA / "picture.py", folder, *flags)
        assert await drawing.wait() == 0


async def _every_panel_draws(play: Play) -> None:
    """Each query of each panel gives series that are numbers within the panel's bounds; the slow ones a moment later."""
    empty: list[Target] = [*targets()]

    async def drawn() -> bool:
        empty[:] = [target for target in empty if not await _draws(play.watch, target)]
        return not empty

    with suppress(TimeoutError):
        await until(drawn, 40)
    assert not empty, "panels without data:\n" + "\n".join(f"{each}\n    {each.filled('5s')}" for each in empty)


async def _draws(watch: Watch, target: Target) -> bool:
    end = time.time()
    found = await watch.over(target.filled("5s"), end - 15, end, 1)
    values = [float(value) for series in found for _, value in series["values"]]
    low = -math.inf if target.low is None else target.low
    high = math.inf if target.high is None else target.high * 1.0001
    assert all(math.isnan(value) or low <= value <= high for value in values), f"{target} leaves its panel: {values}"
    return any(not math.isnan(value) for value in values)


async def _the_panels_part_the_faulty_from_the_faithful(play: Play) -> None:
    async def value(expr: str) -> float:
        found = await play.watch.now(expr)
        # no value is right where the faithful one was never odd: there is nothing to be unsure of
        return max((float(each["value"][1]) for each in found), default=0.0)

    for expr in (
        'sameweights:drift_excess:ratio1h{{provider="{}", signal="action"}}',
        'sameweights:drift_z:1h{{provider="{}", signal="action"}}',
        'sameweights:divergence_cross:ratio1h{{provider="{}", dimension="action"}}',
        'sameweights:tool_calls_invalid:ratio1h{{provider="{}", role="primary"}}',
    ):
        faulty, faithful = await value(expr.format("toolbreaker")), await value(expr.format("faithful"))
        assert faulty > max(0.05, 2 * faithful), (expr, faulty, faithful)


async def _a_point_opens_its_pair(play: Play) -> None:
    end = time.time()
    query = 'sameweights_comparisons_total{provider="toolbreaker", result="differ"}'
    found = await play.watch.get("query_exemplars", query=query, start=f"{end - 60}", end=f"{end}")
    pair = found[0]["exemplars"][0]["labels"]["pair_id"]
    async with aiohttp.ClientSession() as session, session.get(f"{play.served.admin}/pairs/{pair}") as page:
        assert page.status == 200
        assert "toolbreaker" in await page.text()


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
