"""Lets only requests with the token of this installation reach what the admin port shows.

A browser sends the token once in the address, and a cookie from then on; other clients send it as a bearer token (RFC 6750).
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from aiohttp import web
from aiohttp.typedefs import Handler

from proxy.routing.outbound_proxy import is_this_machine
from shadow.pages.admin_grants import AdminGrant
from shadow.settings.top_level_config import AdminConfig

PARAMETER = "token"
GRANT = web.RequestKey("grant", AdminGrant)
"""Under which a request has what its sender may read; without a token there is none."""
OPEN = frozenset({"/healthz", "/readyz"})
"""Paths of orchestrators' probes, which show no record."""
STATIC = "/static/"
REFUSED = (
    "401: this port needs a token. Open the address that serve printed at its start, or send the header\n"
    "Authorization: Bearer TOKEN, with the token of that address or of the variable that admin.token_env names.\n"
)


def needs_token(config: AdminConfig) -> bool:
    """Whether requests need a token: when the configuration asks for one, or when other machines reach the port."""
    asked_for = bool(config.token_env or config.tokens) or config.metrics == "token"
    return asked_for or not is_this_machine(config.listen.rpartition(":")[0].strip("[]"))


def drawn_token(secret: bytes) -> str:
    """The token of an installation, from the random bytes that its store keeps: the same at every start."""
    return base64.urlsafe_b64encode(hmac.digest(secret, b"admin token", sha256)).decode().rstrip("=")


def admin_access(config: AdminConfig, secret: bytes, environ: Mapping[str, str]) -> AdminAccess:
    """Who may read a port with this configuration; `secret` is the installation's, from which a token is drawn."""
    token = environ.get(config.token_env, "").strip() or drawn_token(secret) if needs_token(config) else ""
    return AdminAccess(
        token=token, named=named_tokens(config, environ), metrics_open=config.metrics == "open", secure=bool(config.tls_cert)
    )


def named_tokens(config: AdminConfig, environ: Mapping[str, str]) -> tuple[tuple[str, AdminGrant], ...]:
    """The tokens of `admin.tokens` with what each may read; one whose variable is empty is none."""
    return tuple(
        (token, AdminGrant(name=each.name, words=each.may == "words", acts=False, tenants=frozenset(each.tenants)))
        for each in config.tokens
        if (token := environ.get(each.token_env, "").strip())
    )


def base_address(host: str, port: int, *, tls: bool) -> str:
    """The address of a port as a browser takes it; a port on every address is named by loopback."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - a name
    return f"{'https' if tls else 'http'}://{shown}:{port}"


@dataclass(slots=True, kw_only=True)
class AdminAccess:
    """Who may read the admin port; without any token everyone who reaches it. `secure`: it is served by TLS."""

    token: str = ""
    named: tuple[tuple[str, AdminGrant], ...] = ()
    """Further tokens, with what their holders may read."""
    metrics_open: bool = True
    secure: bool = False
    tenants: frozenset[str] | None = None
    """The tenants that a reload left, None before the first: a token for others alone is none from then on."""

    def __repr__(self) -> str:
        return f"<AdminAccess token={'set' if self.token else 'none'} metrics_open={self.metrics_open} secure={self.secure}>"

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer 401 without a token, 403 for what a token may not read; take it out of the address when it stands there."""
        # before the cookie, so that the token leaves the address also when the browser has one
        if given := self._found(request.query.get(PARAMETER, "")):
            return self._welcome(request, given[0])
        if self._is_open(request.path):
            return await handler(request)
        found = self._by_cookie(request) or self._by_bearer(request.headers)
        if found is None:
            raise web.HTTPUnauthorized(text=REFUSED, headers={"WWW-Authenticate": "Bearer"})
        if why := found[1].refusal(request.method, page_of(request), request.query):
            raise web.HTTPForbidden(text=why)
        request[GRANT] = found[1]
        return await handler(request)

    def reload(self, tenants: Iterable[str]) -> None:
        """Keep to the records of `tenants` from the next request on; which tokens there are changes with a restart alone."""
        self.tenants = frozenset(tenants)

    def _is_open(self, path: str) -> bool:
        no_token = not (self.token or self.named)
        return no_token or path in OPEN or path.startswith(STATIC) or (self.metrics_open and path == "/metrics")

    @property
    def _tokens(self) -> Sequence[tuple[str, AdminGrant]]:
        named = [(token, grant) for token, given in self.named if (grant := given.within(self.tenants))]
        return [*([(self.token, AdminGrant())] if self.token else []), *named]

    def _found(self, given: str) -> tuple[str, AdminGrant] | None:
        """The token that was given, with what its holder may read; every one is compared, in constant time."""
        matching = [each for each in self._tokens if _same(given, each[0])]
        return matching[0] if given and matching else None

    def _by_bearer(self, headers: Mapping[str, str]) -> tuple[str, AdminGrant] | None:
        scheme, _, given = headers.get("Authorization", "").partition(" ")
        return self._found(given.strip()) if scheme.lower() == "bearer" else None

    def _by_cookie(self, request: web.Request) -> tuple[str, AdminGrant] | None:
        given = request.cookies.get(_cookie_name(request), "")
        matching = [each for each in self._tokens if _same(given, _cookie(each[0]))]
        return matching[0] if matching else None

    def _welcome(self, request: web.Request, token: str) -> web.Response:
        rest = request.rel_url.without_query_params(PARAMETER)
        response = web.Response(status=303, headers={"Location": str(rest)})
        # Lax, because a link from a chat or a dashboard must open the page; requests that change something carry an Origin
        response.set_cookie(_cookie_name(request), _cookie(token), httponly=True, samesite="Lax", secure=self.secure, path="/")
        return response


def page_of(request: web.Request) -> str:
    """The address of the page with the names of its parts, as in `/pairs/{id}`; "" for no page."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else ""


def _same(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), token.encode())


def _cookie(token: str) -> str:
    """A value that shows that its holder had the token, without holding it."""
    return hmac.new(token.encode(), b"admin cookie", sha256).hexdigest()


def _cookie_name(request: web.Request) -> str:
    """A name of its own for each port, because browsers send the cookies of one host to all its ports (RFC 6265, 8.5)."""
    return f"sameweights_{request.url.port}"
