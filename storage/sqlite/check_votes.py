"""VOTES: which side failed a check more often in each conversation, among the answers to the same requests.

A pair counts for a check only where both sides could have failed it, by a rule that is symmetric in the sides: a
provider that serves what its reference serves is then as often the worse one as the better one. A repeated request counts once
in 24 hours.
"""

from __future__ import annotations

VOTES = """
WITH
spaced AS MATERIALIZED (
  SELECT no, started - lag(started) OVER (
    PARTITION BY model, provider, reference, coalesce(nullif(request_fingerprint, ''), id) ORDER BY started, no
  ) AS since_repeat
  FROM pairs WHERE started >= :reach AND started < :until
),
once AS MATERIALIZED (
  SELECT p.no, y.no AS y, r.no AS r,
    (y.failure = '' AND y.status BETWEEN 200 AND 299 AND y.unread = '') AS y_whole,
    (r.failure = '' AND r.status BETWEEN 200 AND 299 AND r.unread = '') AS r_whole,
    (y.completion_tokens IS NULL) = (r.completion_tokens IS NULL) AS alike
  FROM spaced s JOIN pairs p ON p.no = s.no JOIN exchanges y ON y.id = p.subject_id JOIN exchanges r ON r.id = p.reference_id
  WHERE p.started >= :since AND (since_repeat IS NULL OR since_repeat >= 86400)
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
)
SELECT model, provider, reference, coalesce(nullif(conversation, ''), nullif(request_fingerprint, ''), id) AS cluster, signal,
  sum(worse), sum(worse < 0)
FROM counted JOIN pairs USING (no) GROUP BY 1, 2, 3, 4, 5
"""
"""One row a conversation and check. `spaced`: the time since the same request came before, from `:reach` on. `once`: the pairs
that count; their answers alone are read. `failed`: each failed check of either side; `first`: without those of a fault that
another check names. `counted`: those that both sides could have failed, and a row without a check for each pair of two whole
answers."""
