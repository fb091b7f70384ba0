"""Tokens kept by stretches are those that counting the rows would give, for any period."""

from collections import Counter

import pytest

from storage.rows import TokenSum
from storage.sqlite import released_sql, retention, token_rollups
from tests.conformance import START, exchange_record
from tests.storage.sqlite.inserted import put

DAY = 86_400
STATES = ("certain", "hidden", "range", "no_usage", "invalid_usage", "")
PERIODS = [(0, 9e18), (START, 9e18), (START + 1, START + 2), (START + 600, START + 1_200), (START + 333.3, START + 90_333.3)]


def records(count=60):
    """One answer every half hour and a bit, in each state in turn; every third states its cost."""
    for n in range(count):
        state = STATES[n % len(STATES)]
        known = dict.fromkeys(("fresh_tokens", "output_tokens", "reasoning_tokens", "uncertain_tokens", "cache_write_1h_tokens"))
        if state in {"certain", "hidden", "range"}:
            known = {"fresh_tokens": n, "output_tokens": 2 * n, "reasoning_tokens": 1, "uncertain_tokens": n % 3}
            known["cache_write_1h_tokens"] = 1
        cost = 0.5 if n % 3 == 0 else None
        started = START + n * 1_837.5
        yield exchange_record(f"e{n}", started=started, provider=f"near-{n % 2}", usage_state=state, cost=cost, checks=0, **known)


def counted(since, until, rows):
    """The sums by hand: (day, provider, state, stated) to (answers, prompt classes, output classes, cost)."""
    sums = Counter()
    for record in rows:
        row = record.exchange
        if not (row.usage_state and since <= row.started < until):
            continue
        key = (int(row.started // DAY) * DAY, row.provider, row.usage_state, int(row.cost is not None))
        values = {"answers": 1, "cost": row.cost or 0}
        if row.fresh_tokens is not None:
            values |= {"fresh": row.fresh_tokens, "cache_read": 6, "cache_write_5m": 2, "cache_write_1h": 1}
            values |= {"output": row.output_tokens, "reasoning": 1, "uncertain": row.uncertain_tokens}
        for name, value in values.items():
            sums[(*key, name)] += value
    return {key: value for key, value in sums.items() if value}


def kept(conn, since, until):
    return {
        (row.day, row.provider, row.usage_state, row.stated, name): getattr(row, name)
        for row in token_rollups.token_sums(conn, since, until)
        for name in TokenSum._fields[6:]
        if getattr(row, name)
    }


@pytest.mark.parametrize(("since", "until"), PERIODS)
def test_sums_of_a_period_are_those_of_its_rows_by_day_and_state(conn, since, until):
    made = list(records())
    for record in made:
        put(conn, record)
    assert kept(conn, since, until) == counted(since, until, made)


def test_sums_stay_those_of_the_rows_while_the_oldest_rows_are_deleted(conn):
    made = list(records())
    put(conn, *made)
    while gone := retention.drop_older(conn, START + 1e9, 7):
        made = made[gone:]
        assert kept(conn, 0, 9e18) == counted(0, 9e18, made)
    assert conn.execute("SELECT count(*) FROM token_sums").fetchone() == (0,)


def test_answer_that_is_stored_twice_is_counted_once(conn):
    [record] = records(1)
    put(conn, record, record)
    put(conn, record)
    [row] = token_rollups.token_sums(conn, 0, 9e18)
    assert (row.answers, row.fresh) == (1, 0)


OLD = [
    ({}, "certain", (1, 6, 3, 0, 4, 0, 0)),
    ({"cached_tokens": None, "cache_write_tokens": None}, "certain", (10, 0, 0, 0, 4, 0, 0)),
    ({"cached_tokens": 11}, "invalid_usage", (0,) * 7),
    ({"prompt_tokens": 100_000_001}, "invalid_usage", (0,) * 7),
    ({"prompt_tokens": None, "completion_tokens": None}, "no_usage", (0,) * 7),
    ({"completion_tokens": None, "target": "/v1/embeddings"}, "certain", (1, 6, 3, 0, 0, 0, 0)),
]


@pytest.mark.parametrize(("more", "state", "tokens"), OLD)
def test_answer_of_an_older_version_gets_the_classes_that_its_counts_give(conn, more, state, tokens):
    put(conn, exchange_record("old", checks=0, **more))
    undo(conn)
    [row] = token_rollups.token_sums(conn, 0, 9e18)
    assert (row.usage_state, row.tokens, row.answers, row.cost) == (state, tokens, 1, 2.1e-06)


@pytest.mark.parametrize("more", [{"status": 429}, {"method": "GET"}, {"model": ""}, {"unread": "not_audited"}, {"status": None}])
def test_old_answer_that_nothing_is_billed_for_is_in_no_sum(conn, more):
    put(conn, exchange_record("old", checks=0, prompt_tokens=None, completion_tokens=None, **more))
    undo(conn)
    assert token_rollups.token_sums(conn, 0, 9e18) == []


COLUMNS = ("usage_state", "fresh_tokens", "cache_write_1h_tokens", "output_tokens", "reasoning_tokens", "uncertain_tokens")


def undo(conn):
    """The database as the version before the step left it, and the step applied again."""
    conn.execute("DROP TABLE token_sums")
    for column in (
        "usage_state",
        "fresh_tokens",
        "cache_write_1h_tokens",
        "output_tokens",
        "reasoning_tokens",
        "uncertain_tokens",
    ):
        conn.execute(f"ALTER TABLE exchanges DROP COLUMN {column}")
    for statement in released_sql.TOKEN_CLASSES:
        conn.execute(statement)
