"""retained(): whether a live exchange gets a row; a keyed hash of its conversation decides, and what is evidence always does."""

from __future__ import annotations

from shadow.findings.finding import FindingState
from shadow.sampling.sampler import is_drawn
from storage.rows import ExchangeRecord


def retained(record: ExchangeRecord, rate: float, secret: bytes, *, sampled: bool) -> ExchangeRecord:
    """The record with whether it gets a row, where `rate` of the conversations are kept whole.

    A request that is `sampled` for a pair, an answer that failed a check, and one that is known to have changed who serves
    always get one.
    """
    row = record.exchange
    if rate >= 1 or is_drawn("keep", row.conversation or row.id, rate, secret):
        return record
    kept = sampled or bool(record.identities) or any(found.state == FindingState.DIFFER for found in record.findings)
    return record._replace(exchange=row._replace(drawn=False), kept=kept)
