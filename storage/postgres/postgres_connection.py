"""connect(), store_error(): connections to a PostgreSQL server, and its errors as one sentence without a password."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from ipaddress import ip_address

import psycopg
from psycopg import IsolationLevel
from psycopg.abc import Buffer
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.types.string import StrDumper

from storage.store import StoreError
from storage.store_away import StoreAwayError

CONNECT_SECONDS = 5
"""How long a server may take to accept a connection, unless the URL sets `connect_timeout`."""
KEEPALIVES = {"keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "3", "tcp_user_timeout": "15000"}
"""Seconds, and milliseconds for the last, after which a connection to a server that lost its power ends."""
OLDEST_SERVER = 150_000
"""PostgreSQL 15, as `server_version` of a connection."""
ADVICE = "change url in [storage]"
FORM = (
    "write postgresql://USER:PASSWORD@HOST/DATABASE, with % of a password as %25, @ as %40, / as %2F, and : as %3A; "
    "behind the database parameters of libpq alone, as in ?sslmode=require"
)
PORT = frozenset("0123456789,")
"""Characters of the ports of one or several hosts."""
_KNOWN = {
    "28": f"refused the user or the password: check them, or {ADVICE}",
    "3D": f"has no database of this name: create it (CREATE DATABASE), or {ADVICE}",
    "42501": "does not give this user the rights it needs: grant CREATE and USAGE on the schema, or use its owner",
    "25006": "is read-only, as a standby is: name the primary in url, and the standby in read_url_env",
    "53100": "has no room left on its disk: make room",
    "53300": "has no connection left: raise max_connections, or end other programs",
    "57P03": "is starting or stopping: try again in a moment",
}
"""Ends of a sentence by the beginning of an SQLSTATE (PostgreSQL documentation, appendix A)."""
_UNNUMBERED = (
    ("53300", "too many (clients|connections)|connection slots are reserved"),
    ("57P03", "the database system is "),
    ("28", 'authentication failed|no password supplied|role "|no pg_hba.conf entry'),
    ("3D", 'database ".*" does not exist'),
)
"""The same by words, for a connection that was refused: libpq gives no SQLSTATE then. The first that is found counts."""
_PASSING = ("08", "25006", "25P03", "40", "53", "55P03", "57", "58")
"""Beginnings of the SQLSTATE of what may pass: the connection, the resources or the operation of a server that is away, starts,
stops or is not the primary yet, and locks of others.
"""


def connect(url: str, *, reading: bool = False) -> psycopg.Connection:
    """A connection; one for `reading` cannot write, and each of its transactions sees one state. StoreError where there is none.

    Statements are not prepared on the server, because a connection pooler may give the next one to another session.
    """
    try:
        conn = psycopg.connect(_completed(url), autocommit=not reading, prepare_threshold=None)
        if reading:
            _set_to_read(conn)
    except (psycopg.Error, UnicodeError) as error:
        raise store_error(url, error) from error
    conn.adapters.register_dumper(str, _WithoutNul)
    if conn.info.server_version < OLDEST_SERVER:
        conn.close()
        raise StoreError(f"{place(url)} is older than PostgreSQL 15: use a newer server, or {ADVICE}")
    return conn


def _set_to_read(conn: psycopg.Connection) -> None:
    try:
        # because each query would be compiled again, which takes longer than it saves
        conn.execute("SET jit = off")
        # because the rows of a period are in memory or on flash: by its index a pair finds its answers in one day, and else all
        # answers of the period are read for each join
        conn.execute("SET random_page_cost = 1.1")
        conn.commit()
    except psycopg.Error:
        conn.close()
        raise
    conn.isolation_level = IsolationLevel.REPEATABLE_READ
    conn.read_only = True


class _WithoutNul(StrDumper):
    """Sends a text with U+FFFD in place of NUL, which the server refuses, so that a query for it finds nothing."""

    def dump(self, obj: str) -> Buffer | None:
        return super().dump(obj.replace("\0", "\ufffd") if "\0" in obj else obj)


def checked_url(url: str) -> str:
    """The URL itself; StoreError, a sentence that quotes nothing of it, where it is no URL of a PostgreSQL database."""
    try:
        known = conninfo_to_dict(url)
    except (psycopg.Error, ValueError):
        # libpq's text is not quoted, because it repeats what it takes for a host or an escape, which may be of a password
        raise StoreError(f"[storage] url is not a PostgreSQL URL: {FORM}") from None
    if not known.get("dbname"):
        raise StoreError(f"[storage] url names no database: {FORM}")
    if _holds_a_password(known):
        raise StoreError(f"[storage] url has a port that is no number, or a character in a password that ends it: {FORM}")
    return url


def _holds_a_password(known: Mapping[str, object]) -> bool:
    """Whether a host, port or database can be a part of a password that is not percent-encoded."""
    host, port, name = (str(known.get(key) or "") for key in ("host", "port", "dbname"))
    return "@" in host + name or not set(port) <= PORT or not all(map(_is_host, host.split(",")))


def _is_host(host: str) -> bool:
    """Whether a text is a host name, a folder of sockets, or an address: only an address has a colon, in brackets in a URL."""
    if ":" not in host:
        return True
    with suppress(ValueError):
        return bool(ip_address(host.partition("%")[0]))
    return host.startswith("/")


def place(url: str) -> str:
    """The server and database of a URL in words, without user and password."""
    known = conninfo_to_dict(url)
    host = known.get("host") or known.get("hostaddr") or "the local socket"
    port = f":{known['port']}" if known.get("port") else ""
    return f"the PostgreSQL database {known.get('dbname', '')} at {host}{port}"


def store_error(url: str, error: Exception) -> StoreError:
    """An error of the server or of the connection in one sentence: StoreAwayError for what may pass, else StoreError."""
    if isinstance(error, StoreError):
        return error
    state = _state(error)
    lost = not state and isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))
    return (StoreAwayError if lost or state.startswith(_PASSING) else StoreError)(explained(url, error))


def _state(error: Exception) -> str:
    """The SQLSTATE of an error; "" where neither a number nor known words give one."""
    text = " ".join(str(error).split())
    by_words = (state for state, words in _UNNUMBERED if re.search(words, text))
    return getattr(error, "sqlstate", None) or next(by_words, "")


def explained(url: str, error: Exception) -> str:
    """An error of the server or of the connection as one sentence with what to do."""
    if isinstance(error, StoreError):
        return str(error)
    state = _state(error)
    text = " ".join(str(error).split())
    if isinstance(error, (psycopg.IntegrityError, psycopg.DataError)):
        return f"{place(url)} refused a row ({text}): report it as a defect of sameweights"
    for begin, end in _KNOWN.items():
        if state.startswith(begin):
            return f"{place(url)} {end}"
    if not state:
        return f"{place(url)} cannot be reached ({_without_password(url, text)}): start the server, or {ADVICE}"
    return f"{place(url)} refused a statement ({text})"


def _without_password(url: str, text: str) -> str:
    password = conninfo_to_dict(url).get("password")
    return text.replace(str(password), "***") if password else text


def _completed(url: str) -> str:
    """The URL with the parameters of a connection that it leaves open."""
    known = conninfo_to_dict(url)
    wanted = {"connect_timeout": str(CONNECT_SECONDS), "application_name": "sameweights", **KEEPALIVES}
    return make_conninfo(url, **{name: value for name, value in wanted.items() if name not in known})
