"""Checks before the start that every outbound proxy and every file of certificates can be used, and reports which proxy is used.

A proxy named in the environment is used or refused here, and never silently ignored.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from proxy.provider_config import Provider, ProxyConfig
from proxy.routing.outbound_proxy import DIRECT, OutboundChoice, choose_proxy, is_this_machine, parse_proxy
from shadow.settings.config_errors import ConfigErrorItem, quoted
from shadow.settings.toml_lines import KeyPath
from shadow.settings.top_level_config import Config

_VARIABLES = ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")


def outbound_errors(config: Config) -> Iterator[ConfigErrorItem]:
    """Every setting of `config` that cannot be used."""
    tables: list[tuple[KeyPath, ProxyConfig | Provider]] = [(("proxy",), config.proxy)]
    tables += [(("proxy", "providers", name), provider) for name, provider in config.proxy.providers.items()]
    for path, table in tables:
        if table.outbound_proxy and (why := _proxy_error(table.outbound_proxy, setting=True)):
            yield ConfigErrorItem(path=(*path, "outbound_proxy"), sentence=f"{quoted(table.outbound_proxy)} {why}")
        if table.ca_file and (why := _file_error(table.ca_file)):
            yield ConfigErrorItem(path=(*path, "ca_file"), sentence=f"{quoted(table.ca_file)} {why}")


def environment_errors(config: Config, environ: Mapping[str, str]) -> Iterator[str]:
    """A sentence for every variable that applies to a server of `config` and cannot be used."""
    for variable, address in sorted({(choice.source, choice.address) for _, choice in _chosen(config, environ)}):
        if variable in _VARIABLES and (why := _proxy_error(address, setting=False)):
            yield f"{variable}: {quoted(address)} {why}; or set proxy.outbound_proxy, 'none' for no proxy"
    if not any(server.scheme == "https" for _, server, _ in _servers(config)):
        return
    file, folders = environ.get("SSL_CERT_FILE", ""), environ.get("SSL_CERT_DIR", "")
    if file and (why := _file_error(file)):
        yield f"SSL_CERT_FILE: {quoted(file)} {why}"
    if folders and not any(Path(folder).is_dir() for folder in folders.split(":")):
        yield f"SSL_CERT_DIR: {quoted(folders)} is not a folder; name one with certificates, or unset the variable"


def outbound_advice(config: Config, environ: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each proxy of the environment that is used, and one for what it is not used for."""
    used: dict[OutboundChoice, list[str]] = {}
    for name, choice in _chosen(config, environ):
        if choice.source in _VARIABLES:
            used.setdefault(choice, []).append(name)
    for choice, names in used.items():
        yield f"{choice.source}: {', '.join(map(quoted, names))} reached by the proxy {quoted(choice.address)}"
    near = [name for name, server, setting in _servers(config) if not setting and is_this_machine(server.hostname or "")]
    named = next((variable for variable in _VARIABLES if environ.get(variable)), "")
    if near and named:
        yield f"{named}: not used for {', '.join(map(quoted, near))} on this machine; a provider's outbound_proxy can change that"


def _servers(config: Config) -> Iterator[tuple[str, SplitResult, str]]:
    """The name, the address and the proxy's setting of every server that is connected to."""
    proxy = config.proxy
    for name, provider in proxy.providers.items():
        yield name, urlsplit(provider.base_url), provider.outbound_proxy or proxy.outbound_proxy
    if config.drift.webhook:
        yield "webhook", urlsplit(config.drift.webhook), proxy.outbound_proxy
    if config.otel.endpoint:
        yield "otel", urlsplit(config.otel.endpoint), proxy.outbound_proxy


def _chosen(config: Config, environ: Mapping[str, str]) -> Iterator[tuple[str, OutboundChoice]]:
    for name, server, setting in _servers(config):
        yield name, proxy_of(server, setting, environ)


def proxy_address(config: Config, url: str, environ: Mapping[str, str]) -> str:
    """The address of the outbound proxy by which the webhook or the collector of that `url` is reached; empty for none."""
    address = proxy_of(urlsplit(url), config.proxy.outbound_proxy, environ).address
    return address if not address or "://" in address else f"http://{address}"


def proxy_of(server: SplitResult, setting: str, environ: Mapping[str, str]) -> OutboundChoice:
    """The outbound proxy for the server of an address; one that is no address has none."""
    try:
        port = server.port
    except ValueError:
        return OutboundChoice("", "")
    tls = server.scheme == "https"
    return choose_proxy(setting, server.hostname or "", port or (443 if tls else 80), tls=tls, environ=environ)


def _proxy_error(address: str, *, setting: bool) -> str:
    if setting and address == DIRECT:
        return ""
    try:
        parsed = parse_proxy(address)
    except ValueError as why:
        return f"{why}"
    if setting and parsed.authorization:
        return "carries a user name or a password; name such a proxy in the variable HTTPS_PROXY instead"
    return ""


def _file_error(path: str) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(path)
    except ssl.SSLError:
        return "holds no certificate in PEM form"
    except OSError as error:
        return f"cannot be read: {(error.strerror or 'unknown cause').lower()}"
    return "" if context.get_ca_certs() or context.cert_store_stats()["x509"] else "holds no certificate in PEM form"
