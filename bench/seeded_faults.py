"""Plants bugs, one at a time, in a copy of the tree, and shows the promise test that catches each.

    .venv/bin/python bench/seeded_faults.py              # all of them; exit 1 when one is not caught
    .venv/bin/python bench/seeded_faults.py --only once.post "a stateful request"

A bug that no test catches is a promise without proof; a bug whose lines are no longer there is told as stale; and tests that
fail without the bug catch nothing, so they run without it first.
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

ROOT = Path(__file__).resolve().parent.parent
COPIED = ("proxy", "shadow", "storage", "tests", "bench", "pyproject.toml")
J = "tests/journeys"
FAILED = 1
"""What pytest leaves with when tests ran and some failed."""
PATIENCE = 90
"""Seconds that a test may take: a bug may well make it hang."""


@dataclass(frozen=True)
class Fault:
    """One bug: where, what stood there, what stands there instead, and which tests should see it."""

    name: str
    promise: str
    file: str
    old: str
    new: str
    tests: str
    chosen: str = ""


FAULTS = (
    Fault(
        "the sample can be computed",
        "sample.secret",
        "shadow/sampling/sampler.py",
        ".digest() if seed else drawn",
        ".digest() if seed else bytes(32)",
        f"{J}/test_the_sample_is_secret.py",
        "one_by_one",
    ),
    Fault(
        "a copy is marked",
        "shadow.unmarked",
        "shadow/sampling/head.py",
        "    return tuple(fields)\n",
        '    return (*fields, ("X-Audit", "1"))\n',
        f"{J}/test_shadows_bear_no_mark.py",
        "as_bytes",
    ),
    Fault(
        "a provider's cache heads leave its pairs out",
        "audit.drift",
        "shadow/drift/exclusion.py",
        "_cached_by_its_head(leg) for leg in reference)",
        "_cached_by_its_head(leg) for leg in whole)",
        f"{J}/test_what_is_evidence.py",
        "answers_are_old",
    ),
    Fault(
        "a broken stream ends as if it were complete",
        "broken.never_whole",
        "proxy/relay.py",
        "        if not self._chunked_end:\n",
        '        if self._chunked_end:\n            self.write(b"0\\r\\n\\r\\n")\n        else:\n',
        f"{J}/test_provider_dies_midstream.py",
        "breaks_after_its_head and bare",
    ),
    Fault(
        "a failed POST is sent again",
        "once.post",
        "proxy/forward.py",
        "if answer.failure is None or uploading or not link.replaceable(answer):",
        "if answer.failure is None or answer.head is not None:",
        f"{J}/test_provider_dies_midstream.py",
        "sent_once",
    ),
    Fault(
        "the reference's key goes to the provider",
        "keys.apart",
        "proxy/forward.py",
        'key, key_field = ways.keys.get(provider, ""), ',
        'key, key_field = next(iter(ways.keys.values()), ""), ',
        f"{J}/test_one_request_walks_the_whole_path.py",
        "no_key",
    ),
    Fault(
        "a stream is held back until its end",
        "latency.first_byte",
        "proxy/parsing.py",
        '        out(b"".join(pieces) if self._plain else data)\n        if pieces:',
        "        if pieces:",
        f"{J}/test_direct_and_through_are_the_same.py",
        "before_the_next",
    ),
    Fault(
        "a provider goes on after its client has left",
        "leaves.closes",
        "proxy/upstream.py",
        '        link.fail(FailureKind.CLIENT_GONE, "given up")',
        "        pass",
        f"{J}/test_client_leaves_early.py",
        "silent_stretch",
    ),
    Fault(
        "a connection is kept after framing that was refused",
        "framing.nothing_upstream",
        "proxy/forward.py",
        "keep, relay.keep = relay.keep, False",
        "keep = relay.keep",
        f"{J}/test_nothing_is_smuggled.py",
        "nothing_of_it_goes_upstream and identity",
    ),
    Fault(
        "fields that Connection names travel on",
        "framing.hop",
        "proxy/headers.py",
        "    named = named_by_connection(fields)\n    host",
        "    named: frozenset[bytes] = frozenset()\n    host",
        f"{J}/test_bytes_pass_untouched.py",
        "fields_go_out",
    ),
    Fault(
        "an echoed key is handed over",
        "secrets.echoed",
        "proxy/offering.py",
        "        if credentials.untouched(exchange, secrets, clean_head=clean_head):",
        "        if True:",
        f"{J}/test_secrets_and_privacy.py",
        "echoes and plain",
    ),
    Fault(
        "records are not redacted",
        "secrets.patterns",
        "shadow/discretion.py",
        "        return replace(seen, exchange=self.redactor.exchange(seen.exchange))",
        "        return seen",
        f"{J}/test_secrets_and_privacy.py",
        "no_credential_in_a_prompt and full",
    ),
    Fault(
        "a request that wants nothing kept is kept",
        "privacy.unrecorded",
        "proxy/forward.py",
        "        if arrival.heading.told.unrecorded:",
        "        if False:",
        f"{J}/test_secrets_and_privacy.py",
        "wants_nothing_kept",
    ),
    Fault(
        "what is forgotten stays in the write-ahead log",
        "privacy.forget",
        "storage/forgetting.py",
        "log_emptied=bool(run(retention.checkpoint))",
        "log_emptied=True",
        "tests/storage/test_forgetting.py",
        "no_byte_behind",
    ),
    Fault(
        "shadows have no bound",
        "shadow.bounded",
        "shadow/worker.py",
        "        while len(self._running) < self._config.shadow.concurrency and (",
        "        while (",
        f"{J}/test_one_request_walks_the_whole_path.py",
        "never_answers",
    ),
    Fault(
        "an endless reference is read for ever",
        "shadow.most",
        "shadow/mirror.py",
        "            total=self._shadow.timeout,\n            most=self._shadow.max_body,\n",
        "            total=self._shadow.timeout,\n            most=0,\n",
        f"{J}/test_hostile_reference.py",
        "without_end and MB",
    ),
    Fault(
        "a stateful request is shadowed",
        "effects.once",
        "shadow/sampling/eligible.py",
        '    return rule(body) or ("" if thinking or not _has_sealed_thinking(body) else Skip.STATEFUL)',
        '    return ""',
        "tests/shadow/sampling/test_eligible.py",
    ),
    Fault(
        "a client's model name is a label",
        "metrics.closed",
        "shadow/names.py",
        "self._models.get(name, OTHER)\n\n    def answered",
        "self._models.get(name, name)\n\n    def answered",
        "tests/shadow/test_metrics.py",
        "hostile",
    ),
    Fault(
        "a bad file is taken on SIGHUP",
        "reload.fault",
        "shadow/serve.py",
        '                report("error", "not reloaded, nothing is changed", fault=fault)',
        '                report("info", "not reloaded", fault=fault)',
        f"{J}/test_stop_and_turn.py",
        "bad_file",
    ),
    Fault(
        "a second signal is not heard",
        "stop.second_signal",
        "shadow/serve.py",
        "        (self._hurry if self._stop.is_set() else self._stop).set()",
        "        self._stop.set()",
        f"{J}/test_stop_and_turn.py",
        "second_signal",
    ),
    Fault(
        "an answer waits for the store: a hand-over that finds no room waits where it should drop",
        "audit.slow",
        "proxy/handover.py",
        "        if self._size + size > self._limit:\n",
        "        while self._size + size > self._limit:\n"
        '            __import__("time").sleep(0.01)\n            self.flush()\n        if False:\n',
        f"{J}/test_recording_in_trouble.py",
        "too_slow",
    ),
    Fault(
        "what is dropped is not counted",
        "audit.slow",
        "proxy/handover.py",
        "        self._pulse.dropped[reason] = self._pulse.dropped.get(reason, 0) + 1\n",
        "",
        f"{J}/test_recording_in_trouble.py",
        "too_slow",
    ),
    Fault(
        "a clock that jumped makes every record old",
        "clock.jumps",
        "shadow/house.py",
        "now if steady.believes(now, time.monotonic()) else 0.0",
        "now",
        f"{J}/test_recording_in_trouble.py",
        "jumps_under",
    ),
    Fault(
        "who serves is learned with the client's words as they are",
        "secrets.patterns",
        "shadow/house.py",
        "clean=guard.redactor.text",
        "clean=str",
        f"{J}/test_secrets_and_privacy.py",
        "model_name",
    ),
    Fault(
        "a serve stays behind when its parent is killed",
        "stop.parent",
        "shadow/serve.py",
        "                await hold(self._stop.set)\n",
        "                pass\n",
        "tests/shadow/studies/test_stage.py",
        "is_killed",
    ),
    Fault(
        "the pages do not hear of a reload",
        "reload.everywhere",
        "shadow/house.py",
        "        self._runner.app[TURN](self._config)\n",
        "",
        f"{J}/test_stop_and_turn.py",
        "reload_brought",
    ),
    Fault(
        "the admin port takes whoever comes",
        "limits.admin",
        "shadow/views/entrance.py",
        "        if len(self._inside) >= self._most:",
        "        if False:",
        f"{J}/test_limits_are_kept.py",
        "admin_port",
    ),
    Fault(
        "old records are deleted and their bytes stay",
        "privacy.retention",
        "storage/connection.py",
        "PRAGMA secure_delete = ON",
        "PRAGMA secure_delete = OFF",
        "tests/storage/test_retention.py",
    ),
)


def plant(fault: Fault, copy: Path) -> str:
    """Put the bug in; "" or why that could not be."""
    path = copy / fault.file
    text = path.read_text(encoding="utf-8")
    if text.count(fault.old) != 1:
        return f"stale: its line stands {text.count(fault.old)} times in {fault.file}"
    path.write_text(text.replace(fault.old, fault.new), encoding="utf-8")
    return ""


def ran(fault: Fault, copy: Path) -> tuple[int, str]:
    """The exit code of its tests, and the first that failed, or what they said else."""
    words = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        "-p",
        "no:randomly",
        "-p",
        "no:cacheprovider",
        f"--timeout={PATIENCE}",
        *fault.tests.split(),
    ]
    words += ["-k", fault.chosen] if fault.chosen else []
    done = subprocess.run(words, cwd=copy, capture_output=True, text=True, check=False, timeout=10 * PATIENCE)
    failed = re.findall(r"^FAILED \S+::(\w+)", done.stdout, re.MULTILINE)
    return done.returncode, failed[0] if failed else (done.stdout + done.stderr).strip()[-300:]


def caught(fault: Fault, copy: Path) -> tuple[str, bool]:
    """What the tests said, and whether that is a catch: they pass without the bug, and one fails with it."""
    code, said = ran(fault, copy)
    if code:
        return f"its tests do not pass without it: {said}", False
    whole = (copy / fault.file).read_bytes()
    if why := plant(fault, copy):
        return why, False
    code, said = ran(fault, copy)
    (copy / fault.file).write_bytes(whole)
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
