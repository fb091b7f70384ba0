"""source(): the name under which a store counts what one data-plane process has sent."""

from __future__ import annotations


def source(run: str, worker: int) -> str:
    """The name under which the exchanges of one worker of one `serve` are counted."""
    return f"{run}/{worker}"
