"""tenant_guard(): keeps the words of other tenants from a token that may read those of some alone."""

from __future__ import annotations

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from shadow.pages.admin_access import GRANT, page_of
from shadow.pages.admin_grants import EXCHANGE, PAIR, AdminGrant
from shadow.pages.page_threads import PageThreads
from storage.store import Reader


def tenant_guard(reader: Reader, threads: PageThreads) -> Middleware:
    """The middleware; a record that is unknown is left to its page, one of a tenant that is not known is refused."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        grant: AdminGrant | None = request.get(GRANT)
        page = page_of(request)
        if grant and grant.tenants and page in PAIR | EXCHANGE:
            name = request.match_info["id"]
            if not await threads.run(_is_allowed, reader, grant, name, page in PAIR):
                raise web.HTTPForbidden(text=grant.other_tenant)
        return await handler(request)

    return guard


def _is_allowed(reader: Reader, grant: AdminGrant, name: str, of_pair: bool) -> bool:
    pair = reader.pair(name) if of_pair else None
    if of_pair and pair is None:
        return not reader.candidates(name, 2)  # an ambiguous name lists pairs of any tenant
    row = reader.exchange(pair.subject_id if pair else name)
    # a pair whose answer is gone has signals and excerpts still, of a tenant that is not known
    return pair is None if row is None else grant.allows(row.tenant)
