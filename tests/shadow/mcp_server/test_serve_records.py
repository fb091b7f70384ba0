"""Ports and tokens are tested by the journey `test_records_over_mcp`; here what can be wrong before one is opened."""

import errno
import os
import socket

import pytest

from shadow.mcp_server.serve_records import _Guarded, run
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
