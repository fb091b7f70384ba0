"""A pair that was excluded as `barred`, and the coverage that counts it, are found as `denied`."""

import json
import sqlite3
from contextlib import closing

import pytest

from storage.sqlite.renamed_exclusion import rename


@pytest.fixture
def conn():
    with closing(sqlite3.connect(":memory:")) as opened:
        opened.executescript(
            "CREATE TABLE rulings (pair_no, reason); CREATE TABLE trials (pair_no, excluded); CREATE TABLE cases (snapshot);"
        )
        yield opened


def renamed(conn, table, column, texts):
    conn.executemany(f"INSERT INTO {table} ({column}) VALUES (?)", [(text,) for text in texts])
    rename(conn)
    return [text for (text,) in conn.execute(f"SELECT {column} FROM {table} ORDER BY rowid")]


def test_the_reason_of_a_ruling_is_renamed_and_no_other(conn):
    assert renamed(conn, "rulings", "reason", ["barred", "", "cut", "barred_door"]) == ["denied", "", "cut", "barred_door"]


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("barred", "denied"),
        ("barred,greedy_text", "denied,greedy_text"),
        ("same_server,barred", "same_server,denied"),
        ("cached,barred,seed", "cached,denied,seed"),
        ("", ""),
        ("greedy_text", "greedy_text"),
    ],
)
def test_the_reasons_of_a_pair_are_renamed_wherever_one_stands(conn, was, becomes):
    assert renamed(conn, "trials", "excluded", [was]) == [becomes]


def test_the_coverage_of_a_group_is_renamed_and_the_rest_of_its_snapshot_is_as_it_was(conn):
    def snapshot(name):
        held = {"bar": 1e6, "look": {"by": "barred"}, "reasons": ["", name, "cut"], "counts": {name: 3, "cut": 1}, "ü": 0.1}
        return json.dumps(held, separators=(",", ":"), ensure_ascii=False)

    assert renamed(conn, "cases", "snapshot", [snapshot("barred"), snapshot("seed")]) == [snapshot("denied"), snapshot("seed")]


@pytest.mark.parametrize("text", ['"barred"', '["barred"]', '{"barred":1}', '{"reasons":["barred"]}', '{"reasons":3} "barred"'])
def test_what_is_no_snapshot_stays_as_it_was(conn, text):
    assert renamed(conn, "cases", "snapshot", [text]) == [text]
