"""Runs the MCP server over a database that is opened read-only: on standard input and output, or on a port of its own.

On standard output only protocol messages are written. Beyond loopback a port needs a token.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
import os
import socket
import sys
import time
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version

import uvicorn
from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from starlette.types import ASGIApp, Receive, Scope, Send

from shadow.mcp_server.pair_tools import PairTools
from shadow.mcp_server.record_resources import RecordResources
from shadow.mcp_server.server_app import records_server
from shadow.mcp_server.study_tools import StudyTools
from shadow.mcp_server.verdict_tools import VerdictTools
from shadow.settings.config_errors import ConfigError, quoted
from shadow.settings.load_config import masked
from shadow.settings.top_level_config import Config
from storage.store import Reader

PATH = "/mcp"
INTERRUPTED = 130
_REFUSED = b"401: a bearer token is needed\n"


def run(reader: Reader, config: Config, *, http: str, token_env: str) -> int:
    """Serve until the input ends, or until a signal; the exit code. ConfigError for an address or a token that is wrong."""
    server = build_server(reader, config)
    with suppress(KeyboardInterrupt):
        if http:
            _serve_http(server, http, _token(token_env))
        else:
            server.run("stdio")
        return 0
    return INTERRUPTED


def build_server(reader: Reader, config: Config) -> MCPServer:
    """The server over a reader, with the configuration that it may show."""
    verdicts = VerdictTools(reader, time.time, time.monotonic)
    pairs, studies = PairTools(reader, time.time), StudyTools(reader)
    resources = RecordResources(reader, pairs, studies, lambda: masked(config))
    server = records_server(verdicts, pairs, studies, resources, version=_version())
    # the SDK puts a handler of its own on the root logger
    logging.getLogger().handlers.clear()
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    return server


def _version() -> str:
    try:
        return version("sameweights")
    except PackageNotFoundError:
        return ""


def _token(variable: str) -> str:
    if variable and not os.environ.get(variable):
        raise ConfigError([f"--token-env: the environment has no variable {quoted(variable)}, or it is empty"])
    return os.environ.get(variable, "") if variable else ""


def _serve_http(server: MCPServer, address: str, token: str) -> None:
    host, port = _address(address)
    if not token and not _is_loopback(host):
        raise ConfigError([f"--http: {quoted(address)} is reached from other machines: name a token with --token-env"])
    with _listening(host, port, address) as listener:
        bound = listener.getsockname()[1]
        hosts = [f"{name}:*" for name in ("127.0.0.1", "localhost", "[::1]", host)]
        security = TransportSecuritySettings(allowed_hosts=hosts, allowed_origins=[f"http://{name}" for name in hosts])
        app = server.streamable_http_app(
            streamable_http_path=PATH, stateless_http=True, json_response=True, transport_security=security, host=host
        )
        shown = f"[{host}]" if ":" in host else host
        sys.stderr.write(f"MCP on http://{shown}:{bound}{PATH}\n")
        sys.stderr.flush()
        config = uvicorn.Config(_Guarded(app, token) if token else app, log_level="warning", access_log=False)
        uvicorn.Server(config).run(sockets=[listener])


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


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _Guarded:
    """The application behind a bearer token (RFC 6750 section 2.1), compared in constant time."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = dict(scope.get("headers", ())).get(b"authorization", b"")
        if scope["type"] != "http" or hmac.compare_digest(given, self._expected):
            await self._app(scope, receive, send)
            return
        fields = [(b"content-type", b"text/plain"), (b"www-authenticate", b"Bearer"), (b"content-length", b"%d" % len(_REFUSED))]
        await send({"type": "http.response.start", "status": 401, "headers": fields})
        await send({"type": "http.response.body", "body": _REFUSED})
