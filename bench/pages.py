"""Measures the CPU that each page of the admin port takes at scale: the first time, and the best of three.

    .venv/bin/python bench/pages.py [--exchanges 1000000]

The database is that of bench/store.py, one exchange in twenty with a pair. One pair in ten is evidence (the reference agrees with
itself in the signals that differ), one payoff in ten is not 0, and one answer in a hundred failed a check. A third of the
requests with pairs stand alone, the others are conversations of five. The bar is 100 ms of CPU a page. Hours are summed
before, as `serve` does it in the background.
"""

import argparse
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from prometheus_client import CollectorRegistry
from store import START, multiply, seed

from shadow.pages.page_set import PageSet
from shadow.settings.top_level_config import Config
from storage.opening import open_reader, open_store
from storage.rows import AnswerFilter, PairFilter
from storage.sqlite import evident_pairs
from storage.storage_config import StorageConfig
from storage.store import Reader

CONTROLS = """
INSERT INTO findings SELECT pair_no, exchange_id, 'self', signal, 'match', score, '', '', ''
FROM findings WHERE comparison = 'cross' AND state = 'differ' AND pair_no % 10 = 0
"""
PERIODS = ("1h", "24h", "7d", "all")
FAULTS = "INSERT INTO checks SELECT no, 'check', 'usage', 'differ', 0.0, 'planted', '', '' FROM exchanges WHERE no % 100 = 0"

TALKS = """
UPDATE pairs SET request_fingerprint = 'request ' || no,
  conversation = iif(no % 15 < 5, '', 'talk ' || (no / 15) || ' ' || (no % 15 / 5))
"""
TURNS = """
UPDATE exchanges SET conversation = p.conversation FROM pairs p WHERE p.subject_id = exchanges.id
"""
PAYOFFS = """
UPDATE payoffs SET payoff = CASE (pair_no * 7919 + length(signal) * 104729) % 21 WHEN 3 THEN 1 WHEN 4 THEN -1 ELSE 0 END
"""


def plant(path: Path) -> None:
    """Make some pairs of the seed evidence, and some answers faulty."""
    with closing(sqlite3.connect(path, isolation_level=None)) as conn:
        conn.execute(CONTROLS)
        conn.execute(FAULTS)
        evident_pairs.mark(conn, 0)


def talk(path: Path) -> None:
    """Give the pairs their conversations and payoffs."""
    with closing(sqlite3.connect(path, isolation_level=None)) as conn:
        conn.execute("PRAGMA synchronous = OFF")
        for statement in (TALKS, TURNS, PAYOFFS):
            conn.execute(statement)


def sum_hours(config: StorageConfig) -> str:
    """Sum all hours; what that took."""
    with closing(open_store(config)) as store:
        begun = time.process_time()
        hours = store.sum_hours(600)
        return f"{hours:,} hours summed in {time.process_time() - begun:.2f} s of CPU"


def took(page: Callable[[], object]) -> tuple[float, float, int]:
    """Milliseconds of CPU the first time and the best of three, and the size of the page in bytes."""
    times, size = [], 0
    for _ in range(4):
        begun = time.process_time()
        size = len(str(page()).encode())
        times.append((time.process_time() - begun) * 1e3)
    return times[0], min(times[1:]), size


def measure(reader: Reader, folder: Path, last: float) -> None:
    config = Config.model_validate({"storage": {"url": f"sqlite:///{folder}/large.db"}})
    pages = PageSet(reader, config, CollectorRegistry(), now=lambda: last + 1)
    pair = next(each.pair for each in reader.pairs(PairFilter(limit=15)) if each.pair.conversation)
    middle = reader.pairs(PairFilter(limit=1, until=(START + last) / 2))[0].pair.id
    answer = reader.faulty_answers(AnswerFilter(limit=1))[0].id
    lists: list[dict[str, str]] = [
        {},
        {"show": "all"},
        {"show": "all", "before": middle},
        {"provider": "near", "model": "bench"},
        {"signal": "text"},
        {"signal": "answer_kind"},
        {"signal": "usage"},
        {"state": "differ", "signal": "answer_kind"},
        {"state": "not_measured"},
        {"segment": "tools=yes"},
        {"route": "elsewhere"},
        {"tag": "nightly"},
        {"conversation": pair.conversation, "show": "all"},
        {"since": "24h", "until": "1h"},
        {"provider": "none"},
        {"text": "no such words"},
        {"text": "no such words", "show": "all"},
    ]
    rows: list[tuple[str, Callable[[], object]]] = [
        *(
            (f"/?since={since}", lambda since=since: pages.overview.page({"since": since}))
            for since in ("1h", "24h", "7d", "all")
        ),
        *(
            (f"/providers/near?since={since}", lambda since=since: pages.provider.page("near", {"since": since}))
            for since in ("24h", "all")
        ),
        *((f"/pairs {words or ''}", lambda words=words: pages.pairs.page(words)) for words in lists),
        ("/pairs/ID", lambda: pages.pair.page(pair.id)),
        ("/pairs/ID?text=", lambda: pages.pair.page(pair.id, {"text": "no such words", "show": "all"})),
        ("/exchanges/ID", lambda: pages.exchange.page(pair.subject_id)),
        ("/answers", lambda: pages.answers.page({})),
        ("/answers?check=usage", lambda: pages.answers.page({"check": "usage"})),
        ("/answers?check=stop", lambda: pages.answers.page({"check": "stop"})),
        ("/answers, the second page", lambda: pages.answers.page({"before": answer})),
        ("/conversations/ID", lambda: pages.conversation.page(pair.conversation)),
        ("/audit?since=24h", lambda: pages.audit.page({"since": "24h"})),
        ("/audit?since=all", lambda: pages.audit.page({"since": "all"})),
        ("/studies", pages.studies.page),
        ("/runbook", pages.runbook),
    ]
    print("| page | first, CPU ms | best of three, CPU ms | kB |\n|---|---:|---:|---:|")
    for name, page in rows:
        first, best, size = took(page)
        print(f"| `{name}` | {first:,.1f} | {best:,.1f} | {size / 1e3:,.0f} |", flush=True)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--exchanges", type=int, default=1_000_000)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = StorageConfig(url=f"sqlite:///{folder}/large.db", queue=100_000)
        with closing(open_store(config)) as store:
            seed(store, 1_000)
        plant(folder / "large.db")
        multiply(folder / "large.db", chosen.exchanges // 1_000)
        talk(folder / "large.db")
        summed = sum_hours(config)
        size = (folder / "large.db").stat().st_size
        print(f"\n**{chosen.exchanges:,} exchanges, {chosen.exchanges // 20:,} pairs, {size / 2**30:.2f} GiB**\n\n{summed}\n")
        with closing(open_reader(config)) as reader:
            measure(reader, folder, START + chosen.exchanges)


if __name__ == "__main__":
    main()
