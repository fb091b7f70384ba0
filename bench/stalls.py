"""Measures the longest pause of a stream while other work runs beside it.

    .venv/bin/python bench/stalls.py [--rounds 2] [--waves 3]

100 streams of 700 chunks, 10 ms apart (20 KB of text each), in waves through the real `sameweights serve`, everything of it on
one core, stub providers and loader on the other: undisturbed; scraped all the time; every answer compared with the reference's;
with a reference that refuses connections, and one that takes them and sends nothing; with an inbox of one exchange. The machine
stalls by itself too: the same streams straight from the stub, and through nginx, tell how long.
"""

import argparse
import contextlib
import os
import re
import socket
import statistics
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from dataplane import Case, Row, build, load
from peers import MAKERS, Peer, Site
from processes import LOAD_CPU, allow_many_files, free_port, launch, stop

STREAMS, CHUNKS, MILLISECONDS = 100, 700, 10
CONFIG = """
[proxy]
listen = "127.0.0.1:{port}"
provider = "stub"
reference = "twin"
[proxy.providers.stub]
base_url = "http://127.0.0.1:{stub}/v1"
[proxy.providers.twin]
base_url = "http://127.0.0.1:{twin}/v1"
[shadow]
sample_rate = {rate}
concurrency = 1000
timeout = 30
inbox = {inbox}
[storage]
url = "sqlite:///{folder}/{port}.db"
[admin]
listen = "127.0.0.1:{admin}"
"""


def serving(name: str, site: Site, *, rate: float, twin: int = 0, inbox: int = 1_000) -> tuple[Peer, int]:
    """Ours, configured for one situation, and its admin port."""
    port, admin = free_port(), free_port()
    file = site.folder / f"{port}.toml"
    settings = {"port": port, "stub": site.stub, "twin": twin or site.twin, "rate": rate, "inbox": inbox, "folder": site.folder}
    file.write_text(CONFIG.format(**settings, admin=admin), encoding="utf-8")
    return Peer(name, [sys.executable, "-P", "-m", "shadow.cli", "serve", str(file)], port, part="proxy.server"), admin


@contextlib.contextmanager
def scraping(port: int) -> Iterator[list[int]]:
    """Scrape one after the other until left; how many there were."""
    over, count = threading.Event(), [0]

    def scrape() -> None:
        os.sched_setaffinity(0, {int(LOAD_CPU)})
        while not over.wait(0.01):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
                answer.read()
            count[0] += 1

    thread = threading.Thread(target=scrape)
    thread.start()
    try:
        yield count
    finally:
        over.set()
        thread.join()


def lost(port: int) -> float:
    """The number of exchanges that the audit counts as lost, after all that ended were handed over."""
    time.sleep(2.0)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
        found = re.findall(rb"^sameweights_(?:handover_dropped|recorder_errors)_total\S* (\S+)$", answer.read(), re.MULTILINE)
    return sum(map(float, found))


def measured(peer: Peer, admin: int, loader: Path, case: Case, log: Path, *, scrape: bool = False) -> tuple[Row, str]:
    """One situation, from a fresh start: the delays, and what there was of what should disturb."""
    try:
        peer.start(log)
        load(loader, peer.port, Case("", "", f"sse-10-{MILLISECONDS}", STREAMS, STREAMS), peer)
        if not admin:
            return load(loader, peer.port, case, peer), ""
        before = lost(admin)
        with scraping(admin) if scrape else contextlib.nullcontext([0]) as count:
            row = load(loader, peer.port, case, peer)
        parts = [f"{count[0]} scrapes"] if scrape else []
        if gone := lost(admin) - before:
            parts.append(f"{gone:.0f} of {case.total} exchanges lost and counted")
        return row, ", ".join(parts)
    finally:
        peer.stop()


def run(folder: Path, rounds: int, waves: int) -> None:
    stub, loader = build(folder)
    site = Site(folder, free_port(), free_port())
    case = Case("", "", f"sse-{CHUNKS}-{MILLISECONDS}", STREAMS, STREAMS * waves)
    helpers = [launch([str(stub), str(port)], LOAD_CPU, folder / "stub.log") for port in (site.stub, site.twin)]
    found: dict[str, list[Row]] = {}
    notes: dict[str, list[str]] = {}
    try:
        with socket.create_server(("127.0.0.1", 0), backlog=4096) as silent:
            for number in range(rounds):
                found.setdefault("straight from the stub", []).append(load(loader, site.stub, case, None))
                for name, peer, admin, scrape in situations(site, silent.getsockname()[1]):
                    row, note = measured(peer, admin, loader, case, folder / f"{number}.log", scrape=scrape)
                    found.setdefault(name, []).append(row)
                    notes.setdefault(name, []).append(note)
                    print(f"round {number + 1}: {name}: {row} {note}", file=sys.stderr)
    finally:
        for process in helpers:
            stop(process)
    print("| while | chunk delay p50, ms | p99 | longest, each round | failed, wrong | |\n|---|---:|---:|---:|---:|---|")
    for name, rows in found.items():
        middle = [f"{statistics.median(row[key] for row in rows):.2f}" for key in ("delay_p50_ms", "delay_p99_ms")]
        longest = ", ".join(f"{row['delay_max_ms']:.1f}" for row in rows)
        bad = f"{sum(row['failed'] for row in rows):.0f}, {sum(row['wrong'] for row in rows):.0f}"
        print(f"| {name} | {' | '.join(middle)} | {longest} | {bad} | {'; '.join(filter(None, notes.get(name, ())))} |")


def situations(site: Site, silent: int) -> Iterator[tuple[str, Peer, int, bool]]:
    """(name, peer, admin port, whether it is scraped) of each."""
    if nginx := MAKERS["nginx"](site):
        yield "through nginx", nginx, 0, False
    yield "undisturbed", *serving("undisturbed", site, rate=0.0), False
    yield "scraped all the time", *serving("scraped", site, rate=0.0), True
    yield "all compared, 20 KB each", *serving("compared", site, rate=1.0), False
    yield "the reference refuses connections", *serving("refused", site, rate=1.0, twin=free_port()), False
    yield "the reference says nothing", *serving("silent", site, rate=1.0, twin=silent), False
    yield "an inbox of one", *serving("full", site, rate=1.0, inbox=1), False


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=2)
    options.add_argument("--waves", type=int, default=3)
    chosen = options.parse_args()
    allow_many_files()
    with tempfile.TemporaryDirectory() as name:
        run(Path(name), chosen.rounds, chosen.waves)


if __name__ == "__main__":
    main()
