"""Detects other distributions that install packages called `proxy` and `storage`: reported in a sentence, not by a traceback."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

OURS = ("proxy", "storage")


def crowded_out(home: Path | None = None) -> str:
    """The foreign package in the place of one of ours, below `home`; "" when all are ours."""
    home = home or Path(__file__).resolve().parents[2]
    for name in OURS:
        spec = find_spec(name)
        folder = Path(spec.origin).resolve().parent.parent if spec and spec.origin else None
        if folder != home:
            found = f"another distribution's package '{name}' is installed where ours should be ({folder})"
            return f"{found}; install sameweights in its own environment"
    return ""
