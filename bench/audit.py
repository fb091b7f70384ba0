"""Measures the audit: CPU for each step of one exchange and of one pair, and the throughput of its socket.

    .venv/bin/python bench/audit.py [--chunks 300] [--seconds 20] [--rates 250,500,1000,2000] [--small 800]

The steps are timed in this process (CPU time, best of several). The audit process is the real one, confined to one core; it
is fed through its socket by the data plane's own sender, from the other core, at a fixed rate; what it lost, it counted.
"""

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from processes import LOAD_CPU, PROXY_CPU, cpu_seconds, resident_mib
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families
from talk import Speaker, exchange, small, stream, turns

from proxy.exchange import Exchange, Role
from proxy.packing import pack, unpack
from proxy.provider_config import Provider, ProxyConfig
from proxy.record.exchange_sender import ExchangeSender
from proxy.worker_stats import WorkerStats
from shadow.checks.registry import check
from shadow.compare.comparators import compare
from shadow.drift.payoff import counted, needs_control
from shadow.findings.pair import ControlReason, Pair, PairKind
from shadow.measures.schema_validation import call_kinds
from shadow.metrics.observe import Metrics
from shadow.privacy.privacy_policy import PrivacyPolicy
from shadow.privacy.redact import Redactor
from shadow.reading.parsed_exchange import parse_exchange, parse_shadow_exchange
from shadow.reading.parsed_request import parse_request
from shadow.reading.parsed_response import parse_response
from shadow.records import AnsweredPair, exchange_record, pair_record
from shadow.settings.top_level_config import Config, ShadowConfig
from storage.prepared_records import RecordPreparer
from storage.rows import PairRecord
from storage.storage_config import StorageConfig

STORED = "sameweights_store_records_totalstored"


def milliseconds(step: Callable[[], object], seconds: float = 0.6) -> float:
    """CPU milliseconds of one call: the best of the batches that fit into `seconds`."""
    best, until = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < until:
        before = time.process_time()
        for _ in range(5):
            step()
        best = min(best, (time.process_time() - before) / 5)
    return best * 1e3


def config(folder: Path, listen: str = "127.0.0.1:0") -> Config:
    providers = {name: Provider(base_url="http://127.0.0.1:9/v1") for name in ("near", "far")}
    return Config(
        proxy=ProxyConfig(providers=providers, provider="near", reference="far", listen=listen),
        shadow=ShadowConfig(sample_rate=0.0),
        storage=StorageConfig(url=f"sqlite:///{folder}/audit.db"),
    )


def steps(chunks: int, folder: Path, *, call: bool) -> None:
    speaker = Speaker()
    body = turns(speaker, 8)[-1]
    live = exchange("live", body, stream(speaker, chunks, call=call))
    other = exchange("other", body, stream(speaker, chunks, call=call), role=Role.SHADOW)
    seen, metrics = parse_exchange(live), Metrics(CollectorRegistry(), config(folder))
    shadow = parse_shadow_exchange(other, seen)

    def pair() -> Pair:
        return Pair(kind=PairKind.CROSS, request=seen.request, subject=seen.answer, reference=shadow.answer)

    outcomes = call_kinds(seen.request, seen.answer)
    found, compared = check(seen.request, seen.answer), compare(pair())
    record = exchange_record(seen, outcomes=outcomes, checks=found)
    triple = AnsweredPair(live=seen, reference=shadow, control=None, reason=ControlReason.NONE)
    prepare = RecordPreparer().prepare
    guard = PrivacyPolicy(redactor=Redactor(), key=bytes(32), bodies="full")

    def rows_of_pair() -> PairRecord:
        return pair_record(triple, comparisons=[compared], payoffs=(), exchanges=(record, record), alterations=())

    def judged() -> None:
        needs_control(seen.request, seen.answer, shadow.answer)
        counted(seen.request, seen.answer, shadow.answer, None, tiebreak=True)

    paired = rows_of_pair()
    rows = [
        ("pack (data plane, after the stream)", lambda: pack(live)),
        ("unpack", lambda: unpack(packed)),
        ("read the request", lambda: parse_request(live.request.target, live.request.headers, body, truncated=False)),
        ("read the answer", lambda: parse_response(live)),
        ("all reference-free checks", lambda: check(seen.request, seen.answer)),
        ("count it and its checks", lambda: _count(metrics, seen, outcomes, found)),
        ("make its rows as they may be stored", lambda: guard.exchange_record(seen, outcomes=outcomes, checks=found)),
        ("make its rows", lambda: exchange_record(seen, outcomes=outcomes, checks=found)),
        ("compress and flatten its rows", lambda: prepare(record)),
        ("compare a pair", lambda: compare(pair())),
        ("count a pair's findings", lambda: metrics.findings("near", "bench", "cross", "", compared.findings, pair_id="live")),
        ("payoffs of a pair, and whether it needs a control", judged),
        ("make a pair's rows", rows_of_pair),
        ("take credentials out of them", lambda: guard.pair_record(paired)),
    ]
    packed = pack(live)
    print(f"\n**One exchange, {chunks} chunks of {'a tool call' if call else 'text'}, {len(live.response.body):,} bytes**\n")
    print("| step | CPU ms |\n|---|---:|")
    took = {}
    for name, step in rows:
        took[name] = milliseconds(step)
        print(f"| {name} | {took[name]:.3f} |")
    alone = took["unpack"] + sum(took[name] for name, _ in rows[2:9])
    both = alone * 2 - took["read the request"] + sum(took[name] for name, _ in rows[9:])  # a shadow's request is not read
    print(f"| one exchange without a reference, all of it | {alone:.3f} |\n| one pair, both exchanges with it | {both:.3f} |")


def _count(metrics: Metrics, seen, outcomes, found) -> None:
    metrics.exchange(seen.exchange, seen.answer, outcomes)
    metrics.findings("near", "bench", "check", "", found, pair_id="")


class Audit:
    """The audit process, started as `serve` starts it."""

    def __init__(self, folder: Path) -> None:
        self.path = str(folder / "audit.sock")
        self._admin = socket.create_server(("127.0.0.1", 0))
        self.port = self._admin.getsockname()[1]
        command = ["taskset", "-c", PROXY_CPU, sys.executable, "-P", "-m", "shadow.processes.audit_process"]
        fd = self._admin.fileno()
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=[fd])
        task = {"config": config(folder).model_dump(mode="json"), "audit_socket": self.path, "fd": fd}
        self.process.stdin.write(json.dumps(task).encode() + b"\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == b"ready\n"

    def figures(self) -> dict[str, float]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=60) as answer:
            text = answer.read().decode()
        found: dict[str, float] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                name = sample.name + sample.labels.get("result", "")
                found[name] = found.get(name, 0.0) + sample.value
        return found

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)


async def feed(audit: Audit, made: list[Exchange], rate: int, seconds: float) -> tuple[int, float]:
    """Offer `rate` exchanges a second; how many were offered, and the share of its core that the audit took."""
    stats = WorkerStats(worker=0, pid=os.getpid())
    sender = ExchangeSender(audit.path, 64 * 1024 * 1024, stats)
    sender.start()
    begun, sent, number = time.monotonic(), 0, time.time_ns()
    await asyncio.sleep(0.3)
    begun = time.monotonic()
    cpu = cpu_seconds(audit.process.pid)
    while (passed := time.monotonic() - begun) < seconds:
        while sent < passed * rate:
            one = made[sent % len(made)]
            sender.offer(_renamed(one, f"{number + sent:x}"))
            sent += 1
        await asyncio.sleep(0.005)
    cpu = cpu_seconds(audit.process.pid) - cpu
    await sender.stop(10)
    return sent, cpu / seconds


def _renamed(one: Exchange, name: str) -> Exchange:
    fields = {field: getattr(one, field) for field in Exchange._fields}
    return Exchange(**{**fields, "id": name})


def at_rest(audit: Audit) -> float:
    """The CPU seconds of the audit once all that came is stored; no scrape, which costs as much as a hundred exchanges."""
    before, now = -1.0, cpu_seconds(audit.process.pid)
    while now - before > 0.02:
        time.sleep(1.5)
        before, now = now, cpu_seconds(audit.process.pid)
    return now


def sustained(chunks: int, rates: list[int], seconds: float) -> None:
    os.sched_setaffinity(0, {int(LOAD_CPU)})
    speaker = Speaker()
    if chunks:
        made = [exchange(str(n), turns(speaker, 4)[-1], stream(speaker, chunks), conversation=f"talk {n}") for n in range(20)]
    else:
        made = [small(speaker, str(n)) for n in range(200)]
    kind = f"{chunks} chunks" if chunks else "1 KB asked and 0.5 KB answered"
    print(f"\n**The audit process on one core, every exchange {kind}, reference-free, {seconds:g} s each**\n")
    columns = ("offered a second", "stored a second", "lost on the way", "lost in the store", "CPU of its core")
    print(f"| {' | '.join((*columns, 'CPU ms an exchange', 'scrape, ms', 'MiB'))} |")
    print("|---:|---:|---:|---:|---:|---:|---:|---:|")
    for rate in rates:
        with tempfile.TemporaryDirectory() as name:
            audit = Audit(Path(name))
            try:
                asyncio.run(feed(audit, made, 100, 1.0))  # what is loaded or compiled for the first exchange
                at_rest(audit)
                warm = audit.figures().get(STORED, 0.0)
                cpu = cpu_seconds(audit.process.pid)
                sent, busy = asyncio.run(feed(audit, made, rate, seconds))
                cpu = at_rest(audit) - cpu
                scrape = time.monotonic()
                figures = audit.figures()
                scrape = time.monotonic() - scrape
                stored = figures.get(STORED, 0.0) - warm
                on_way = figures.get("sameweights_handover_dropped_total", 0.0)  # in the last statistics of the sender itself
                lost = figures.get("sameweights_recorder_errors_total", 0.0) + figures.get(
                    "sameweights_store_records_totalfailed", 0.0
                )
                print(
                    f"| {rate} | {stored / seconds:.0f} | {on_way:.0f} of {sent} | {lost:.0f} | {busy:.0%} "
                    f"| {cpu / max(stored, 1) * 1e3:.2f} | {scrape * 1e3:.0f} | {resident_mib(audit.process.pid):.0f} |"
                )
            finally:
                audit.stop()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--chunks", type=int, default=300)
    options.add_argument("--seconds", type=float, default=10.0)
    options.add_argument("--rates", default="250,500,1000")
    options.add_argument("--small", default="800", help="rates of small exchanges; empty for none")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        for call in (False, True):
            steps(chosen.chunks, Path(name), call=call)
    if chosen.rates:
        sustained(chosen.chunks, [int(rate) for rate in chosen.rates.split(",")], chosen.seconds)
    if chosen.small:
        sustained(0, [int(rate) for rate in chosen.small.split(",")], chosen.seconds)


if __name__ == "__main__":
    main()
