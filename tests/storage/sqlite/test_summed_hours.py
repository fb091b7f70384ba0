"""The sums of hours: whatever was stored, deleted, judged or judged again, a period has the figures of its rows."""

import sqlite3
from collections import defaultdict
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.erasure_choice import ErasureChoice
from storage.opening import open_store
from storage.prepared_records import RecordPreparer
from storage.rows import PairRecord, PayoffRow
from storage.sqlite import retention, summed_hours
from storage.sqlite.judgement_store import INSERT_JUDGEMENT, REBUILD
from storage.sqlite.migrations import migrate
from storage.sqlite.record_insertion import insert
from storage.storage_config import StorageConfig
from tests.conformance import PATIENCE, START, exchange_record, finding, pair_record, pair_row
from tests.first_database import FIRST_ROWS, FIRST_SCHEMA

HOUR = 3_600
BEGUN = START // HOUR * HOUR
STARTS = [BEGUN + hours * HOUR + seconds for hours in (0, 1, 24, 25) for seconds in (0.0, 3_599.5)]
LAST = BEGUN + 70 * HOUR
PAIRS = st.tuples(
    st.just("pair"),
    st.sampled_from(STARTS),
    st.sampled_from(["", "one", "two"]),
    st.sampled_from(["", "f", "g"]),
    st.sampled_from([(("text", 1),), (("text", -1), ("arguments", 0)), ()]),
    st.sampled_from(["provider", "reference", "both", "none"]),
)
STEPS = st.one_of(
    PAIRS,
    PAIRS,
    PAIRS,
    st.tuples(st.just("sum")),
    st.tuples(st.just("judge"), st.integers(1, 12), st.sampled_from(["", "repeated", "caching_reference"])),
    st.tuples(st.just("rebuild")),
    st.tuples(st.just("forget"), st.sampled_from(["one", "two"])),
    st.tuples(st.just("older"), st.sampled_from(STARTS)),
)
PERIODS = [
    (0.0, 0.0),
    (BEGUN + 0.5, 0.0),
    (BEGUN + HOUR, BEGUN + 49 * HOUR),
    (BEGUN + 1.5 * HOUR, BEGUN + 49.5 * HOUR),
    (BEGUN + 24 * HOUR, BEGUN + 25 * HOUR),
    (BEGUN + 90 * HOUR, 0.0),
]


@pytest.fixture(scope="module")
def empty():
    """A database in memory without a row, of which each example has a copy."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as conn:
        migrate(conn)
        yield conn


def copy_of(conn) -> sqlite3.Connection:
    made = sqlite3.connect(":memory:", isolation_level=None)
    conn.backup(made)
    made.execute("PRAGMA foreign_keys = ON")
    return made


def put(conn, place, *values) -> None:
    started, talk, fingerprint, payoffs, failed = values
    name = f"{place:028x}"
    live, shadow = (
        exchange_record(each, calls=0, checks=0, started=started, conversation=talk)._replace(
            findings=tuple(
                finding("usage", "differ", exchange_id=each, comparison="check") for side in [failed] if side in sides
            ),
            passed=() if failed in sides else ("usage",),
        )
        for each, sides in ((name, {"provider", "both"}), (f"{name}-r", {"reference", "both"}))
    )
    row = pair_row(name, started=started, reference_id=f"{name}-r", conversation=talk, request_fingerprint=fingerprint)
    made = tuple(PayoffRow(pair_id=name, signal=signal, payoff=payoff) for signal, payoff in payoffs)
    pair = PairRecord(pair=row, exchanges=(shadow,), findings=(), payoffs=made)
    insert(conn, [RecordPreparer().prepare(record) for record in (live, pair)])


def take(conn, place, step) -> None:
    match step:
        case ("pair", *values):
            put(conn, place, *values)
        case ("sum",):
            summed_hours.write(conn, [summed_hours.summed_hour(conn, hour) for hour in summed_hours.unsummed_hours(conn)])
        case ("judge", no, reason):
            conn.execute(INSERT_JUDGEMENT, (reason, no))
        case ("rebuild",):
            for statement in REBUILD:
                conn.execute(statement)
        case ("forget", talk):
            retention.drop(conn, "SELECT id FROM exchanges WHERE conversation = ?", (talk,))
        case ("older", moment):
            retention.drop_older(conn, moment)


def figures(conn) -> list[object]:
    return [(by_cluster(summed_hours.payoff_sums(conn, *each)), summed_hours.compared_checks(conn, *each)) for each in PERIODS]


def by_cluster(sums) -> list[object]:
    """The sums without the numbers of their clusters, which are those of one query."""
    found = defaultdict(list)
    for one in sums:
        party = one.model, one.provider, one.reference, one.clusters, one.cluster
        found[party].append((one.signal, one.judgement, one.pairs, one.plus, one.minus))
    return sorted((*party[:4], sorted(rows)) for party, rows in found.items())


def recounted(conn) -> list[object]:
    with closing(copy_of(conn)) as rows:
        rows.execute("DELETE FROM hour_sums")
        return figures(rows)


@pytest.mark.slow
@given(st.lists(PAIRS, min_size=3, max_size=8), st.lists(STEPS, min_size=1, max_size=8))
def test_a_period_has_the_figures_of_its_rows_after_any_steps(empty, pairs, steps):
    last = "pair", LAST, "", "", (), "none"
    with closing(copy_of(empty)) as conn:
        for place, step in enumerate([*pairs, last, ("sum",), *steps, ("sum",)]):
            take(conn, place, step)
            assert place < len(pairs) or figures(conn) == recounted(conn)


def seeded(empty, count=4) -> sqlite3.Connection:
    conn = copy_of(empty)
    for place in range(count):
        put(conn, place, BEGUN + place * HOUR, f"talk-{place}", "", (("text", 1),), "provider")
    return conn


def test_an_hour_is_summed_a_quarter_of_an_hour_after_its_end_by_the_newest_pair(empty):
    hour = BEGUN // HOUR
    with closing(seeded(empty, 1)) as conn:
        put(conn, 7, BEGUN + HOUR + 899.5, "", "", (), "none")
        assert summed_hours.unsummed_hours(conn) == []
        put(conn, 8, BEGUN + HOUR + 900.0, "", "", (), "none")
        assert summed_hours.unsummed_hours(conn) == [hour]


def test_whole_hours_are_read_from_their_sums(empty):
    with closing(seeded(empty)) as conn:
        take(conn, 0, ("sum",))
        conn.execute("UPDATE hour_sums SET payoffs = '[[],[]]', votes = '[]'")
        assert sum(one.clusters for one in summed_hours.payoff_sums(conn, 0.0, 0.0)) == 2
        [compared] = summed_hours.compared_checks(conn, 0.0, 0.0)
        assert compared.conversations == 2


def test_sums_of_another_form_are_not_read(empty):
    with closing(seeded(empty)) as conn:
        take(conn, 0, ("sum",))
        conn.execute("UPDATE hour_sums SET payoffs = '[[],[]]', votes = '[]', form = form + 1")
        assert sum(one.clusters for one in summed_hours.payoff_sums(conn, 0.0, 0.0)) == 4
        assert len(summed_hours.unsummed_hours(conn)) == 2


def test_what_was_forgotten_is_in_no_sum(empty):
    with closing(seeded(empty)) as conn:
        take(conn, 0, ("sum",))
        retention.drop(conn, "SELECT id FROM exchanges WHERE conversation = ?", ("talk-1",))
        stored = conn.execute("SELECT group_concat(payoffs || votes) FROM hour_sums").fetchone()[0]
    assert "talk-0" in stored
    assert "talk-1" not in stored


def test_sums_of_an_hour_that_changed_while_it_was_summed_are_not_stored(empty):
    hour = BEGUN // HOUR
    with closing(seeded(empty)) as conn:
        sums = summed_hours.summed_hour(conn, hour)
        retention.drop(conn, "SELECT id FROM exchanges WHERE conversation = ?", ("talk-0",))
        summed_hours.write(conn, [sums])
        assert conn.execute("SELECT count(*) FROM hour_sums").fetchone() == (0,)
        assert hour in summed_hours.unsummed_hours(conn)


def test_hours_go_two_days_after_they_were_too_old_and_without_pairs(empty):
    with closing(seeded(empty)) as conn:
        take(conn, 0, ("sum",))
        hours = [hour for (hour,) in conn.execute("SELECT hour FROM pair_hours ORDER BY hour")]
        retention.drop_older(conn, BEGUN + 2 * HOUR)
        summed_hours.drop_older(conn, BEGUN + 50 * HOUR)
        assert [hour for (hour,) in conn.execute("SELECT hour FROM pair_hours ORDER BY hour")] == hours
        retention.drop_older(conn, BEGUN + 50 * HOUR)
        summed_hours.drop_older(conn, BEGUN + 49 * HOUR)
        assert [hour for (hour,) in conn.execute("SELECT hour FROM pair_hours ORDER BY hour")] == hours[1:]


def test_sums_of_the_day_after_hours_that_went_go_with_them(empty):
    with closing(copy_of(empty)) as conn:
        for place, hours in enumerate((0, 23, 24, 90, 100)):
            put(conn, place, BEGUN + hours * HOUR, f"talk-{place}", "", (("text", 1),), "provider")
        take(conn, 0, ("sum",))
        retention.drop(conn, "SELECT id FROM exchanges WHERE conversation = ?", ("talk-0",))
        take(conn, 0, ("sum",))
        conn.execute("UPDATE pairs SET started = started + 1e6")  # so that their hours are not kept for their sake
        summed_hours.drop_older(conn, BEGUN + 49 * HOUR)
        first = BEGUN // HOUR
        assert conn.execute("SELECT min(hour) FROM pair_hours").fetchone() == (first + 23,)
        assert conn.execute("SELECT min(hour) FROM hour_sums").fetchone() == (first + 90,)


def test_pairs_older_than_all_that_is_kept_are_in_the_figures(empty):
    with closing(seeded(empty)) as conn:
        take(conn, 0, ("sum",))
        before = figures(conn)
        summed_hours.drop_older(conn, BEGUN + 1_000 * HOUR)
        assert figures(conn) == before


def test_bytes_of_the_file_have_nothing_of_what_was_forgotten(tmp_path):
    config = StorageConfig(url=f"sqlite:///{tmp_path}/store.db", batch_seconds=0.01)
    with closing(open_store(config)) as store:
        for place, talk in enumerate(["kept-talk", "forgotten-talk", "", ""]):
            started = BEGUN + place * HOUR
            name = f"{int(started * 1_000):012x}{place:020x}"
            store.add_exchange(exchange_record(name, started=started, conversation=talk))
            store.add_pair(pair_record(name, started=started, conversation=talk))
        assert store.flush(PATIENCE)
        assert store.sum_hours(PATIENCE) == 2
        assert store.forget(ErasureChoice(conversation="forgotten-talk")).log_emptied
        found = b"".join(file.read_bytes() for file in tmp_path.glob("store.db*"))
    assert b"kept-talk" in found
    assert b"forgotten-talk" not in found


def test_pairs_of_before_the_sums_are_counted_by_the_step():
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as conn:
        conn.executescript(FIRST_SCHEMA + FIRST_ROWS)
        migrate(conn)
        assert conn.execute("SELECT hour, changes FROM pair_hours").fetchall() == [(BEGUN // HOUR, 1)]
