"""Removes the words of requests and responses from rows where `storage.bodies` is not full; pure.

A body is replaced by its digest (`hash`) or by nothing (`none`); so are a finding's values and reason, because they may quote an
answer.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace

from proxy.exchange import FailureKind
from shadow.reading.completion import UnreadReason
from storage.rows import ExchangeRecord, ExchangeRow, FindingRow, PairRecord
from storage.storage_config import Bodies

NOT_KEPT = "not kept: storage.bodies is not full"
LEFT_OUT = "left out: --without-text"
"""In place of the words of an answer in what is exported without text."""
_KINDS = "|".join({*FailureKind, *UnreadReason})
_FIXED = re.compile(
    r"the (?:provider|reference) (?:gave no whole answer|returned no complete response) \([\w :]+\)"
    rf"(?:: (?:(?:status|error) \d{{3}}|(?:{_KINDS})(?=:)))?"
    r"|the request could not be read|two different APIs answered"
)


def digest(body: bytes) -> str:
    """The first 32 hex digits of a body's SHA-256: a name for a body that is not stored."""
    return hashlib.sha256(body).hexdigest()[:32]


def withhold_exchange(record: ExchangeRecord, bodies: Bodies) -> ExchangeRecord:
    """The record of one exchange, without its words unless `bodies` is full."""
    if bodies == "full":
        return record
    return record._replace(
        exchange=_without_bodies(record.exchange, hashed=bodies == "hash"),
        tool_calls=tuple(replace(call, arguments="") for call in record.tool_calls),
        findings=tuple(map(_without_words, record.findings)),
    )


def withhold_pair(record: PairRecord, bodies: Bodies) -> PairRecord:
    """The record of one pair, without its words unless `bodies` is full; its exchanges are `withhold_exchange`'s."""
    if bodies == "full":
        return record
    pair = replace(record.pair, comparable=without_quotes(record.pair.comparable))
    return replace(record, pair=pair, findings=tuple(map(_without_words, record.findings)))


def without_quotes(reason: str, note: str = NOT_KEPT) -> str:
    """A reason of not comparing without the words of an answer: the fixed words that it begins with, and `note`."""
    found = _FIXED.match(reason)
    return f"{found[0]} ({note})" if found else note if reason else ""


def _without_bodies(row: ExchangeRow, *, hashed: bool) -> ExchangeRow:
    request, response = row.request_body, row.response_body
    return row._replace(
        request_body=None,
        request_digest=digest(request) if hashed and request is not None else "",
        response_body=None,
        response_digest=digest(response) if hashed and response is not None else "",
    )


def _without_words(row: FindingRow) -> FindingRow:
    return row._replace(reason=NOT_KEPT if row.reason else "", subject="", reference="")
