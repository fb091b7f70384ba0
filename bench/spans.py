"""Sends the spans of pretended providers to an OTLP endpoint, or measures what sending them costs the audit process.

    PYTHONPATH=. .venv/bin/python bench/spans.py [--seconds 30]
    PYTHONPATH=. .venv/bin/python bench/spans.py --endpoint http://127.0.0.1:6006 --content full --evaluations span_events

Without an endpoint each row of the table is a run against a receiver in this process: spans off, on, with contents, and to an
endpoint that never answers.
"""

import argparse
import asyncio
import logging
import sys
import tempfile
import urllib.request
from contextlib import AsyncExitStack
from pathlib import Path

from aiohttp import web
from processes import cpu_seconds, free_port, launch, resident_mib, stop

from shadow.demo.demo_traffic import DemoTraffic
from shadow.demo.planted_faults import FAITHFUL, PlantedFaults
from shadow.demo.pretended_server import PretendedServer

FAULTY = PlantedFaults(drop_tool_calls=0.4, garble_arguments=0.3, lose_spaces=0.3)
CONFIG = """
[proxy]
listen = "127.0.0.1:{data}"
provider = "faithful"
reference = "official"
[proxy.providers]
{providers}
[shadow]
sample_rate = 0.2
control_fraction = 0.4
concurrency = 64
[storage]
url = "sqlite:///{folder}/spans.db"
[admin]
listen = "127.0.0.1:{admin}"
[otel]
{otel}
"""


async def run(folder: Path, *, seconds: float, otel: str) -> str:
    """One run: what was sent and dropped, and what the audit process spent."""
    data, admin = free_port(), free_port()
    faults = {"faithful": FAITHFUL, "faulty": FAULTY, "official": FAITHFUL}
    async with AsyncExitStack() as stack:
        servers = {
            name: await stack.enter_async_context(PretendedServer(faults=each, seed=name, keep=False))
            for name, each in faults.items()
        }
        tables = "\n".join(f'{name} = {{ base_url = "{each.base_url}" }}' for name, each in servers.items())
        config = folder / "sameweights.toml"
        config.write_text(CONFIG.format(data=data, admin=admin, providers=tables, folder=folder, otel=otel), encoding="utf-8")
        serve = launch([sys.executable, "-P", "-m", "shadow.cli", "serve", str(config)], "0-63", folder / "serve.log")
        stack.callback(stop, serve)
        await _ready(f"http://127.0.0.1:{admin}/readyz")
        began = cpu_seconds(serve.pid, "audit_process")
        traffic = DemoTraffic(
            base=f"http://127.0.0.1:{data}",
            providers=["faithful", "faulty"],
            model="pretend-small",
            width=8,
            seed="a",
            pause=0.05,
        )
        await traffic.run(seconds)
        await asyncio.sleep(5)
        cpu = cpu_seconds(serve.pid, "audit_process") - began
        sent = traffic.sent.total()
        memory = resident_mib(serve.pid, "audit_process")
        lines = (await asyncio.to_thread(_get, f"http://127.0.0.1:{admin}/metrics")).splitlines()
        items = [
            line.removeprefix("sameweights_otel_items_total") for line in lines if line.startswith("sameweights_otel_items_total")
        ]
        stored = sum(
            float(line.split()[-1]) for line in lines if line.startswith('sameweights_store_records_total{result="stored"')
        )
        return (
            f"{sent} requests, {traffic.failed.total()} failed, {stored:.0f} records stored; audit process: "
            f"{1e3 * cpu / max(sent, 1):.2f} ms of CPU a request, {memory:.0f} MiB; {', '.join(items) or 'no spans'}"
        )


def _get(url: str) -> str:
    with urllib.request.urlopen(url) as answer:
        return answer.read().decode()


async def _ready(url: str) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                await asyncio.to_thread(_get, url)
            except OSError:
                await asyncio.sleep(0.1)
            else:
                return


async def _take(request: web.Request) -> web.Response:
    await request.read()
    return web.Response()


async def _never(request: web.Request) -> web.Response:
    await request.read()
    await asyncio.sleep(3_600)
    return web.Response()


async def table(folder: Path, seconds: float) -> None:
    """Print a row for each way to send."""
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_post("/v1/{kind}", _take)
    app.router.add_post("/never/v1/{kind}", _never)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    rows = {
        "off": "",
        "on": f'endpoint = "{url}"',
        "with contents": f'endpoint = "{url}"\ncontent = "full"',
        "silent endpoint": f'endpoint = "{url}/never"\nqueue = 100',
    }
    for number, (name, otel) in enumerate(rows.items()):
        own = Path(tempfile.mkdtemp(dir=folder, prefix=f"{number}-"))
        print(f"{name}: {await run(own, seconds=seconds, otel=otel)}", flush=True)
    await runner.cleanup()


async def chosen_run(folder: Path, chosen: argparse.Namespace) -> None:
    """One run against the given endpoint, or the table."""
    if not chosen.endpoint:
        await table(folder, chosen.seconds)
        return
    otel = f'endpoint = "{chosen.endpoint}"\ncontent = "{chosen.content}"\nevaluations = "{chosen.evaluations}"'
    print(await run(folder, seconds=chosen.seconds, otel=otel))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--endpoint", default="")
    parser.add_argument("--content", choices=("none", "full"), default="none")
    parser.add_argument("--evaluations", choices=("logs", "span_events"), default="logs")
    chosen = parser.parse_args()
    logging.disable()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(chosen_run(Path(folder), chosen))


if __name__ == "__main__":
    main()
