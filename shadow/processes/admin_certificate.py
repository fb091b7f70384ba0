"""AdminCertificate: the certificate of the admin port, read again at a reload; files that cannot be used end no audit."""

from __future__ import annotations

import ssl

import structlog

from proxy.process.server_tls import empty_context, renew
from shadow.settings.top_level_config import AdminConfig

log = structlog.get_logger("sameweights.admin")


class AdminCertificate:
    """`context` is the TLS of the port; None where no certificate is configured. Until its files can be used for the first time
    no client gets in: a process that starts again while they are being renewed records meanwhile.
    """

    def __init__(self, settings: AdminConfig) -> None:
        self._files = settings.tls_cert, settings.tls_key
        self.context: ssl.SSLContext | None = empty_context() if settings.tls_cert else None
        self.renew()

    def __repr__(self) -> str:
        return f"<AdminCertificate {self._files[0]}>"

    def renew(self) -> None:
        """Read the files again."""
        if self.context is None:
            return
        try:
            renew(self.context, *self._files)
        except OSError as error:  # ssl.SSLError is one
            log.error("certificate_not_renewed", error=str(error), file=self._files[0])  # noqa: TRY400 - the text says it
