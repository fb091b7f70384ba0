"""Measures the store: rows a second, bytes per exchange of long conversations, and seconds per query at scale.

    .venv/bin/python bench/store.py [--exchanges 1000000] [--agents 20] [--keep-rate 0.05]

Conversations are those of bench/talk.py: 50 turns, each request repeats all before it, answers are streams of 100 chunks. The
large database holds no bodies (they are read one by one, by number); its rows are copies, made by SQL, of rows that the real
writer wrote: 28 checks an exchange, one exchange in twenty with a pair.
"""

import argparse
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from backports import zstd
from talk import Speaker, exchange, stream, turns

from proxy.exchange import Exchange, Role
from shadow.checks.registry import check
from shadow.compare.comparators import compare
from shadow.drift.payoff import payoffs
from shadow.findings.pair import ControlReason, Pair, PairKind
from shadow.pipeline.row_retention import retained
from shadow.privacy.withheld_words import withhold_exchange, withhold_pair
from shadow.reading.parsed_exchange import parse_exchange, parse_shadow_exchange
from shadow.records import AnsweredPair, exchange_record, pair_record
from shadow.report.build_report import build
from storage.opening import open_reader, open_store
from storage.rows import ExchangeRecord, PairFilter, PairRecord
from storage.sqlite import finding_rollups, traffic_rollups
from storage.storage_config import Bodies, StorageConfig
from storage.store import Reader, Store

START = 1_790_000_000.0
DAY = 86_400.0


def record(one: Exchange, bodies: Bodies = "full") -> ExchangeRecord:
    seen = parse_exchange(one)
    return withhold_exchange(exchange_record(seen, outcomes=[], checks=check(seen.request, seen.answer)), bodies)


def pair(one: Exchange, other: Exchange, bodies: Bodies) -> PairRecord:
    live = parse_exchange(one)
    shadow = parse_shadow_exchange(other, live)
    compared = compare(Pair(kind=PairKind.CROSS, request=live.request, subject=live.answer, reference=shadow.answer))
    record = pair_record(
        AnsweredPair(live=live, reference=shadow, control=None, reason=ControlReason.NONE),
        comparisons=[compared],
        payoffs=payoffs(live.request, live.answer, shadow.answer, None, tiebreak=True),
        exchanges=(withhold_exchange(exchange_record(shadow, outcomes=[], checks=check(shadow.request, shadow.answer)), bodies),),
        alterations=(),
    )
    return withhold_pair(record, bodies)


def agents(folder: Path, count: int) -> None:
    speaker = Speaker()
    talks = [(n, turns(speaker, 50)) for n in range(count)]
    made = [
        record(exchange(f"{talk:04x}-{turn:04x}", body, stream(speaker, 100), conversation=f"talk {talk}"))
        for turn in range(50)
        for talk, said in talks
        for body in [said[turn]]
    ]
    rows = sum(2 + len(one.findings) for one in made)
    asked = [one.exchange.request_body or b"" for one in made]
    answered = [one.exchange.response_body or b"" for one in made]
    alone = sum(len(zstd.compress(body, level=3)) for body in asked)
    with closing(open_store(StorageConfig(url=f"sqlite:///{folder}/agents.db", queue=1_000_000))) as store:
        wall, cpu = time.perf_counter(), time.process_time()
        for one in made:
            store.add_exchange(one)
        assert store.flush(600)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        assert store.stored == len(made)
    with closing(sqlite3.connect(folder / "agents.db")) as conn:
        (stored,) = conn.execute("SELECT sum(length(request_body)) FROM payloads").fetchone()
        parts = conn.execute(
            "SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC LIMIT 6" if _has_dbstat(conn) else "SELECT '', 0"
        ).fetchall()
        (answers,) = conn.execute("SELECT sum(length(response_body)) FROM payloads").fetchone()
    size = (folder / "agents.db").stat().st_size
    print(f"\n**{count} agents of 50 turns, {len(made):,} exchanges, {rows:,} rows**\n\n| figure | |\n|---|---:|")
    print(f"| rows a second | {rows / wall:,.0f} |\n| exchanges a second | {len(made) / wall:,.0f} |")
    print(f"| CPU ms an exchange, compression and SQLite | {cpu / len(made) * 1e3:.3f} |")
    for name, total in (
        ("requests as sent", sum(map(len, asked))),
        ("requests, each compressed alone (zstd 3)", alone),
        ("requests as stored", stored),
        ("answers as sent", sum(map(len, answered))),
        ("answers as stored", answers),
        ("the whole database", size),
    ):
        print(f"| bytes an exchange, {name} | {total / len(made):,.0f} |")
    for name, total in parts:
        print(f"| of it {name} | {total / len(made):,.0f} |")


def sampled(folder: Path, rate: float, talks: int = 400) -> None:
    """The size of a database whose rows are of `rate` of the conversations, beside one with all; 1 in 20 have pairs."""
    speaker = Speaker()
    print(f"\n**{talks} conversations of 10 turns, 1 in 20 with pairs**\n\n| keep_rate | bytes an exchange | rows of exchanges |")
    print("|---:|---:|---:|")
    said = [turns(speaker, 10) for _ in range(20)]
    for chosen in (1.0, rate):
        with closing(open_store(StorageConfig(url=f"sqlite:///{folder}/rate-{chosen}.db", queue=1_000_000))) as store:
            for talk in range(talks):
                for turn, body in enumerate(said[talk % 20]):
                    paired = talk % 20 == 0
                    name, answer = f"{talk:06x}-{turn:04x}", stream(speaker, 100)
                    one = exchange(f"{name}-live", body, answer, conversation=f"talk {talk}")
                    store.add_exchange(retained(record(one), chosen, bytes(32), sampled=paired))
                    if paired:
                        store.add_pair(pair(one, exchange(f"{name}-twin", body, answer, role=Role.SHADOW), "full"))
            assert store.flush(600)
        with closing(sqlite3.connect(folder / f"rate-{chosen}.db")) as conn:
            (rows,) = conn.execute("SELECT count(*) FROM exchanges WHERE role = 'primary'").fetchone()
        print(f"| {chosen:g} | {(folder / f'rate-{chosen}.db').stat().st_size / talks / 10:,.0f} | {rows:,} of {talks * 10:,} |")


def _has_dbstat(conn: sqlite3.Connection) -> bool:
    try:
        conn.execute("SELECT 1 FROM dbstat LIMIT 1").fetchone()
    except sqlite3.OperationalError:
        return False
    return True


def seed(store: Store, count: int) -> None:
    """A thousand exchanges by the real writer, one in twenty with a pair."""
    speaker = Speaker()
    bodies = turns(speaker, 5)
    for n in range(count):
        one = exchange(f"{n:08x}-live", bodies[n % 5], stream(speaker, 40), started=START + n, conversation=f"talk {n // 10}")
        store.add_exchange(record(one, "none"))
        if n % 20 == 0:
            other = exchange(f"{n:08x}-twin", bodies[n % 5], stream(speaker, 40), started=START + n, role=Role.SHADOW)
            store.add_pair(pair(one, other, "none"))
    assert store.flush(60)


def multiply(path: Path, times: int) -> None:
    """Copy every row `times` - 1 times, later and under new ids."""
    with closing(sqlite3.connect(path, isolation_level=None)) as conn:
        conn.execute("PRAGMA synchronous = OFF")
        conn.execute("PRAGMA cache_size = -500000")
        exchanges, pairs = (conn.execute(f"SELECT max(no) FROM {table}").fetchone()[0] for table in ("exchanges", "pairs"))
        conn.execute(
            "CREATE TEMP TABLE n AS WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < ?) SELECT k FROM n",
            (times - 1,),
        )
        for table, key, step in (
            ("exchanges", "no", exchanges), ("payloads", "exchange_no", exchanges), ("checks", "exchange_no", exchanges),
            ("pairs", "no", pairs), ("findings", "pair_no", pairs), ("payoffs", "pair_no", pairs),
        ):  # fmt: skip
            columns = [row[1] for row in conn.execute(f"PRAGMA table_info({table})")]
            changed = {key: f"{key} + k * {step}", "id": "printf('%05x', k) || id", "started": "started + k * 1000"}
            changed |= {name: f"printf('%05x', k) || {name}" for name in ("subject_id", "reference_id", "exchange_id")}
            chosen = ", ".join(changed.get(name, name) for name in columns)
            conn.execute(f"INSERT INTO {table} ({', '.join(columns)}) SELECT {chosen} FROM n, {table}")
        conn.execute("DELETE FROM tallies")
        for statement, every in (
            (finding_rollups.OF_PAIRS, "SELECT json_group_array(no) FROM pairs"),
            (finding_rollups.OF_EXCHANGES, "SELECT json_group_array(id) FROM exchanges"),
        ):
            conn.executemany(finding_rollups.ADD, conn.execute(statement, conn.execute(every).fetchone()).fetchall())
        conn.execute("DELETE FROM passages")
        traffic_rollups.add(conn, 0)
        conn.execute("ANALYZE")


def took(question: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds of the first time by the clock, and of CPU, the best of three."""
    begun, times = time.perf_counter(), []
    first = 0.0
    for _ in range(3):
        before = time.process_time()
        question()
        times.append((time.process_time() - before) * 1e3)
        first = first or (time.perf_counter() - begun) * 1e3
    return first, min(times)


def questions(reader: Reader, count: int) -> None:
    last = START + count
    one = reader.pairs(PairFilter(limit=1))[0].pair
    middle = reader.pairs(PairFilter(limit=1, until=START + count / 2))[0].pair.id
    day = last - DAY
    rows: list[tuple[str, Callable[[], object]]] = [
        ("pairs: the first page", lambda: reader.pairs(PairFilter())),
        ("pairs: a page in the middle", lambda: reader.pairs(PairFilter(before_id=middle))),
        ("pairs: by provider and model", lambda: reader.pairs(PairFilter(provider="near", model="bench"))),
        ("pairs: that differ in the action", lambda: reader.pairs(PairFilter(signal="answer_kind", state="differ"))),
        ("pairs: by a signal that never differs", lambda: reader.pairs(PairFilter(signal="seed", state="differ"))),
        ("one pair: by id, its findings", lambda: (reader.pair(one.id), reader.findings(pair_id=one.id))),
        ("one pair: by the beginning of its id", lambda: reader.pair(one.id[:12])),
        (
            "one exchange, its calls and checks",
            lambda: (reader.exchange(one.subject_id), reader.findings(exchange_id=one.subject_id)),
        ),
        ("traffic, a day", lambda: reader.traffic(day, 0)),
        ("traffic, everything", lambda: reader.traffic(0, 0)),
        ("counts of signals and checks, a day", lambda: reader.signal_counts(day, 0)),
        ("counts of signals and checks, everything", lambda: reader.signal_counts(0, 0)),
        ("payoffs, everything", lambda: reader.payoffs(0, 0)),
        ("latencies, the newest 10,000", lambda: reader.latencies(0, 0, 10_000)),
        ("report, a day", lambda: build(reader, day, last)),
        ("report, everything", lambda: build(reader, 0.0, last)),
    ]
    print("| question | first time, ms | CPU ms, best of three |\n|---|---:|---:|")
    for name, question in rows:
        first, best = took(question)
        print(f"| {name} | {first:,.1f} | {best:,.1f} |", flush=True)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--exchanges", type=int, default=1_000_000)
    options.add_argument("--agents", type=int, default=20)
    options.add_argument("--keep-rate", type=float, default=0.0)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if chosen.keep_rate:
            sampled(folder, chosen.keep_rate)
            return
        if chosen.agents:
            agents(folder, chosen.agents)
        config = StorageConfig(url=f"sqlite:///{folder}/large.db", queue=100_000)
        with closing(open_store(config)) as store:
            seed(store, 1_000)
        begun = time.perf_counter()
        multiply(folder / "large.db", chosen.exchanges // 1_000)
        seconds, size = time.perf_counter() - begun, (folder / "large.db").stat().st_size
        made = f"{chosen.exchanges:,} exchanges, {chosen.exchanges // 20:,} pairs, {size / 2**30:.2f} GiB"
        print(f"\n**{made}**, made in {seconds:.0f} s\n")
        with closing(open_reader(config)) as reader:
            questions(reader, chosen.exchanges)


if __name__ == "__main__":
    main()
