"""Refuses requests that a web page of another site makes, where they would spend a key of the operator.

A browser states by `Origin` and `Sec-Fetch-Site` which page a request comes from, and by `Host` the name under which it reached
this port: after DNS rebinding that is the attacker's own (W3C Fetch Metadata; RFC 6454 7; CVE-2025-66416). A page cannot set
any of the three. Clients that are no browsers send neither of the first two.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from proxy.routing.header_rules import HeaderFields

if TYPE_CHECKING:
    from proxy.provider_config import ProxyConfig

LOCAL_NAMES = frozenset({"localhost", "host.docker.internal", "host.containers.internal"})
"""Names that no public DNS server can point here; the last two are what containers call the machine they run on."""
_HARMLESS_SITES = frozenset({b"same-origin", b"none"})
"""Values of Sec-Fetch-Site: the page that this port itself served, and an address that the user typed."""
_USUAL_PORTS = {"http": 80, "https": 443}
_LONGEST_QUOTE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserPolicy:
    """The `origins` whose pages may use the operator's keys, and the `hosts` by which this port may be called."""

    origins: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    listen: str = ""
    """The name or address that this port listens on."""

    @classmethod
    def of(cls, config: ProxyConfig) -> BrowserPolicy:
        """The policy of a configuration."""
        return cls(
            origins=frozenset(origin.lower() for origin in config.origins),
            hosts=frozenset(host.lower() for host in config.hosts),
            listen=host_name(config.listen),
        )

    def objection(self, fields: HeaderFields, *, loopback: bool) -> str:
        """Why the request may not use a key of the operator; empty when it may.

        `loopback` is true for a request that came by a loopback address, where only loopback's names and `hosts` are right.
        """
        host = _text(fields.named(b"host"))
        if host and not self.is_own_name(host, loopback=loopback):
            return f"it calls this port {_quoted(host)}, which is not one of its names; proxy.hosts can add it"
        origins = [value.decode("latin-1").strip() for value in fields.named(b"origin")]
        foreign = [origin for origin in origins if origin.lower() not in self.origins and not _is_own(origin, host)]
        if foreign:
            return f"it comes from a web page of {_quoted(foreign[0])}; proxy.origins can allow that origin"
        sites = {value.strip().lower() for value in fields.named(b"sec-fetch-site")}
        allowed = any(origin.lower() in self.origins for origin in origins)
        if sites - _HARMLESS_SITES and not allowed:
            return "it comes from a web page of another site (Sec-Fetch-Site), which does not name its origin"
        return ""

    def is_own_name(self, host: str, *, loopback: bool) -> bool:
        """Whether a Host field names this port. An address always does, since a rebound name is none; away from loopback, any
        name does unless `hosts` lists the right ones.
        """
        name = host_name(host)
        if name in self.hosts or name in LOCAL_NAMES or name == self.listen or name.endswith(".localhost") or is_address(name):
            return True
        return not loopback and not self.hosts


def host_name(host: str) -> str:
    """A Host field without its port and brackets, in lower case (RFC 9110 7.2)."""
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return name.lower().removesuffix(".")


def is_address(name: str) -> bool:
    """True for an IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_loopback(address: str) -> bool:
    """True for a loopback address, an IPv4 one inside IPv6 included."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return (mapped or parsed).is_loopback


def _is_own(origin: str, host: str) -> bool:
    """True when `origin` is that of a page which this very port, called `host`, served."""
    try:
        one = urlsplit(origin)
        other = urlsplit(f"{one.scheme}://{host}")
        usual = _USUAL_PORTS[one.scheme]
        return bool(host) and (one.hostname, one.port or usual) == (other.hostname, other.port or usual)
    except (ValueError, KeyError):
        return False


def _text(values: list[bytes]) -> str:
    return values[0].decode("latin-1").strip() if values else ""


def _quoted(text: str) -> str:
    return repr(text if len(text) <= _LONGEST_QUOTE else text[:_LONGEST_QUOTE] + "...")
