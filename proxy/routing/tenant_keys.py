"""TenantKeys: which tenant a request is of, by the key in its `x-sameweights-key`; without one of them it is refused.

Keys are found by their SHA-256 digests, so that the time shows nothing of a key however many tenants there are, and stand in no
message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from proxy.errors import RequestError
from proxy.routing.header_rules import key_digest

if TYPE_CHECKING:
    from proxy.provider_config import TenantKey

FIELD = "x-sameweights-key"
MISSING = f"this request needs the key of a tenant in its {FIELD} header"
UNKNOWN = f"the key in the {FIELD} header is not that of a tenant"


class Tenant(NamedTuple):
    """A tenant by its name in the configuration, and the routes that it may use; none: all of them."""

    name: str
    routes: frozenset[str]

    def check(self, route: str) -> None:
        """Refuse a route that is not the tenant's."""
        if self.routes and route not in self.routes:
            own = ", ".join(sorted(self.routes))
            raise RequestError(
                403, "route_not_allowed", f"the tenant {self.name!r} may not use the route {route!r}; its routes are {own}"
            )


class TenantKeys:
    """The tenants by the digests of their keys."""

    def __init__(self, tenants: Sequence[tuple[bytes, Tenant]]) -> None:
        self._tenants = dict(reversed(tenants))
        """A dict, because a client may send another head with each request; of two tenants with one key the first counts."""

    def __repr__(self) -> str:
        return f"<TenantKeys {len(self._tenants)}>"

    @classmethod
    def of(cls, tenants: Sequence[TenantKey], environ: Mapping[str, str]) -> TenantKeys | None:
        """The keys that the environment holds; None without tenants; a ValueError names the variable that is not set."""
        if not tenants:
            return None
        return cls([(_digest(each, environ), Tenant(each.name, frozenset(each.routes))) for each in tenants])

    def tenant(self, digest: bytes) -> Tenant:
        """The tenant whose key has this digest; RequestError (401) for none, or for no key (b"")."""
        if not digest:
            raise RequestError(401, "tenant_key_missing", MISSING)
        found = self._tenants.get(digest)
        if found is None:
            raise RequestError(401, "tenant_key_unknown", UNKNOWN)
        return found


def _digest(tenant: TenantKey, environ: Mapping[str, str]) -> bytes:
    key = environ.get(tenant.key_env, "").strip()
    if not key:
        raise ValueError(f"tenant {tenant.name!r}: the variable {tenant.key_env} (key_env) is not set")
    return key_digest(key)
