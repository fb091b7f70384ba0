"""Counts the instructions that the audit spends on one small exchange, from its frame on the socket to its rows.

    python bench/audit_instructions.py [--exchanges 400] [--rounds 2] [--tree DIR] [--set storage.keep_rate=0.05] [--least]

Runs the receiver, worker and store of DIR (this tree by default) in one process under callgrind, and sends it bursts of frames
through its socket; each burst is one batch of the store, as large as half a second at 800 exchanges a second makes it. Prints
instructions in user mode (callgrind's Ir) per exchange: what some bursts take more than one does. Two runs of 400
exchanges agreed within one per cent; of 100 to 150, on a loaded machine, within 13. Neither the kernel nor cold caches are in it:
for those see `bench/audit.py`. `--set` gives settings of the store, as `bodies="hash"`. `--least` counts instead what no audit
can leave out: a loop that cuts the frames, reads the JSON of the record and of both bodies with orjson, and inserts a row of nine
columns with the bodies as they came, in one transaction a burst.
It needs valgrind, and takes about a minute.
"""

import argparse
import asyncio
import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import orjson
from audit import config
from prometheus_client import CollectorRegistry
from talk import Speaker, small

from proxy.packing import EXCHANGE, FrameReader, frame, pack
from proxy.process.shared_counters import SharedCounters
from shadow.metrics.observe import Metrics
from shadow.pipeline.budget_account import StoredBudget
from shadow.pipeline.configured_privacy import configured_privacy
from shadow.pipeline.exchange_ledger import ExchangeLedger
from shadow.pipeline.exchange_receiver import ExchangeReceiver
from shadow.pipeline.frame_bytes import frame_bytes
from shadow.pipeline.identity_observer import IdentityObserver
from shadow.processes.exchange_audits import AuditParts, exchange_audit
from shadow.processes.log_setup import to_stderr
from shadow.sampling.budget import Budget
from storage.opening import open_store

INSIDE, LEAST = "--inside", "least"
TOOL = ("valgrind", "--tool=callgrind")
BATCH_SECONDS = 60.0
"""Longer than a burst takes under callgrind, so that a burst is one batch."""
LONGEST = 300.0


async def audited(folder: Path, rounds: list[int], settings: dict[str, object], ready: str, done: str) -> None:
    """Audit what comes over the socket; a line of `done` whenever so many exchanges are stored as the next round has.

    `settings` are those of the store that differ from the defaults.
    """
    made = config(folder)
    made = made.model_copy(update={"storage": made.storage.model_copy(update={"batch_seconds": BATCH_SECONDS, **settings})})
    store, counters = open_store(made.storage), SharedCounters()
    policy, ledger = configured_privacy(made, bytes(32)), ExchangeLedger(counters, {})
    parts = AuditParts(
        store=store,
        metrics=Metrics(CollectorRegistry(), made),
        account=StoredBudget(Budget(requests=0, tokens=0, money=0, period="day"), store),
        policy=policy,
        secret=bytes(32),
        identities=IdentityObserver(made, clean=policy.redactor.text),
        ledger=ledger,
        run="",
    )
    receiver = ExchangeReceiver(
        limit=100_000, limit_bytes=2**30, frame_limit=frame_bytes(made), on_stats=lambda _: None, ledger=ledger
    )
    await receiver.start(str(folder / "audit.sock"))
    audit = exchange_audit(made, parts, receiver)
    works = [asyncio.create_task(work) for work in audit.work()]
    print(ready, flush=True)
    total = 0
    for number in rounds:
        total += number
        while store.queued + store.stored < total:  # noqa: ASYNC110 - the store has no event for what it has taken
            await asyncio.sleep(0.1)
        assert store.flush(LONGEST)
        print(done, flush=True)
    for work in works:
        work.cancel()
    store.close()


def least(folder: Path, rounds: list[int], ready: str, done: str) -> None:
    """Read what comes over the socket twice and insert it, and nothing else; as `audited`."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(folder / "audit.sock"))
    listening.listen()
    store = sqlite3.connect(folder / "least.db", isolation_level=None)
    store.execute("PRAGMA journal_mode = WAL")
    store.execute("CREATE TABLE t (id TEXT PRIMARY KEY, a, b, c, d, e, f, g BLOB, h BLOB) WITHOUT ROWID")
    frames = FrameReader(2**30)
    print(ready, flush=True)
    sending, _ = listening.accept()
    for number in rounds:
        rows: list[tuple[object, ...]] = []
        while len(rows) < number:
            rows += [least_row(payload) for _, payload in frames.feed(sending.recv(2**18))]
        store.execute("BEGIN")
        store.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        store.execute("COMMIT")
        print(done, flush=True)


def least_row(payload: bytes) -> tuple[object, ...]:
    """The row of one frame, from the JSON of its three parts."""
    begin = 4 + int.from_bytes(payload[:4], "little")
    words = orjson.loads(payload[4:begin])
    middle = begin + words["asked"][1]
    end = middle + words["body"]
    asked, answered = payload[begin:middle], payload[middle:end]
    request, response = orjson.loads(asked), orjson.loads(answered)
    used = response["usage"]
    figures = used["prompt_tokens"], used["completion_tokens"], words["seconds"]
    return words["id"], words["started"], request["model"], response["model"], *figures, asked, answered


def instructions(tree: Path, frames: list[bytes], exchanges: int, inside: list[str]) -> int:
    """Instructions of a process that audits these bursts of so many exchanges each, from its start to its end."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tool = [*TOOL, f"--callgrind-out-file={folder}/out", f"--log-file={folder}/log"]
        process = subprocess.Popen(
            [*tool, sys.executable, __file__, INSIDE, name, ",".join([str(exchanges)] * len(frames)), *inside],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(tree), "PYTHONHASHSEED": "0"},
        )
        assert process.stdout.readline()
        with socket.socket(socket.AF_UNIX) as sending:
            sending.connect(str(folder / "audit.sock"))
            for burst in frames:
                sending.sendall(burst)
                assert process.stdout.readline()
        process.wait()
        return int(re.search(r"^(?:totals|summary): (\d+)", (folder / "out").read_text(), re.MULTILINE)[1])


def bursts(exchanges: int, rounds: int) -> list[bytes]:
    """The frames of each round; ids and texts differ."""
    speaker = Speaker()
    made = [small(speaker, f"{time.time_ns():x}{number}") for number in range(exchanges * rounds)]
    frames = [frame(EXCHANGE, pack(each)) for each in made]
    return [b"".join(frames[begin : begin + exchanges]) for begin in range(0, len(frames), exchanges)]


def measure(tree: Path, *, exchanges: int, rounds: int, inside: list[str]) -> float:
    """Instructions per exchange; what the start and the first burst take is in both runs."""
    frames = bursts(exchanges, rounds + 1)
    whole, first = (instructions(tree, sent, exchanges, inside) for sent in (frames, frames[:1]))
    return (whole - first) / (exchanges * rounds)


def setting(text: str) -> tuple[str, object]:
    """A setting of the store, its value as JSON."""
    name, _, value = text.removeprefix("storage.").partition("=")
    return name, json.loads(value)


def main() -> None:
    """Print the count."""
    if sys.argv[1:2] == [INSIDE]:
        folder, rounds = Path(sys.argv[2]), [int(each) for each in sys.argv[3].split(",")]
        if sys.argv[4] == LEAST:
            least(folder, rounds, "ready", "done")
        else:
            to_stderr()
            asyncio.run(audited(folder, rounds, json.loads(sys.argv[4]), "ready", "done"))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exchanges", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--tree", type=Path, default=Path(__file__).parent.parent)
    parser.add_argument("--set", type=setting, action="append", default=[])
    parser.add_argument("--least", action="store_true")
    given = parser.parse_args()
    inside = [LEAST if given.least else json.dumps(dict(given.set))]
    found = measure(given.tree.resolve(), exchanges=given.exchanges, rounds=given.rounds, inside=inside)
    print(f"instructions per small exchange stored: {found:,.0f}")


if __name__ == "__main__":
    main()
