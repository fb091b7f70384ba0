"""Measures what a scrape of /metrics costs: series, bytes, bytes on the wire, CPU of the audit process.

    PYTHONPATH=. .venv/bin/python bench/scrape.py [--providers 10] [--models 3] [--seconds 60]

Pretended providers, all of them compared with the first, behind the real `sameweights serve`; the traffic ends before the scrapes
begin, so that the CPU of the audit process between two of them is that of one scrape.
"""

import argparse
import asyncio
import gzip
import logging
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

from processes import cpu_seconds, free_port, launch, stop

from shadow.demo.demo_traffic import DemoTraffic
from shadow.demo.planted_faults import FAITHFUL, PlantedFaults
from shadow.demo.pretended_server import PretendedServer

FAULTY = PlantedFaults(drop_tool_calls=0.4, garble_arguments=0.3, lose_spaces=0.3, error_rate=0.05)
SCRAPES = 20
QUEUES = tuple(f"sameweights_{name}" for name in ("shadow_queue_length", "shadow_in_flight_requests", "store_queue_length"))
ACCEPT = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3"
"""As Prometheus sends it: OpenMetrics, with exemplars."""
CONFIG = """
[proxy]
listen = "127.0.0.1:{data}"
provider = "p0"
reference = "p0"
[proxy.providers]
{providers}
[shadow]
sample_rate = 1.0
control_fraction = 0.4
concurrency = 256
[storage]
url = "sqlite:///{folder}/scrape.db"
[admin]
listen = "127.0.0.1:{admin}"
models = {models}
"""


async def measured(folder: Path, *, providers: int, models: int, seconds: float) -> list[str]:
    """The lines of the table."""
    names = [f"m{number}" for number in range(models)]
    data, admin = free_port(), free_port()
    async with AsyncExitStack() as stack:
        servers = [
            await stack.enter_async_context(
                PretendedServer(faults=FAULTY if number % 3 == 2 else FAITHFUL, seed=number, keep=False, models=tuple(names))
            )
            for number in range(providers)
        ]
        tables = "\n".join(f'p{number} = {{ base_url = "{each.base_url}" }}' for number, each in enumerate(servers))
        config = folder / "sameweights.toml"
        config.write_text(CONFIG.format(data=data, admin=admin, providers=tables, models=names, folder=folder), encoding="utf-8")
        serve = launch([sys.executable, "-P", "-m", "shadow.cli", "serve", str(config)], "0-63", folder / "serve.log")
        stack.callback(stop, serve)
        await _answering(f"http://127.0.0.1:{admin}/readyz")
        runs = [
            DemoTraffic(
                base=f"http://127.0.0.1:{data}",
                providers=[f"p{number}" for number in range(providers)],
                model=name,
                width=1,
                seed=name,
                pause=0.2,
            ).run(seconds)
            for name in names
        ]
        await asyncio.gather(*runs)
        await _drained(f"http://127.0.0.1:{admin}/metrics")
        return await asyncio.to_thread(_scrapes, f"http://127.0.0.1:{admin}/metrics", serve.pid)


def _scrapes(url: str, root: int) -> list[str]:
    _get(url)
    began, cpu = time.perf_counter(), cpu_seconds(root, "audit_process")
    for _ in range(SCRAPES):
        body, wire = _get(url)
    taken, cpu = time.perf_counter() - began, cpu_seconds(root, "audit_process") - cpu
    lines = [line for line in body.decode().splitlines() if line and line[0] != "#"]
    families = Counter(line.split("{")[0].split(" ")[0] for line in lines).most_common(12)
    return [
        f"series {len(lines):,}, of them 0: {sum(line.split(' # ')[0].endswith((' 0', ' 0.0')) for line in lines):,}",
        f"plain {len(body) / 1e3:,.0f} kB, on the wire {wire / 1e3:,.0f} kB",
        f"per scrape: {1e3 * taken / SCRAPES:.0f} ms, CPU of the audit process {1e3 * cpu / SCRAPES:.0f} ms",
        *(f"  {count:6,} {name}" for name, count in families),
    ]


def _get(url: str) -> tuple[bytes, int]:
    request = urllib.request.Request(url, headers={"Accept": ACCEPT, "Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request) as answer:
        sent = answer.read()
        return (gzip.decompress(sent) if answer.headers["Content-Encoding"] == "gzip" else sent), len(sent)


async def _drained(url: str) -> None:
    quiet = 0
    while quiet < 3:
        quiet = 0 if await asyncio.to_thread(_waiting, url) else quiet + 1
        await asyncio.sleep(0.5)


def _waiting(url: str) -> bool:
    lines = _get(url)[0].decode().splitlines()
    return any(not line.endswith((" 0", " 0.0")) for line in lines if line.startswith(QUEUES))


async def _answering(url: str) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                await asyncio.to_thread(_get, url)
            except OSError:
                await asyncio.sleep(0.1)
            else:
                return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--providers", type=int, default=10)
    parser.add_argument("--models", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=60)
    chosen = parser.parse_args()
    logging.disable()
    with tempfile.TemporaryDirectory() as folder:
        for line in asyncio.run(measured(Path(folder), **vars(chosen))):
            print(line)


if __name__ == "__main__":
    main()
