"""Measures how long pairs wait for a judgement after the process that judges was killed, with another host beside it.

    PYTHONPATH=. .venv/bin/python bench/failover.py [--kills 10]

Two `serve` share one PostgreSQL. Each round kills the audit process that holds the lease to judge (SIGKILL, at a random moment of
its lease), stores a pair at once, and takes the time until it has its judgement. Bar: 5 seconds, in every round.
"""

import argparse
import asyncio
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from contextlib import AsyncExitStack, closing, suppress
from pathlib import Path

import aiohttp

from storage.opening import open_store
from storage.storage_config import StorageConfig
from tests.payoffs import add
from tests.postgres_server import PostgresServer
from tests.running import Served, addresses, drain, until

AUDIT = "shadow.processes.audit_process"
BAR = 5.0
LEASE = 4.0
CONFIG = """
[proxy]
listen = "127.0.0.1:0"
provider = "main"
[proxy.providers.main]
base_url = "http://127.0.0.1:9/v1"
[admin]
listen = "127.0.0.1:0"
[storage]
url = "{url}"
"""
WAITING = "SELECT count(*) FROM rulings WHERE reason IS NULL"


async def host(stack: AsyncExitStack, folder: Path, number: int, url: str) -> Served:
    """One host that serves until the end."""
    file = folder / f"{number}.toml"
    file.write_text(CONFIG.format(url=url), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "shadow.cli", "serve", str(file)),
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    lines: list[str] = []
    data, admin = await asyncio.wait_for(addresses(process, lines, 2), 60)
    served = Served(process, data, admin, folder / "none.db", lines)
    reading = asyncio.create_task(drain(process, lines))
    stack.callback(reading.cancel)
    stack.push_async_callback(served.stop)
    return served


async def judging(hosts: list[Served]) -> Served:
    """The host that judges, once exactly one does."""
    found: list[Served] = []

    async def one() -> bool:
        found.clear()
        for each in hosts:
            with suppress(aiohttp.ClientError):
                found.extend([each] if await each.metric("sameweights_judge_lease") else [])
        return len(found) == 1

    await until(one, 60)
    return found[0]


async def waited(hosts: list[Served], server: PostgresServer, store, number: int) -> float:
    """Seconds from a kill to the judgement of the next pair."""
    killed = await judging(hosts)
    await asyncio.sleep(random.uniform(0, LEASE))
    begun = time.monotonic()
    os.kill(killed.children()[AUDIT], signal.SIGKILL)
    add(store, f"{int(time.time() * 1000):012x}{number:016x}", started=time.time())
    await until(lambda: server.execute(WAITING, "made") == [(0,)] and store.judgements.last_judged() >= number, 60)
    return time.monotonic() - begun


async def run(kills: int, folder: Path) -> bool:
    """Whether every wait was within the bar."""
    (folder / "postgres").mkdir(mode=0o755)
    server = PostgresServer(folder / "postgres")
    try:
        url = server.database()
        with closing(open_store(StorageConfig(url=url, batch_seconds=0.01))) as store:
            async with AsyncExitStack() as stack:
                hosts = [await host(stack, folder, number, url) for number in range(2)]
                waits = [await waited(hosts, server, store, number + 1) for number in range(kills)]
    finally:
        server.stop()
    print(f"seconds until the next pair was judged: {', '.join(f'{wait:.1f}' for wait in sorted(waits))} (bar {BAR:.0f})")
    return max(waits) <= BAR


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--kills", type=int, default=10)
    chosen = options.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="sameweights-failover-"))
    folder.chmod(0o755)
    try:
        sys.exit(0 if asyncio.run(run(chosen.kills, folder)) else 1)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
