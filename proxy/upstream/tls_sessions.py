"""TLS sessions resumed: a connection to a host that was connected to before needs no certificate checked again (RFC 8446 2.2).

Both event loops make the state of a connection by its context, so that is where a session is put in and taken out. Only a session
that came out of a checked handshake with the same host is used, with the same trusted certificates, and never early data (0-RTT),
which a listener could replay.
"""

from __future__ import annotations

import ssl
from typing import ClassVar


class ResumingConnection(ssl.SSLObject):
    """The TLS state of one connection, which begins with the last session of its host."""

    sessions: ClassVar[dict[str, ssl.SSLSession]] = {}
    """The last session of each host, of the connections of one context."""
    _begun = False

    def __repr__(self) -> str:
        return f"<ResumingConnection {self.server_hostname} begun={self._begun}>"

    def do_handshake(self) -> None:
        """Go on with the handshake."""
        if not self._begun:
            self._begun = True
            if (known := self.sessions.get(str(self.server_hostname))) is not None:
                self.session = known
        super().do_handshake()

    def remember(self) -> None:
        """Keep the session for the next connection; one of TLS 1.3 can be resumed once its ticket has come."""
        session = self.session
        if session is not None and (session.has_ticket or (session.id and self.version() != "TLSv1.3")):
            self.sessions[str(self.server_hostname)] = session


def resume_sessions(context: ssl.SSLContext) -> ssl.SSLContext:
    """Let the connections of `context` begin with the sessions of those before them; the context."""

    class _OfContext(ResumingConnection):
        sessions: ClassVar[dict[str, ssl.SSLSession]] = {}

    context.sslobject_class = _OfContext
    return context


def forget_session(context: ssl.SSLContext, host: str) -> None:
    """Begin the next connection to `host` anew: one that began with its session came to nothing."""
    if issubclass(context.sslobject_class, ResumingConnection):
        context.sslobject_class.sessions.pop(host, None)
