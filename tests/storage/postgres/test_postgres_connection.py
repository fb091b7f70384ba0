"""What a server refuses is one sentence that names the place and what to do, and never a password."""

from contextlib import closing

import psycopg
import pytest
from psycopg import errors

from storage.opening import open_store
from storage.postgres.postgres_connection import KEEPALIVES, checked_url, connect, explained, place, store_error
from storage.storage_config import StorageConfig
from storage.store import StoreError
from storage.store_away import StoreAwayError

URL = "postgresql://someone:secret@db.example:6432/rows"


def test_place_names_no_user_and_no_password():
    assert place(URL) == "the PostgreSQL database rows at db.example:6432"
    assert place("postgresql:///rows") == "the PostgreSQL database rows at the local socket"


@pytest.mark.parametrize(
    "url",
    ["postgresql://", "postgresql://u:secret@h", "postgresql://u:secret@h/db?nonsense=1"],
)
def test_url_that_names_no_database_is_refused_without_its_password(url):
    with pytest.raises(StoreError, match=r"\[storage\] url") as error:
        checked_url(url)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://u:secret@h/db?nonsense=1", "behind the database parameters of libpq alone, as in ?sslmode=require"),
        ("postgresql://h:port/db", "has a port that is no number, or a character in a password that ends it"),
    ],
)
def test_part_of_a_url_that_cannot_be_used_is_named_by_its_kind(url, words):
    with pytest.raises(StoreError) as error:
        checked_url(url)
    assert words in str(error.value)


@pytest.mark.parametrize(
    "password",
    [
        "pa%zzSECRET",
        "100%SECRET",
        "p@SECRET",
        "p@SEC:RET",
        "p@SEC/RET",
        "p:SEC/RET",
        "p/SECRET",
        "5432/SECRET",
        "p@SEC?RET",
        "p@[SECRET",
    ],
)
def test_password_that_is_not_percent_encoded_is_refused_and_no_part_of_it_printed(password):
    with pytest.raises(StoreError, match=r"% of a password as %25, @ as %40, / as %2F") as error:
        checked_url(f"postgresql://u:{password}@h/db")
    assert "SEC" not in str(error.value)
    assert "RET" not in str(error.value)


@pytest.mark.parametrize(
    "url",
    [
        URL,
        "postgresql://u:p%40%25%2F%3A@h/db",
        "postgresql://u:p:q@[::1]:5432/db",
        "postgresql://u@one:5432,two:5433/db",
        "postgresql://u@one,two:5433/db",
        "postgresql:///db?host=/run/server",
    ],
)
def test_good_url_is_returned(url):
    assert checked_url(url) == url


def test_port_that_nothing_listens_at_is_a_sentence_without_the_password():
    with pytest.raises(StoreError, match="cannot be reached") as error:
        connect("postgresql://someone:secret@127.0.0.1:9/rows")
    assert "secret" not in str(error.value)


def test_unknown_error_of_a_statement_keeps_its_text():
    class OddError(Exception):
        sqlstate = "XX000"

    assert (
        explained(URL, OddError("odd\nthing"))
        == "the PostgreSQL database rows at db.example:6432 refused a statement (odd thing)"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("database", "user", "sentence"),
    [
        ("absent", "sw", "has no database of this name: create it"),
        ("postgres", "nobody", "refused the user or the password"),
    ],
)
def test_absent_database_and_user_are_named(postgres_server, database, user, sentence):
    with pytest.raises(StoreError, match=sentence):
        connect(postgres_server.url(database, user))


@pytest.mark.slow
def test_role_without_a_connection_left_is_away_and_no_wrong_user(postgres_server):
    postgres_server.execute("CREATE ROLE crowded LOGIN CONNECTION LIMIT 0")
    with pytest.raises(StoreAwayError, match="has no connection left"):
        connect(postgres_server.url("postgres", "crowded"))


@pytest.mark.slow
def test_server_that_is_stopped_is_away_and_an_absent_database_is_not(postgres_server):
    with pytest.raises(StoreError) as error:
        connect(postgres_server.url("absent"))
    assert not isinstance(error.value, StoreAwayError)
    postgres_server.stop()
    try:
        with pytest.raises(StoreAwayError, match="cannot be reached"):
            connect(postgres_server.url("postgres"))
    finally:
        postgres_server.start()


@pytest.mark.parametrize(
    ("words", "sentence", "passes"),
    [
        ("FATAL: the database system is starting up", "is starting or stopping", True),
        ("FATAL: the database system is shutting down", "is starting or stopping", True),
        ("FATAL: the database system is not yet accepting connections", "is starting or stopping", True),
        ("FATAL: sorry, too many clients already", "has no connection left", True),
        ('FATAL: too many connections for database "rows"', "has no connection left", True),
        ("FATAL: remaining connection slots are reserved for roles with the SUPERUSER attribute", "has no connection left", True),
        ("server closed the connection unexpectedly", "cannot be reached", True),
        ('root certificate file "/etc/ca.pem" does not exist', "cannot be reached", True),
        ('FATAL: no pg_hba.conf entry for host "10.0.0.1", user "sw", database "rows"', "refused the user", False),
        ('FATAL: password authentication failed for user "sw"', "refused the user", False),
        ('FATAL: database "rows" does not exist', "has no database of this name", False),
    ],
)
def test_refused_connection_is_away_where_it_may_pass(words, sentence, passes):
    why = store_error(URL, psycopg.OperationalError(f"connection failed: {words}"))
    assert sentence in str(why)
    assert isinstance(why, StoreAwayError) is passes


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (errors.CannotConnectNow, True),
        (errors.AdminShutdown, True),
        (errors.DiskFull, True),
        (errors.ReadOnlySqlTransaction, True),
        (errors.LockNotAvailable, True),
        (errors.InsufficientPrivilege, False),
        (errors.UndefinedTable, False),
    ],
)
def test_error_of_a_statement_is_away_where_it_may_pass(error, passes):
    assert isinstance(store_error(URL, error("said so")), StoreAwayError) is passes


@pytest.mark.slow
def test_connection_ends_soon_after_its_server_lost_power_unless_the_url_sets_another_time(postgres_server):
    url = postgres_server.url("postgres")
    with closing(connect(url)) as conn, closing(connect(f"{url}?tcp_user_timeout=9000")) as other:
        assert conn.info.get_parameters() | KEEPALIVES == conn.info.get_parameters()
        assert other.info.get_parameters()["tcp_user_timeout"] == "9000"


@pytest.mark.slow
def test_user_without_rights_gets_a_sentence_that_names_them(postgres_server):
    url = postgres_server.empty()
    postgres_server.execute("CREATE ROLE reader LOGIN")
    name = url.rpartition("/")[2]
    with pytest.raises(StoreError, match="does not give this user the rights"):
        open_store(StorageConfig(url=postgres_server.url(name, "reader")))
    postgres_server.drop(url)


MANY = """
CREATE TABLE answers AS SELECT 'a' || n AS id, repeat('x', 200) AS words FROM generate_series(1, 60000) n;
CREATE TABLE pairs AS SELECT 'a' || n * 20 AS subject FROM generate_series(1, 1500) n;
ALTER TABLE answers ADD PRIMARY KEY (id);
ANALYZE answers, pairs
"""


@pytest.mark.slow
def test_answers_of_pairs_are_looked_up_by_their_ids_where_a_writer_would_read_them_all(postgres_server):
    url = postgres_server.empty()
    postgres_server.execute(MANY, url.rpartition("/")[2])
    for reading, how in ((True, "Index Scan"), (False, "Seq Scan")):
        with closing(connect(url, reading=reading)) as conn:
            steps = [step for (step,) in conn.execute("EXPLAIN SELECT * FROM pairs JOIN answers ON id = subject")]
            assert any(f"{how} " in step and " on answers" in step for step in steps)
