"""Measures what a broker that is stopped costs the data plane: CPU a request, and the longest pause of a stream.

    PYTHONPATH=. .venv/bin/python bench/broker_away.py [--rounds 5] [--waves 1]

The same forwarding process three times: with the audit beside it and no broker, with a publisher and a broker that runs, and with
one that was stopped after the start. Each round goes through all three, in turn from the other end, and a ratio is of one round.
Bars: CPU a request within 3 % of no broker; no pause of a stream over 20 ms. What the machine does by itself shows straight from
the stub.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dataplane import Case, build, load, measure, running
from peers import Peer, Site
from processes import LOAD_CPU, allow_many_files, free_port, launch, stop

SMALL = Case("A", "JSON, 1 KB requests", "json", 32, 8_000)
STREAMS = Case("F", "200 streams of 100 chunks", "sse-100-50", 200, 200)
CALM = "sse-700-10"
NONE, RUNS, AWAY = "no broker", "a broker that runs", "a broker that is stopped"
BAR, STALL = 1.03, 20.0
CONFIG = """
[proxy]
listen = "127.0.0.1:{port}"
provider = "stub"
[proxy.providers.stub]
base_url = "http://127.0.0.1:{stub}/v1"
[shadow]
sample_rate = 0.0
[storage]
url = "sqlite:///{folder}/{port}.db"
[admin]
listen = "127.0.0.1:{admin}"
{broker}
"""
BROKER = '[broker]\nurl = "nats://127.0.0.1:{}"\nreplicas = 1\nmax_bytes = 268435456\n'


def ours(name: str, site: Site, broker: int = 0) -> Peer:
    port, file = free_port(), site.folder / f"{name}.toml"
    text = CONFIG.format(
        port=port, stub=site.stub, folder=site.folder, admin=free_port(), broker=BROKER.format(broker) * bool(broker)
    )
    file.write_text(text, encoding="utf-8")
    command = [sys.executable, "-P", "-m", "shadow.cli", "serve", str(file), *(("--role", "proxy") if broker else ())]
    return Peer(name, command, port, part="proxy.server")


def nats(site: Site, port: int) -> subprocess.Popen[bytes]:
    conf = site.folder / f"{port}.conf"
    store = f'jetstream {{ store_dir: "{site.folder}/{port}", max_file: 512MB }}'
    conf.write_text(f'listen: "127.0.0.1:{port}"\nmax_payload: 8MB\n{store}\n', encoding="utf-8")
    program = str(Path(sys.executable).with_name("nats-server"))
    return launch([program, "-c", str(conf)], LOAD_CPU, site.folder / "nats.log")


@contextmanager
def three(site: Site) -> Iterator[list[Peer]]:
    ports = free_port(), free_port()
    servers = [nats(site, port) for port in ports]
    peers = [ours(NONE, site), *(ours(name, site, port) for name, port in zip((RUNS, AWAY), ports, strict=True))]
    try:
        time.sleep(1.0)
        with running(peers, site.folder):
            stop(servers.pop())
            yield peers
    finally:
        for server in servers:
            stop(server)


def cost(peers: list[Peer], loader: Path, rounds: int) -> None:
    """CPU of the forwarding process a request and a chunk, and the ratio to no broker, round by round."""
    for case, unit in ((SMALL, "us a request"), (STREAMS, "us a chunk")):
        found: dict[str, list[float]] = {peer.name: [] for peer in peers}
        for number in range(rounds):
            for peer in peers if number % 2 else peers[::-1]:
                peer.thaw()
                row = measure(loader, peer, case)
                assert not row["failed"]
                assert not row["wrong"]
                peer.freeze()
                found[peer.name].append(row["plane"] * (1_000 if case is SMALL else 10))
        for name, costs in found.items():
            ratios = sorted(own / other for own, other in zip(costs, found[NONE], strict=True))
            middle = statistics.median(ratios)
            shown = f"{middle:.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f})"
            print(f"| {case.name} | {name} | {statistics.median(costs):.1f} {unit} | {shown} |")


def pauses(peers: list[Peer], site: Site, loader: Path, rounds: int, waves: int) -> None:
    """The longest delay of a chunk, each round, beside the same streams straight from the stub."""
    case = Case("", "", CALM, 100, 100 * waves)
    found: dict[str, list[float]] = {}
    for _ in range(rounds):
        found.setdefault("straight from the stub", []).append(load(loader, site.stub, case, None)["delay_max_ms"])
        for peer in peers:
            peer.thaw()
            load(loader, peer.port, Case("", "", "sse-10-10", 100, 100), peer)
            found.setdefault(peer.name, []).append(load(loader, peer.port, case, peer)["delay_max_ms"])
            peer.freeze()
    for name, longest in found.items():
        print(f"| 100 streams of 700 chunks | {name} | longest pause, ms: {', '.join(f'{each:.1f}' for each in longest)} | |")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--waves", type=int, default=1)
    chosen = options.parse_args()
    allow_many_files()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stub, loader = build(folder)
        site = Site(folder, free_port(), free_port())
        helper = launch([str(stub), str(site.stub)], LOAD_CPU, folder / "stub.log")
        try:
            with three(site) as peers:
                print(f"bars: CPU {BAR} of no broker, pause {STALL:.0f} ms\n")
                print("| load | with | measured | of no broker |\n|---|---|---:|---:|")
                cost(peers, loader, chosen.rounds)
                pauses(peers, site, loader, chosen.rounds, chosen.waves)
        finally:
            stop(helper)


if __name__ == "__main__":
    main()
