"""Reads the certificate files of a listening port, and checks before the start that they can be used."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

from shadow.settings.config_errors import ConfigErrorItem, quoted
from shadow.settings.top_level_config import AdminConfig, Config

_ALONE = "is set without {}; a port with TLS needs both, a certificate chain and its key, in PEM form"


def tls_errors(config: Config) -> Iterator[ConfigErrorItem]:
    """The error of the certificate files of the admin port, if there is one."""
    admin = config.admin
    for given, other in (("tls_cert", "tls_key"), ("tls_key", "tls_cert")):
        if getattr(admin, given) and not getattr(admin, other):
            yield ConfigErrorItem(path=("admin", given), sentence=_ALONE.format(other))
    if admin.tls_cert and admin.tls_key and (why := _chain_error(admin)):
        yield ConfigErrorItem(path=("admin", "tls_cert"), sentence=f"{quoted(admin.tls_cert)} {why}")


def tls_context(admin: AdminConfig) -> ssl.SSLContext | None:
    """The context of the admin port, None without certificate files; OSError and ssl.SSLError for files that cannot be used."""
    if not admin.tls_cert:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    load_chain(context, admin)
    return context


def load_chain(context: ssl.SSLContext, admin: AdminConfig) -> None:
    """Load the files into a context, also once more after they were renewed; an encrypted key is an ssl.SSLError."""
    # without a password the library asks for one on the terminal, and waits
    context.load_cert_chain(admin.tls_cert, admin.tls_key, password=lambda: b"")


def _chain_error(admin: AdminConfig) -> str:
    try:
        tls_context(admin)
    except ssl.SSLError:
        return f"and {quoted(admin.tls_key)} are no certificate chain with its unencrypted key in PEM form"
    except OSError as error:
        return f"or {quoted(admin.tls_key)} cannot be read: {(error.strerror or 'unknown cause').lower()}"
    return ""
