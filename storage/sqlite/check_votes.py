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
ranked AS (
  SELECT p.no, y.no AS y, r.no AS r,
    (y.failure = '' AND y.status BETWEEN 200 AND 299 AND y.unread = '') AS y_whole,
    (r.failure = '' AND r.status BETWEEN 200 AND 299 AND r.unread = '') AS r_whole,
    (y.completion_tokens IS NULL) = (r.completion_tokens IS NULL) AS alike,
    p.started - lag(p.started) OVER (
      PARTITION BY p.model, p.provider, p.reference, coalesce(nullif(p.request_fingerprint, ''), p.id) ORDER BY p.started, p.no
    ) AS since_repeat,
    dense_rank() OVER (ORDER BY p.model, p.provider, p.reference) AS party,
    dense_rank() OVER (
      ORDER BY p.model, p.provider, p.reference, coalesce(nullif(p.conversation, ''), nullif(p.request_fingerprint, ''), p.id)
    ) AS cluster
  FROM pairs p JOIN exchanges y ON y.id = p.subject_id JOIN exchanges r ON r.id = p.reference_id
  WHERE p.started >= :since AND p.started < :until
),
once AS MATERIALIZED (SELECT * FROM ranked WHERE since_repeat IS NULL OR since_repeat >= 86400),
failed AS (
  SELECT party, cluster, no, alike, signal, y AS mine, r AS other, r_whole AS other_whole, 1 AS worse
  FROM once JOIN checks ON exchange_no = y WHERE state = 'differ'
  UNION ALL
  SELECT party, cluster, no, alike, signal, r, y, y_whole, -1
  FROM once JOIN checks ON exchange_no = r WHERE state = 'differ'
),
first AS (
  SELECT * FROM failed WHERE NOT EXISTS (
    SELECT 1 FROM json_each(:same_fault) s JOIN checks c ON c.signal = s.value AND c.state = 'differ'
    WHERE s.key = failed.signal AND c.exchange_no = mine
  )
),
counted AS (
  SELECT party, cluster, signal, no, worse FROM first
  WHERE (alike OR signal NOT IN (SELECT value FROM json_each(:both_count))) AND (
    (other_whole AND signal NOT IN (SELECT value FROM json_each(:both_judged)))
    OR EXISTS (SELECT 1 FROM checks c WHERE c.exchange_no = other AND c.signal = first.signal AND c.state IN ('match', 'differ'))
    OR EXISTS (
      SELECT 1 FROM exchanges e JOIN check_sets s ON s.no = e.passed, json_each(s.signals) c
      WHERE e.no = other AND c.value = first.signal
    )
  )
  UNION ALL
  SELECT party, cluster, '', no, 0 FROM once WHERE y_whole AND r_whole
),
summed AS (
  SELECT party, cluster, signal, min(no) AS one, sum(worse) AS worse, sum(worse < 0) AS beside
  FROM counted GROUP BY party, cluster, signal
),
compared AS (SELECT party, count(DISTINCT cluster) AS conversations FROM summed GROUP BY party),
votes AS (
  SELECT party, signal, min(one) AS one, sum(worse > 0) AS plus, sum(worse < 0) AS minus, sum(worse > 0 AND beside = 0) AS alone
  FROM summed GROUP BY party, signal
)
SELECT model, provider, reference, conversations, signal, plus, minus, alone
FROM votes JOIN compared USING (party) JOIN pairs ON no = one ORDER BY 1, 2, 3, 5
"""
"""`once`: the pairs that count. `failed`: each failed check of either side; `first`: without those of a fault that
another check names. `counted`: those that both sides could have failed, and a row without a check for each pair of two whole
answers. `summed`: one row a conversation and check."""


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
