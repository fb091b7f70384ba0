"""What the data plane costs, beside nginx as a reverse proxy and LiteLLM's proxy, in one run on one machine.

    .venv/bin/python bench/dataplane.py [--rounds 3] [--litellm VENV] [--json FILE]

Needs gcc and, for the peers, nginx (Debian's package) and a virtual environment with `litellm[proxy]`; a peer that is not
there is named as not measured. The stub provider and the loader are built here, share one core, and check every byte; the
proxy has the other core to itself. CPU is the whole process tree's (for sameweights: data plane, audit and parent).
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from peers import LOAD_CPU, Peer, cpu_seconds, free_port, launch, litellm, nginx, resident_mib, sameweights, stop

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Case:
    """One load: `model` as the stub understands it, how many connections at once, how many exchanges in all."""

    name: str
    model: str
    connections: int
    total: int
    slow_total: int
    slow_connections: int


CASES = (
    Case("requests, 1 KB JSON, 32 connections", "json", 32, 20_000, 600, 32),
    Case("200 streams, 20 chunks/s each", "sse-100-50", 200, 800, 40, 20),
    Case("1000 streams, 20 chunks/s each", "sse-100-50", 1_000, 2_000, 0, 0),
)


class Peak(threading.Thread):
    """Samples a process tree's memory while a case runs."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid, self._over, self.mib = pid, threading.Event(), 0.0

    def run(self) -> None:
        while not self._over.wait(0.5):
            self.mib = max(self.mib, resident_mib(self._pid))

    def stop(self) -> float:
        self._over.set()
        self.join()
        return self.mib


def load(loader: Path, port: int, case: Case, peer: Peer | None) -> dict[str, float]:
    slow = bool(peer and peer.slow)
    connections, total = (case.slow_connections, case.slow_total) if slow else (case.connections, case.total)
    exact = "exact" if peer is None or peer.exact else "counted"
    path = peer.path if peer else "/v1/chat/completions"
    command = [str(loader), str(port), path, case.model, str(connections), str(total), "1000", exact]
    done = subprocess.run(["taskset", "-c", LOAD_CPU, *command], capture_output=True, text=True, check=True, timeout=600)
    return json.loads(done.stdout)


def measure(loader: Path, peer: Peer, case: Case) -> dict[str, float]:
    peak = Peak(peer.pid)
    before = cpu_seconds(peer.pid)
    peak.start()
    got = load(loader, peer.port, case, peer)
    units = got["chunks"] / 100_000 if got["chunks"] else got["exchanges"] / 1_000
    return {**got, "cpu": (cpu_seconds(peer.pid) - before) / units, "peak_mib": peak.stop()}


def median(rows: list[dict[str, float]]) -> dict[str, float]:
    return {key: statistics.median(row[key] for row in rows) for key in rows[0]}


def build(folder: Path) -> tuple[Path, Path]:
    for name in ("stub", "load"):
        subprocess.run(["gcc", "-O2", "-o", str(folder / name), str(HERE / f"{name}.c")], check=True)
    return folder / "stub", folder / "load"


def rows_of(peers: list[Peer], loader: Path, stub_port: int, rounds: int, folder: Path) -> dict[str, dict[str, dict[str, float]]]:
    """Every peer alone, one after the other, round by round, so that a slow minute of the machine hits all alike."""
    found: dict[str, dict[str, list[dict[str, float]]]] = {}
    for number in range(rounds):
        for case in CASES:
            found.setdefault("direct", {}).setdefault(case.name, []).append({**load(loader, stub_port, case, None), "cpu": 0.0})
        for peer in peers:
            peer.start(folder / f"{peer.name.split(',')[0]}.log")
            try:
                for case in CASES:
                    if peer.slow and not case.slow_total:
                        continue
                    row = measure(loader, peer, case)
                    print(f"round {number + 1}: {peer.name}: {case.name}: {json.dumps(row)}", file=sys.stderr)
                    found.setdefault(peer.name, {}).setdefault(case.name, []).append(row)
            finally:
                assert peer.process is not None
                stop(peer.process)
    return {name: {case: median(rows) for case, rows in cases.items()} for name, cases in found.items()}


def table(result: dict[str, dict[str, dict[str, float]]]) -> str:
    lines = []
    for case in CASES:
        unit = "1,000 requests" if case.model == "json" else "100,000 chunks"
        lines += [
            f"\n**{case.name}**\n",
            (
                f"| proxy | CPU s per {unit} | x nginx | added first byte p50 / p99, ms "
                "| added chunk delay p50 / p99, ms | peak MiB | failed, wrong |"
            ),
            "|---|---:|---:|---:|---:|---:|---:|",
        ]
        direct = result["direct"][case.name]
        floor = result.get("nginx", {}).get(case.name, {}).get("cpu", 0.0)
        for name, cases in result.items():
            if name == "direct" or case.name not in cases:
                continue
            row = cases[case.name]
            added = [row[key] - direct[key] for key in ("ttfb_p50_ms", "ttfb_p99_ms", "delay_p50_ms", "delay_p99_ms")]
            ratio = f"{row['cpu'] / floor:.2f}" if floor else "not measured"
            lines.append(
                f"| {name} | {row['cpu']:.3f} | {ratio} | {added[0]:.2f} / {added[1]:.2f} | {added[2]:.2f} / {added[3]:.2f} "
                f"| {row['peak_mib']:.0f} | {row['failed']:.0f}, {row['wrong']:.0f} |"
            )
    return "\n".join(lines)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--litellm", type=Path, default=Path(".bench/litellm"), help="a virtual environment with litellm[proxy]")
    options.add_argument("--json", type=Path)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stub, loader = build(folder)
        ports = free_port(), free_port()
        stubs = [launch([str(stub), str(port)], LOAD_CPU, folder / "stub.log") for port in ports]
        wanted = {
            "nginx": nginx(folder, ports[0]),
            "sameweights": sameweights(folder, ports[0], ports[1], 0.05),
            "LiteLLM": litellm(folder, ports[0], chosen.litellm),
        }
        try:
            result = rows_of([peer for peer in wanted.values() if peer], loader, ports[0], chosen.rounds, folder)
        finally:
            for process in stubs:
                stop(process)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {chosen.rounds} rounds, medians")
    print(table(result))
    for name, peer in wanted.items():
        if peer is None:
            print(f"\n{name}: not measured (not installed)")
    if chosen.json:
        chosen.json.write_text(json.dumps(result, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
