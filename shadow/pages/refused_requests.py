"""refusals(): a middleware that answers what a port refuses in the form that the client accepts: a page, JSON, or a line of text.

A page is rendered only for a client that names text/html, so that probes and scrapers never load the templates.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from shadow.pages.field_weights import field_weights
from shadow.presentation.visible_text import plain
from shadow.settings.config_errors import ConfigError, meant, quoted

HTML, JSON, TEXT = "text/html", "application/json", "text/plain"
FORMS = (HTML, JSON, TEXT)
"""In the order in which they are chosen where a client weighs them alike; one that names none of them gets text."""
TITLES = {400: "This address cannot be shown", 401: "This port needs a token", 404: "Not found"}
"""The titles of pages by status, where the words of the status say less."""
SERVER_ERROR = 500
Render = Callable[[str, str], Awaitable[str]]


class RefusedError(Exception):
    """A request that gets `text`, one or more sentences, instead of what it asked for; `title` stands above or before them."""

    def __init__(self, status: int, text: str, *, title: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(text)
        self.status, self.title = status, title or TITLES.get(status) or HTTPStatus(status).phrase
        self.line = f"{title}: {text}" if title else text
        self.headers = dict(headers or {})


def refusals(addresses: Sequence[str], render: Render | None = None) -> Middleware:
    """The middleware of a port that has these `addresses`; `render` makes a page of a title and a text, None without pages."""

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except RefusedError as why:
            return await _response(request, why, render)
        except ConfigError as why:
            return await _response(request, RefusedError(400, str(why)), render)
        except web.HTTPError as why:
            return await _response(request, _refused(request, why, addresses), render)

    return answer


def accepted_form(accept: str) -> str:
    """The one of `FORMS` that an Accept header weighs most; text for one that names none, as curl's `*/*`."""
    weights = field_weights(accept)
    best = max(FORMS, key=lambda form: weights.get(form, 0.0))
    return best if weights.get(best) else TEXT


def _refused(request: web.Request, why: web.HTTPError, addresses: Sequence[str]) -> RefusedError:
    """What aiohttp's router, or a guard, refuses, as a sentence."""
    fields = {name: value for name, value in why.headers.items() if name.lower() != "content-type"}
    text = (why.text or "").removeprefix(f"{why.status}: ").strip()
    if isinstance(why, web.HTTPNotFound):
        text = f"there is no page {quoted(request.path)}{meant(request.path, addresses)}"
    if isinstance(why, web.HTTPMethodNotAllowed):
        allowed = " and ".join(sorted(why.allowed_methods))
        text = f"{quoted(why.method)} is not allowed for {quoted(request.path)}, which takes {allowed}"
    return RefusedError(why.status, text, headers=fields)


async def _response(request: web.Request, why: RefusedError, render: Render | None) -> web.Response:
    form = accepted_form(",".join(request.headers.getall("Accept", [])))
    if form == HTML and render:
        body = await render(why.title, str(why))
    elif form == JSON:
        body = _error_json(why)
    else:
        form, body = TEXT, f"{why.status}: {plain(why.line)}\n"
    fields = why.headers | {"Vary": "Accept"}
    return web.Response(text=body, content_type=form, charset="utf-8", status=why.status, headers=fields)


def _error_json(why: RefusedError) -> str:
    """The error in the form of the data port: `error.message`, `error.type`, `error.code`."""
    kind = "server_error" if why.status >= SERVER_ERROR else "invalid_request_error"
    code = HTTPStatus(why.status).name.lower()
    return json.dumps({"error": {"message": why.line, "type": kind, "code": code}})
