"""Runs mixed load for a given time and reports failures, memory, descriptors and lost records.

    .venv/bin/python bench/soak.py --seconds 600          # ten minutes, bounded; --seconds 3600 before a release

The real `sameweights serve` with a faithful and a faulty pretended provider, streams, whole answers, uploads, clients that leave.
Fails (exit 1) when a request to the faithful provider does not end whole, or memory or descriptors grow beyond their bars.
"""

import argparse
import asyncio
import json
import os
import random
import re
import signal
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import aiohttp

from shadow.demo.planted_faults import PlantedFaults
from shadow.demo.pretended_server import PretendedServer

ROOT = str(Path(__file__).resolve().parent.parent)
MEMORY_BAR, DESCRIPTOR_BAR = 30 * 2**20, 40
"""Growth between the warm start and the end, for each process: bytes and descriptors."""
CONFIG = """
[proxy]
listen = "127.0.0.1:0"
provider = "faithful"
reference = "official"
[proxy.providers.faithful]
base_url = "{faithful}"
[proxy.providers.faulty]
base_url = "{faulty}"
[proxy.providers.official]
base_url = "{official}"
[shadow]
sample_rate = 0.2
timeout = 5
concurrency = 4
[storage]
url = "sqlite:///{folder}/soak.db"
max_bytes = 20000000
[admin]
listen = "127.0.0.1:0"
"""
WORDS = ["tides", "bridges", "harbours", "lamps", "gardens", "ledgers", "maps", "kettles"]


@dataclass
class Report:
    """What a soak came to; sizes in bytes, `grown` by process as (memory, descriptors), `held` the memory at its end."""

    seconds: float = 0.0
    asked: int = 0
    whole: int = 0
    left: int = 0
    faulty: int = 0
    failures: list[str] = field(default_factory=list)
    lost: float = 0.0
    stored: float = 0.0
    grown: dict[str, tuple[int, int]] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)
    exit_code: int = -1

    @property
    def good(self) -> bool:
        small = all(memory <= MEMORY_BAR and count <= DESCRIPTOR_BAR for memory, count in self.grown.values())
        return not self.failures and small and self.exit_code == 0 and self.lost == 0


def usage(pid: int) -> tuple[int, int]:
    """Resident bytes without the page cache, and open descriptors."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    resident = int(re.search(r"RssAnon:\s+(\d+)", status)[1]) * 1024
    return resident, sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def children(parent: int) -> dict[str, int]:
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, IndexError, ValueError):
            if int(path.read_text(encoding="latin-1").rsplit(")", 1)[1].split()[1]) == parent:
                line = path.with_name("cmdline").read_bytes().split(b"\0")
                found[line[line.index(b"-m") + 1].decode()] = int(path.parent.name)
    return found


def body(chance: random.Random, *, stream: bool) -> bytes:
    text = " ".join(chance.choices(WORDS, k=chance.choice([5, 20, 2_000])))
    return json.dumps({"model": "m", "stream": stream, "messages": [{"role": "user", "content": f"Tell of {text}"}]}).encode()


async def client(base: str, report: Report, until: float, seed: int) -> None:
    """One client after another's manner: streams, whole answers, some left in the middle, some to the faulty provider."""
    chance = random.Random(seed)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
        while time.monotonic() < until:
            manner = chance.choice(["stream", "stream", "whole", "leave", "faulty"])
            headers = {"Content-Type": "application/json", "Authorization": f"Bearer soak-key-{seed:08}"}
            if manner == "faulty":
                headers["x-sameweights-provider"] = "faulty"
            stream = manner != "whole"
            report.asked += 1
            try:
                async with session.post(f"{base}/v1/chat/completions", data=body(chance, stream=stream), headers=headers) as got:
                    if manner == "leave":
                        await got.content.readany()
                        report.left += 1
                        got.close()
                        continue
                    said = (await got.read()).rstrip()
                whole = got.status == 200 and said.endswith(b"data: [DONE]" if stream else b"}")
                why = f"{manner}: {got.status} {said[-60:]!r}"
            except (aiohttp.ClientError, TimeoutError) as error:
                whole, why = False, f"{manner}: {error!r}"
            if manner == "faulty":
                report.faulty += 1
            elif whole:
                report.whole += 1
            else:
                report.failures.append(why)


async def metric(admin: str, name: str, session: aiohttp.ClientSession) -> float:
    async with session.get(f"{admin}/metrics") as got:
        text = await got.text()
    return sum(float(value) for value in re.findall(rf"^{name}(?:\{{.*\}})? (\S+)$", text, re.MULTILINE))


async def soak(seconds: float, clients: int = 8, *, warm: float = 0.3) -> Report:
    """Run it; `warm` is the share of the time after which growth is measured."""
    report = Report()
    faults = PlantedFaults(cut_stream=0.2, error_rate=0.2, error_in_stream=0.1, garble_arguments=0.3)
    async with (
        PretendedServer(seed=1, keep=False) as faithful,
        PretendedServer(seed=2, keep=False, faults=faults) as faulty,
        PretendedServer(seed=3, keep=False) as official,
    ):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "soak.toml")
            urls = {"faithful": faithful.base_url, "faulty": faulty.base_url, "official": official.base_url}
            path.write_text(CONFIG.format(**urls, folder=folder), encoding="utf-8")  # noqa: ASYNC240 - before anything runs
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "shadow.cli", "serve", str(path)),
                env={**os.environ, "PYTHONPATH": ROOT},
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
            )
            try:
                await _run(process, report, seconds, clients, warm)
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
    return report


async def _run(process, report: Report, seconds: float, clients: int, warm: float) -> None:
    found: list[str] = []
    while len(found) < 2:
        line = (await asyncio.wait_for(process.stderr.readline(), 30)).decode()
        found += re.findall(r"http://[0-9.:]+", line) if line.startswith("sameweights:") else []
    reading = asyncio.create_task(process.stderr.read())
    data, admin = found
    started = time.monotonic()
    load = [asyncio.create_task(client(data, report, started + seconds, seed)) for seed in range(clients)]
    await asyncio.sleep(seconds * warm)
    pids = {"parent": process.pid, **children(process.pid)}
    before = {name: usage(pid) for name, pid in pids.items()}
    await asyncio.gather(*load)
    after = {name: usage(pid) for name, pid in pids.items()}
    report.seconds = time.monotonic() - started
    report.held = {name: after[name][0] for name in pids}
    report.grown = {name: (after[name][0] - before[name][0], after[name][1] - before[name][1]) for name in pids}
    async with aiohttp.ClientSession() as session:
        dropped = await metric(admin, "sameweights_handover_dropped_total", session)
        report.lost = dropped + await metric(admin, "sameweights_recorder_errors_total", session)
        report.stored = await metric(admin, "sameweights_store_records_total", session)
    process.send_signal(signal.SIGTERM)
    report.exit_code = await asyncio.wait_for(process.wait(), 60)
    await reading


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--seconds", type=float, default=600)
    words.add_argument("--clients", type=int, default=8)
    given = words.parse_args()
    report = asyncio.run(soak(given.seconds, given.clients))
    print(json.dumps({**asdict(report), "failures": report.failures[:10], "good": report.good}, indent=2))
    return 0 if report.good else 1


if __name__ == "__main__":
    sys.exit(main())
