"""Old databases open with all they hold; steps are only ever added."""

import re
import sqlite3
from contextlib import closing

import pytest
from sqlite_utils import Database, Migrations

from storage.opening import open_store
from storage.rows import PairFilter
from storage.sqlite.connection import open_writing
from storage.sqlite.migrations import SCHEMA, migrate
from storage.sqlite.schema_state import pending, why_not_ours
from storage.storage_config import StorageConfig
from tests.conformance import PATIENCE, exchange_record, offered
from tests.first_database import FIRST_ROWS, FIRST_SCHEMA


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as conn:
        conn.executescript(FIRST_SCHEMA + FIRST_ROWS)
    return path


def schema(conn) -> set[str]:
    """The statements that make the tables and indexes, their white space apart."""
    return {re.sub(r"\s+", "", sql) for (sql,) in conn.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")}


def test_the_first_step_still_makes_what_it_made_when_it_was_released(tmp_path, old):
    (tmp_path / "new.db").touch()
    with closing(open_writing(tmp_path / "new.db", 1.0)) as new, closing(open_writing(old, 1.0)) as then:
        SCHEMA.apply(Database(new, execute_plugins=False), stop_before="m002_indexes")
        assert schema(new) == schema(then)


def test_the_first_databases_open_and_give_back_what_they_hold(old):
    with closing(open_store(StorageConfig(url=str(old), batch_seconds=0.01))) as store:
        assert store.exchange("old").finish_reason == "stop"
        assert store.tool_calls("old")[0].name == "weather"
        assert store.findings(exchange_id="old")[0].signal == "lost_space"
        assert store.findings(pair_id="old")[0].state == "differ"
        assert store.pair("old").reference == "official"
        assert store.payoffs(0, 0)[0].payoff == -1
        assert offered(store.add_exchange, exchange_record("new")).result(PATIENCE) is True


def test_signals_of_the_first_databases_are_found_and_counted_under_the_new_column_name(old):
    with closing(open_store(StorageConfig(url=str(old)))) as store:
        assert [row.pair.id for row in store.pairs(PairFilter(signal="text", state="differ"))] == ["old"]
        assert [row.pair.id for row in store.pairs(PairFilter(signal="lost_space", state="match"))] == ["old"]
        counts = {(each.comparison, each.signal, each.state): each.count for each in store.signal_counts(0, 0)}
    assert counts == {("cross", "text", "differ"): 1, ("check", "lost_space", "match"): 1}
    with closing(sqlite3.connect(old)) as conn:
        assert not [sql for sql in schema(conn) if "aspect" in sql]


def test_state_not_measured_is_one_word_in_snapshots_and_alarms_after_the_step(old):
    told = '{"name":"not measured","told":{"state":"not measured","name":"reference_moved"}}'
    with closing(open_writing(old, 1.0)) as conn:
        SCHEMA.apply(Database(conn, execute_plugins=False), stop_before="m014_not_measured")
        conn.execute("INSERT INTO cases VALUES ('r', 'm', 'p', 'q', 1, ?)", (told,))
        for no, (before, after) in enumerate((("ok", "not measured"), ("not measured", "drift"))):
            conn.execute("INSERT INTO alarms VALUES (?, 7.0, 'a', 'r', 'm', 'p', 'q', ?, ?, 'n', '{}', 1)", (no, before, after))
        migrate(conn)
        [(snapshot,)] = conn.execute("SELECT snapshot FROM cases")
        changes = conn.execute("SELECT old, new FROM alarms ORDER BY no").fetchall()
    assert snapshot == '{"name":"not measured","told":{"state":"not_measured","name":"reference_moved"}}'
    assert changes == [("ok", "not_measured"), ("not_measured", "drift")]


def test_records_of_before_costs_were_stored_have_none_and_later_ones_keep_theirs(old):
    with closing(open_store(StorageConfig(url=str(old), batch_seconds=0.01))) as store:
        offered(store.add_exchange, exchange_record("new", cost=0.5, cached_tokens=7, cache_write_tokens=None)).result(PATIENCE)
        rows = [store.exchange(name) for name in ("old", "new")]
    assert [(row.cost, row.cached_tokens, row.cache_write_tokens) for row in rows] == [(None, None, None), (0.5, 7, None)]


def test_an_old_database_ends_up_like_a_new_one(tmp_path, old):
    for path in (old, tmp_path / "new.db"):
        open_store(StorageConfig(url=str(path))).close()
    with closing(sqlite3.connect(old)) as then, closing(sqlite3.connect(tmp_path / "new.db")) as now:
        assert schema(then) == schema(now)
        assert [step for (step,) in now.execute("SELECT name FROM _sqlite_migrations")][:3] == [
            "m001_rows",
            "m002_indexes",
            "m003_identities",
        ]


def test_a_step_to_come_is_applied_once_to_a_database_full_of_rows(old):
    later = _with(lambda db: db.execute("ALTER TABLE pairs ADD COLUMN verdict TEXT NOT NULL DEFAULT ''"))
    with closing(open_writing(old, 1.0)) as conn:
        assert pending(conn, _names(later))
        migrate(conn, later)
        migrate(conn, later)
        assert not pending(conn, _names(later))
        assert conn.execute("SELECT id, verdict FROM pairs").fetchall() == [("old", "")]
        assert why_not_ours(conn, _names(later)) == ""
        assert "newer version" in why_not_ours(conn), "for the version before it"


def test_a_step_that_fails_leaves_nothing_behind(old):
    def half(db):
        db.execute("ALTER TABLE pairs ADD COLUMN verdict TEXT")
        db.execute("ALTER TABLE absent ADD COLUMN verdict TEXT")

    with closing(open_writing(old, 1.0)) as conn:
        migrate(conn)
        before = schema(conn)
        with pytest.raises(sqlite3.OperationalError, match="absent"):
            migrate(conn, _with(half))
        assert schema(conn) == before
        assert why_not_ours(conn) == ""


def _with(step) -> Migrations:
    later = Migrations("sameweights")
    for known in SCHEMA._migrations:
        later(name=known.name)(known.fn)
    later(name="m003_later")(step)
    return later


def _names(schema: Migrations) -> list[str]:
    return [step.name for step in schema._migrations]


INDEXES = {
    "alarms": {"at", "pair_id route model provider reference upstream old new name", "told"},
    "cases": {"route model provider reference upstream"},
    "checks": {"exchange_no"},
    "exchanges": {"conversation started", "id", "started", "tag", "tenant started"},
    "findings": {"pair_no comparison signal state"},
    "identities": {"started"},
    "leases": {"name"},
    "paces": {"provider model measure"},
    "pairs": {
        "control_id",
        "id",
        "model started",
        "provider started",
        "reference_id",
        "started",
        "subject_id",
        "upstream started",
    },
    "payloads": {"request_base"},
    "payoffs": {"pair_no"},
    "recordings": {"study_no"},
    "results": {"run_no place position"},
    "runs": {"study_no target task block"},
    "secrets": {"name"},
    "setbacks": {"request_no"},
    "steps": {"run_no place"},
    "studies": {"id", "name begun"},
    "study_requests": {"study_no key"},
    "tool_calls": {"exchange_no"},
}


def test_every_column_that_a_query_looks_rows_up_by_has_its_index(tmp_path):
    (tmp_path / "new.db").touch()
    with closing(open_writing(tmp_path / "new.db", 1.0)) as conn:
        migrate(conn)
        made = conn.execute("SELECT name, tbl_name FROM sqlite_master WHERE type = 'index' AND tbl_name != '_sqlite_migrations'")
        found = {}
        for name, table in made.fetchall():
            columns = " ".join(row[2] for row in conn.execute(f"PRAGMA index_info('{name}')"))
            found.setdefault(table, set()).add(columns)
    assert {table: columns for table, columns in found.items() if table in INDEXES} == INDEXES


def test_pairs_of_before_the_mark_are_marked_as_evidence(old):
    with closing(open_writing(old, 1.0)) as conn:
        SCHEMA.apply(Database(conn, execute_plugins=False), stop_before="m019_evident_pairs")
        conn.execute("INSERT INTO findings VALUES (1, 'old', 'self', 'text', 'match', 0.9, '', 'a', 'b')")
        migrate(conn)
        assert conn.execute("SELECT id, evident FROM pairs").fetchall() == [("old", 1)]


def test_pairs_without_evidence_are_not_marked_by_the_step(old):
    with closing(open_writing(old, 1.0)) as conn:
        migrate(conn)
        assert conn.execute("SELECT id, evident FROM pairs").fetchall() == [("old", 0)]


@pytest.mark.parametrize(("theirs", "evident"), [(None, 0), ("differ", 0), ("match", 1)])
def test_mark_of_a_failed_check_stays_only_where_the_reference_passed_it(old, theirs, evident):
    with closing(open_writing(old, 1.0)) as conn:
        SCHEMA.apply(Database(conn, execute_plugins=False), stop_before="m021_failed_references")
        states = [("subject_id", "differ"), *([("reference_id", theirs)] if theirs else [])]
        for number, (side, state) in enumerate(states):
            other = conn.execute("SELECT max(no) + 1 FROM exchanges").fetchone()[0]
            conn.execute("CREATE TEMP TABLE copied AS SELECT * FROM exchanges LIMIT 1")
            conn.execute("UPDATE copied SET no = ?, id = ?", (other, f"side-{number}"))
            conn.execute("INSERT INTO exchanges SELECT * FROM copied")
            conn.execute("DROP TABLE copied")
            conn.execute(f"UPDATE pairs SET evident = 1, {side} = ?", (f"side-{number}",))
            row = (other, "check", "empty_answer", state, None, "", "", "")
            conn.execute("INSERT INTO checks VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        migrate(conn)
        assert conn.execute("SELECT evident FROM pairs").fetchall() == [(evident,)]


def test_states_and_alarms_of_before_upstreams_are_those_of_whole_providers(old):
    with closing(open_writing(old, 1.0)) as conn:
        SCHEMA.apply(Database(conn, execute_plugins=False), stop_before="m022_upstreams")
        conn.execute("INSERT INTO cases VALUES ('default', 'm', 'p', 'r', 7, '{}')")
        migrate(conn)
        assert conn.execute("SELECT upstream FROM pairs UNION ALL SELECT upstream FROM exchanges").fetchall() == [("",), ("",)]
        conn.execute("INSERT INTO cases VALUES ('default', 'm', 'p', 'r', 8, '{}', 'deepx')")
        rows = conn.execute("SELECT last_no, upstream FROM cases ORDER BY last_no").fetchall()
    assert rows == [(7, ""), (8, "deepx")]


ONCE = {
    "alarms": {"pair_id route model provider reference upstream old new name"},
    "cases": {"route model provider reference upstream"},
    "exchanges": {"id"},
    "leases": {"name"},
    "paces": {"provider model measure"},
    "pairs": {"id"},
    "results": {"run_no place position"},
    "runs": {"study_no target task block"},
    "secrets": {"name"},
    "steps": {"run_no place"},
    "studies": {"id"},
    "study_requests": {"study_no key"},
}


def test_every_key_that_a_write_relies_on_is_stored_once(conn):
    found = {}
    tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> '_sqlite_migrations'"
    for (table,) in conn.execute(tables).fetchall():
        for _, name, unique, origin, _ in conn.execute(f"PRAGMA index_list('{table}')").fetchall():
            if unique and origin == "c":
                found.setdefault(table, set()).add(" ".join(row[2] for row in conn.execute(f"PRAGMA index_info('{name}')")))
    assert found == ONCE


def test_rows_of_a_record_go_with_it_and_those_of_a_study_with_the_study(conn):
    parents = {}
    for (table,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        for _, _, parent, _, _, _, on_delete, _ in conn.execute(f"PRAGMA foreign_key_list('{table}')").fetchall():
            if on_delete == "CASCADE":
                parents.setdefault(parent, set()).add(table)
    assert parents == {
        "exchanges": {"checks", "pairs", "payloads", "tool_calls"},
        "pairs": {"findings", "payoffs", "rulings", "trials"},
        "runs": {"results", "steps"},
        "studies": {"deleted_pairs", "recordings", "runs", "study_requests"},
        "study_requests": {"setbacks"},
    }


def test_change_of_state_that_an_older_version_stored_twice_is_kept_once_and_counts_as_sent(old):
    with closing(open_writing(old, 1.0)) as conn:
        SCHEMA.apply(Database(conn, execute_plugins=False), stop_before="m007_answers_letters_and_paces")
        for no, name in ((1, "text"), (2, "text"), (3, "usage")):
            conn.execute("INSERT INTO alarms VALUES (?, 7.0, 'a', 'r', 'm', 'p', 'q', 'ok', 'drift', ?, '{}')", (no, name))
        migrate(conn)
        assert conn.execute("SELECT no, told FROM alarms ORDER BY no").fetchall() == [(1, 1), (3, 1)]


def test_pairs_and_exchanges_of_before_shapes_and_passed_checks_have_none(old):
    with closing(open_writing(old, 1.0)) as conn:
        migrate(conn)
        assert conn.execute("SELECT shape FROM pairs").fetchall() == [("{}",)]
        assert conn.execute("SELECT passed, tenant FROM exchanges").fetchall() == [(0, "")]
        assert conn.execute("SELECT request_base FROM payloads").fetchall() == [(None,)]


def test_study_may_have_runs_without_a_score_and_no_column_else_is_empty(conn):
    optional = {}
    for table in ("runs", "results", "studies", "study_requests", "setbacks", "recordings", "steps"):
        columns = conn.execute(f"PRAGMA table_info('{table}')").fetchall()
        optional[table] = {name for _, name, _, required, _, key in columns if not (required or key)}
    assert optional == {table: {"score", "points"} if table == "runs" else set() for table in optional}
