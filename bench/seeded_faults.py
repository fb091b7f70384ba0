"""Plants seventeen bugs, one at a time, in a copy of the tree, and shows the promise test that catches each.

    .venv/bin/python bench/seeded_faults.py              # all of them; exit 1 when one is not caught
    .venv/bin/python bench/seeded_faults.py --only retry

A bug that no test catches is a promise without proof; a bug whose lines are no longer there is told as stale.
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
        "if relay.uploading or not link.stale(answer):",
        "if answer.failure is None or answer.head is not None:",
        f"{J}/test_provider_dies_midstream.py",
        "sent_once",
    ),
    Fault(
        "the reference's key goes to the provider",
        "keys.apart",
        "proxy/forward.py",
        '        key = live.ways.keys.get(leg.provider, "")',
        '        key = next(iter(live.ways.keys.values()), "")',
        f"{J}/test_one_request_walks_the_whole_path.py",
        "no_key",
    ),
    Fault(
        "a stream is held back until its end",
        "latency.first_byte",
        "proxy/parsing.py",
        "        else:\n            self._out(data)\n        if pieces:",
        "        if pieces:",
        f"{J}/test_direct_and_through_are_the_same.py",
        "before_the_next",
    ),
    Fault(
        "a provider goes on after its client has left",
        "leaves.closes",
        "proxy/upstream.py",
        '            link.fail(FailureKind.CLIENT_GONE, "given up")',
        "            pass",
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
        "    dropped = _HOP_BY_HOP | _REQUEST_ONLY | named_by_connection(pairs)",
        "    dropped = _HOP_BY_HOP | _REQUEST_ONLY",
        f"{J}/test_bytes_pass_untouched.py",
        "fields_go_out",
    ),
    Fault(
        "an echoed key is handed over",
        "secrets.echoed",
        "proxy/forward.py",
        "credentials.cleared(exchange, credentials.forms(secrets))",
        "exchange",
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
        "        if rules.unrecorded(arrival.pairs):",
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
        "        if len(self._running) >= self._config.shadow.concurrency:",
        "        if False:",
        f"{J}/test_one_request_walks_the_whole_path.py",
        "never_answers",
    ),
    Fault(
        "an endless reference is read for ever",
        "shadow.most",
        "shadow/mirror.py",
        "            most=self._shadow.max_body,\n",
        "",
        f"{J}/test_hostile_reference.py",
        "without_end and MB",
    ),
    Fault(
        "a stateful request is shadowed",
        "effects.once",
        "shadow/sampling/eligible.py",
        "    return Skip.NOT_JSON if body is None else _why_not_body(body)",
        '    return Skip.NOT_JSON if body is None else ""',
        "tests/shadow/sampling/test_eligible.py",
    ),
    Fault(
        "a client's model name is a label",
        "metrics.closed",
        "shadow/names.py",
        "        return self._models.get(name, OTHER)",
        "        return self._models.get(name, name)",
        "tests/shadow/test_metrics.py",
        "hostile",
    ),
    Fault(
        "a bad file is taken on SIGHUP",
        "reload.fault",
        "shadow/serve.py",
        '                log.error("not reloaded, nothing is changed", fault=fault)',
        '                log.debug("not reloaded", fault=fault)',
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
)


def plant(fault: Fault, copy: Path) -> str:
    """Put the bug in; "" or why that could not be."""
    path = copy / fault.file
    text = path.read_text(encoding="utf-8")
    if text.count(fault.old) != 1:
        return f"stale: its line stands {text.count(fault.old)} times in {fault.file}"
    path.write_text(text.replace(fault.old, fault.new), encoding="utf-8")
    return ""


def caught(fault: Fault, copy: Path) -> tuple[str, bool]:
    """What the tests said, and whether that is a catch: failed tests, none of them for want of collection."""
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
        "--timeout=25",
        *fault.tests.split(),
    ]
    words += ["-k", fault.chosen] if fault.chosen else []
    ran = subprocess.run(words, cwd=copy, capture_output=True, text=True, check=False, timeout=300)
    failed = re.findall(r"^FAILED \S+::(\w+)", ran.stdout, re.MULTILINE)
    return (failed[0] if failed else (ran.stdout + ran.stderr).strip()[-300:]), ran.returncode == 1 and bool(failed)


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--only", default="", help="faults whose name or promise holds this")
    given = words.parse_args()
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "tree")
        copy.mkdir()
        for name in COPIED:
            (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, copy / name)
        for fault in FAULTS:
            if given.only not in f"{fault.name} {fault.promise}":
                continue
            started = time.monotonic()
            said, good = plant(fault, copy), False
            if not said:
                said, good = caught(fault, copy)
            shutil.copy(ROOT / fault.file, copy / fault.file)
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
