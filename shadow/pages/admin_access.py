"""Lets only requests with the token of this installation reach what the admin port shows.

A browser sends the token once in the address, and a cookie from then on; other clients send it as a bearer token (RFC 6750).
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from aiohttp import web
from aiohttp.typedefs import Handler

from proxy.routing.outbound_proxy import is_this_machine
from shadow.settings.top_level_config import AdminConfig

PARAMETER = "token"
OPEN = frozenset({"/healthz", "/readyz"})
"""Paths of orchestrators' probes, which show no record."""
STATIC = "/static/"
REFUSED = (
    "401: this port needs a token. Open the address that serve printed at its start, or send the header\n"
    "Authorization: Bearer TOKEN, with the token of that address or of the variable that admin.token_env names.\n"
)


def needs_token(config: AdminConfig) -> bool:
    """Whether requests need a token: when the configuration asks for one, or when other machines reach the port."""
    asked_for = bool(config.token_env) or config.metrics == "token"
    return asked_for or not is_this_machine(config.listen.rpartition(":")[0].strip("[]"))


def drawn_token(secret: bytes) -> str:
    """The token of an installation, from the random bytes that its store keeps: the same at every start."""
    return base64.urlsafe_b64encode(hmac.digest(secret, b"admin token", sha256)).decode().rstrip("=")


def admin_access(config: AdminConfig, secret: bytes, environ: Mapping[str, str]) -> AdminAccess:
    """Who may read a port with this configuration; `secret` is the installation's, from which a token is drawn."""
    token = environ.get(config.token_env, "") or drawn_token(secret) if needs_token(config) else ""
    return AdminAccess(token=token, metrics_open=config.metrics == "open", secure=bool(config.tls_cert))


def base_address(host: str, port: int, *, tls: bool) -> str:
    """The address of a port as a browser takes it; a port on every address is named by loopback."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - a name
    return f"{'https' if tls else 'http'}://{shown}:{port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminAccess:
    """Who may read the admin port; without a `token` everyone who reaches it. `secure`: it is served by TLS."""

    token: str = ""
    metrics_open: bool = True
    secure: bool = False

    def __repr__(self) -> str:
        return f"<AdminAccess token={'set' if self.token else 'none'} metrics_open={self.metrics_open} secure={self.secure}>"

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer 401 without the token; take it out of the address when it stands there."""
        # before the cookie, so that the token leaves the address also when the browser has one
        if self.token and self._is_token(request.query.get(PARAMETER, "")):
            return self._welcome(request)
        if self._is_open(request.path) or self._has_cookie(request) or self._is_bearer(request.headers):
            return await handler(request)
        raise web.HTTPUnauthorized(text=REFUSED, headers={"WWW-Authenticate": "Bearer"})

    def _is_open(self, path: str) -> bool:
        return not self.token or path in OPEN or path.startswith(STATIC) or (self.metrics_open and path == "/metrics")

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.token.encode())

    def _is_bearer(self, headers: Mapping[str, str]) -> bool:
        scheme, _, given = headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "bearer" and self._is_token(given.strip())

    def _has_cookie(self, request: web.Request) -> bool:
        given = request.cookies.get(_cookie_name(request), "")
        return hmac.compare_digest(given.encode("utf-8", "replace"), self._cookie().encode())

    def _cookie(self) -> str:
        """A value that shows that its holder had the token, without holding it."""
        return hmac.new(self.token.encode(), b"admin cookie", sha256).hexdigest()

    def _welcome(self, request: web.Request) -> web.Response:
        rest = request.rel_url.without_query_params(PARAMETER)
        response = web.Response(status=303, headers={"Location": str(rest)})
        # Lax, because a link from a chat or a dashboard must open the page; requests that change something carry an Origin
        response.set_cookie(_cookie_name(request), self._cookie(), httponly=True, samesite="Lax", secure=self.secure, path="/")
        return response


def _cookie_name(request: web.Request) -> str:
    """A name of its own for each port, because browsers send the cookies of one host to all its ports (RFC 6265, 8.5)."""
    return f"sameweights_{request.url.port or 0}"
