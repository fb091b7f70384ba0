"""Which pages a token of the admin port may read: figures, or the words of all or of some tenants; pure.

A page is named by its address with the names of its parts, as in `/pairs/{id}`. One that is not known to be of figures alone is
of words, so that a page that is added later is not shown by mistake.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

FIGURES = frozenset(
    {
        *("/", "/audit", "/choose", "/studies", "/runbook", "/serving", "/metrics", "/live", "/healthz", "/readyz"),
        *("/providers/{name}", "/static/{name}", "/favicon.ico"),
    }
)
"""Pages of verdicts, counts, times and money; no prompt and no answer is on them."""
PAIR, EXCHANGE = frozenset({"/pairs/{id}", "/pairs/{id}/report"}), frozenset({"/exchanges/{id}", "/exchanges/{id}/{side}"})
"""Pages of one record, whose tenant decides."""
PAIRS = "/pairs"
NO_WORDS = "403: the token {name!r} may read figures, and this page has words of prompts or answers\n"
NO_ACT = "403: the token {name!r} may read, and change nothing\n"
ONE_TENANT = (
    "403: the token {name!r} may read the words of {tenants} alone: open a pair or an exchange, or /pairs?tenant={first}\n"
)
OTHER_TENANT = "403: the token {name!r} may read the words of {tenants} alone\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminGrant:
    """What the holder of a token may read; `tenants` is empty for all."""

    name: str = ""
    words: bool = True
    acts: bool = True
    tenants: frozenset[str] = frozenset()

    def refusal(self, method: str, page: str, query: Mapping[str, str]) -> str:
        """Why a request is refused, whatever record it is about; "" where it is not."""
        if method not in {"GET", "HEAD"} and not self.acts:
            return self._said(NO_ACT)
        if not page or page in FIGURES:  # an address without a page has no words either
            return ""
        if not self.words:
            return self._said(NO_WORDS)
        if self.tenants and page not in PAIR | EXCHANGE and not (page == PAIRS and query.get("tenant") in self.tenants):
            return self._said(ONE_TENANT)
        return ""

    def within(self, tenants: frozenset[str] | None) -> AdminGrant | None:
        """The grant for those of its tenants that are in `tenants` (None: all); None where none is."""
        if tenants is None or not self.tenants:
            return self
        return replace(self, tenants=self.tenants & tenants) if self.tenants & tenants else None

    def allows(self, tenant: str) -> bool:
        """Whether the words of a tenant's record may be read."""
        return not self.tenants or tenant in self.tenants

    @property
    def other_tenant(self) -> str:
        """The refusal of a record of another tenant."""
        return self._said(OTHER_TENANT)

    def _said(self, text: str) -> str:
        tenants = sorted(self.tenants)
        return text.format(name=self.name, tenants=", ".join(tenants), first=tenants[0] if tenants else "")
