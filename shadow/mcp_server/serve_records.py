"""Runs the MCP server over a database that is opened read-only: on standard input and output, or on a port of its own.

On standard output only protocol messages are written. Beyond loopback a port needs a token.
"""

from __future__ import annotations

import hmac
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus

import uvicorn
from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from starlette.types import ASGIApp, Receive, Scope, Send

from proxy.routing.outbound_proxy import is_this_machine
from shadow.commands.exit_codes import INTERRUPTED
from shadow.mcp_server.choose_tool import ChooseTool
from shadow.mcp_server.pair_search import PairSearch
from shadow.mcp_server.pair_tools import PairTools
from shadow.mcp_server.record_resources import RecordResources
from shadow.mcp_server.sampled_rows import SampledRows
from shadow.mcp_server.server_app import records_server
from shadow.mcp_server.study_tools import StudyTools
from shadow.mcp_server.verdict_tools import VerdictTools
from shadow.pages.admin_access import named_tokens
from shadow.pages.admin_grants import AdminGrant
from shadow.pages.allowed_hosts import AllowedHosts, is_same_origin
from shadow.settings.config_errors import ConfigError, quoted
from shadow.settings.cross_checks import SHORTEST_TOKEN
from shadow.settings.installed_version import installed_version
from shadow.settings.load_config import masked
from shadow.settings.top_level_config import Config
from storage.store import Reader

PATH = "/mcp"


def run(reader: Reader, config: Config, *, http: str, token_env: str) -> int:
    """Serve until the input ends, or until a signal; the exit code. ConfigError for an address or a token that is wrong."""
    server = build_server(reader, config)
    if http:
        try:
            tokens = [(token, AdminGrant()) for token in [_token(token_env)] if token] + [*named_tokens(config.admin, os.environ)]
            serve_http(server, http, tokens, config.admin.hosts)
        except KeyboardInterrupt:  # uvicorn raises it once more when it has ended in order
            return INTERRUPTED
    else:
        # the SDK's thread waits for a line of the input, which may never come; nothing is being written here
        signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
        server.run("stdio")
    return 0


def build_server(reader: Reader, config: Config) -> MCPServer:
    """The server over a reader, with the configuration that it may show."""
    verdicts = VerdictTools(reader, time.time, time.monotonic)
    rows = SampledRows(reader, time.time)
    pairs, studies = PairTools(reader, time.time, rows), StudyTools(reader)
    resources = RecordResources(reader, pairs, studies, lambda: masked(config))
    choice = ChooseTool(reader, config, time.time)
    search = PairSearch(reader, time.time, time.monotonic, rows)
    server = records_server(verdicts, pairs, search, studies, resources, choice=choice, version=installed_version(""))
    # the SDK puts a handler of its own on the root logger
    logging.getLogger().handlers.clear()
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    return server


def _token(variable: str) -> str:
    token = os.environ.get(variable, "").strip() if variable else ""
    if variable and not token:
        raise ConfigError([f"--token-env: the environment has no variable {quoted(variable)}, or it is empty"])
    if variable and len(token) < SHORTEST_TOKEN:
        raise ConfigError([f"--token-env: the token in {quoted(variable)} must have {SHORTEST_TOKEN} characters at least"])
    return token


def serve_http(server: MCPServer, address: str, tokens: Sequence[tuple[str, AdminGrant]], names: Sequence[str]) -> None:
    """Serve on `address` until a signal; without `tokens` to every client; `names` are hosts beside it and loopback."""
    host, port = _address(address)
    if not tokens and not is_this_machine(host):
        raise ConfigError([f"--http: {quoted(address)} is reached from other machines: name a token with --token-env"])
    with _listening(host, port, address) as listener:
        # its own checks know one name; those of the admin port know addresses and `admin.hosts` too
        security = TransportSecuritySettings(enable_dns_rebinding_protection=False)
        app = server.streamable_http_app(
            streamable_http_path=PATH, stateless_http=True, json_response=True, transport_security=security, host=host
        )
        shown = f"[{host}]" if ":" in host else host
        sys.stderr.write(f"MCP on http://{shown}:{listener.getsockname()[1]}{PATH}\n")
        sys.stderr.flush()
        guarded = _Guarded(app, AllowedHosts(address, names), tokens)
        uvicorn.Server(uvicorn.Config(guarded, log_level="warning", access_log=False)).run(sockets=[listener])


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise ConfigError([f"--http: {quoted(text)} is no address; write HOST:PORT, as in 127.0.0.1:8082"])
    return host.strip("[]"), int(port)


def _listening(host: str, port: int, address: str) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise ConfigError([f"--http: cannot listen on {quoted(address)}: {error.strerror or error}"]) from None


class _Guarded:
    """The application behind the checks of a port: its Host and Origin, then a bearer token (RFC 6750 section 2.1)."""

    def __init__(self, app: ASGIApp, hosts: AllowedHosts, tokens: Sequence[tuple[str, AdminGrant]]) -> None:
        self._app, self._hosts = app, hosts
        self._expected = [(f"Bearer {token}".encode(), grant) for token, grant in tokens]

    def __repr__(self) -> str:
        return f"<_Guarded tokens={len(self._expected)}>"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        if refusal is None:
            await self._app(scope, receive, send)
            return
        status, text = refusal
        fields = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(text))]
        fields += [(b"www-authenticate", b"Bearer")] if status == HTTPStatus.UNAUTHORIZED else []
        await send({"type": "http.response.start", "status": status, "headers": fields})
        await send({"type": "http.response.body", "body": text})

    def _refusal(self, scope: Scope) -> tuple[int, bytes] | None:
        fields: Mapping[bytes, bytes] = dict(scope["headers"])
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        host, origin = b"".join(hosts).decode("latin-1"), fields.get(b"origin")
        if len(hosts) != 1 or not self._hosts.host(host):
            return 421, b"421: unknown host name; add it to admin.hosts\n"
        if origin is not None and not is_same_origin(origin.decode("latin-1"), host):
            return 403, b"403: requests from other sites are refused\n"
        return self._token_refusal(fields.get(b"authorization", b"")) if self._expected else None

    def _token_refusal(self, given: bytes) -> tuple[int, bytes] | None:
        """The tools read the words of all tenants, so that a token for figures or for some tenants is not enough."""
        found = [grant for expected, grant in self._expected if hmac.compare_digest(given, expected)]
        if not found:
            return 401, b"401: a bearer token is needed\n"
        if found[0].words and not found[0].tenants:
            return None
        return 403, f"403: the token {found[0].name!r} may not read the words of all tenants, which these tools show\n".encode()
