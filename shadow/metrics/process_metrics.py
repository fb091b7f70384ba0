"""Exports CPU, memory and descriptors of each process of one `serve`, read from /proc at each scrape where there is one.

Names and units are those of Prometheus's client libraries, with the labels `process` and `number` because one port serves all.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import NamedTuple

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

KINDS = {
    "proxy.server": "proxy",
    "proxy.upstream.fetcher": "fetcher",
    "shadow.processes.audit_process": "audit",
    "shadow.processes.audit_worker": "audit_worker",
    "shadow.processes.publisher_process": "publisher",
    "": "supervisor",
}
"""The label `process` by the module that a process runs; the parent of all runs none of these."""
LABELS = ("process", "number")


class ProcessFigures(NamedTuple):
    """One process now: seconds of CPU, bytes, descriptors and their limit, start in seconds since 1970."""

    cpu: float
    virtual: int
    resident: int
    descriptors: int
    limit: int
    started: float


FIGURES = (
    (CounterMetricFamily, "process_cpu_seconds_total", "Seconds of CPU, user and system."),
    (GaugeMetricFamily, "process_virtual_memory_bytes", "Size of virtual memory."),
    (GaugeMetricFamily, "process_resident_memory_bytes", "Size of resident memory."),
    (GaugeMetricFamily, "process_open_fds", "Open file descriptors."),
    (GaugeMetricFamily, "process_max_fds", "Limit of open file descriptors."),
    (GaugeMetricFamily, "process_start_time_seconds", "Start of the process, seconds since 1970."),
)
"""The families, in the order of `ProcessFigures`."""


class ProcessCollector(Collector):
    """The processes below `root`, a pid, and itself; `workers` gives the number of each data-plane process by its pid."""

    def __init__(self, root: int, workers: Callable[[], Mapping[int, int]]) -> None:
        self._root = root
        self._workers = workers

    def __repr__(self) -> str:
        return f"<ProcessCollector root={self._root}>"

    def describe(self) -> Iterable[Metric]:
        """The families without samples."""
        return [family(name, text, labels=LABELS) for family, name, text in FIGURES]

    def collect(self) -> Iterable[Metric]:
        """The families with a sample for each process that can be read now."""
        families = [family(name, text, labels=LABELS) for family, name, text in FIGURES]
        for labels, figures in self._figures():
            for family, value in zip(families, figures, strict=True):
                family.add_metric(labels, value)
        return families

    def _figures(self) -> Iterator[tuple[tuple[str, str], ProcessFigures]]:
        pids = sorted(_tree(self._root))
        numbers = _numbers(pids, self._workers())
        for pid, kind in pids:
            with suppress(OSError, ValueError, IndexError):  # because a process may end while it is read
                yield (kind, f"{numbers[pid]}"), _read(pid)


def _numbers(pids: Sequence[tuple[int, str]], known: Mapping[int, int]) -> dict[int, int]:
    """A number for each of (pid, label), by `known` or the least that is free: two series of the same labels are no scrape."""
    numbers = {pid: known[pid] for pid, _ in pids if pid in known}
    for pid, kind in pids:
        if pid not in numbers:
            taken = {numbers[other] for other, label in pids if label == kind and other in numbers}
            numbers[pid] = next(number for number in count() if number not in taken)
    return numbers


def _tree(root: int) -> Iterator[tuple[int, str]]:
    """(pid, label) of `root` and of those below it that run a module of ours."""
    todo = [root]
    while todo:
        pid = todo.pop()
        with suppress(OSError):
            kind = _kind(Path(f"/proc/{pid}/cmdline").read_bytes())
            if kind or pid == root:
                yield pid, kind or KINDS[""]
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                todo += map(int, children.read_text(encoding="ascii").split())


def _kind(command: bytes) -> str:
    words = command.split(b"\0")
    return KINDS.get(words[words.index(b"-m") + 1].decode("ascii", "replace"), "") if b"-m" in words[:-1] else ""


def _read(pid: int) -> ProcessFigures:
    """Figures of one process; OSError, ValueError or IndexError when it is gone, see proc(5)."""
    folder = Path(f"/proc/{pid}")
    # because the name before the last bracket may hold spaces; the field after it is the third of the manual
    fields = (folder / "stat").read_text(encoding="latin-1").rsplit(")", 1)[1].split()
    ticks, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
    return ProcessFigures(
        cpu=(int(fields[11]) + int(fields[12])) / ticks,
        virtual=int(fields[20]),
        resident=int(fields[21]) * page,
        descriptors=sum(1 for _ in (folder / "fd").iterdir()),
        limit=_limit(folder / "limits"),
        started=_booted() + int(fields[19]) / ticks,
    )


def _limit(path: Path) -> int:
    """The soft limit of open files."""
    lines = path.read_text(encoding="ascii").splitlines()
    limit = next(line for line in lines if line.startswith("Max open files")).split()[3]
    return sys.maxsize if limit == "unlimited" else int(limit)


def _booted() -> float:
    lines = Path("/proc/stat").read_text(encoding="ascii").splitlines()
    return float(next(line for line in lines if line.startswith("btime")).split()[1])
