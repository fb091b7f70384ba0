"""The judge's lease in a real server: whose it is by the server's clock, and what another host may do meanwhile."""

from contextlib import closing

import psycopg
import pytest

from storage.judgement_rows import GroupStateRow, JudgementBatch
from storage.postgres import lease_rows
from storage.postgres.judgement_tables import PostgresJudgementStore
from tests.payoffs import GROUP

pytestmark = pytest.mark.slow
STATE = JudgementBatch(group_states=[GroupStateRow(group=GROUP, last_no=1, snapshot="s")])


def test_lease_ends_by_the_clock_of_the_server_whatever_the_clock_of_the_caller(postgres_store, postgres_url):
    judgements = postgres_store.judgements
    assert judgements.claim("one", 0.0, 30.0)
    assert not judgements.claim("other", 9e9, 30.0), "its clock is ahead by years"
    assert not judgements.record("other", STATE)
    with closing(psycopg.connect(postgres_url, autocommit=True)) as conn:
        conn.execute("UPDATE leases SET until = extract(epoch FROM now()) - 1")
    assert judgements.record("one", STATE), "nothing has changed until another process takes it"
    assert judgements.claim("other", 0.0, 30.0)
    assert not judgements.record("one", STATE)
    assert not judgements.renew("one", 9e9, 30.0)
    assert judgements.record("other", STATE)
    judgements.release("one")
    assert not judgements.claim("one", 0.0, 30.0)
    judgements.release("other")
    assert judgements.claim("one", 0.0, 30.0)


def test_claim_does_not_wait_for_a_holder_that_stopped_in_mid_transaction(postgres_store, postgres_url):
    judgements = postgres_store.judgements
    assert judgements.claim("one", 0.0, 0.0)
    with closing(psycopg.connect(postgres_url)) as stopped:
        stopped.execute("SELECT 1 FROM leases WHERE name = 'judge' FOR SHARE")
        assert not judgements.claim("other", 0.0, 30.0)
        stopped.rollback()
    assert judgements.claim("other", 0.0, 30.0)


@pytest.mark.parametrize("begins", ["record", "unjudged"])
def test_server_ends_a_transaction_of_a_judge_that_is_stopped_in_the_middle_of_it(postgres_store, postgres_url, begins):
    judgements = postgres_store.judgements
    with closing(psycopg.connect(postgres_url)) as stopped:
        old = PostgresJudgementStore(judgements._query, lambda job: job(stopped))
        old.record("one", STATE) if begins == "record" else old.unjudged(0, 10)
        [(bound,)] = stopped.execute("SHOW idle_in_transaction_session_timeout").fetchall()
    assert bound == "3s"
    assert float(bound[0]) < judgements.lease_seconds


def test_holder_is_named_with_what_is_left_until_its_lease_ends_or_is_released(postgres_store, postgres_url):
    with closing(psycopg.connect(postgres_url, autocommit=True)) as conn:
        assert lease_rows.holder_of(conn) == ("", 0.0)
        assert lease_rows.claim(conn, "one", 30.0)
        name, left = lease_rows.holder_of(conn)
        assert (name, 20 < left <= 30) == ("one", True)
        assert lease_rows.renew(conn, "one", 0.0)
        assert lease_rows.holder_of(conn) == ("", 0.0), "it has run out"
        lease_rows.release(conn, "one")
        assert not lease_rows.renew(conn, "one", 30.0)
        assert not lease_rows.is_held(conn, "one")
