"""`RowSampling`: how much of a period has a row where `storage.keep_rate` is below 1, and which figures that makes estimates."""

from __future__ import annotations

from dataclasses import dataclass

from shadow.findings.number_words import number_of
from shadow.verdict.phrases import percent
from storage.store import Reader

EXACT = "requests, failures, tokens, money and checks are counted of all"
ESTIMATED = "times, statuses, pace and shares of servers are estimates from the conversations that are kept whole"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowSampling:
    """Of `without_pair` live requests that have no pair, `kept` have a row; every pair has its rows."""

    without_pair: int
    kept: int
    sentence: str


def row_sampling(reader: Reader, since: float, until: float, provider: str = "") -> RowSampling | None:
    """How the rows of a period, or of one provider in it, are sampled; None where every request has one."""
    coverage = reader.row_coverage(since, until, provider)
    if not coverage.unkept:
        return None
    kept = coverage.rows - coverage.paired
    without = kept + coverage.unkept
    to = f" to {provider}" if provider else ""
    return RowSampling(
        without_pair=without,
        kept=kept,
        sentence=(
            f"rows are sampled: of {number_of(without, 'request')}{to} without a pair {kept:,} ({percent(kept / without)}) have a"
            f" row; pairs and answers that failed a check all have one; {EXACT}; {ESTIMATED}"
        ),
    )
