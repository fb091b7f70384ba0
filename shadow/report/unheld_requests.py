"""Requests that were not kept whole and so never compared: how many, how large, why, and what to configure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from shadow.findings.number_words import number_of
from shadow.verdict.evidence import EvidenceSide, Shortfall
from storage.rows import CUT_REQUEST, NOT_HELD

_MEGABYTE = 1_000_000
_WHY = {
    CUT_REQUEST: ("request_too_large", "too large to keep whole, of up to {} MB", "raise `proxy.limits.audit_body`"),
    NOT_HELD: ("no_room", "not kept because the buffer was full, with a body of up to {} MB", "raise `proxy.limits.audit_held`"),
}
"""The cause, its sentence and the remedy, by the `unread` of the stored exchange."""
Unheld = tuple[str, str, str, int, int]
"""Provider, model, `unread`, requests, bytes of the largest."""


def unheld_shortfalls(rows: Iterable[Unheld]) -> Mapping[tuple[str, str], tuple[Shortfall, ...]]:
    """The requests of each provider and model that were not kept whole; `pairs` counts requests that were never shadowed."""
    found: dict[tuple[str, str], tuple[Shortfall, ...]] = defaultdict(tuple)
    for provider, model, unread, requests, size in rows:
        found[provider, model] += (_shortfall(unread, requests, size),)
    return found


def _shortfall(unread: str, requests: int, size: int) -> Shortfall:
    cause, words, remedy = _WHY[unread]
    many = number_of(requests, "request")
    sentence = f"{many} {words.format(f'{size / _MEGABYTE:.1f}')}, never compared"
    return Shortfall(cause=cause, side=EvidenceSide.UNKNOWN, pairs=requests, sentence=sentence, remedy=remedy)
