"""Which Host and Origin a port of pages or tools accepts, so that no foreign web page reaches it by a rebound name; pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
WILDCARDS = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - recognised, not listened on


class AllowedHosts:
    """The host names that requests to a port may carry: loopback, where it listens, and `names`."""

    def __init__(self, listen: str, names: Iterable[str]) -> None:
        host = listen.rpartition(":")[0].strip("[]").lower()
        self._names = LOOPBACK | {host, *(name.lower() for name in names)}
        # because a port that listens on every address is reached by any of them; DNS rebinding needs a name, never an address
        self._any_address = host in WILDCARDS

    def host(self, header: str) -> bool:
        """Whether a Host header is accepted."""
        name = _name_of(header).lower()
        return bool(name) and (name in self._names or (self._any_address and _is_address(name)))


def is_same_origin(origin: str, host: str) -> bool:
    """Whether a page of this Origin was served by the host of the request itself."""
    return origin.partition("://")[2] == host


def _name_of(host: str) -> str:
    """The host of a Host header, without port and brackets (RFC 9110 7.2)."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
