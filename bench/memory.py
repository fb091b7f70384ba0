"""Measures the memory of each process of `serve`: idle, while streams run, and afterwards.

    .venv/bin/python bench/memory.py [--streams 1000] [--rate 0.05] [--requests 0] [--set NAME=VALUE ...]

RSS is what `ps` shows, PSS counts a shared page once over all processes, USS is what a process would give back if it ended alone.
The streams have 20 chunks/s over ten seconds and every byte is checked; `--set` adds to the environment of `serve`.
"""

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from dataplane import build
from long_life import role
from peers import Peer, Site, sameweights
from processes import LOAD_CPU, allow_many_files, free_port, launch, stop, tree

IDLE_SECONDS, AFTER_SECONDS, LOOK_SECONDS = 8.0, 5.0, 0.5


@dataclass(frozen=True)
class Memory:
    """One process at one moment, in MiB."""

    rss: float
    pss: float
    uss: float


def memory_of(pid: int) -> Memory:
    fields = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]:
        name, _, rest = line.partition(":")
        fields[name] = int(rest.split()[0]) / 1024
    return Memory(fields["Rss"], fields["Pss"], fields["Private_Clean"] + fields["Private_Dirty"])


def looked(root: int) -> dict[tuple[int, str], Memory]:
    found = {}
    for pid in tree(root):
        with contextlib.suppress(OSError, KeyError):
            found[pid, role(pid)] = memory_of(pid)
    return found


def total(found: dict[tuple[int, str], Memory]) -> float:
    return sum(each.rss for each in found.values())


def highest(root: int, running: list[subprocess.Popen[str]]) -> dict[tuple[int, str], Memory]:
    """The moment with the most resident memory of all processes together."""
    most = looked(root)
    while any(each.poll() is None for each in running):
        time.sleep(LOOK_SECONDS)
        most = max(most, looked(root), key=total)
    return most


def loads(loader: Path, peer: Peer, streams: int, requests: int) -> list[subprocess.Popen[str]]:
    cases = [["sse-200-50", str(streams), str(streams), "1000", "0"]] if streams else []
    cases += [["json", "50", str(requests * 10), "1000", str(requests)]] if requests else []
    start = ["taskset", "-c", LOAD_CPU, str(loader), str(peer.port), peer.path]
    return [subprocess.Popen([*start, *case, "exact"], stdout=subprocess.PIPE, text=True) for case in cases]


def table(stages: dict[str, dict[tuple[int, str], Memory]]) -> None:
    print("| process | " + " | ".join(f"{name}: RSS, PSS, USS" for name in stages) + " |\n|---" + "|---:" * len(stages) + "|")
    for key in dict.fromkeys(key for stage in stages.values() for key in stage):
        cells = [
            f"{each.rss:.1f}, {each.pss:.1f}, {each.uss:.1f}" if (each := stage.get(key)) else "" for stage in stages.values()
        ]
        print(f"| {key[1]} | " + " | ".join(cells) + " |")
    sums = [
        ", ".join(f"{sum(getattr(each, kind) for each in stage.values()):.1f}" for kind in ("rss", "pss", "uss"))
        for stage in stages.values()
    ]
    print("| all | " + " | ".join(sums) + " |")


def run(chosen: argparse.Namespace, folder: Path) -> int:
    stub, loader = build(folder)
    site = Site(folder, free_port(), free_port())
    helpers = [launch([str(stub), str(port)], LOAD_CPU, folder / "stub.log") for port in (site.stub, site.twin)]
    peer = sameweights(site, chosen.rate)
    # as an installed program finds its code: compiled
    peer.environment.update(PYTHONDONTWRITEBYTECODE="", PYTHONPYCACHEPREFIX=str(folder / "compiled"))
    peer.environment.update(each.split("=", 1) for each in chosen.set)
    results, stages = [], {}
    try:
        for _ in range(2):  # the first start makes the database, which each later one finds
            peer.stop()
            peer.start(folder / "serve.log")
        time.sleep(IDLE_SECONDS)
        stages["idle"] = looked(peer.pid)
        if chosen.streams or chosen.requests:
            running = loads(loader, peer, chosen.streams, chosen.requests)
            stages["most"] = highest(peer.pid, running)
            results = [json.loads(each.communicate()[0]) for each in running]
            time.sleep(AFTER_SECONDS)
            stages["after"] = looked(peer.pid)
    finally:
        peer.stop()
        for helper in helpers:
            stop(helper)
    table(stages)
    failed = sum(each["failed"] + each["wrong"] for each in results)
    print(f"\n{chosen.streams} streams and {chosen.requests} requests/s, {chosen.rate:.0%} sampled; {failed:.0f} failed or wrong")
    return 1 if failed else 0


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--streams", type=int, default=1_000)
    options.add_argument("--requests", type=int, default=0)
    options.add_argument("--rate", type=float, default=0.05)
    options.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    allow_many_files()
    with tempfile.TemporaryDirectory() as name:
        return run(options.parse_args(), Path(name))


if __name__ == "__main__":
    sys.exit(main())
