"""Measures how forwarding processes share the connections: CPU a request, and the requests of each in the metrics.

    .venv/bin/python bench/balance.py [--workers 1,2] [--connections 1,8,64] [--requests 4000] [--rounds 3]

Runs `serve` with so many `proxy.workers`, which share the port by SO_REUSEPORT, on all cores together with the stub and the
loader; each round is a fresh set of connections. Prints the CPU of the forwarding processes a request (median of the rounds) and
the share of the busiest process in `sameweights_worker_requests_total`, least to most of the rounds. It needs gcc.
"""

import argparse
import tempfile
import time
import urllib.request
from pathlib import Path
from statistics import median

from dataplane import CASES, Case, build, load
from peers import Peer, Site, sameweights_workers
from processes import LOAD_CPU, allow_many_files, cpu_seconds, free_port, launch, stop
from prometheus_client.parser import text_string_to_metric_families

HEARTBEATS = 1.5
"""Seconds after which the statistics of each process have come."""


def requests_by_worker(admin: int) -> dict[str, float]:
    """`sameweights_worker_requests_total` by its process."""
    with urllib.request.urlopen(f"http://127.0.0.1:{admin}/metrics", timeout=60) as answer:
        text = answer.read().decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    return {each.labels["worker"]: each.value for each in families["sameweights_worker_requests"].samples}


def one_round(peer: Peer, admin: int, loader: Path, case: Case) -> tuple[float, float]:
    """CPU microseconds a request, and the share of the busiest process."""
    before, cpu = requests_by_worker(admin), cpu_seconds(peer.pid, peer.part)
    load(loader, peer.port, case, peer)
    cpu = cpu_seconds(peer.pid, peer.part) - cpu
    time.sleep(HEARTBEATS)
    counts = [now - before.get(worker, 0.0) for worker, now in requests_by_worker(admin).items()]
    return cpu / case.total * 1e6, max(counts) / sum(counts)


def measured(site: Site, loader: Path, workers: int, given: argparse.Namespace) -> None:
    """Print the rows of so many processes."""
    peer = sameweights_workers(site, workers)
    lines = Path(peer.command[-1]).read_text(encoding="utf-8").partition("[admin]")[2].splitlines()
    admin = int(next(line for line in lines if line.startswith("listen")).rpartition(":")[2].strip('" '))
    peer.start(site.folder / "serve.log")
    time.sleep(3.0)  # the other processes may still be loading
    try:
        for connections in map(int, given.connections.split(",")):
            case = Case("W", CASES[0].name, "json", connections, given.requests)
            rounds = [one_round(peer, admin, loader, case) for _ in range(given.rounds)]
            shares = sorted(share for _, share in rounds)
            print(f"| {workers} | {connections} | {median(cpu for cpu, _ in rounds):.0f} | {shares[0]:.0%} to {shares[-1]:.0%} |")
    finally:
        peer.stop()


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--workers", default="1,2")
    options.add_argument("--connections", default="1,8,64")
    options.add_argument("--requests", type=int, default=4_000)
    options.add_argument("--rounds", type=int, default=3)
    given = options.parse_args()
    allow_many_files()
    with tempfile.TemporaryDirectory() as name:
        stub, loader = build(Path(name))
        site = Site(Path(name), free_port(), free_port(), free_port(), Path(name) / "certificate.pem", "")
        provider = launch([str(stub), str(site.stub)], LOAD_CPU, Path(name) / "stub.log")
        try:
            print("| forwarding processes | connections | CPU us a request | share of the busiest |\n|---:|---:|---:|---:|")
            for workers in map(int, given.workers.split(",")):
                measured(site, loader, workers, given)
        finally:
            stop(provider)


if __name__ == "__main__":
    main()
