"""AdminCertificate: the certificate of the admin port, read again at a reload; files that cannot be used change nothing."""

from __future__ import annotations

import ssl
from collections.abc import Sequence

import structlog

from proxy.process.server_tls import renew, usable_context
from shadow.settings.top_level_config import AdminConfig

log = structlog.get_logger("sameweights.admin")


class AdminCertificate:
    """`context` is the TLS of the port; None where no certificate is configured. OSError where its files cannot be used, and no
    texts of them were `kept`.
    """

    def __init__(self, settings: AdminConfig, kept: Sequence[str] = ()) -> None:
        self._files = settings.tls_cert, settings.tls_key
        self.context: ssl.SSLContext | None = None
        if settings.tls_cert:
            self.context, why = usable_context(*self._files, kept)
            self._note(why)

    def __repr__(self) -> str:
        return f"<AdminCertificate {self._files[0]}>"

    def renew(self) -> None:
        """Read the files again."""
        if self.context is None:
            return
        try:
            renew(self.context, *self._files)
        except OSError as error:  # ssl.SSLError is one
            self._note(str(error))

    def _note(self, why: str) -> None:
        if why:
            log.error("certificate_not_renewed", error=why, file=self._files[0])
