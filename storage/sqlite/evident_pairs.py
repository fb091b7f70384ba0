"""mark(): marks the pairs that are evidence: a signal differs in which the reference agrees with itself, or a check is failed
that the answer of the reference passed.

The mark is written with the pair, so that a list of evidence reads no finding of the other pairs.
"""

from __future__ import annotations

import sqlite3

from storage.evidence_rules import NEVER

DIFFERS = f"""EXISTS (
  SELECT 1 FROM findings f JOIN findings s ON s.pair_no = f.pair_no AND s.comparison = 'self' AND s.signal = f.signal
  WHERE f.pair_no = p.no AND f.comparison = 'cross' AND f.state = 'differ' AND s.state = 'match' AND f.signal NOT IN {NEVER}{{}}
)"""  # noqa: S608 - our own constants
"""The two answers differ in a signal, and the reference agrees with itself."""
FAILS_ALONE = """EXISTS (
  SELECT 1 FROM exchanges e JOIN checks f ON f.exchange_no = e.no AND f.state = 'differ'{}
  WHERE e.id = p.subject_id AND (
    EXISTS (
      SELECT 1 FROM exchanges r JOIN check_sets s ON s.no = r.passed, json_each(s.signals) c
      WHERE r.id = p.reference_id AND c.value = f.signal
    ) OR EXISTS (
      SELECT 1 FROM exchanges r JOIN checks c ON c.exchange_no = r.no AND c.signal = f.signal AND c.state = 'match'
      WHERE r.id = p.reference_id
    )
  )
)"""
"""The provider's answer failed a check that the reference's passed; a reference without an answer passed none."""
MARK = f"UPDATE pairs AS p SET evident = 1 WHERE no > ? AND ({DIFFERS.format('')} OR {FAILS_ALONE.format('')})"  # noqa: S608 - as above
_SIGNAL = " AND f.signal = :signal"
_PARTY = """(p.provider, p.model, p.reference) IN (
  SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]') FROM json_each(:standing)
)"""
_STANDS = """ AND (p.provider, p.model, p.reference, f.signal) IN (
  SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'), json_extract(value, '$[3]')
  FROM json_each(:standing)
)"""
"""The provider of a pair is tested first, so that no finding of a provider without an adverse verdict is read."""


def mark(conn: sqlite3.Connection, after: int) -> None:
    """Mark those of the pairs whose numbers are greater than `after`; their findings and checks must be written already."""
    conn.execute(MARK, (after,))


def condition(signal: str, *, standing: bool) -> str:
    """The condition on a pair `p` to be evidence, in any signal or in the one that `:signal` names; `standing`: only in those
    of `:standing`, a JSON list of (provider, model, reference, signal).
    """
    narrower = _SIGNAL * bool(signal) + _STANDS * standing
    party = f" AND {_PARTY}" * standing
    found = f" AND ({DIFFERS.format(narrower)} OR {FAILS_ALONE.format(narrower)})" * bool(narrower)
    return f"(p.evident = 1{party}{found})" if narrower else "p.evident = 1"
