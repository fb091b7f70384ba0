"""What a transaction has stored whose commit got no answer is this writer's own, and is not done again."""

from contextlib import closing
from functools import partial

import psycopg
import pytest

from storage.postgres import unanswered_commits
from storage.postgres.copy_inserter import CopyInserter
from storage.postgres.postgres_connection import connect
from storage.postgres.unanswered_commits import RepeatableJob, UnansweredCommits, is_committed, number_of
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
    records = [exchange_record("one"), pair_record("one"), exchange_record("alone")]
    assert cut.write([*records, exchange_record("before")]) == [STORED, STORED, STORED, KNOWN]
    assert cut.write(records) == [KNOWN, KNOWN, KNOWN]
    assert cut.written == 4


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


def test_no_more_transactions_are_remembered_than_the_bound(postgres_url):
    commits = UnansweredCommits()
    with closing(connect(postgres_url)) as conn:
        for name in range(16 + 1):
            with conn.transaction():
                conn.execute("UPDATE spending SET requests = 0")
                conn.execute("INSERT INTO secrets (name, value) VALUES (%s, '')", (str(name),))
                commits.add(number_of(conn), [name])
        commits.look(conn)
    assert [commits.take(name) for name in (0, 1, 1, 16)] == [False, True, False, True]
    assert repr(commits) == "<UnansweredCommits 14>"


def test_record_that_comes_twice_in_a_batch_is_stored_once_after_a_lost_answer(link, cut):
    twice = [exchange_record("one"), exchange_record("one"), pair_record("one"), pair_record("one")]
    link.cut, link.refuses = "answer", True
    assert cut.write(twice) == [AWAY] * 4
    link.refuses = False
    assert cut.write(twice) == [STORED, KNOWN, STORED, KNOWN]
    assert cut.written == 3


class Ending(CopyInserter):
    """Commits the open transaction of `conn` just before it looks which records are stored."""

    ending = None

    def _batch(self, conn, records):
        if self.ending:
            self.ending.commit()
        return super()._batch(conn, records)


def test_record_whose_commit_ends_while_it_is_offered_again_is_new(postgres_url):
    with closing(connect(postgres_url)) as conn, closing(Ending(partial(connect, postgres_url))) as held:
        conn.autocommit = False
        held.write_rows(conn, [held.prepare(exchange_record("one"))])
        held._unanswered.add(number_of(conn), [("exchanges", "one")])
        held.partitions.forget()
        held.ending = conn
        assert held.write([exchange_record("one")]) == [STORED]
        assert held.write([exchange_record("one")]) == [KNOWN]


@pytest.mark.parametrize(
    "records", [[exchange_record("one"), pair_record("one")], [exchange_record("one"), exchange_record("before")]]
)
def test_records_of_a_lost_commit_whose_number_is_of_another_transaction_are_written(
    link, cut, postgres_url, monkeypatch, records
):
    with closing(connect(postgres_url)) as conn, conn.transaction():
        conn.execute("INSERT INTO secrets (name, value) VALUES ('one', '')")
        other = number_of(conn)
    monkeypatch.setattr(unanswered_commits, "number_of", lambda _: other)  # as after a failover to a standby that lagged
    link.cut = "commit"
    assert cut.write(records)[0] == STORED
    assert cut.run(lambda conn: conn.execute("SELECT count(*) FROM exchanges WHERE id = 'one'").fetchall()) == [(1,)]


def test_job_is_repeated_unless_it_was_committed_and_what_it_wrote_is_there(postgres_url):
    there, calls = [True], []

    def add(conn):
        calls.append(conn)
        conn.execute("INSERT INTO secrets (name, value) VALUES (%s, '')", (str(len(calls)),))
        return len(calls)

    job = RepeatableJob(add, lambda _: there[0])
    with closing(connect(postgres_url)) as conn:
        with conn.transaction(force_rollback=True):
            assert job(conn) == 1
        for is_there, expected in ((True, 2), (True, 2), (False, 3)):
            there[0] = is_there
            with conn.transaction():
                assert job(conn) == expected
    assert repr(job) == f"<RepeatableJob {job.number}>"


def test_job_whose_transaction_goes_on_is_not_repeated_before_its_end(postgres_url):
    add = "INSERT INTO secrets (name, value) VALUES ('one', '')"
    job = RepeatableJob(lambda conn: conn.execute(add).rowcount)
    with closing(connect(postgres_url)) as first, closing(connect(postgres_url)) as second:
        with first.transaction():
            assert job(first) == 1
            with pytest.raises(psycopg.OperationalError, match="has not ended the transaction"), second.transaction():
                job(second)
        with second.transaction():
            assert job(second) == 1
        assert second.execute("SELECT count(*) FROM secrets WHERE name = 'one'").fetchall() == [(1,)]
