"""Measures the store in PostgreSQL: processor time to insert exchanges of 300 chunks, and of reports and the overview at scale.

    .venv/bin/python bench/postgres.py [--inserts 4000] [--exchanges 1000000]

Starts a server of its own from Debian's binaries, with the durability of the tests (none), so wall time is not that of a disk;
processor time is. Bars: 0.1 ms of the client and 0.1 ms of the server for an exchange of 300 chunks, in batches of 200; 1.5 s for
the report of a day in a store of a million exchanges; 100 ms of this process for a page.
"""

import argparse
import os
import random
import shutil
import struct
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from prometheus_client import CollectorRegistry

from shadow.drift import detectable_effect
from shadow.pages.page_set import PageSet
from shadow.report.build_report import build
from shadow.settings.top_level_config import Config
from storage.opening import open_reader, open_store
from storage.postgres.copy_inserter import CopyInserter
from storage.postgres.postgres_connection import connect
from storage.rows import ExchangeRecord, PairFilter, PairRecord, PayoffRow
from storage.storage_config import StorageConfig
from storage.store import Outcome
from tests.conformance import exchange_record, finding, pair_row
from tests.postgres_server import PostgresServer

BATCH = 200
DAY = 86_400
REPORTS = 5
TICKS = os.sysconf("SC_CLK_TCK")
PAYOFFS = ("answer_kind", "error", "arguments", "text", "finish_reason")
SIGNALS = (*PAYOFFS, *(f"signal_{number}" for number in range(15)))


def streams(count: int) -> Iterator[ExchangeRecord]:
    """Exchanges of 300 chunks with a request of 900 words, no two alike."""
    draw = random.Random(1)
    words = [bytes(draw.choices(b"abcdefghijklmnopqrstuvwxyz", k=6)) for _ in range(3_000)]
    marks = b"".join(struct.pack("<dQ", number * 0.02 + draw.random() * 0.01, number * 250) for number in range(300))
    begun = time.time() - count
    for number in range(count):
        started = begun + number
        id_ = f"{int(started * 1_000):012x}{number:016x}"
        chunks = (b'data: {"choices":[{"delta":{"content":"%s"}}]}\n\n' % draw.choice(words) for _ in range(300))
        made = exchange_record(
            id_,
            started=started,
            marks=marks,
            response_body=b"".join(chunks),
            request_body=b" ".join(draw.choices(words, k=900)),
            calls=1,
            checks=0,
            usage_state="certain",
            fresh_tokens=10,
        )
        checks = tuple(finding(name, "not_measured", exchange_id=id_, comparison="check") for name in ("usage", "seed"))
        yield made._replace(findings=checks, passed=("stop", "max_tokens", "lost_space"), source="run/0")


def history(count: int, end: float) -> Iterator[ExchangeRecord | PairRecord]:
    """Small exchanges, one a second up to `end`, one in twenty with a pair. A third of the requests with pairs stand alone, the
    others are conversations of five.
    """
    draw = random.Random(1)
    small = {"marks": b"\0" * 96, "request_body": b"y" * 300, "response_body": b"x" * 300, "calls": 0, "checks": 0}
    for number in range(count):
        started = end - count + number
        id_, place = f"{int(started * 1_000):012x}{number:016x}", number // 20
        talk = "" if place % 15 < 5 else f"talk-{place // 5}"
        labels = {"started": started, "model": f"m{number % 2}", "conversation": talk}
        made = exchange_record(id_, provider=f"p{number % 3}", usage_state="certain", fresh_tokens=9, **labels, **small)
        failed = (finding("stop", "differ", exchange_id=id_, comparison="check"),) if number % 50 == 0 else ()
        passed = tuple(f"check_{place}" for place in range(24))
        yield made._replace(findings=failed, passed=passed)
        if number % 20 == 0:
            reference = f"{int(started * 1_000) + 1:012x}{number:012x}bbbb"
            other = exchange_record(reference, role="shadow", provider="official", **(labels | small))
            tools = number // 20 % 2
            shape = f'{{"segments": {{"tools": "{("no", "yes")[tools]}"}}, "tools": {tools}}}'
            random_control = number % 200 == 0
            row = pair_row(
                id_,
                provider=f"p{number % 3}",
                reference_id=reference,
                request_fingerprint=f"request {place}",
                shape=shape,
                control_reason="random" if random_control else "",
                **labels,
            )
            found = [
                finding(name, "differ" if draw.random() < 0.05 else "match", exchange_id=id_, pair_id=id_, comparison=comparison)
                for comparison in (("cross", "self") if random_control else ("cross",))
                for name in SIGNALS
            ]
            odds = [0] * 18 + [1, -1]
            scores = tuple(PayoffRow(pair_id=id_, signal=name, payoff=draw.choice(odds)) for name in PAYOFFS)
            yield PairRecord(
                pair=row, exchanges=(other._replace(passed=("stop",)),), findings=tuple(found), payoffs=scores, kind="tools"
            )


def backend_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def measure_inserts(server: PostgresServer, count: int) -> None:
    conn = connect(server.database())
    inserter = CopyInserter(lambda: conn)
    begun = time.process_time()
    records = [inserter.prepare(record) for record in streams(count)]
    prepared = time.process_time() - begun
    assert set(inserter.write(records[:BATCH])) == {Outcome.STORED}
    client, backend = time.process_time(), backend_seconds(conn.info.backend_pid)
    for first in range(BATCH, count, BATCH):
        assert set(inserter.write(records[first : first + BATCH])) == {Outcome.STORED}
    client, backend = time.process_time() - client, backend_seconds(conn.info.backend_pid) - backend
    rest = count - BATCH
    print(f"{rest} exchanges of 300 chunks in batches of {BATCH}, processor time of one:")
    print(
        f"  client {client / rest * 1e3:.3f} ms, server {backend / rest * 1e3:.3f} ms (prepared in {prepared / count * 1e3:.2f})"
    )
    inserter.close()
    server.clear()


def fill(server: PostgresServer, count: int, end: float) -> None:
    """Write the history by COPY, and have it judged."""
    inserter = CopyInserter(lambda: connect(server.database()))
    records = history(count, end)
    while batch := list(islice(records, 1_000)):
        inserter.write(batch)
    inserter.run(lambda conn: conn.execute("UPDATE rulings SET no = seq, reason = ''").rowcount)
    inserter.close()
    server.execute("VACUUM ANALYZE", "made")  # as autovacuum does


def server_seconds(server: PostgresServer) -> float:
    """Processor time of all processes of the server, those that ended too."""
    main = int((server.data / "postmaster.pid").read_text(encoding="ascii").split()[0])
    spent = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = path.read_text(encoding="latin-1").rsplit(")", 1)[1].split()
            if int(fields[1]) == main:
                spent += int(fields[11]) + int(fields[12])
            if path.parent.name == str(main):
                spent += int(fields[13]) + int(fields[14])
    return spent / TICKS


def measure_report(server: PostgresServer, count: int, end: float) -> None:
    [(size,)] = server.execute("SELECT pg_database_size('made')", "made")
    print(f"{count:,} exchanges, {count // 20:,} pairs, {size / 1e6:,.0f} MB; the best of {REPORTS} of each:")
    with closing(open_reader(StorageConfig(url=server.database()))) as reader:
        for name, since in (("a day", end - DAY), ("a week", end - 7 * DAY), ("everything", 0.0)):
            spent = []
            for _ in range(REPORTS):
                wall, own, other = time.perf_counter(), time.process_time(), server_seconds(server)
                build(reader, since, 0.0)
                own, other = time.process_time() - own, server_seconds(server) - other
                spent.append((own + other, own, other, time.perf_counter() - wall))
            both, own, other, _ = min(spent)
            wall = min(each[3] for each in spent)
            print(f"  report of {name}: {wall:.2f} s; processor {both:.2f} s: this process {own:.2f} s, the server {other:.2f} s")
        wall = time.perf_counter()
        reader.pairs(PairFilter())
        print(f"  first page of pairs: {(time.perf_counter() - wall) * 1e3:.0f} ms")


def measure_overview(server: PostgresServer, count: int, end: float) -> None:
    """The first view of / of each period, each by a reader of its own, as it is after minutes without one."""
    config = StorageConfig(url=server.database())
    with closing(open_store(config)) as store:
        print(f"{count:,} exchanges, {store.sum_hours(600):,} hours summed; the least of {REPORTS} first views of each:")
    for since in ("1h", "24h", "7d", "all"):
        spent = []
        for _ in range(REPORTS):
            detectable_effect._smallest.cache_clear()  # noqa: SLF001 - so that each view is a first one
            with closing(open_reader(config)) as reader:
                pages = PageSet(reader, Config(storage=config), CollectorRegistry(), now=lambda: end + 1)
                own, other = time.process_time(), server_seconds(server)
                pages.overview.page({"since": since})
                spent.append((time.process_time() - own, server_seconds(server) - other))
        own, other = (min(each) * 1e3 for each in zip(*spent, strict=True))
        print(f"  /?since={since}: this process {own:.0f} ms, the server {other:.0f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inserts", type=int, default=4_000)
    parser.add_argument("--exchanges", type=int, default=1_000_000)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="sameweights-postgres-"))
    folder.chmod(0o755)
    server = PostgresServer(folder)
    try:
        measure_inserts(server, given.inserts)
        end = time.time()
        fill(server, given.exchanges, end)
        measure_report(server, given.exchanges, end)
        measure_overview(server, given.exchanges, end)
    finally:
        server.stop()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
