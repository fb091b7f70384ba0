"""Measures auditing hosts that share a stream and a PostgreSQL server: CPU an exchange with one, and with several.

    PYTHONPATH=. .venv/bin/python bench/fleet.py [--exchanges 3000] [--hosts 1,4] [--chunks 40]

Each run has a NATS server, a database and hosts of its own. Exchanges are published once all hosts are ready, and the CPU counts
from then until all are stored: of the hosts with all their processes, and of PostgreSQL. What the hosts take while nothing comes
is measured before, and left out. Bar: an exchange costs at most 1.3 times as much with four hosts as with one.
"""

import argparse
import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

from broker import Queue, payloads
from postgres import server_seconds
from processes import cpu_seconds, free_port

from proxy.process.shared_counters import SharedCounters
from shadow.broker.publisher import Publisher
from shadow.pipeline.exchange_ledger import ExchangeLedger
from tests.brokers import connected, nats_server, settings, toml
from tests.postgres_server import PostgresServer
from tests.running import until

IDLE = 5.0
BAR = 1.3
CONFIG = """
[proxy]
listen = "127.0.0.1:0"
provider = "main"
[proxy.providers.main]
base_url = "http://127.0.0.1:9/v1"
[shadow]
sample_rate = 0.0
[admin]
listen = "127.0.0.1:{admin}"
{broker}
[storage]
url = "{url}"
"""


async def is_ready(port: int) -> bool:
    """Whether the host's /readyz answers 200."""
    with contextlib.suppress(OSError):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        line = await reader.readline()
        writer.close()
        return b" 200 " in line
    return False


async def published(config, packed: list[bytes]) -> None:
    async with connected(config) as broker:
        source, board = Queue(packed), SharedCounters()
        publisher = Publisher(source=source, broker=broker, ledger=ExchangeLedger(board, {}), settings=config)
        running = asyncio.create_task(publisher.run())
        await source.done.wait()
        running.cancel()


async def cost(folder: Path, server: PostgresServer, count: int, hosts: int, chunks: int) -> tuple[float, float]:
    """Milliseconds of CPU an exchange, of the hosts and of PostgreSQL."""
    url, clock = server.database(), asyncio.get_running_loop().time
    folder = Path(tempfile.mkdtemp(dir=folder))
    server.clear()
    async with nats_server(folder, name=f"n{hosts}") as nats:
        config = settings(nats, max_bytes=256 * 1024 * 1024)
        processes = [await started(folder, config, url) for _ in range(hosts)]
        try:
            pids = [process.pid for process in processes]

            def spent() -> tuple[float, float]:
                return sum(map(cpu_seconds, pids)), server_seconds(server)

            before = spent()
            await asyncio.sleep(IDLE)
            begun, start = spent(), clock()
            await published(config, payloads(chunks, count, hosts))
            await until(lambda: server.execute("SELECT count(*) FROM exchanges", "made")[0][0] == count, 300)
            ended, took = spent(), clock() - start
        finally:
            for process in processes:
                process.terminate()
                await process.wait()
    idle = [(two - one) / IDLE for one, two in zip(before, begun, strict=True)]
    own, other = ((two - one - rate * took) / count * 1e3 for one, two, rate in zip(begun, ended, idle, strict=True))
    print(f"| {hosts} | {own:.2f} | {other:.2f} | {own + other:.2f} | {count / took:.0f} | {100 * sum(idle):.1f} % |", flush=True)
    return own, other


async def started(folder: Path, config, url: str) -> asyncio.subprocess.Process:
    """One auditing host that is ready."""
    port = free_port()
    file = folder / f"{port}.toml"
    file.write_text(CONFIG.format(admin=port, broker=toml(config), url=url), encoding="utf-8")
    with (folder / "hosts.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "shadow.cli", "serve", str(file), "--role", "audit"),
            env={**os.environ, "PYTHONPATH": str(Path.cwd())},
            stdout=log,
            stderr=log,
        )
    await until(lambda: is_ready(port), 60)
    return process


async def run(chosen: argparse.Namespace, folder: Path) -> None:
    (folder / "postgres").mkdir(mode=0o755)
    server = PostgresServer(folder / "postgres")
    try:
        print("| hosts | ms of CPU an exchange | PostgreSQL | both | exchanges/s | of a core while nothing comes |")
        print("|---:|---:|---:|---:|---:|---:|")
        found = [
            await cost(folder, server, chosen.exchanges, hosts, chosen.chunks)
            for _ in range(chosen.rounds)
            for hosts in map(int, chosen.hosts.split(","))
        ]
    finally:
        server.stop()
    width = len(chosen.hosts.split(","))
    for name, costs in (("hosts", [own for own, _ in found]), ("both", [sum(each) for each in found])):
        ratios = [costs[at + width - 1] / costs[at] for at in range(0, len(costs), width)]
        print(f"\nthe last of the first, {name}: {', '.join(f'{ratio:.2f}' for ratio in ratios)} (bar {BAR})")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--exchanges", type=int, default=3_000)
    options.add_argument("--hosts", default="1,4")
    options.add_argument("--chunks", type=int, default=40)
    options.add_argument("--rounds", type=int, default=2)
    chosen = options.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="sameweights-fleet-"))
    folder.chmod(0o755)
    try:
        asyncio.run(run(chosen, folder))
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
