"""A moved installation has every row, its judge goes on where it was, and nothing is half copied."""

from contextlib import closing

import psycopg
import pytest

from storage import store_copy
from storage.judgement_rows import JudgementBatch, JudgementRow
from storage.opening import open_store
from storage.rows import AnswerFilter, IdentityRow, PairFilter
from storage.spending import Spending
from storage.storage_config import StorageConfig
from storage.store import StoreError
from storage.store_copy import copy_store
from storage.study_rows import RunResultRow, RunRow, SetbackRow, StudyRequestRow, StudyRow
from tests.conformance import DAY, START, exchange_record, pair_record
from tests.payoffs import add
from tests.storage.postgres.same_records import each_period, id_at, put_records

pytestmark = pytest.mark.slow


@pytest.fixture
def url(postgres_server):
    url = postgres_server.empty()
    yield url
    postgres_server.drop(url)


@pytest.fixture
def moved(sqlite_store, tmp_path, url):
    """(store before, store after) of an installation with records of every kind."""
    put_records(sqlite_store)
    secret = sqlite_store.secret()
    sqlite_store.close()
    counts = copy_store(tmp_path / "store.db", url)
    config = StorageConfig(url=f"{tmp_path}/store.db", batch_seconds=0.01)
    with closing(open_store(config)) as before, closing(open_store(StorageConfig(url=url, batch_seconds=0.01))) as after:
        assert after.secret() == secret
        yield before, after, counts


def test_every_query_returns_the_same_after_the_move(moved):
    before, after, counts = moved
    assert counts["exchanges"] == 800
    assert before.pairs(PairFilter(limit=1_000)) == after.pairs(PairFilter(limit=1_000)) != []
    for each in before.pairs(PairFilter(limit=30)):
        for id_ in (each.pair.subject_id, each.pair.reference_id, each.pair.control_id):
            assert before.exchange(id_) == after.exchange(id_)
            assert before.tool_calls(id_) == after.tool_calls(id_)
            assert before.findings(exchange_id=id_) == after.findings(exchange_id=id_)
        assert before.findings(pair_id=each.pair.id) == after.findings(pair_id=each.pair.id)
    assert before.faulty_answers(AnswerFilter(limit=99)) == after.faulty_answers(AnswerFilter(limit=99))
    for name in ("signal_counts", "traffic", "payoffs", "reasons", "token_sums"):
        assert list(each_period(getattr(before, name))) == list(each_period(getattr(after, name)))
    assert before.judgements.group_states() == after.judgements.group_states()
    assert before.judgements.alarms(0, 0) == after.judgements.alarms(0, 0)
    assert before.page_queries.newest_evidence(99) == after.page_queries.newest_evidence(99)


def test_judge_goes_on_after_the_last_pair_it_judged_and_new_pairs_come_last(moved):
    before, after, _ = moved
    assert after.judgements.last_judged() == before.judgements.last_judged() > 0
    waiting = [row.pair_id for row in before.judgements.unjudged(0, 1_000)]
    add(after, "new-pair")
    rows = after.judgements.unjudged(after.judgements.last_judged(), 1_000)
    assert [row.pair_id for row in rows] == [*waiting, "new-pair"]
    [pace] = after.judgements.paces()
    assert [row.exchange_id for row in after.judgements.timed_answers(pace.last_no, 10)] == ["new-pair"]


def test_records_of_a_new_day_and_of_a_copied_id_are_taken_after_the_move(moved):
    _, after, _ = moved
    known = after.pairs(PairFilter(limit=1))[0].pair.id
    before = after.stored
    after.add_exchange(exchange_record(known))
    after.add_exchange(exchange_record("new"))
    assert after.flush(20)
    assert after.stored == before + 1


def put_few(store):
    """Three exchanges of one conversation, of a day each, the bodies of which are stored against each other; two judged pairs; a
    study with a request, a try that failed and a run.
    """
    body = bytes(range(256)) * 4
    names = [id_at(START + place * DAY, "a", place) for place in range(3)]
    for place, name in enumerate(names):
        started = START + place * DAY
        source = {"exchange_id": name, "started": started, "provider": "near", "model": "qwen"}
        identity = IdentityRow(**source, identity=f"i{place}", previous=f"i{place - 1}", changes="[]", facts="{}")
        made = exchange_record(name, started=started, request_body=body + bytes([place]))
        store.add_exchange(made._replace(identities=(identity,)))
    for name in names[:2]:
        store.add_pair(pair_record(name, {"text": "match", "usage": "differ"}))
    assert store.flush(20)
    assert store.judgements.claim("me", 0.0, 30.0)
    judged = [JudgementRow(no=row.no, reason="repeated") for row in store.judgements.unjudged(0, 1)]
    assert store.judgements.record("me", JudgementBatch(judgements=judged))
    study = StudyRow(id="s", kind="probe", name="n", begun=1.0, plan="{}", policy="{}", seed=7, version="1")
    request = StudyRequestRow(key="k", row_id="r", target="t", repeat=2, block=3, state="failed", exchange_id="x", tries=4)
    result = RunResultRow(place=0, position=1, source="live", is_error=True, alterations="[]", seconds=0.5, text="t")
    figures = {"score": None, "points": 1.5, "begun": 2.0, "seconds": 3.0, "tools_seconds": 4.0}
    words = {"target": "t", "task": "u", "outcome": "o", "detail": "d", "touched": "[]", "world": "w"}
    store.studies.begin(study)
    store.studies.ask("s", request)
    store.studies.set_back("s", SetbackRow(key="k", at=5.0, reason="busy", waited=6.0))
    store.studies.add_run("s", RunRow(block=1, steps=(names[0],), results=(result,), **words, **figures))
    store.spend(START, Spending(1, 2, 0.5), "alpha")


def stored(store):
    """What queries return of the records of `put_few`."""
    pairs = store.pairs(PairFilter())
    names = [row.pair.id for row in pairs] + [row.pair.reference_id for row in pairs] + [id_at(START + 2 * DAY, "a", 2)]
    hours = int(START // 3_600), int(START // 3_600) + 1
    studies, judgements = store.studies, store.judgements
    return {
        "pairs": pairs,
        "exchanges": [(store.exchange(name), store.tool_calls(name), store.findings(exchange_id=name)) for name in names],
        "findings": [store.findings(pair_id=row.pair.id) for row in pairs],
        "payoffs": store.payoffs(0.0, 0.0),
        "identities": store.identity_queries.identities(0.0, 0.0, 9),
        "judged": (judgements.last_judged(), [row.pair_id for row in judgements.recently_counted(1e9)]),
        "studies": (studies.studies(), studies.requests("s"), studies.setbacks("s"), studies.runs("s")),
        "spent": (store.spent(*hours), store.spent_by_tenants(*hours)),
    }


def test_few_records_of_several_days_are_the_same_after_the_move_and_reported_by_table(sqlite_store, tmp_path, url, monkeypatch):
    monkeypatch.setattr(store_copy, "DAYS_AT_ONCE", 2)
    put_few(sqlite_store)
    before, reported = stored(sqlite_store), {}
    sqlite_store.close()
    counts = copy_store(tmp_path / "store.db", url, reported.__setitem__)
    assert reported == counts
    assert [counts[name] for name in ("exchanges", "pairs", "payloads", "rulings", "runs", "setbacks")] == [5, 2, 5, 2, 1, 1]
    with closing(open_store(StorageConfig(url=url))) as after, closing(psycopg.connect(url)) as conn:
        assert stored(after) == before
        days = conn.execute("SELECT tableoid::regclass::text, count(*) FROM pairs GROUP BY 1 ORDER BY 1").fetchall()
    assert days == [("pairs_20260921", 1), ("pairs_20260922", 1)]


def test_database_that_has_records_is_left_as_it_is(sqlite_store, tmp_path, postgres_store, postgres_url):
    sqlite_store.close()
    postgres_store.add_exchange(exchange_record("one"))
    assert postgres_store.flush(20)
    with pytest.raises(StoreError, match="has records already, and nothing was copied"):
        copy_store(tmp_path / "store.db", postgres_url)
    assert postgres_store.exchange("one") is not None


def test_copy_that_fails_in_the_middle_leaves_nothing(sqlite_store, tmp_path, url):
    add(sqlite_store, "one")
    sqlite_store.close()
    open_store(StorageConfig(url=url)).close()
    with closing(psycopg.connect(url, autocommit=True)) as conn:
        conn.execute("ALTER TABLE payoffs ADD CHECK (payoff > 5)")
        with pytest.raises(StoreError, match="nothing was copied"):
            copy_store(tmp_path / "store.db", url)
        assert conn.execute("SELECT count(*) FROM exchanges").fetchone() == (0,)


def test_file_that_is_being_written_or_absent_is_refused(sqlite_store, tmp_path, url):
    with pytest.raises(StoreError, match="is already written by another sameweights"):
        copy_store(tmp_path / "store.db", url)
    with pytest.raises(StoreError, match="does not exist: name the file"):
        copy_store(tmp_path / "absent.db", url)


def days_of_records(store, days):
    for day in range(days):
        store.add_exchange(exchange_record(id_at(1.6e9 + day * 86_400, "a", day)))
    assert store.flush(60)
    store.close()


def test_records_of_more_days_than_one_transaction_can_create_are_copied(sqlite_store, tmp_path, url):
    days_of_records(sqlite_store, 130)
    assert copy_store(tmp_path / "store.db", url)["exchanges"] == 130


@pytest.fixture
def few_locks(postgres_server):
    """The server with room for a tenth of the usual locks."""
    restarted(postgres_server, "SET max_locks_per_transaction = 10")
    yield
    restarted(postgres_server, "RESET max_locks_per_transaction")


def restarted(server, change):
    server.execute(f"ALTER SYSTEM {change}")
    server.stop()
    server.start()


@pytest.mark.usefixtures("few_locks")
def test_more_days_than_the_server_can_lock_at_once_are_refused_with_the_setting_that_suffices(sqlite_store, tmp_path, url):
    days_of_records(sqlite_store, 100)
    words = r"nothing was copied: the file has records of 100 days.*set max_locks_per_transaction to \d{2} for the time"
    with pytest.raises(StoreError, match=words):
        copy_store(tmp_path / "store.db", url)
    with closing(psycopg.connect(url)) as conn:
        assert conn.execute("SELECT count(*) FROM exchanges_20200913").fetchone() == (0,)
