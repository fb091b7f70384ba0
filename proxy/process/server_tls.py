"""The TLS of a listening port: made of its certificate files, which can be read again while it serves."""

from __future__ import annotations

import os
import ssl
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from proxy.process.memory_file import memory_file
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


def usable_context(certificate: str, key: str, kept: Sequence[str]) -> tuple[ssl.SSLContext, str]:
    """As `server_context`, and ""; of the texts that were `kept` of the files, and why, where they cannot be used now: a process
    that starts again while they are being renewed serves what was served before. The errors of `server_context` without texts.
    """
    try:
        return server_context(certificate, key), ""
    except OSError as error:  # ssl.SSLError is one
        if not kept:
            raise
        return _context_of(kept), str(error)


def contents_of(certificate: str, key: str) -> Sequence[str]:
    """The texts of the two files, for `usable_context`; none without a certificate, or where they cannot be read now."""
    try:
        return [Path(name).read_text(encoding="utf-8") for name in (certificate, key)] if certificate else []
    except (OSError, ValueError):
        return []


def _context_of(texts: Sequence[str]) -> ssl.SSLContext:
    """Of the texts of a certificate and its key, which are written to no disk."""
    with ExitStack() as held:
        return server_context(*(_named(text, held) for text in texts))


def _named(text: str, held: ExitStack) -> str:
    """A name by which this process reads the text until `held` ends."""
    descriptor = memory_file()
    held.callback(os.close, descriptor)
    os.write(descriptor, text.encode())
    os.lseek(descriptor, 0, os.SEEK_SET)
    return f"/dev/fd/{descriptor}"


def renew(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """Load the files into a context that serves, once they were renewed; OSError and ssl.SSLError where they cannot be used.

    They are tried in a context of their own, because a chain takes the place of the running one before its key is looked at.
    """
    server_context(certificate, key)
    _load(context, certificate, key)


def _load(context: ssl.SSLContext, certificate: str, key: str) -> None:
    # without a password the library asks for one on the terminal, and waits; an encrypted key is an ssl.SSLError
    context.load_cert_chain(certificate, key, password=lambda: b"")
