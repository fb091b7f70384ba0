"""Ports and tokens are tested by the journey `test_records_over_mcp`; here what can be wrong before one is opened."""

import errno
import logging
import os
import signal
import socket
import sys
from types import SimpleNamespace

import pytest
from starlette.testclient import TestClient

from shadow.mcp_server import serve_records
from shadow.mcp_server.serve_records import _Guarded, build_server, run
from shadow.pages.admin_grants import AdminGrant
from shadow.pages.allowed_hosts import AllowedHosts
from shadow.settings.config_errors import ConfigError
from shadow.settings.top_level_config import Config


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", "host.example:80"])
def test_an_address_beyond_loopback_needs_a_token(store, address):
    with pytest.raises(ConfigError, match="is reached from other machines"):
        run(store, Config(), http=address, token_env="")


@pytest.mark.parametrize("address", ["127.0.0.1", ":1", "127.0.0.1:65536", "127.0.0.1:x"])
def test_a_text_that_is_no_address_is_quoted(store, address):
    with pytest.raises(ConfigError, match="is no address; write HOST:PORT"):
        run(store, Config(), http=address, token_env="")


def test_an_address_that_is_taken_is_quoted_with_the_reason(store):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ConfigError) as wrong:
            run(store, Config(), http=address, token_env="")
    assert str(wrong.value).startswith(f"--http: cannot listen on '{address}': {os.strerror(errno.EADDRINUSE)}")


def test_an_empty_variable_is_no_token(store, monkeypatch):
    monkeypatch.setenv("RECORDS_TOKEN", "")
    with pytest.raises(ConfigError, match="no variable 'RECORDS_TOKEN', or it is empty"):
        run(store, Config(), http="127.0.0.1:0", token_env="RECORDS_TOKEN")


@pytest.mark.parametrize(("length", "refused"), [(15, True), (16, False)])
def test_a_token_of_15_characters_is_too_short_and_one_of_16_is_not(store, monkeypatch, length, refused):
    monkeypatch.setenv("RECORDS_TOKEN", "x" * length)
    with pytest.raises(ConfigError, match="must have 16 characters at least" if refused else "is no address"):
        run(store, Config(), http="nowhere", token_env="RECORDS_TOKEN")


EVERYTHING = AdminGrant()


async def _status(*headers: tuple[bytes, bytes], token: str = "", grant: AdminGrant = EVERYTHING, names=()) -> int:
    """The status of one request to a port on every address; 200 where the checks let it through."""
    sent = []

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message):
        sent.append(message)

    guarded = _Guarded(app, AllowedHosts("0.0.0.0:8082", names), [(token, grant)] if token else [])
    await guarded({"type": "http", "headers": list(headers)}, None, send)
    return sent[0]["status"]


@pytest.mark.parametrize(
    ("host", "names", "status"),
    [
        (b"10.1.2.3:8082", (), 200),
        (b"[fd00::1]:8082", (), 200),
        (b"audit.example:8082", ("audit.example",), 200),
        (b"audit.example:8082", (), 421),
        (b"", (), 421),
    ],
)
async def test_a_port_on_every_address_is_reached_by_address_and_by_the_names_of_the_admin_port(host, names, status):
    assert await _status((b"host", host), names=names) == status


async def test_a_request_with_two_hosts_or_none_is_refused():
    assert await _status() == 421
    assert await _status((b"host", b"10.1.2.3"), (b"host", b"10.1.2.3")) == 421


async def test_a_page_of_another_site_is_refused_before_its_token_is_looked_at():
    host, key = (b"host", b"10.1.2.3:1"), (b"authorization", b"Bearer " + b"t" * 16)
    assert await _status(host, (b"origin", b"http://evil.example"), key, token="t" * 16) == 403
    assert await _status(host, (b"origin", b"http://10.1.2.3:1"), key, token="t" * 16) == 200
    assert await _status(host, token="t" * 16) == 401


@pytest.mark.parametrize(
    ("grant", "status"),
    [
        (AdminGrant(name="support", acts=False), 200),
        (AdminGrant(name="board", words=False, acts=False), 403),
        (AdminGrant(name="team", acts=False, tenants=frozenset({"alpha"})), 403),
    ],
    ids=["words", "figures", "words of a tenant"],
)
async def test_a_token_reads_over_mcp_only_where_it_may_read_the_words_of_all(grant, status):
    host, key = (b"host", b"10.1.2.3:1"), (b"authorization", b"Bearer " + b"t" * 16)
    assert await _status(host, key, token="t" * 16, grant=grant) == status


@pytest.fixture
def root_logger():
    """The root logger, as it was before, after the test."""
    logger = logging.getLogger()
    kept, level = [*logger.handlers], logger.level
    yield logger
    logger.handlers[:] = kept
    logger.setLevel(level)


@pytest.fixture
def served(monkeypatch, root_logger):
    """What uvicorn was to run: (the application, its sockets), and what it raises instead."""
    found = SimpleNamespace(app=None, sockets=(), raises=None)

    class Server:
        def __init__(self, config):
            found.app = config.app

        def run(self, sockets):
            found.sockets = [each.getsockname() for each in sockets]
            if found.raises:
                raise found.raises

    monkeypatch.setattr(serve_records.uvicorn, "Server", Server)
    return found


INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}


def test_port_answers_each_request_by_itself_with_json_and_only_with_its_token(sqlite_store, served, monkeypatch, capsys):
    monkeypatch.setenv("RECORDS_TOKEN", "t" * 16)
    assert run(sqlite_store, Config(), http="127.0.0.1:0", token_env="RECORDS_TOKEN") == 0
    [(host, port)] = served.sockets
    assert capsys.readouterr().err == f"MCP on http://{host}:{port}/mcp\n"
    with TestClient(served.app, base_url=f"http://{host}:{port}") as client:
        refused = client.post("/mcp", json=INITIALIZE)
        fields = {"authorization": f"Bearer {'t' * 16}", "accept": "application/json, text/event-stream"}
        answer = client.post("/mcp", json=INITIALIZE, headers=fields)
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert refused.text == "401: a bearer token is needed\n"
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert "mcp-session-id" not in answer.headers
    assert answer.json()["result"]["serverInfo"]["name"] == "sameweights"


def test_other_refusals_ask_for_no_token(sqlite_store, served):
    run(sqlite_store, Config(), http="127.0.0.1:0", token_env="")
    with TestClient(served.app, base_url="http://elsewhere.example") as client:
        refused = client.post("/mcp", json=INITIALIZE)
    assert (refused.status_code, refused.text) == (421, "421: unknown host name; add it to admin.hosts\n")
    assert "www-authenticate" not in refused.headers


def test_interrupted_port_ends_with_130(sqlite_store, served):
    served.raises = KeyboardInterrupt()
    assert run(sqlite_store, Config(), http="127.0.0.1:0", token_env="") == 130


def test_on_the_standard_streams_an_interrupt_ends_the_process_with_130(sqlite_store, monkeypatch, root_logger):
    handlers, ended, ran = {}, [], []
    monkeypatch.setattr(serve_records.signal, "signal", handlers.__setitem__)
    monkeypatch.setattr(serve_records.os, "_exit", ended.append)
    monkeypatch.setattr(serve_records.MCPServer, "run", lambda _, transport: ran.append(transport))
    assert run(sqlite_store, Config(), http="", token_env="") == 0
    assert ran == ["stdio"]
    handlers[signal.SIGINT](signal.SIGINT, None)
    assert ended == [130]


def test_warnings_are_written_to_standard_error_once(sqlite_store, root_logger, capsys):
    build_server(sqlite_store, Config())
    (handler,) = root_logger.handlers
    logging.getLogger("shadow.test").warning("late")
    logging.getLogger("shadow.test").info("early")
    assert handler.stream is sys.stderr
    assert capsys.readouterr().err == "WARNING shadow.test late\n"


async def test_first_of_two_equal_tokens_decides():
    figures = AdminGrant(name="board", words=False)
    sent = []

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message):
        sent.append(message)

    guarded = _Guarded(app, AllowedHosts("127.0.0.1:1", ()), [("t", AdminGrant()), ("t", figures)])
    fields = [(b"host", b"127.0.0.1:1"), (b"authorization", b"Bearer t")]
    await guarded({"type": "http", "headers": fields}, None, send)
    assert sent[0]["status"] == 200
