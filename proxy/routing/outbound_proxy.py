"""Decides how a provider is reached: directly or by an outbound proxy, and which certificates are trusted beside the system's.

The settings take precedence over the environment's HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, which are read as curl and
Go read them. SSL_CERT_FILE and SSL_CERT_DIR replace the system's certificates, as OpenSSL does by itself.
"""

from __future__ import annotations

import ipaddress
import re
from base64 import b64encode
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

from proxy.routing.provider_origin import ProviderOrigin, parse_base_url

if TYPE_CHECKING:
    from proxy.provider_config import ProxyConfig

DIRECT = "none"
_USUAL_PORT = 80
_SUPPORTED = "write it like http://proxy.example:3128"


class OutboundProxy(NamedTuple):
    """Where an outbound proxy listens, and the value of Proxy-Authorization for it, "" for none."""

    host: str
    port: int
    authorization: str


class OutboundChoice(NamedTuple):
    """An outbound proxy's address as it was written, "" for none, and the setting or variable that named it."""

    address: str
    source: str


def origin_of(config: ProxyConfig, name: str, environ: Mapping[str, str]) -> ProviderOrigin:
    """The origin of a configured provider and the way to it; ValueError when its address or its proxy's cannot be used."""
    provider = config.providers[name]
    origin = parse_base_url(provider.base_url)
    chosen = choose_proxy(
        provider.outbound_proxy or config.outbound_proxy, origin.host, origin.port, tls=origin.tls, environ=environ
    )
    if chosen.address:
        parse_proxy(chosen.address)
    return origin._replace(proxy=chosen.address, ca_file=provider.ca_file or config.ca_file)


def choose_proxy(setting: str, host: str, port: int, *, tls: bool, environ: Mapping[str, str]) -> OutboundChoice:
    """The outbound proxy for one server; this machine's own is reached directly unless a setting names a proxy."""
    if setting == DIRECT:
        return OutboundChoice("", "outbound_proxy")
    if setting:
        return OutboundChoice(setting, "outbound_proxy")
    chosen = _from_environment(tls=tls, environ=environ)
    if not chosen.address or is_this_machine(host) or _is_excepted(host, port, _variable(environ, "NO_PROXY").address):
        return OutboundChoice("", "")
    return chosen


def _from_environment(*, tls: bool, environ: Mapping[str, str]) -> OutboundChoice:
    own = _variable(environ, "HTTPS_PROXY" if tls else "HTTP_PROXY")
    return own if own.address else _variable(environ, "ALL_PROXY")


def _variable(environ: Mapping[str, str], name: str) -> OutboundChoice:
    """A variable in lower case, which curl prefers, or in upper case."""
    lower = environ.get(name.lower(), "").strip()
    return OutboundChoice(lower, name.lower()) if lower else OutboundChoice(environ.get(name, "").strip(), name)


def parse_proxy(address: str) -> OutboundProxy:
    """Take a proxy's address apart; without a scheme it is http. ValueError states the error, and never quotes a password."""
    text = address if "://" in address else f"http://{address}"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(f"is not the address of a proxy; {_SUPPORTED}") from None
    if parts.scheme != "http":
        raise ValueError(f"is a proxy of the kind {parts.scheme!r}, and only http proxies (CONNECT) are supported; {_SUPPORTED}")
    if (
        not parts.hostname
        or port == 0
        or parts.path.strip("/")
        or parts.query
        or parts.fragment
        or re.search(r"[\s\x00-\x1f]", text)
    ):
        raise ValueError(f"is not the address of a proxy; {_SUPPORTED}")
    authorization = ""
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = f"Basic {b64encode(pair.encode()).decode()}"
    return OutboundProxy(parts.hostname, port or _USUAL_PORT, authorization)


def proxy_fields(origin: ProviderOrigin) -> list[bytes]:
    """The field lines that an outbound proxy needs with each request that it reads."""
    authorization = parse_proxy(origin.proxy).authorization if origin.forwarded else ""
    return [f"Proxy-Authorization: {authorization}".encode()] if authorization else []


def is_this_machine(host: str) -> bool:
    """True for localhost and loopback addresses, which no other machine can reach for us."""
    name = host.lower().removesuffix(".")
    address = _address(name)
    return name == "localhost" or name.endswith(".localhost") or (address is not None and address.is_loopback)


def _is_excepted(host: str, port: int, exceptions: str) -> bool:
    """Whether NO_PROXY lists the server: `*`, its name or a domain above it, its address or network; with its port or without."""
    return any(_fits(entry, host.lower().removesuffix("."), port) for entry in re.split(r"[,\s]+", exceptions.lower()) if entry)


def _fits(entry: str, host: str, port: int) -> bool:
    if entry == "*":
        return True
    address = _address(host)
    if address is not None and (network := _network(entry)) is not None:
        return address in network
    name, colon, wanted = entry.rpartition(":")
    if colon and wanted.isdigit() and _network(entry) is None:
        if int(wanted) != port:
            return False
        entry = name
    entry = entry.strip("[]")
    if address is not None:
        return _address(entry) == address
    domain = entry.removeprefix("*").strip(".")
    return bool(domain) and (host == domain or host.endswith(f".{domain}"))


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
