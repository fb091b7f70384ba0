"""What every port with pages or metrics does with a request: Host and Origin are checked, and its response is kept to itself."""

from __future__ import annotations

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from shadow.pages.allowed_hosts import AllowedHosts, is_same_origin
from shadow.settings.top_level_config import AdminConfig

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Server": "sameweights",
}


async def add_headers(_: web.Request, response: web.StreamResponse) -> None:
    """Add the fields of every response: what its pages may load, and who may embed them."""
    response.headers.update(HEADERS)


def host_guard(config: AdminConfig) -> Middleware:
    """A middleware that refuses what a foreign web page makes a browser send: an unknown Host (DNS rebinding), another Origin."""
    allowed = AllowedHosts(config.listen, config.hosts)

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        hosts = request.headers.getall("Host", [])
        if len(hosts) != 1 or not allowed.host(hosts[0]):
            raise web.HTTPMisdirectedRequest(text="421: unknown host name; add it to admin.hosts\n")
        origin = request.headers.get("Origin")
        if origin is not None and not is_same_origin(origin, hosts[0]):
            raise web.HTTPForbidden(text="403: requests from other sites are refused\n")
        return await handler(request)

    return guard
