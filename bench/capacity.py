"""Measures what docs/how-to/capacity.md reckons with and no other script has: broker, store and judge, in processor time of one.

    PYTHONPATH=. .venv/bin/python bench/capacity.py [--count 3000]

An exchange is small (6 chunks) or a stream of 300 chunks. Processor time of each side, its server's too, so that the figures hold
beside other work; no figure here is of a disk or a network. Servers are started on 127.0.0.1.
"""

import argparse
import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path

from broker import consumed, payloads, published
from postgres import BATCH, history, server_seconds, streams

from shadow.broker.broker_message import PayloadCompressor
from shadow.judging.judge import Judge
from storage.opening import open_store
from storage.postgres.copy_inserter import CopyInserter
from storage.postgres.postgres_connection import connect
from storage.rows import ExchangeRecord, PairRecord
from storage.storage_config import StorageConfig
from storage.store import Store
from tests.brokers import NatsServer, connected, nats_cluster, nats_server, settings
from tests.postgres_server import PostgresServer

TICKS = os.sysconf("SC_CLK_TCK")
SIZES = {6: "small", 300: "300 chunks"}
STREAM_BYTES = 256 * 1024 * 1024


def seconds_of(*servers: NatsServer) -> float:
    """Processor time of these servers since their start."""
    spent = 0.0
    for server in servers:
        fields = Path(f"/proc/{server.pid}/stat").read_text(encoding="latin-1").rsplit(")", 1)[1].split()
        spent += (int(fields[11]) + int(fields[12])) / TICKS
    return spent


async def measure_broker(name: str, servers: list[NatsServer], count: int) -> None:
    """What an exchange costs its publisher, its consumer, and all servers together."""
    config = settings(*servers, max_bytes=STREAM_BYTES)
    async with connected(config, consumers=True) as broker:
        for batch, (chunks, size) in enumerate(SIZES.items()):
            packed = payloads(chunks, count, batch)
            before = seconds_of(*servers)
            sent, taken = await published(broker, config, packed), await consumed(broker, count)
            spent = (seconds_of(*servers) - before) / count * 1e6
            sizes = f"{len(packed[0]):,} bytes, {len(PayloadCompressor().compress(packed[0])):,} compressed"
            print(f"{name}, {size} ({sizes}): publisher {sent:.0f} us, consumer {taken:.0f} us, its servers {spent:.0f} us")


async def brokers(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with nats_server(Path(folder) / "one") as server:
            await measure_broker("one NATS server", [server], count)
        async with nats_cluster(Path(folder) / "three") as servers:
            await measure_broker("three NATS servers, R3", servers, count)


def measure_inserts(server: PostgresServer, size: str, records: list[ExchangeRecord]) -> None:
    """What an exchange costs the auditor and the server, and how many bytes it takes."""
    inserter = CopyInserter(lambda: connect(server.database()))
    begun = time.process_time()
    prepared = [inserter.prepare(record) for record in records]
    preparing = time.process_time() - begun
    inserter.write(prepared[:BATCH])
    before = server.execute("SELECT pg_database_size('made'), pg_current_wal_lsn()", "made")[0]
    own, backend = time.process_time(), server_seconds(server)
    for first in range(BATCH, len(prepared), BATCH):
        inserter.write(prepared[first : first + BATCH])
    own, backend = time.process_time() - own, server_seconds(server) - backend
    after = server.execute("SELECT pg_database_size('made'), pg_current_wal_lsn()", "made")[0]
    [(wal,)] = server.execute(f"SELECT pg_wal_lsn_diff('{after[1]}', '{before[1]}')")
    rest = len(prepared) - BATCH
    spent = f"auditor {1e6 * (preparing / len(records) + own / rest):.0f} us, server {1e6 * backend / rest:.0f} us"
    print(f"PostgreSQL, {size}: {spent}; {(after[0] - before[0]) / rest:,.0f} bytes, log {int(wal) / rest:,.0f} bytes")
    inserter.close()
    server.clear()


def paired(count: int) -> Iterator[ExchangeRecord | PairRecord]:
    """So many pairs, each after its live exchange; no request is like another, so that each pair counts."""
    live: ExchangeRecord | None = None
    found = 0
    for record in history(20 * count, time.time()):
        if isinstance(record, PairRecord):
            assert live is not None
            yield live
            yield replace(record, pair=replace(record.pair, request_fingerprint=record.pair.id, conversation=record.pair.id))
            found += 1
            if found == count:
                return
        else:
            live = record


def measure_judge(name: str, store: Store, count: int, server: PostgresServer | None = None) -> None:
    """What a pair costs the judge, and the server of its store."""
    for record in paired(count):
        add = store.add_pair if isinstance(record, PairRecord) else store.add_exchange
        while not add(record):
            store.flush(60)
    assert store.flush(60)
    judge = Judge(store.judgements, holder="bench", pairs_per_false_alarm=1e7, fleet_wide=False, publish=lambda *_: None)
    own, backend = time.process_time(), server_seconds(server) if server else 0.0
    while judge.step(time.time()):
        pass
    own, backend = time.process_time() - own, (server_seconds(server) if server else 0.0) - backend
    judged = store.page_queries.judged(0, 0)
    assert judged.get("", 0) == count, judged
    print(f"judge, {name}: {1e6 * own / count:.0f} us a pair, its server {1e6 * backend / count:.0f} us")


def stores(count: int) -> None:
    folder = Path(tempfile.mkdtemp(prefix="sameweights-capacity-"))
    folder.chmod(0o755)
    server = PostgresServer(folder)
    try:
        small = [record for record in islice(history(count * 2, time.time()), count * 2) if isinstance(record, ExchangeRecord)]
        measure_inserts(server, "small", small[:count])
        measure_inserts(server, "300 chunks", list(streams(count)))
        with closing(open_store(StorageConfig(url=server.database()))) as store:
            measure_judge("PostgreSQL", store, count, server)
    finally:
        server.stop()
        shutil.rmtree(folder)
    with tempfile.TemporaryDirectory() as place, closing(open_store(StorageConfig(url=f"{place}/a.db"))) as store:
        measure_judge("SQLite", store, count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=3_000)
    given = parser.parse_args()
    asyncio.run(brokers(given.count))
    stores(given.count)


if __name__ == "__main__":
    main()
