"""A SQLite database as the first version wrote it, with one exchange and one pair."""

FIRST_SCHEMA = """
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY, "migration_set" TEXT, "name" TEXT, "applied_at" TEXT
);
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name" ON "_sqlite_migrations" ("migration_set", "name");
CREATE TABLE "exchanges" (
   "no" INTEGER PRIMARY KEY, "id" TEXT NOT NULL, "role" TEXT NOT NULL, "started" REAL NOT NULL, "route" TEXT NOT NULL,
   "provider" TEXT NOT NULL, "reference" TEXT NOT NULL, "model" TEXT NOT NULL, "stream" INTEGER NOT NULL, "tag" TEXT NOT NULL,
   "conversation" TEXT NOT NULL, "method" TEXT NOT NULL, "target" TEXT NOT NULL, "status" INTEGER, "failure" TEXT NOT NULL,
   "failure_detail" TEXT NOT NULL, "unread" TEXT NOT NULL, "echoed_model" TEXT NOT NULL, "fingerprint" TEXT NOT NULL,
   "finish_reason" TEXT NOT NULL, "prompt_tokens" INTEGER, "completion_tokens" INTEGER, "seconds" REAL NOT NULL,
   "overhead" REAL NOT NULL, "head_seconds" REAL, "first_chunk" REAL, "first_token" REAL, "request_size" INTEGER NOT NULL,
   "request_digest" TEXT NOT NULL, "response_size" INTEGER NOT NULL, "response_digest" TEXT NOT NULL
) STRICT;
CREATE TABLE "payloads" (
   "exchange_no" INTEGER PRIMARY KEY REFERENCES "exchanges"("no") ON DELETE CASCADE, "request_headers" TEXT NOT NULL,
   "response_headers" TEXT NOT NULL, "request_body" BLOB, "response_body" BLOB, "marks" BLOB NOT NULL
) STRICT;
CREATE TABLE "tool_calls" (
   "exchange_no" INTEGER NOT NULL REFERENCES "exchanges"("no") ON DELETE CASCADE, "position" INTEGER NOT NULL,
   "call_id" TEXT NOT NULL, "name" TEXT NOT NULL, "arguments" TEXT NOT NULL, "outcome" TEXT NOT NULL
) STRICT;
CREATE TABLE "checks" (
   "exchange_no" INTEGER NOT NULL REFERENCES "exchanges"("no") ON DELETE CASCADE, "comparison" TEXT NOT NULL,
   "aspect" TEXT NOT NULL, "state" TEXT NOT NULL, "score" REAL, "reason" TEXT NOT NULL, "subject" TEXT NOT NULL,
   "reference" TEXT NOT NULL
) STRICT;
CREATE TABLE "pairs" (
   "no" INTEGER PRIMARY KEY, "id" TEXT NOT NULL, "started" REAL NOT NULL, "route" TEXT NOT NULL, "model" TEXT NOT NULL,
   "provider" TEXT NOT NULL, "reference" TEXT NOT NULL, "conversation" TEXT NOT NULL, "request_fingerprint" TEXT NOT NULL,
   "subject_id" TEXT NOT NULL REFERENCES "exchanges"("id") ON DELETE CASCADE, "reference_id" TEXT NOT NULL,
   "control_id" TEXT NOT NULL, "control_reason" TEXT NOT NULL, "comparable" TEXT NOT NULL, "alterations" TEXT NOT NULL
) STRICT;
CREATE TABLE "findings" (
   "pair_no" INTEGER NOT NULL REFERENCES "pairs"("no") ON DELETE CASCADE, "exchange_id" TEXT NOT NULL,
   "comparison" TEXT NOT NULL, "aspect" TEXT NOT NULL, "state" TEXT NOT NULL, "score" REAL, "reason" TEXT NOT NULL,
   "subject" TEXT NOT NULL, "reference" TEXT NOT NULL
) STRICT;
CREATE TABLE "payoffs" (
   "pair_no" INTEGER NOT NULL REFERENCES "pairs"("no") ON DELETE CASCADE, "signal" TEXT NOT NULL, "payoff" INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX "idx_exchanges_id" ON "exchanges" ("id");
CREATE UNIQUE INDEX "idx_pairs_id" ON "pairs" ("id");
"""
"""The schema after its first step, as it was released; never edit it: databases like this lie on disks."""
FIRST_ROWS = """
INSERT INTO "_sqlite_migrations" VALUES (1, 'sameweights', 'm001_rows', '2026-11-20 10:00:00');
INSERT INTO exchanges VALUES (1, 'old', 'primary', 1790000000.0, 'default', 'near', 'official', 'qwen', 1, '', 'talk', 'POST',
   '/v1/chat/completions', 200, '', '', '', 'qwen', '', 'stop', 10, 4, 1.5, 0.001, 0.2, 0.25, 0.5, 17, '', 0, '');
INSERT INTO payloads VALUES (1, '[]', '[]', NULL, x'', x'');
INSERT INTO tool_calls VALUES (1, 0, 'call_1', 'weather', '{}', 'valid');
INSERT INTO checks VALUES (1, 'check', 'lost_space', 'match', NULL, '', '', '');
INSERT INTO pairs VALUES (1, 'old', 1790000000.0, 'default', 'qwen', 'near', 'official', 'talk', 'ask', 'old', 'old-shadow', '',
   '', '', '[]');
INSERT INTO findings VALUES (1, 'old', 'cross', 'text', 'differ', 0.4, 'why', 'a', 'b');
INSERT INTO payoffs VALUES (1, 'action', -1);
"""
