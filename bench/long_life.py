"""Runs one `serve` for a long time and shows the memory and descriptors of each of its processes.

    .venv/bin/python bench/long_life.py [--minutes 30] [--streams 1000] [--requests 200] [--then 5000]

`--streams` streams of ten seconds, a chunk each `--every` milliseconds (50), and `--requests` whole answers a second, at once,
`--rate` of them sampled; then `--then` streams of one chunk a second. Every byte is checked. After
the first `--warm` minutes each process must stay within 5 % or 4 MiB of what it had, and at the end no descriptor may be left
of what the load had opened. Exits with 1 where one is not so.
"""

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from dataplane import build
from peers import Site, sameweights
from processes import LOAD_CPU, allow_many_files, free_port, launch, stop, tree

LOOK_SECONDS = 10.0
STREAM_MILLISECONDS = 10_000
GROWTH, SLACK_MIB = 0.05, 4.0
SETTLE_SECONDS = 150.0
"""A shadow of the last stream has ended by then, and what is idle is closed (`timeouts.pool_idle`)."""


@dataclass
class Sample:
    """One process at one moment: private and shared memory in MiB, descriptors."""

    at: float
    mib: float
    descriptors: int


@dataclass
class Process:
    """One process of the tree, by what its command names."""

    name: str
    samples: list[Sample] = field(default_factory=list)


def role(pid: int) -> str:
    words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    return next((word.rpartition(".")[2] for word in words if word.startswith(("proxy.", "shadow."))), "serve")


def look(root: int, found: dict[int, Process], begun: float) -> None:
    for pid in tree(root):
        with contextlib.suppress(OSError, StopIteration):
            smaps = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
            kib = next(int(line.split()[1]) for line in smaps.splitlines() if line.startswith("Rss:"))
            descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))
            process = found.get(pid) or found.setdefault(pid, Process(role(pid)))
            process.samples.append(Sample(time.monotonic() - begun, kib / 1024, descriptors))


def loads(loader: Path, peer, chosen: argparse.Namespace) -> list[subprocess.Popen[str]]:
    """The loads of one phase, which end by themselves after about so many seconds."""
    seconds, streams, requests = chosen.minutes * 60, chosen.streams, chosen.requests
    rounds = max(1, round(seconds * 1_000 / STREAM_MILLISECONDS))
    model = f"sse-{STREAM_MILLISECONDS // chosen.every}-{chosen.every}"
    commands = [[model, str(streams), str(streams * rounds), "1000", "0"]] if streams else []
    if requests:
        commands.append(["json", "50", str(int(requests * seconds)), "1000", str(requests)])
    return [ask(loader, peer, command) for command in commands]


def ask(loader: Path, peer, case: list[str]) -> subprocess.Popen[str]:
    command = ["taskset", "-c", LOAD_CPU, str(loader), str(peer.port), peer.path, *case, "exact"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def watch(peer, running: list[subprocess.Popen[str]], found: dict[int, Process], begun: float) -> list[dict[str, float]]:
    while any(each.poll() is None for each in running):
        look(peer.pid, found, begun)
        time.sleep(LOOK_SECONDS)
    return [json.loads(each.communicate()[0]) for each in running]


def table(found: dict[int, Process], marks: list[float]) -> None:
    print("| process | " + " | ".join(f"{mark / 60:.1f} min" for mark in marks) + " | peak MiB | descriptors: begin, most, end |")
    print("|---" + "|---:" * (len(marks) + 2) + "|")
    for process in found.values():
        near = [min(process.samples, key=lambda each, at=mark: abs(each.at - at)).mib for mark in marks]
        ends = [each.descriptors for each in process.samples]
        peak = max(each.mib for each in process.samples)
        cells = [f"{mib:.0f}" for mib in near] + [f"{peak:.0f}", f"{ends[0]}, {max(ends)}, {ends[-1]}"]
        print(f"| {process.name} | " + " | ".join(cells) + " |")


def faults(found: dict[int, Process], first: tuple[float, float]) -> list[str]:
    """What is not flat in the period `first`, and what has more descriptors at the end than before the load."""
    said = []
    for process in found.values():
        within = [each.mib for each in process.samples if first[0] <= each.at <= first[1]]
        if within and max(within) > within[0] * (1 + GROWTH) + SLACK_MIB:
            said.append(f"{process.name}: {within[0]:.0f} MiB grew to {max(within):.0f}")
        if process.samples[-1].descriptors > process.samples[0].descriptors + 2:
            said.append(f"{process.name}: {process.samples[0].descriptors} descriptors came to {process.samples[-1].descriptors}")
    return said


def run(chosen: argparse.Namespace, folder: Path) -> int:
    stub, loader = build(folder)
    site = Site(folder, free_port(), free_port())
    helpers = [launch([str(stub), str(port)], LOAD_CPU, folder / "stub.log") for port in (site.stub, site.twin)]
    peer = sameweights(site, chosen.rate)
    found: dict[int, Process] = {}
    try:
        peer.start(folder / "serve.log")
        time.sleep(5.0)
        begun = time.monotonic()
        look(peer.pid, found, begun)
        results = watch(peer, loads(loader, peer, chosen), found, begun)
        ended = time.monotonic() - begun
        if chosen.then:
            case = ["sse-60-1000", str(chosen.then), str(chosen.then), "1000", "0"]
            results += watch(peer, [ask(loader, peer, case)], found, begun)
        over = time.monotonic()
        while time.monotonic() - over < SETTLE_SECONDS:
            look(peer.pid, found, begun)
            time.sleep(1.0)
    finally:
        peer.stop()
        for helper in helpers:
            stop(helper)
    pace = f"{1_000 / chosen.every:g} chunks/s"
    phases = f"{chosen.streams} streams of {pace} and {chosen.requests} requests/s, then {chosen.then} streams"
    print(f"{phases}, {chosen.rate:.0%} sampled\n")
    table(found, sorted({0.0, chosen.warm * 60, ended / 2, ended, time.monotonic() - begun}))
    for result in results:
        print(f"\n{result['exchanges']:.0f} exchanges, {result['failed']:.0f} failed, {result['wrong']:.0f} wrong")
    wrong = faults(found, (chosen.warm * 60, ended))
    wrong += ["an answer failed"] * any(each["failed"] or each["wrong"] for each in results)
    print("\n" + ("; ".join(wrong) or f"flat after {chosen.warm:g} minutes, no descriptor left"))
    return 1 if wrong else 0


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--minutes", type=float, default=30.0)
    options.add_argument("--warm", type=float, default=5.0)
    options.add_argument("--streams", type=int, default=1_000)
    options.add_argument("--requests", type=int, default=200)
    options.add_argument("--then", type=int, default=5_000)
    options.add_argument("--rate", type=float, default=0.05)
    options.add_argument("--every", type=int, default=50, help="milliseconds between two chunks of a stream")
    allow_many_files()
    with tempfile.TemporaryDirectory() as name:
        return run(options.parse_args(), Path(name))


if __name__ == "__main__":
    sys.exit(main())
