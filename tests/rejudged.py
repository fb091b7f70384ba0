"""What several processes judged beside what one judges of the same pairs in the same order, and sums beside a recount."""

from contextlib import closing

import psycopg

from storage.opening import open_store
from storage.storage_config import StorageConfig
from tests.shadow.judging.test_judge import JudgeRun
from tests.storage.postgres.test_kept_sums import COUNTED_FINDINGS, COUNTED_TRAFFIC, KEPT_FINDINGS, KEPT_TRAFFIC

STATES = "SELECT route, model, provider, reference, upstream, last_no, snapshot FROM cases ORDER BY 1, 2, 3, 4, 5"
ALARMS = "SELECT at, pair_id, route, model, provider, reference, upstream, old, new, name, details FROM alarms ORDER BY no"
JUDGEMENTS = "SELECT no, pair_id, reason FROM rulings ORDER BY no"
WAITING = "SELECT count(*) FROM rulings WHERE reason IS NULL"


def unjudged(url: str) -> int:
    """How many pairs wait for a judgement."""
    with closing(psycopg.connect(url, autocommit=True)) as conn:
        [(count,)] = conn.execute(WAITING).fetchall()
    return int(count)


def judged_as_one(url: str) -> tuple[list[tuple], list[tuple], list[tuple]]:
    """The states, alarms and judgements of a database in which no process judges; those of one process are the same."""
    with closing(psycopg.connect(url, autocommit=True)) as conn, closing(open_store(StorageConfig(url=url))) as store:
        states, alarms, judgements = (conn.execute(statement).fetchall() for statement in (STATES, ALARMS, JUDGEMENTS))
        conn.execute("DELETE FROM alarms")
        store.judgements.rebuild()
        JudgeRun(store, "alone").all()
        assert [conn.execute(statement).fetchall() for statement in (STATES, ALARMS, JUDGEMENTS)] == [states, alarms, judgements]
        return states, alarms, judgements


def sums_are_of_rows(url: str) -> None:
    """The kept sums are those of a recount."""
    with closing(psycopg.connect(url, autocommit=True)) as conn:
        assert conn.execute(KEPT_FINDINGS).fetchall() == conn.execute(COUNTED_FINDINGS).fetchall() != []
        assert conn.execute(KEPT_TRAFFIC).fetchall() == conn.execute(COUNTED_TRAFFIC).fetchall() != []
