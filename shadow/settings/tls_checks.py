"""Checks before the start that the certificate files of both ports can be used."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

from proxy.process.server_tls import server_context
from shadow.settings.config_errors import ConfigErrorItem, quoted
from shadow.settings.top_level_config import Config

_ALONE = "is set without {}; a port with TLS needs both, a certificate chain and its key, in PEM form"


def tls_errors(config: Config) -> Iterator[ConfigErrorItem]:
    """The errors of the certificate files of the data port and of the admin port."""
    yield from _port_errors("proxy", config.proxy.tls_cert, config.proxy.tls_key)
    yield from _port_errors("admin", config.admin.tls_cert, config.admin.tls_key)


def _port_errors(section: str, certificate: str, key: str) -> Iterator[ConfigErrorItem]:
    if certificate and not key:
        yield ConfigErrorItem(path=(section, "tls_cert"), sentence=_ALONE.format("tls_key"))
    if key and not certificate:
        yield ConfigErrorItem(path=(section, "tls_key"), sentence=_ALONE.format("tls_cert"))
    if certificate and key and (why := _chain_error(certificate, key)):
        yield ConfigErrorItem(path=(section, "tls_cert"), sentence=f"{quoted(certificate)} {why}")


def _chain_error(certificate: str, key: str) -> str:
    try:
        server_context(certificate, key)
    except ssl.SSLError:
        return f"and {quoted(key)} are not a certificate chain with its unencrypted key in PEM form"
    except OSError as error:
        return f"or {quoted(key)} cannot be read: {(error.strerror or 'unknown cause').lower()}"
    return ""
