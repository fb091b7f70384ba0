"""What a transaction has stored whose commit got no answer is this writer's own, and is not done again."""

from contextlib import closing
from functools import partial

import psycopg
import pytest

from storage.postgres.copy_inserter import CopyInserter
from storage.postgres.postgres_connection import connect
from storage.postgres.unanswered_commits import UnansweredCommits, is_committed, number_of
from storage.store import Outcome
from tests.conformance import exchange_record, pair_record
from tests.cut_link import CutLink

pytestmark = pytest.mark.slow
STORED, KNOWN, AWAY = Outcome.STORED, Outcome.KNOWN, Outcome.AWAY


@pytest.fixture
def link(postgres_url):
    with closing(CutLink(postgres_url)) as opened:
        yield opened


@pytest.fixture
def cut(link):
    with closing(CopyInserter(partial(connect, link.url))) as held:
        assert held.write([exchange_record("before")]) == [STORED]
        yield held


@pytest.mark.parametrize("lost", ["answer", "commit"])
def test_records_whose_commit_got_no_answer_are_stored_once_and_are_new(link, cut, lost):
    link.cut = lost
    assert cut.write([exchange_record("one"), pair_record("one"), exchange_record("before")]) == [STORED, STORED, KNOWN]
    assert cut.write([exchange_record("one"), pair_record("one")]) == [KNOWN, KNOWN]
    assert cut.written == 3


@pytest.mark.parametrize("lost", ["answer", "commit"])
def test_records_that_were_away_with_their_commit_are_new_when_they_are_offered_again(link, cut, lost):
    link.cut, link.refuses = lost, True
    assert cut.write([exchange_record("one"), exchange_record("before"), exchange_record("two")]) == [AWAY] * 3
    link.refuses = False
    assert cut.write([exchange_record("before"), exchange_record("two")]) == [KNOWN, STORED]
    assert cut.write([exchange_record("one"), exchange_record("two")]) == [STORED, KNOWN]
    assert cut.write([exchange_record("one")]) == [KNOWN]


def test_record_that_another_writer_stored_after_a_lost_commit_is_known(link, cut, postgres_url):
    link.cut, link.refuses = "commit", True
    assert cut.write([exchange_record("one")]) == [AWAY]
    with closing(CopyInserter(partial(connect, postgres_url))) as other:
        assert other.write([exchange_record("one")]) == [STORED]
    link.refuses = False
    assert cut.write([exchange_record("one")]) == [KNOWN]


@pytest.mark.parametrize("lost", ["answer", "commit"])
def test_job_whose_commit_got_no_answer_is_done_once(link, cut, lost):
    link.cut = lost
    add = (
        "INSERT INTO spending (hour, requests, tokens, money) VALUES (1, 1, 0, 0) ON CONFLICT (hour) DO UPDATE SET requests = 99"
    )
    assert cut.run(lambda conn: conn.execute(add).rowcount) == 1
    assert cut.run(lambda conn: conn.execute("SELECT requests FROM spending").fetchall()) == [(1,)]


def test_no_number_is_kept_of_a_transaction_that_wrote_nothing_and_of_a_server_that_went_back(postgres_url):
    with closing(connect(postgres_url)) as conn:
        assert number_of(conn) == ""
        with conn.transaction():
            conn.execute("INSERT INTO secrets (name, value) VALUES ('one', '')")
            number = number_of(conn)
            with closing(psycopg.connect(postgres_url, autocommit=True)) as other:
                assert is_committed(other, number) is None
        assert is_committed(conn, number)
        assert is_committed(conn, str(int(number) + 1_000_000)) is False


def test_as_many_transactions_are_remembered_as_the_bound_says(postgres_url):
    commits = UnansweredCommits()
    with closing(connect(postgres_url)) as conn:
        for name in range(16 + 1):
            with conn.transaction():
                conn.execute("UPDATE spending SET requests = 0")
                conn.execute("INSERT INTO secrets (name, value) VALUES (%s, '')", (str(name),))
                commits.add(number_of(conn), [name])
        commits.look(conn)
    assert [commits.stored(name) for name in (0, 1, 16)] == [False, True, True]
    commits.forget(range(1, 16))
    assert repr(commits) == "<UnansweredCommits 1>"
