"""Requests that were too large to be held whole, and so were never compared: how many, how large, and what to set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from shadow.verdict.evidence import Shortfall, Side

CAUSE = "request_too_large"
REMEDY = "raise `proxy.limits.audit_body`"
_MEGABYTE = 1_000_000
Unheld = tuple[str, str, str, int, int]
"""Provider, model, reference, requests, bytes of the largest."""


def too_large(rows: Iterable[Unheld]) -> Mapping[tuple[str, str], Shortfall]:
    """For each provider and model the requests that were not held whole; `pairs` counts requests that were never shadowed."""
    return {(provider, model): _shortfall(requests, size) for provider, model, _, requests, size in rows}


def _shortfall(requests: int, size: int) -> Shortfall:
    many = "1 request" if requests == 1 else f"{requests:,} requests"
    sentence = f"{many} too large to be held whole, of up to {size / _MEGABYTE:.1f} MB, never compared"
    return Shortfall(cause=CAUSE, side=Side.UNKNOWN, pairs=requests, sentence=sentence, remedy=REMEDY)
