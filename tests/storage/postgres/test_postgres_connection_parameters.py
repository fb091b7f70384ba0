"""What a connection is opened with, and which servers are refused; connections without a server."""

import psycopg
import pytest
from psycopg import IsolationLevel, errors
from psycopg.conninfo import conninfo_to_dict

from storage.postgres import postgres_connection
from storage.postgres.postgres_connection import connect, explained, store_error
from storage.store import StoreError
from storage.store_away import StoreAwayError

URL = "postgresql://someone:secret@db.example:6432/rows"


class Connection:
    """A connection to a server of one version, which refuses every statement where it is told so."""

    def __init__(self, version: int, *, refuses: bool = False) -> None:
        self.info = type("Info", (), {"server_version": version})
        self.adapters = self
        self.executed: list[str] = []
        self.closed = self.read_only = False
        self.commits = 0
        self.isolation_level = None
        self._refuses = refuses

    def register_dumper(self, kind, _dumper) -> None:
        assert kind is str

    def execute(self, statement: str) -> None:
        if self._refuses:
            raise errors.InsufficientPrivilege("no")
        self.executed.append(statement)

    def commit(self) -> None:
        self.commits += 1

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def server(monkeypatch):
    """`server(connection)`: the next connection; what it is opened with is in the list that is returned."""

    def serving(connection):
        given = []

        def opening(url, **options):
            given.append((url, options))
            return connection

        monkeypatch.setattr(postgres_connection.psycopg, "connect", opening)
        return given

    return serving


def test_connection_is_given_up_after_five_seconds_and_ended_where_its_server_is_gone(server):
    given = server(made := Connection(160_000))
    assert connect(URL) is made
    [(url, options)] = given
    assert conninfo_to_dict(url) == {
        **conninfo_to_dict(URL),
        "connect_timeout": "5",
        "application_name": "sameweights",
        "keepalives_idle": "10",
        "keepalives_interval": "5",
        "keepalives_count": "3",
        "tcp_user_timeout": "15000",
    }
    assert options == {"autocommit": True, "prepare_threshold": None}
    assert (made.executed, made.read_only, made.isolation_level) == ([], False, None)


def test_parameter_of_the_url_takes_precedence(server):
    given = server(Connection(160_000))
    connect(f"{URL}?connect_timeout=9&keepalives_idle=1")
    found = conninfo_to_dict(given[0][0])
    assert (found["connect_timeout"], found["keepalives_idle"], found["keepalives_count"]) == ("9", "1", "3")


def test_connection_that_reads_writes_nothing_and_each_of_its_transactions_sees_one_state(server):
    given = server(made := Connection(160_000))
    connect(URL, reading=True)
    assert given[0][1]["autocommit"] is False
    assert made.executed == ["SET jit = off", "SET random_page_cost = 1.1"]
    assert (made.commits, made.read_only, made.isolation_level) == (1, True, IsolationLevel.REPEATABLE_READ)


def test_connection_that_cannot_be_set_to_read_is_closed(server):
    server(made := Connection(160_000, refuses=True))
    with pytest.raises(StoreError, match="does not give this user the rights"):
        connect(URL, reading=True)
    assert made.closed


@pytest.mark.parametrize(("version", "refused"), [(149_999, True), (150_000, False)])
def test_server_older_than_postgresql_15_is_refused(server, version, refused):
    server(made := Connection(version))
    if refused:
        with pytest.raises(StoreError, match=r"rows at db\.example:6432 is older than PostgreSQL 15: use a newer server"):
            connect(URL)
    else:
        connect(URL)
    assert made.closed is refused


def with_state(state: str, text: str = "said so") -> psycopg.Error:
    error = psycopg.OperationalError(text)
    error.sqlstate = state
    return error


@pytest.mark.parametrize(
    ("state", "words", "passes"),
    [
        ("28P01", "refused the user or the password", False),
        ("3D000", "has no database of this name", False),
        ("42501", "does not give this user the rights it needs", False),
        ("25006", "is read-only, as a standby is", True),
        ("53100", "has no room left on its disk: make room", True),
        ("53300", "has no connection left", True),
        ("57P03", "is starting or stopping", True),
        ("08006", "refused a statement (said so)", True),
        ("25P03", "refused a statement (said so)", True),
        ("40001", "refused a statement (said so)", True),
        ("55P03", "refused a statement (said so)", True),
        ("58030", "refused a statement (said so)", True),
        ("42P01", "refused a statement (said so)", False),
        ("", "cannot be reached (said so): start the server", True),
    ],
)
def test_error_with_a_number_is_a_sentence_and_away_where_it_may_pass(state, words, passes):
    error = with_state(state)
    assert explained(URL, error).startswith(f"the PostgreSQL database rows at db.example:6432 {words}")
    assert isinstance(store_error(URL, error), StoreAwayError) is passes


def test_error_of_the_store_is_the_same_one_and_its_own_sentence():
    error = StoreError("a sentence")
    assert store_error(URL, error) is error
    assert explained(URL, error) == "a sentence"


def test_password_in_the_words_of_a_server_is_masked():
    assert "(no *** here)" in explained(URL, psycopg.OperationalError("no secret\n  here"))
    assert "(no secret)" in explained("postgresql:///rows", psycopg.OperationalError("no secret"))


def test_row_that_is_refused_is_a_defect_to_be_reported_and_does_not_pass():
    for error in (psycopg.IntegrityError("twice"), psycopg.DataError("too long")):
        assert explained(URL, error).endswith(f"refused a row ({error}): report it as a defect of sameweights")
        assert not isinstance(store_error(URL, error), StoreAwayError)
