"""SQL of released migration steps, as it was released; never edited, because a step must do the same on every database."""

from __future__ import annotations

TALLIES = """
CREATE TABLE tallies (
  began INTEGER NOT NULL, route TEXT NOT NULL, model TEXT NOT NULL, provider TEXT NOT NULL, reference TEXT NOT NULL,
  comparison TEXT NOT NULL, aspect TEXT NOT NULL, state TEXT NOT NULL, control_reason TEXT NOT NULL, times INTEGER NOT NULL,
  PRIMARY KEY (began, route, model, provider, reference, comparison, aspect, state, control_reason)
) STRICT, WITHOUT ROWID
"""
TALLIES_OF_PAIRS = """
INSERT INTO tallies
SELECT CAST(started / 600 AS INTEGER) * 600, route, model, provider, p.reference, comparison, aspect, state, control_reason,
       count(*)
FROM pairs p JOIN findings ON pair_no = no GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
"""
TALLIES_OF_EXCHANGES = """
INSERT INTO tallies
SELECT CAST(started / 600 AS INTEGER) * 600, route, model, provider, e.reference, comparison, aspect, state, '', count(*)
FROM exchanges e JOIN checks ON exchange_no = no WHERE true GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
ON CONFLICT (began, route, model, provider, reference, comparison, aspect, state, control_reason)
DO UPDATE SET times = times + excluded.times
"""
PASSAGES = """
CREATE TABLE passages (
  began INTEGER NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL, role TEXT NOT NULL,
  requests INTEGER NOT NULL, asked INTEGER NOT NULL, failures INTEGER NOT NULL, errors INTEGER NOT NULL,
  prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL, accepted INTEGER, refused INTEGER,
  PRIMARY KEY (began, provider, model, role)
) STRICT, WITHOUT ROWID
"""
PASSAGES_OF_EXCHANGES = """
INSERT INTO passages
SELECT CAST(started / 600 AS INTEGER) * 600, provider, model, role,
  count(*), sum(model <> '' OR method = 'POST'), sum(failure <> ''), sum(failure = '' AND coalesce(status, 0) >= 400),
  coalesce(sum(min(prompt_tokens, 1000000000)), 0), coalesce(sum(min(completion_tokens, 1000000000)), 0),
  max(CASE WHEN failure = '' AND status < 400 THEN prompt_tokens END),
  min(CASE WHEN (unread <> '' OR status >= 400) AND EXISTS (
    SELECT 1 FROM checks WHERE exchange_no = no AND comparison = 'check' AND aspect = 'context_limit' AND state = 'differ'
  ) THEN request_size END)
FROM exchanges GROUP BY 1, 2, 3, 4
"""
EVIDENT_PAIRS = (
    "ALTER TABLE pairs ADD COLUMN evident INTEGER NOT NULL DEFAULT 0",
    """
UPDATE pairs AS p SET evident = 1 WHERE EXISTS (
  SELECT 1 FROM findings f JOIN findings s ON s.pair_no = f.pair_no AND s.comparison = 'self' AND s.signal = f.signal
  WHERE f.pair_no = p.no AND f.comparison = 'cross' AND f.state = 'differ' AND s.state = 'match' AND f.signal NOT IN (
    'first_chunk', 'first_token', 'first_content', 'inter_chunk', 'inter_chunk_p99', 'stalls', 'cached_tokens', 'total',
    'tokens_per_second', 'first_divergence'
  )
) OR EXISTS (
  SELECT 1 FROM exchanges e JOIN checks f ON f.exchange_no = e.no AND f.state = 'differ'
  WHERE e.id = p.subject_id AND NOT EXISTS (
    SELECT 1 FROM exchanges r JOIN checks c ON c.exchange_no = r.no AND c.state = 'differ'
    WHERE r.id = p.reference_id AND c.signal = f.signal
  )
)
""",
    "CREATE INDEX idx_pairs_evident ON pairs(started) WHERE evident = 1",
    "CREATE INDEX idx_exchanges_tag ON exchanges(tag) WHERE tag <> ''",
)
OPERATOR_ACTIONS = """
CREATE TABLE operator_actions (
  no INTEGER PRIMARY KEY, at REAL NOT NULL, action TEXT NOT NULL, by TEXT NOT NULL, why TEXT NOT NULL,
  provider TEXT NOT NULL, model TEXT NOT NULL, until REAL NOT NULL, result TEXT NOT NULL
) STRICT
"""
FAILED_REFERENCES = """
UPDATE pairs AS p SET evident = 0 WHERE evident = 1 AND NOT EXISTS (
  SELECT 1 FROM findings f JOIN findings s ON s.pair_no = f.pair_no AND s.comparison = 'self' AND s.signal = f.signal
  WHERE f.pair_no = p.no AND f.comparison = 'cross' AND f.state = 'differ' AND s.state = 'match' AND f.signal NOT IN (
    'first_chunk', 'first_token', 'first_content', 'inter_chunk', 'inter_chunk_p99', 'stalls', 'cached_tokens', 'total',
    'tokens_per_second', 'first_divergence'
  )
) AND NOT EXISTS (
  SELECT 1 FROM exchanges e JOIN checks f ON f.exchange_no = e.no AND f.state = 'differ'
  WHERE e.id = p.subject_id AND (
    EXISTS (
      SELECT 1 FROM exchanges r JOIN check_sets s ON s.no = r.passed, json_each(s.signals) c
      WHERE r.id = p.reference_id AND c.value = f.signal
    ) OR EXISTS (
      SELECT 1 FROM exchanges r JOIN checks c ON c.exchange_no = r.no AND c.signal = f.signal AND c.state = 'match'
      WHERE r.id = p.reference_id
    )
  )
)
"""
UPSTREAMS = (
    *(
        f"ALTER TABLE {table} ADD COLUMN upstream TEXT NOT NULL DEFAULT ''"
        for table in ("exchanges", "pairs", "cases", "alarms", "acknowledgements")
    ),
    "DROP INDEX idx_cases_route_model_provider_reference",
    "CREATE UNIQUE INDEX idx_cases_group ON cases(route, model, provider, reference, upstream)",
    "DROP INDEX idx_alarms_pair_id_route_model_provider_reference_old_new_name",
    "CREATE UNIQUE INDEX idx_alarms_change ON alarms(pair_id, route, model, provider, reference, upstream, old, new, name)",
    "CREATE INDEX idx_pairs_upstream ON pairs(upstream, started) WHERE upstream <> ''",
)
LONG_PERIODS = (
    """CREATE INDEX idx_exchanges_unread ON exchanges(started)
       WHERE role = 'primary' AND unread IN ('request_truncated', 'not_held')""",
    """CREATE INDEX idx_tallies_group ON tallies(
       route, model, provider, reference, comparison, signal, state, control_reason, began, times)""",
)
TOKEN_CLASSES = (
    "ALTER TABLE exchanges ADD COLUMN usage_state TEXT NOT NULL DEFAULT ''",
    *(
        f"ALTER TABLE exchanges ADD COLUMN {name} INTEGER"
        for name in ("fresh_tokens", "cache_write_1h_tokens", "output_tokens", "reasoning_tokens", "uncertain_tokens")
    ),
    """
UPDATE exchanges SET usage_state = 'no_usage'
WHERE status BETWEEN 200 AND 299 AND method = 'POST' AND model <> '' AND unread <> 'not_audited'
""",
    """
UPDATE exchanges SET usage_state = 'invalid_usage' WHERE prompt_tokens IS NOT NULL
""",
    """
UPDATE exchanges SET usage_state = 'certain', output_tokens = coalesce(completion_tokens, 0),
  fresh_tokens = prompt_tokens - coalesce(cached_tokens, 0) - coalesce(cache_write_tokens, 0)
WHERE prompt_tokens BETWEEN coalesce(cached_tokens, 0) + coalesce(cache_write_tokens, 0) AND 100000000
  AND coalesce(completion_tokens, CASE WHEN target LIKE '%/embeddings%' THEN 0 ELSE -1 END) BETWEEN 0 AND 100000000
""",
    """
CREATE TABLE token_sums (
  began INTEGER NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL, role TEXT NOT NULL, usage_state TEXT NOT NULL,
  stated INTEGER NOT NULL, answers INTEGER NOT NULL, fresh INTEGER NOT NULL, cache_read INTEGER NOT NULL,
  cache_write_5m INTEGER NOT NULL, cache_write_1h INTEGER NOT NULL, output INTEGER NOT NULL, reasoning INTEGER NOT NULL,
  uncertain INTEGER NOT NULL, cost REAL NOT NULL,
  PRIMARY KEY (began, provider, model, role, usage_state, stated)
) STRICT, WITHOUT ROWID
""",
    """
INSERT INTO token_sums
SELECT CAST(started / 600 AS INTEGER) * 600, provider, model, role, usage_state, cost IS NOT NULL, count(*),
  coalesce(sum(fresh_tokens), 0), coalesce(sum(CASE WHEN fresh_tokens IS NOT NULL THEN cached_tokens END), 0),
  coalesce(sum(CASE WHEN fresh_tokens IS NOT NULL THEN cache_write_tokens END), 0), 0, coalesce(sum(output_tokens), 0), 0, 0,
  coalesce(sum(cost), 0.0)
FROM exchanges WHERE usage_state <> '' GROUP BY 1, 2, 3, 4, 5, 6
""",
)
KEPT_ROWS = (
    "ALTER TABLE exchanges ADD COLUMN tenant TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE exchanges ADD COLUMN drawn INTEGER NOT NULL DEFAULT 1",
    "CREATE INDEX idx_exchanges_tenant ON exchanges(tenant, started) WHERE tenant <> ''",
    "CREATE TABLE unkept_ids (id TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID",
    """
CREATE TABLE unkept_tallies (
  began INTEGER NOT NULL, route TEXT NOT NULL, model TEXT NOT NULL, provider TEXT NOT NULL, reference TEXT NOT NULL,
  comparison TEXT NOT NULL, signal TEXT NOT NULL, state TEXT NOT NULL, control_reason TEXT NOT NULL, times INTEGER NOT NULL,
  PRIMARY KEY (began, route, model, provider, reference, comparison, signal, state, control_reason)
) STRICT, WITHOUT ROWID
""",
    """
CREATE TABLE unkept_passages (
  began INTEGER NOT NULL, tenant TEXT NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL, role TEXT NOT NULL,
  requests INTEGER NOT NULL, asked INTEGER NOT NULL, failures INTEGER NOT NULL, errors INTEGER NOT NULL,
  prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL, accepted INTEGER,
  PRIMARY KEY (began, tenant, provider, model, role)
) STRICT, WITHOUT ROWID
""",
    """
CREATE TABLE unkept_tokens (
  began INTEGER NOT NULL, tenant TEXT NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL, role TEXT NOT NULL,
  usage_state TEXT NOT NULL, stated INTEGER NOT NULL, answers INTEGER NOT NULL, fresh INTEGER NOT NULL,
  cache_read INTEGER NOT NULL, cache_write_5m INTEGER NOT NULL, cache_write_1h INTEGER NOT NULL, output INTEGER NOT NULL,
  reasoning INTEGER NOT NULL, uncertain INTEGER NOT NULL, cost REAL NOT NULL,
  PRIMARY KEY (began, tenant, provider, model, role, usage_state, stated)
) STRICT, WITHOUT ROWID
""",
)
TENANT_SPENDING = (
    """
CREATE TABLE tenant_spending (
  tenant TEXT NOT NULL, hour INTEGER NOT NULL, requests INTEGER NOT NULL, tokens INTEGER NOT NULL, money REAL NOT NULL,
  PRIMARY KEY (tenant, hour)
) STRICT, WITHOUT ROWID
""",
    "CREATE INDEX tenant_spending_by_hour ON tenant_spending (hour)",
)
HOUR_SUMS = (
    "CREATE TABLE pair_hours (hour INTEGER PRIMARY KEY, changes INTEGER NOT NULL) STRICT",
    """
CREATE TABLE hour_sums (
  hour INTEGER PRIMARY KEY, changes INTEGER NOT NULL, form INTEGER NOT NULL, payoffs TEXT NOT NULL, votes TEXT NOT NULL
) STRICT
""",
    "INSERT INTO pair_hours SELECT CAST(started / 3600 AS INTEGER), count(*) FROM pairs GROUP BY 1",
    """
CREATE TRIGGER pair_stored AFTER INSERT ON pairs BEGIN
  INSERT INTO pair_hours (hour, changes) VALUES (CAST(new.started / 3600 AS INTEGER), 1)
  ON CONFLICT (hour) DO UPDATE SET changes = changes + 1;
END
""",
    """
CREATE TRIGGER pair_deleted AFTER DELETE ON pairs BEGIN
  INSERT INTO pair_hours (hour, changes) VALUES (CAST(old.started / 3600 AS INTEGER), 1)
  ON CONFLICT (hour) DO UPDATE SET changes = changes + 1;
  DELETE FROM hour_sums WHERE hour = CAST(old.started / 3600 AS INTEGER);
END
""",
    """
CREATE TRIGGER ruling_stored AFTER INSERT ON rulings WHEN new.reason <> '' BEGIN
  INSERT INTO pair_hours (hour, changes) SELECT CAST(started / 3600 AS INTEGER), 1 FROM pairs WHERE no = new.pair_no
  ON CONFLICT (hour) DO UPDATE SET changes = changes + 1;
END
""",
    """
CREATE TRIGGER ruling_deleted AFTER DELETE ON rulings WHEN old.reason <> '' BEGIN
  INSERT INTO pair_hours (hour, changes) SELECT CAST(started / 3600 AS INTEGER), 1 FROM pairs WHERE no = old.pair_no
  ON CONFLICT (hour) DO UPDATE SET changes = changes + 1;
END
""",
)
DELETED_PAIRS = (
    """
CREATE TABLE deleted_pairs (
  study_no INTEGER PRIMARY KEY REFERENCES studies(no) ON DELETE CASCADE, pairs INTEGER NOT NULL
) STRICT
""",
    "CREATE INDEX idx_studies_tournaments ON studies (name, begun) WHERE kind = 'tournament'",
    """
CREATE TRIGGER pair_of_tournament_deleted AFTER DELETE ON pairs BEGIN
  INSERT INTO deleted_pairs (study_no, pairs) SELECT no, 1 FROM studies
  WHERE kind = 'tournament' AND name = old.route AND begun <= old.started AND (ended = 0 OR old.started < ended)
  ON CONFLICT (study_no) DO UPDATE SET pairs = pairs + 1;
END
""",
)
