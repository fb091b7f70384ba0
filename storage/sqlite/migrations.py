"""The schema as a list of steps, each applied once to a database and never changed afterwards; new steps are appended.

Exchanges and pairs are numbered (`no`) beside their ids, so that a row that refers to them needs eight bytes instead of an id.
Wide columns that are rarely read (headers, bodies, marks) are in `payloads`, so that counting exchanges does not read them.
"""

from __future__ import annotations

import sqlite3

from sqlite_utils import Database, Migrations

from storage.sqlite import released_sql, released_tables, renamed_exclusion, renamed_signals
from storage.sqlite.schema_state import SCHEMA_NAME
from storage.sqlite.strict_table import strict_table

SCHEMA = Migrations(SCHEMA_NAME)


@SCHEMA()
def m001_rows(db: Database) -> None:
    """The tables, and the two ids that may not come twice."""
    released_tables.first_tables(db)


@SCHEMA()
def m002_indexes(db: Database) -> None:
    """What the questions and the retention search by; the two on findings and checks answer the counts without the rows."""
    for table, columns in (
        ("exchanges", ["started"]),
        ("tool_calls", ["exchange_no"]),
        ("checks", ["exchange_no", "comparison", "aspect", "state"]),
        ("pairs", ["started"]),
        ("pairs", ["provider", "started"]),
        ("pairs", ["model", "started"]),
        ("pairs", ["subject_id"]),
        ("pairs", ["reference_id"]),
        ("pairs", ["control_id"]),
        ("findings", ["pair_no", "comparison", "aspect", "state"]),
        ("payoffs", ["pair_no"]),
    ):
        db.table(table).create_index(columns, if_not_exists=True)


@SCHEMA()
def m003_identities(db: Database) -> None:
    """Who served, each change of it a row that outlives its exchange; and the shape of each pair's request."""
    strict_table(
        db,
        "identities",
        {
            "exchange_no": int,
            "exchange_id": str,
            "started": float,
            "provider": str,
            "model": str,
            "identity": str,
            "previous": str,
            "changes": str,
            "facts": str,
        },
    )
    db.table("identities").create_index(["started"])
    db.table("pairs").add_column("shape", str, not_null_default="{}")


@SCHEMA()
def m004_lineage(db: Database) -> None:
    """Which exchange's request body a request body is kept against, where it is (see `storage.delta_bodies`)."""
    db.execute("ALTER TABLE payloads ADD COLUMN request_base INTEGER REFERENCES payloads(exchange_no)")
    db.execute("CREATE INDEX idx_payloads_request_base ON payloads(request_base) WHERE request_base IS NOT NULL")


@SCHEMA()
def m005_judgement(db: Database) -> None:
    """The kind and exclusions of each pair, its judgement, the state of each group, its changes, and the judge's lease.

    A pair without a row in `rulings` is not judged yet, also one that an older version stored.
    """
    strict_table(db, "trials", {"pair_no": int, "kind": str, "excluded": str}, key="pair_no", parent=("pair_no", "pairs", "no"))
    strict_table(db, "rulings", {"pair_no": int, "reason": str}, key="pair_no", parent=("pair_no", "pairs", "no"))
    group: dict[str, type] = {"route": str, "model": str, "provider": str, "reference": str}
    strict_table(db, "cases", {**group, "last_no": int, "snapshot": str})
    db.table("cases").create_index(list(group), unique=True)
    changed: dict[str, type] = {"at": float, "pair_id": str, **group, "old": str, "new": str, "name": str, "details": str}
    strict_table(db, "alarms", {"no": int, **changed}, key="no")
    db.table("alarms").create_index(["at"])
    strict_table(db, "leases", {"name": str, "holder": str, "until": float})
    db.table("leases").create_index(["name"], unique=True)


@SCHEMA()
def m006_tallies(db: Database) -> None:
    """Findings and checks counted by stretches of time; checks need no index for counting any more, a third of their space."""
    for statement in (released_sql.TALLIES, released_sql.TALLIES_OF_PAIRS, released_sql.TALLIES_OF_EXCHANGES):
        db.execute(statement)
    db.execute("DROP INDEX idx_checks_exchange_no_comparison_aspect_state")
    db.table("checks").create_index(["exchange_no"])


@SCHEMA()
def m007_answers_letters_and_paces(db: Database) -> None:
    """Acknowledgements, so that a rebuild replays them; which changes of state were sent; the pace of each provider.

    A change of state is stored once, however often its pairs are judged again; those of older versions count as sent.
    """
    group: dict[str, type] = {"route": str, "model": str, "provider": str, "reference": str}
    given: dict[str, type] = {"no": int, "after_no": int, "at": float, "answer": str, **group, "applied": int}
    strict_table(db, "acknowledgements", given, key="no")
    db.execute("ALTER TABLE alarms ADD COLUMN told INTEGER NOT NULL DEFAULT 1")
    named = ("pair_id", *group, "old", "new", "name")
    db.execute(f"DELETE FROM alarms WHERE no NOT IN (SELECT min(no) FROM alarms GROUP BY {', '.join(named)})")  # noqa: S608 - our own names
    db.table("alarms").create_index(list(named), unique=True)
    db.execute("CREATE INDEX idx_alarms_told ON alarms(told) WHERE told = 0")
    strict_table(db, "paces", {"provider": str, "model": str, "measure": str, "last_no": int, "snapshot": str})
    db.table("paces").create_index(["provider", "model", "measure"], unique=True)


@SCHEMA()
def m008_passages(db: Database) -> None:
    """Traffic counted by stretches of time."""
    db.execute(released_sql.PASSAGES)
    db.execute(released_sql.PASSAGES_OF_EXCHANGES)


@SCHEMA()
def m009_secrets(db: Database) -> None:
    """What is drawn once for an installation and kept secret, by name: 32 random bytes each."""
    strict_table(db, "secrets", {"name": str, "value": bytes})
    db.table("secrets").create_index(["name"], unique=True)


@SCHEMA()
def m010_failed_checks(db: Database) -> None:
    """An index of the failed checks alone, which are few: the checks of both answers of a pair are compared by it."""
    db.execute("CREATE INDEX idx_checks_failed ON checks(exchange_no) WHERE state = 'differ'")


@SCHEMA()
def m011_handovers(db: Database) -> None:
    """How many exchanges of each source are stored, and what was spent at the reference by the hour."""
    strict_table(db, "handovers", {"source": str, "stored": int}, key="source")
    strict_table(db, "spending", {"hour": int, "requests": int, "tokens": int, "money": float}, key="hour")


@SCHEMA()
def m012_usage(db: Database) -> None:
    """The fields of a usage beside its two sums: tokens read from a cache and written to one, and the cost in US dollars."""
    exchanges = db.table("exchanges")
    exchanges.add_column("cached_tokens", int)
    exchanges.add_column("cache_write_tokens", int)
    exchanges.add_column("cost", float)


@SCHEMA()
def m013_signals(db: Database) -> None:
    """The column that names a signal is called `signal` in every table."""
    for table in ("findings", "checks", "tallies"):
        db.execute(f"ALTER TABLE {table} RENAME COLUMN aspect TO signal")
    db.execute("DROP INDEX idx_findings_pair_no_comparison_aspect_state")
    db.table("findings").create_index(["pair_no", "comparison", "signal", "state"])


@SCHEMA()
def m014_not_measured(db: Database) -> None:
    """The state of a group that nothing could be measured of is `not_measured`, as that of a signal is."""
    db.execute('UPDATE cases SET snapshot = replace(snapshot, \'"state":"not measured"\', \'"state":"not_measured"\')')
    for column in ("old", "new"):
        db.execute(f"UPDATE alarms SET {column} = 'not_measured' WHERE {column} = 'not measured'")  # noqa: S608 - our own names


@SCHEMA()
def m015_signal_names(db: Database) -> None:
    """The signals have the ids that every page, metric and filter names them by."""
    renamed_signals.rename(db.conn)


@SCHEMA()
def m016_studies(db: Database) -> None:
    """Studies and what they sent: a study request is one answer that a replay needs, a run one conversation of a probe.

    Both name their exchanges by ids that are drawn before anything is sent: an answer that was stored is found even where its
    request was not marked as answered.
    """
    study = ("study_no", "studies", "no")
    written: dict[str, type] = {"plan": str, "policy": str, "seed": int, "version": str, "outcome": str}
    strict_table(
        db, "studies", {"no": int, "id": str, "kind": str, "name": str, "begun": float, "ended": float, **written}, key="no"
    )
    db.table("studies").create_index(["id"], unique=True)
    asked: dict[str, type] = {"key": str, "row_id": str, "target": str, "repeat": int, "block": int}
    strict_table(
        db,
        "study_requests",
        {"no": int, "study_no": int, **asked, "state": str, "exchange_id": str, "tries": int},
        key="no",
        parent=study,
    )
    db.table("study_requests").create_index(["study_no", "key"], unique=True)
    strict_table(
        db,
        "setbacks",
        {"request_no": int, "at": float, "reason": str, "waited": float},
        parent=("request_no", "study_requests", "no"),
    )
    db.table("setbacks").create_index(["request_no"])
    scored: dict[str, type] = {"outcome": str, "detail": str, "score": float, "points": float, "touched": str, "steps": int}
    timed: dict[str, type] = {"begun": float, "seconds": float, "tools_seconds": float}
    strict_table(
        db,
        "runs",
        {"no": int, "study_no": int, "target": str, "task": str, "block": int, **scored, **timed, "world": str},
        optional=frozenset({"score", "points"}),
        key="no",
        parent=study,
    )
    db.table("runs").create_index(["study_no", "target", "task", "block"], unique=True)
    run = ("run_no", "runs", "no")
    strict_table(db, "steps", {"run_no": int, "place": int, "exchange_id": str}, parent=run)
    db.table("steps").create_index(["run_no", "place"], unique=True)
    result: dict[str, type] = {"source": str, "is_error": int, "alterations": str, "seconds": float, "text": str}
    strict_table(db, "results", {"run_no": int, "place": int, "position": int, **result}, parent=run)
    db.table("results").create_index(["run_no", "place", "position"], unique=True)
    called: dict[str, type] = {"name": str, "arguments": str, "text": str, "is_error": int}
    strict_table(db, "recordings", {"no": int, "study_no": int, **called}, key="no", parent=study)
    db.table("recordings").create_index(["study_no"])
    db.table("exchanges").create_index(["conversation", "started"])


@SCHEMA()
def m017_passed_checks(db: Database) -> None:
    """Checks that matched are one number of their exchange; the rows of older versions stay, and count beside it."""
    strict_table(db, "check_sets", {"no": int, "signals": str}, key="no")
    db.execute("ALTER TABLE exchanges ADD COLUMN passed INTEGER NOT NULL DEFAULT 0")


@SCHEMA()
def m018_denied(db: Database) -> None:
    """A pair is excluded as `denied` for a key or a rate, as the state of its response is called."""
    renamed_exclusion.rename(db.conn)


@SCHEMA()
def m019_evident_pairs(db: Database) -> None:
    """Pairs that are evidence are marked, and found by an index of their own, as are exchanges with a tag."""
    for statement in released_sql.EVIDENT_PAIRS:
        db.execute(statement)


@SCHEMA()
def m020_operator_actions(db: Database) -> None:
    """What operators did about alarms from the pages."""
    db.execute(released_sql.OPERATOR_ACTIONS)
    db.table("operator_actions").create_index(["provider"])


@SCHEMA()
def m021_failed_references(db: Database) -> None:
    """A failed check is evidence only where the reference's answer passed it, not where the reference gave no answer."""
    db.execute(released_sql.FAILED_REFERENCES)


@SCHEMA()
def m022_upstreams(db: Database) -> None:
    """The server behind a router: of exchanges and pairs, and in the key of a group, where "" is the router as a whole."""
    for statement in released_sql.UPSTREAMS:
        db.execute(statement)


@SCHEMA()
def m023_long_periods(db: Database) -> None:
    """Indexes for what a report reads over a long period: live requests that were not read whole, and rollups by their group."""
    for statement in released_sql.LONG_PERIODS:
        db.execute(statement)


@SCHEMA()
def m024_token_classes(db: Database) -> None:
    """The classes of tokens of each exchange, and their sums; the rows of older versions have no reasoning apart."""
    for statement in released_sql.TOKEN_CLASSES:
        db.execute(statement)


@SCHEMA()
def m025_kept_rows(db: Database) -> None:
    """The tenant of an exchange, whether its row is of the share that is kept, and the sums of those without a row."""
    for statement in released_sql.KEPT_ROWS:
        db.execute(statement)


@SCHEMA()
def m026_tenant_spending(db: Database) -> None:
    """What was spent for each tenant by the hour; what was spent before is in the sum of all alone."""
    for statement in released_sql.TENANT_SPENDING:
        db.execute(statement)


@SCHEMA()
def m027_hour_sums(db: Database) -> None:
    """How often the pairs of each hour changed, and the sums of hours."""
    for statement in released_sql.HOUR_SUMS:
        db.execute(statement)


@SCHEMA()
def m028_deleted_pairs(db: Database) -> None:
    """How many pairs of each tournament were deleted, from now on."""
    for statement in released_sql.DELETED_PAIRS:
        db.execute(statement)


def migrate(conn: sqlite3.Connection, schema: Migrations = SCHEMA) -> None:
    """Apply the steps that are missing, each in a transaction of its own; a step that fails changes nothing."""
    schema.apply(_database(conn))


def _database(conn: sqlite3.Connection) -> Database:
    """sqlite-utils over this connection, without the plugins that may be installed for its command."""
    return Database(conn, recursive_triggers=False, execute_plugins=False)
