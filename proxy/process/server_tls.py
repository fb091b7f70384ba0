"""The TLS of a listening port: made of its certificate files, which can be read again while it serves."""

from __future__ import annotations

import ssl

from proxy.process.tls_records import RecordObject


def server_context(certificate: str, key: str) -> ssl.SSLContext:
    """TLS 1.2 and 1.3 for HTTP/1.1 (RFC 7301) with these PEM files; OSError and ssl.SSLError where they cannot be used.

    Without renegotiation, by which one client could make many handshakes of one connection, and without compression (RFC 7525).
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.set_alpn_protocols(["http/1.1"])
    context.sslobject_class = RecordObject
    _load(context, certificate, key)
    return context


def renew(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """Load the files into a context that serves, once they were renewed; OSError and ssl.SSLError where they cannot be used.

    They are tried in a context of their own, because a chain takes the place of the running one before its key is looked at.
    """
    server_context(certificate, key)
    _load(context, certificate, key)


def _load(context: ssl.SSLContext, certificate: str, key: str) -> None:
    # without a password the library asks for one on the terminal, and waits; an encrypted key is an ssl.SSLError
    context.load_cert_chain(certificate, key, password=lambda: b"")
