"""The fleet of grafana/fleet/compose.yaml without its containers: its commands, environment and files, with real servers.

Two hosts forward and two audit, and Prometheus watches them; then the host that judges stops.
"""

import asyncio
import os
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from shadow.demo.pretended_server import PretendedServer
from storage.opening import open_reader
from storage.storage_config import StorageConfig
from tests.boards import GRAFANA, PROMETHEUS, targets
from tests.brokers import NatsServer
from tests.composed import FLEET, composed
from tests.journeys.two_providers import EACH_IS_SAMPLED, TWO_PROVIDERS, post_chats
from tests.running import Served, chat, until
from tests.watching import Watch, prometheus

pytestmark = [pytest.mark.promise("fleet.composed"), pytest.mark.journey, pytest.mark.slow]

LONG = 60
FILE = "/etc/sameweights/sameweights.toml"
REQUESTS = 40
QUIET = {"fleet: Exchanges lost, by reason: {{reason}}", "fleet: Waiting exchanges: in a later format {{stream}}"}
"""Queries without a line while nothing is lost, and no host is of a later version."""


class ComposedBroker(NatsServer):
    """The broker with the committed configuration, at another port and in another folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, name="nats")
        text = (GRAFANA / "fleet" / "nats.conf").read_text(encoding="utf-8")
        for old, new in (
            ("0.0.0.0:4222", f"127.0.0.1:{self.port}"),
            ("127.0.0.1:8222", "127.0.0.1:-1"),  # any free port
            ("/tmp", str(self._folder)),
        ):
            assert text.count(f'"{old}"') == 1
            text = text.replace(old, new)
        self._text = text


@dataclass
class Fleet:
    """All hosts by their names in the file, the environment of each, and Prometheus."""

    hosts: dict[str, Served]
    environ: dict[str, dict[str, str]]
    watch: Watch

    async def values(self, metric: str) -> dict[str, float]:
        return {name: await host.metric(f"sameweights_{metric}") for name, host in self.hosts.items()}


def scraping(folder: Path, hosts: dict[str, Served]) -> Path:
    """The committed configuration of Prometheus, each host at the port that it has here."""
    text = (GRAFANA / "fleet" / "prometheus.yml").read_text(encoding="utf-8")
    for name, host in hosts.items():
        text = text.replace(f"{name}:8081", host.admin.removeprefix("http://"))
    config = yaml.safe_load(text)
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(PROMETHEUS / name) for name in config["rule_files"]]
    del config["alerting"]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return folder / "prometheus.yml"


async def started(stack: AsyncExitStack, serve, folder: Path, url: str, monkeypatch) -> Fleet:
    main, official = [await stack.enter_async_context(PretendedServer(seed=seed)) for seed in (1, 2)]
    (folder / "mounted.toml").write_text("")
    services = composed(FLEET, folder / "mounted.toml")["services"]
    for name, value in services["nats"]["environment"].items():
        monkeypatch.setenv(name, value)
    broker = ComposedBroker(folder)
    await broker.start()
    stack.push_async_callback(broker.stop)
    places = {"postgresql://sameweights@postgres/sameweights": url, "nats://nats:4222": broker.url}
    toml = TWO_PROVIDERS.format(candidate=main.base_url, official=official.base_url) + EACH_IS_SAMPLED
    hosts, environ = {}, {}
    for name, service in services.items():
        if name.startswith(("proxy", "auditor")):
            environ[name] = {key: places.get(value, value) for key, value in service["environment"].items()}
            command, *arguments, path = service["command"]
            assert (command, path) == ("serve", FILE)
            ports = 2 if name.startswith("proxy") else 1
            running = serve(toml, env=environ[name], arguments=tuple(arguments), ports=ports)
            hosts[name] = await stack.enter_async_context(running)
    watch = await stack.enter_async_context(prometheus(scraping(folder, hosts), folder / "tsdb"))
    return Fleet(hosts, environ, watch)


def stored(url: str) -> int:
    reader = open_reader(StorageConfig(url=url))
    try:
        return sum(each.requests for each in reader.traffic(0, 0) if each.role == "primary")
    finally:
        reader.close()


async def doctor(fleet: Fleet, folder: Path, host: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "shadow.cli", "doctor", "--plan", str(folder / "sameweights.toml")),
        env={**os.environ, **fleet.environ[host], "PYTHONPATH": str(Path.cwd()), "COLUMNS": "400"},
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return output.decode()


async def judging(fleet: Fleet) -> str:
    """The one host that judges, once there is exactly one."""

    async def one() -> str:
        holders = [name for name, value in (await fleet.values("judge_lease")).items() if value]
        return holders[0] if len(holders) == 1 else ""

    return str(await until(one, LONG))


async def scraped(fleet: Fleet) -> bool:
    """Whether Prometheus has read each host, so that what comes now is an increase to it."""
    return len(await fleet.watch.now('up{job="sameweights"} == 1')) == len(fleet.hosts)


async def without_a_line(fleet: Fleet, begun: float) -> set[str]:
    """The queries of the dashboard Fleet that have drawn nothing since `begun`."""
    board = [target for target in targets() if target.board == "fleet"]
    lines = [await fleet.watch.over(target.filled("10s"), begun, time.time(), 1) for target in board]
    return {str(target) for target, found in zip(board, lines, strict=True) if not found}


async def test_fleet_stores_what_both_hosts_forward_judges_once_and_is_drawn(serve, tmp_path, postgres_url, monkeypatch):
    async with AsyncExitStack() as stack:
        fleet = await started(stack, serve, tmp_path, postgres_url, monkeypatch)
        begun = time.time()
        await until(lambda: scraped(fleet), LONG)
        for name in ("proxy-1", "proxy-2"):
            statuses = await post_chats(fleet.hosts[name], [chat(text=f"{name} {number}") for number in range(REQUESTS)])
            assert statuses == [200] * REQUESTS
        await until(lambda: stored(postgres_url) == 2 * REQUESTS, LONG)
        judge = await judging(fleet)

        async def all_judged() -> bool:
            return await fleet.hosts[judge].metric("sameweights_drift_pairs_total", signal="error") == 2 * REQUESTS

        await until(all_judged, LONG)

        async def all_drawn() -> bool:
            return await without_a_line(fleet, begun) == QUIET

        await until(all_drawn, LONG)
        connected = await fleet.values("broker_connected")
        assert connected == dict.fromkeys(fleet.hosts, 1.0)
        lines = await doctor(fleet, tmp_path, "auditor-1")
        for part in ("✓ broker 'nats://", "✓ stream SAMEWEIGHTS_EXCHANGE_0: 0 exchanges wait", "✓ judge: a process judges"):
            assert part in lines

        assert await fleet.hosts.pop(judge).stop() == 0
        other = await judging(fleet)
        assert {judge, other} == {"auditor-1", "auditor-2"}
        statuses = await post_chats(fleet.hosts["proxy-1"], [chat(text=f"later {number}") for number in range(REQUESTS)])
        assert statuses == [200] * REQUESTS
        await until(lambda: stored(postgres_url) == 3 * REQUESTS, LONG)
