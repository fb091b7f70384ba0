"""Plants bugs, one at a time, in a copy of the tree, and shows the promise test that catches each.

    .venv/bin/python bench/seeded_faults.py              # all of them; exit 1 when one is not caught
    .venv/bin/python bench/seeded_faults.py --only once.post "a stateful request"

A bug is found by the name of its function and a pattern of its syntax (see planting.py), its tests by the promise that they
bear. A bug that no test catches is a promise without proof; a bug whose pattern is no longer there is stale; and tests that fail
without the bug catch nothing, so they run without it first.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.planting import Place, places

ROOT = Path(__file__).resolve().parent.parent
FLOORS = ("proxy", "shadow", "storage")
COPIED = ("proxy", "shadow", "storage", "tests", "bench", "pyproject.toml")
FAILED = 1
"""What pytest leaves with when tests ran and some failed."""
PATIENCE = 90
"""Seconds that a test may take: a bug may well make it hang."""


@dataclass(frozen=True)
class Fault:
    """One bug: its name, the promise it breaks, in which function what becomes what, and which tests of it should see that."""

    name: str
    promise: str
    function: str
    old: str
    new: str
    chosen: str = ""


FAULTS = (
    Fault(
        "the sample can be computed",
        "sample.secret",
        "secret_of",
        "A if B else C",
        "A if B else bytes(32)",
        "sampled_independently",
    ),
    Fault(
        "a copy is marked",
        "shadow.unmarked",
        "copied_headers",
        "return tuple(F)",
        'return (*F, ("X-Audit", "1"))',
        "as_bytes",
    ),
    Fault(
        "a provider's cache heads leave its pairs out",
        "audit.drift",
        "why_cached",
        "any(F(X) for X in reference)",
        "any(F(X) for X in whole)",
        "age_headers",
    ),
    Fault(
        "a broken stream ends as if it were complete",
        "broken.never_whole",
        "break_off",
        "not self._chunked_end",
        'not self._chunked_end or self.write(b"0\\r\\n\\r\\n")',
        "breaks_after_its_head and bare",
    ),
    Fault(
        "a failed POST is sent again",
        "once.post",
        "_conclude",
        "L.replaceable(A) and P",
        "A.head is None and P",
        "sent_once",
    ),
    Fault(
        "the reference's key goes to the provider",
        "keys.apart",
        "RequestPreparation._head",
        'A.keys.get(P, "")',
        'next(iter(A.keys.values()), "")',
        "no_key",
    ),
    Fault(
        "a stream is held back until its end",
        "latency.first_byte",
        "_feed_chunked",
        'O(b"".join(P) if A else D)',
        "pass",
        "before_the_next",
    ),
    Fault(
        "a provider goes on after its client has left",
        "leaves.closes",
        "release",
        "L.fail(FailureKind.CLIENT_GONE, M)",
        "pass",
        "during_a_pause",
    ),
    Fault(
        "a connection is kept after framing that was refused",
        "framing.nothing_upstream",
        "LiveRequest._check",
        "K, A = A, False",
        "K = A",
        "nothing_goes_upstream and gzip",
    ),
    Fault(
        "fields that Connection names travel on",
        "framing.hop",
        "outgoing",
        "named_by_connection(F)",
        "frozenset()",
        "fields_keep_order",
    ),
    Fault(
        "an echoed key is handed over",
        "secrets.echoed",
        "packed",
        "W and secrets.none_in_head(...) and secrets.none_in(...)",
        "W",
        "echoed_by_the_provider and plain",
    ),
    Fault(
        "records are not redacted",
        "secrets.patterns",
        "PrivacyPolicy.exchange_record",
        "S._replace(exchange=R)",
        "S",
        "words_of_a_prompt and full",
    ),
    Fault(
        "a request that wants nothing kept is kept",
        "privacy.unrecorded",
        "Forward.over",
        "A.control.unrecorded",
        "False",
        "recording_off",
    ),
    Fault(
        "what is forgotten stays in the write-ahead log",
        "privacy.forget",
        "erase",
        "bool(R(retention.checkpoint))",
        "True",
        "no_byte_behind",
    ),
    Fault(
        "shadows have no bound",
        "shadow.bounded",
        "_start_waiting",
        "A < B and C",
        "C",
        "never_answers",
    ),
    Fault(
        "an endless reference is read for ever",
        "shadow.most",
        "run",
        "A.most",
        "0",
        "endless_or_broken and MB",
    ),
    Fault(
        "a stateful request is shadowed",
        "effects.once",
        "skip_reason",
        "return R(B) or C",
        'return ""',
        "",
    ),
    Fault(
        "a client's model name is a label",
        "metrics.closed",
        "model",
        "A.get(N, OTHER)",
        "A.get(N, N)",
        "hostile",
    ),
    Fault(
        "a bad file is taken on SIGHUP",
        "reload.fault",
        "_reloads",
        'R("error", M, reason=F, effect=E)',
        'R("info", "none", reason=F, effect=E)',
        "invalid_file",
    ),
    Fault(
        "a second signal is not heard",
        "stop.second_signal",
        "_stop_or_hurry",
        "(A if T else B).set()",
        "B.set()",
        "second_signal",
    ),
    Fault(
        "an answer waits for the store: a hand-over that finds no room waits where it should drop",
        "audit.slow",
        "ExchangeSender.offer_packed",
        "A + B > C",
        'next(False for _ in iter(int, 1) if A + B <= C or __import__("time").sleep(0.01) or self.flush())',
        "slow_audit",
    ),
    Fault(
        "what is dropped is not counted",
        "audit.slow",
        "_drop",
        "A.add(R)",
        "None",
        "slow_audit",
    ),
    Fault(
        "a clock that jumped makes every record old",
        "clock.jumps",
        "_sweeps",
        "N if steady.is_stable(N, T) and not D else 0.0",
        "N",
        "jump_of_the_audit",
    ),
    Fault(
        "who serves is learned with the client's words as they are",
        "secrets.patterns",
        "AuditProcess.__init__",
        "IdentityObserver(A, B, clean=C)",
        "IdentityObserver(A, B, clean=str)",
        "model_name",
    ),
    Fault(
        "a serve stays behind when its parent is killed",
        "stop.parent",
        "run",
        "await hold(A)",
        "pass",
        "is_killed",
    ),
    Fault(
        "the pages do not hear of a reload",
        "reload.everywhere",
        "reload",
        "A[RELOAD](C)",
        "pass",
        "reload_brought",
    ),
    Fault(
        "the admin port accepts connections beyond its limit",
        "limits.admin",
        "admit_connection",
        "len(A) >= B",
        "False",
        "admin_port",
    ),
    Fault(
        "old records are deleted and their bytes stay",
        "privacy.retention",
        "open_writing",
        '"PRAGMA secure_delete = ON"',
        '"PRAGMA secure_delete = OFF"',
        "",
    ),
)


def found(fault: Fault, tree: Path) -> list[Place]:
    """Where its pattern stands."""
    modules = [path for floor in FLOORS for path in sorted((tree / floor).rglob("*.py"))]
    return places(modules, fault.function, fault.old, fault.new)


def bearing(promise: str, tree: Path) -> list[Path]:
    """The test files that bear a promise."""
    mark = re.compile(rf"mark\.promise\([^)]*\"{re.escape(promise)}\"")
    return [path for path in sorted((tree / "tests").rglob("test_*.py")) if mark.search(path.read_text(encoding="utf-8"))]


def ran(fault: Fault, copy: Path) -> tuple[int, str]:
    """The exit code of its tests, and the first that failed, or their other output."""
    words = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:randomly", "-p", "no:cacheprovider", f"--timeout={PATIENCE}"]
    words += [f"--promise={fault.promise}", *map(str, bearing(fault.promise, copy))]
    words += ["-k", fault.chosen] if fault.chosen else []
    done = subprocess.run(words, cwd=copy, capture_output=True, text=True, check=False, timeout=10 * PATIENCE)
    failed = re.findall(r"^FAILED \S+::(\w+)", done.stdout, re.MULTILINE)
    return done.returncode, failed[0] if failed else (done.stdout + done.stderr).strip()[-300:]


def caught(fault: Fault, copy: Path) -> tuple[str, bool]:
    """The result of the tests, and whether that is a catch: they pass without the bug, and one fails with it."""
    code, said = ran(fault, copy)
    if code:
        return f"its tests do not pass without it: {said}", False
    where = found(fault, copy)
    if len(where) != 1:
        return f"stale: its pattern stands at {len(where)} places", False
    whole = where[0].path.read_bytes()
    where[0].path.write_bytes(where[0].applied())
    code, said = ran(fault, copy)
    where[0].path.write_bytes(whole)
    return said, code == FAILED and said.isidentifier()


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--only", nargs="*", default=[""], help="faults whose name or promise holds one of these")
    given = words.parse_args()
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "tree")
        copy.mkdir()
        for name in COPIED:
            (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, copy / name)
        for fault in FAULTS:
            if not any(part in f"{fault.name} {fault.promise}" for part in given.only):
                continue
            started = time.monotonic()
            said, good = caught(fault, copy)
            missed += not good
            print(
                f"{'caught' if good else 'MISSED'}  {fault.promise:26} {fault.name}",
                f"\n        by {said} ({time.monotonic() - started:.0f} s)",
                flush=True,
            )
    print(f"{missed} missed" if missed else "all caught")
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
