"""compared_checks(): which side failed a check more often in each conversation, among the answers to the same requests.

A pair counts for a check only where both sides could have failed it, by a rule that is symmetric in the sides: a
provider that serves what its reference serves is then as often the worse one as the better one. A repeated request counts once
in 24 hours.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Sequence

from storage.evidence_rules import BOTH_COUNT, BOTH_JUDGED, SAME_FAULT
from storage.judgement_rows import CheckVote, ComparedChecks
from storage.sqlite.query_rows import FOREVER

VOTES = """
WITH
spaced AS MATERIALIZED (
  SELECT no, started - lag(started) OVER (
    PARTITION BY model, provider, reference, coalesce(nullif(request_fingerprint, ''), id) ORDER BY started, no
  ) AS since_repeat
  FROM pairs WHERE started >= :since AND started < :until
),
once AS MATERIALIZED (
  SELECT p.no, y.no AS y, r.no AS r,
    (y.failure = '' AND y.status BETWEEN 200 AND 299 AND y.unread = '') AS y_whole,
    (r.failure = '' AND r.status BETWEEN 200 AND 299 AND r.unread = '') AS r_whole,
    (y.completion_tokens IS NULL) = (r.completion_tokens IS NULL) AS alike
  FROM spaced s JOIN pairs p ON p.no = s.no JOIN exchanges y ON y.id = p.subject_id JOIN exchanges r ON r.id = p.reference_id
  WHERE since_repeat IS NULL OR since_repeat >= 86400
),
failed AS (
  SELECT no, alike, signal, y AS mine, r AS other, r_whole AS other_whole, 1 AS worse
  FROM once JOIN checks ON exchange_no = y WHERE state = 'differ'
  UNION ALL
  SELECT no, alike, signal, r, y, y_whole, -1
  FROM once JOIN checks ON exchange_no = r WHERE state = 'differ'
),
first AS (
  SELECT * FROM failed WHERE NOT EXISTS (
    SELECT 1 FROM json_each(:same_fault) s JOIN checks c ON c.signal = s.value AND c.state = 'differ'
    WHERE s.key = failed.signal AND c.exchange_no = mine
  )
),
counted AS (
  SELECT signal, no, worse FROM first
  WHERE (alike OR signal NOT IN (SELECT value FROM json_each(:both_count))) AND (
    (other_whole AND signal NOT IN (SELECT value FROM json_each(:both_judged)))
    OR EXISTS (SELECT 1 FROM checks c WHERE c.exchange_no = other AND c.signal = first.signal AND c.state IN ('match', 'differ'))
    OR EXISTS (
      SELECT 1 FROM exchanges e JOIN check_sets s ON s.no = e.passed, json_each(s.signals) c
      WHERE e.no = other AND c.value = first.signal
    )
  )
  UNION ALL
  SELECT '', no, 0 FROM once WHERE y_whole AND r_whole
),
summed AS MATERIALIZED (
  SELECT model, provider, reference, coalesce(nullif(conversation, ''), nullif(request_fingerprint, ''), id) AS cluster, signal,
    sum(worse) AS worse, sum(worse < 0) AS beside
  FROM counted JOIN pairs USING (no) GROUP BY 1, 2, 3, 4, 5
),
compared AS (
  SELECT model, provider, reference, count(DISTINCT cluster) AS conversations FROM summed GROUP BY model, provider, reference
)
SELECT model, provider, reference, conversations, signal, sum(worse > 0), sum(worse < 0), sum(worse > 0 AND beside = 0)
FROM summed JOIN compared USING (model, provider, reference) GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 5
"""
"""`spaced`: the time since the same request came before. `once`: the pairs that count; their answers alone are read. `failed`:
each failed check of either side; `first`: without those of a fault that another check names. `counted`: those that both sides
could have failed, and a row without a check for each pair of two whole answers. `summed`: one row a conversation and check."""


def compared_checks(conn: sqlite3.Connection, since: float, until: float) -> Sequence[ComparedChecks]:
    """The checks of the pairs of a period, by model, provider and reference; routes are pooled."""
    values = {
        "since": since,
        "until": until or FOREVER,
        "both_judged": json.dumps(BOTH_JUDGED),
        "both_count": json.dumps(BOTH_COUNT),
        "same_fault": json.dumps(SAME_FAULT),
    }
    found: dict[tuple[str, str, str, int], list[CheckVote]] = defaultdict(list)
    for model, provider, reference, conversations, check, plus, minus, alone in conn.execute(VOTES, values):
        votes = found[model, provider, reference, conversations]
        if check:
            votes.append(CheckVote(signal=check, plus=plus, minus=minus, alone=alone))
    return [
        ComparedChecks(model=model, provider=provider, reference=reference, conversations=conversations, votes=tuple(votes))
        for (model, provider, reference, conversations), votes in found.items()
    ]
