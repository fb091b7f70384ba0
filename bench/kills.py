"""A soak under kills: every child is killed in turn, and every request is answered or refused, every answer stored or counted.

    .venv/bin/python bench/kills.py --seconds 600 --every 20

The real `sameweights serve` with a pretended provider and reference. In each `--every` seconds the forwarding process, the
audit and the fetching process are killed one after the other; each tenth time one is stopped (SIGSTOP) instead. Prints the
exact sums; exit 1 when a client hung, or when they do not come out even.
"""

import argparse
import asyncio
import json
import os
import re
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import aiohttp

from shadow.demo.pretended_server import PretendedServer

ROOT = str(Path(__file__).resolve().parent.parent)
HUNG_SECONDS = 40.0
"""A forwarding process that stands still is replaced after 10 s, and its successor needs some to start on a busy machine."""
CONFIG = """
[proxy]
listen = "127.0.0.1:0"
provider = "main"
reference = "official"
[proxy.providers.main]
base_url = "{main}"
[proxy.providers.official]
base_url = "{official}"
[shadow]
sample_rate = 0.1
concurrency = 4
[storage]
url = "sqlite:///{folder}/kills.db"
[admin]
listen = "127.0.0.1:0"
"""
CHILDREN = ("proxy.server", "shadow.processes.audit_process", "proxy.upstream.fetcher")


def processes(parent: int) -> dict[str, int]:
    """The processes of `serve` by module, the audit's own child included."""
    seen: dict[int, tuple[int, str]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, IndexError, ValueError):
            above = int(path.read_text(encoding="latin-1").rsplit(")", 1)[1].split()[1])
            line = path.with_name("cmdline").read_bytes().split(b"\0")
            seen[int(path.parent.name)] = above, line[line.index(b"-m") + 1].decode()
    ours = {parent, *(pid for pid, (above, _) in seen.items() if above == parent)}
    return {module: pid for pid, (above, module) in seen.items() if above in ours and module in CHILDREN}


async def client(base: str, until: float, ends: Counter, pause: float) -> None:
    """Requests one after the other, each on a connection of its own choosing, until the time is over."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=HUNG_SECONDS)) as session:
        number = 0
        while time.monotonic() < until:
            number += 1
            stream = number % 2 == 0
            body = {"model": "m", "stream": stream, "messages": [{"role": "user", "content": f"Number {number}"}]}
            ends["sent"] += 1
            try:
                async with session.post(f"{base}/v1/chat/completions", json=body) as got:
                    said = (await got.read()).rstrip()
                whole = got.status == 200 and said.endswith(b"data: [DONE]" if stream else b"}")
                ends["answered" if whole else "refused"] += 1
            except TimeoutError:
                ends["hung"] += 1
            except aiohttp.ClientError:
                ends["refused"] += 1
            await asyncio.sleep(pause)


async def kill(parent: int, every: float, until: float, done: Counter) -> None:
    while time.monotonic() + every < until:
        for module in CHILDREN:
            await asyncio.sleep(every / len(CHILDREN))
            pid = processes(parent).get(module)
            if pid is None:
                continue
            number = signal.SIGSTOP if done[module] % 10 == 9 else signal.SIGKILL
            with suppress(ProcessLookupError):
                os.kill(pid, number)
            done[module] += 1
            done[number.name] += 1


async def metric(admin: str, name: str) -> float:
    async with aiohttp.ClientSession() as session, session.get(f"{admin}/metrics") as got:
        text = await got.text()
    return sum(float(value) for value in re.findall(rf"^sameweights_{name} (\S+)$", text, re.MULTILINE))


async def sums(admin: str) -> dict[str, float]:
    lost = r"handover_dropped_total\{.*\}", r'recorder_errors_total\{table="exchanges"\}'
    failed = (
        r'store_records_total\{result="failed",table="exchanges"\}',
        r'store_records_total\{result="dropped",table="exchanges"\}',
    )
    return {
        "ended": await metric(admin, "exchanges_ended_total"),
        "stored": await metric(admin, r'store_records_total\{result="stored",table="exchanges"\}'),
        "counted": sum([await metric(admin, name) for name in (*lost, *failed)]),
    }


async def settled(admin: str, answered: int, seconds: float = 60.0) -> dict[str, float]:
    """The sums once they come out even for all that was answered, or as they stand after so many seconds."""
    deadline, found = time.monotonic() + seconds, {}
    while time.monotonic() < deadline:
        with suppress(aiohttp.ClientError, TimeoutError):
            found = await sums(admin)
            if found["ended"] == found["stored"] + found["counted"] and found["ended"] >= answered:
                return found
        await asyncio.sleep(0.5)
    return found


async def run(seconds: float, every: float, clients: int, pause: float) -> dict[str, object]:
    ends, done = Counter(), Counter()
    async with PretendedServer(seed=1, keep=False) as main, PretendedServer(seed=2, keep=False) as official:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "kills.toml")
            text = CONFIG.format(main=main.base_url, official=official.base_url, folder=folder)
            path.write_text(text, encoding="utf-8")  # noqa: ASYNC240 - before anything runs
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "shadow.cli", "serve", str(path)),
                env={**os.environ, "PYTHONPATH": ROOT},
                stderr=asyncio.subprocess.PIPE,
            )
            found: list[str] = []
            while len(found) < 2:
                line = (await asyncio.wait_for(process.stderr.readline(), 60)).decode()
                found += re.findall(r"http://[0-9.:]+", line) if line.startswith("sameweights:") else []
            reading = asyncio.create_task(process.stderr.read())
            until = time.monotonic() + seconds
            load = [client(found[0], until, ends, pause) for _ in range(clients)]
            await asyncio.gather(kill(process.pid, every, until, done), *load)
            figures = await settled(found[1], ends["answered"])
            process.send_signal(signal.SIGTERM)
            code = await asyncio.wait_for(process.wait(), 90)
            await reading
            with closing(sqlite3.connect(Path(folder, "kills.db"))) as conn:
                rows = conn.execute("SELECT count(*) FROM exchanges WHERE role = 'primary'").fetchone()[0]
                sound = conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    return {"clients": dict(ends), "kills": dict(done), **figures, "rows": rows, "sound": sound, "exit": code}


def even(found: dict) -> bool:
    ends = Counter(found["clients"])
    return (
        ends["hung"] == 0
        and ends["sent"] == ends["answered"] + ends["refused"]
        and found["ended"] == found["stored"] + found["counted"]
        and found["stored"] == found["rows"]
        and ends["answered"] <= found["ended"] <= ends["sent"]
        and found["sound"]
        and found["exit"] == 0
    )


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--seconds", type=float, default=600)
    words.add_argument("--every", type=float, default=20)
    words.add_argument("--clients", type=int, default=4)
    words.add_argument("--pause", type=float, default=0.02, help="seconds that a client waits between two requests")
    given = words.parse_args()
    found = asyncio.run(run(given.seconds, given.every, given.clients, given.pause))
    print(json.dumps({**found, "even": even(found)}, indent=2))
    return 0 if even(found) else 1


if __name__ == "__main__":
    sys.exit(main())
