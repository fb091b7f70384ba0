"""TLS sessions resumed: a connection to a host that was connected to before needs no certificate checked again (RFC 8446 2.2).

Both event loops make the state of a connection by its context, so that is where a session is put in and taken out. Only a session
that came out of a checked handshake with the same host is used, with the same trusted certificates, and never early data (0-RTT),
which a listener could replay.
"""

from __future__ import annotations

import ssl
from typing import ClassVar

from proxy.process.tls_records import RecordObject

AGAIN = 60.0
"""Seconds before another session is taken of a host that does not resume: to copy one takes as long as half a handshake."""


class HostSessions:
    """The last session of each host, of the connections of one context, and when another may be taken."""

    __slots__ = ("_known", "_next")

    def __init__(self) -> None:
        self._known: dict[str, ssl.SSLSession] = {}
        self._next: dict[str, float] = {}

    def __repr__(self) -> str:
        return f"<HostSessions {sorted(self._known)}>"

    def known(self, host: str) -> ssl.SSLSession | None:
        """The session to begin with, where there is one."""
        return self._known.get(host)

    def forget(self, host: str) -> None:
        """Start the next connection to `host` without a session."""
        self._known.pop(host, None)

    def wanted(self, host: str, now: float) -> bool:
        """Whether to take the session of a connection that started without one: at most once in a while, because Python copies
        it.
        """
        self.forget(host)
        if now < self._next.get(host, now):
            return False
        self._next[host] = now + AGAIN
        return True

    def keep(self, host: str, session: ssl.SSLSession) -> None:
        """Begin the connections to come with `session`."""
        self._known[host] = session


class ResumingConnection(RecordObject):
    """The TLS state of one connection, which begins with the last session of its host."""

    sessions: ClassVar = HostSessions()
    _begun = False

    def __repr__(self) -> str:
        return f"<ResumingConnection {self.server_hostname} begun={self._begun}>"

    def do_handshake(self) -> None:
        """Go on with the handshake."""
        if not self._begun:
            self._begun = True
            if (known := self.sessions.known(str(self.server_hostname))) is not None:
                self.session = known
        super().do_handshake()

    def remember(self, now: float) -> None:
        """Keep the session for the next connections; one of TLS 1.3 can be resumed once its ticket has come."""
        host = str(self.server_hostname)
        if self.session_reused or not self.sessions.wanted(host, now):
            return  # a session that was resumed can be resumed again
        session = self.session
        if session is not None and (session.has_ticket or (session.id and self.version() != "TLSv1.3")):
            self.sessions.keep(host, session)


def resume_sessions(context: ssl.SSLContext) -> ssl.SSLContext:
    """Let the connections of `context` begin with the sessions of those before them; the context."""

    class _OfContext(ResumingConnection):
        sessions: ClassVar = HostSessions()

    context.sslobject_class = _OfContext
    return context


def forget_session(context: ssl.SSLContext, host: str) -> None:
    """Start the next connection to `host` without a session, because one with its session failed."""
    if issubclass(context.sslobject_class, ResumingConnection):
        context.sslobject_class.sessions.forget(host)
