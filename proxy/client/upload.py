"""A request body on its way to a provider, piece by piece, as it comes: never more of it in memory than one piece and a buffer.

What was sent is kept up to `kept` bytes, so that the one retry on a fresh connection (ADR 0009) is as possible for a body that
is sent at once as for one that was awaited. Beyond that the upload cannot be repeated.
"""

from __future__ import annotations

from time import monotonic
from typing import Protocol

from proxy.client.client_request import ClientRequest
from proxy.client.request_body import BodyPeer
from proxy.errors import RequestError
from proxy.record.capture import Capture
from proxy.upstream.response_head import framed
from proxy.upstream.upstream_connection import UpstreamConnection


class UploadOwner(Protocol):
    """The request that an upload belongs to."""

    def uploaded(self) -> None:
        """The body is whole."""

    def upload_failed(self, error: RequestError) -> None:
        """The body broke off."""


class Upload:
    """The rest of a body of which not all had come when its request went out."""

    __slots__ = ("_capture", "_chunked", "_client", "_kept", "_link", "_owner", "_request", "_room", "whole")

    def __init__(self, request: ClientRequest, client: BodyPeer, capture: Capture, owner: UploadOwner, *, kept: int) -> None:
        self._request = request
        self._client = client
        self._capture = capture
        self._owner = owner
        self._chunked = request.head.chunked
        self._link: UpstreamConnection | None = None
        self._kept: list[tuple[bytes, bool]] = []
        self._room = kept
        self.whole = False

    def __repr__(self) -> str:
        return f"<Upload over {self._link!r} whole={self.whole} repeatable={self.repeatable}>"

    @property
    def repeatable(self) -> bool:
        """True while all that was sent is kept."""
        return self._room >= 0

    def begin(self, link: UpstreamConnection) -> None:
        """Send over `link`, behind the head of the request: what was sent before, then what comes."""
        self._link = link
        for message, last in self._kept:
            link.send(message, last=last)
        self._mind_pace(link)
        if self._request.body is not None and self._link is link:
            self._request.body.attach(self)

    def stop(self) -> None:
        """Send no more over this connection; what comes waits."""
        self._link = None
        self._client.waiting_since = 0.0
        if self._request.body is not None:
            self._request.body.attach(None)

    def take(self, piece: bytes, *, last: bool) -> None:
        """The next piece of the client's."""
        link = self._link
        if link is None:
            return
        self._capture.ask(piece)
        message = framed(piece, chunked=self._chunked, last=last)
        self._keep(message, last=last)
        self.whole = last
        link.send(message, last=last)
        if last:
            self._owner.uploaded()
        self._mind_pace(link)

    def fail(self, error: RequestError) -> None:
        """The body breaks off, which breaks the request: it must never look complete."""
        self._owner.upload_failed(error)

    def _keep(self, message: bytes, *, last: bool) -> None:
        self._room -= len(message)
        if self._room >= 0:
            self._kept.append((message, last))
        else:
            self._kept.clear()

    def _mind_pace(self, link: UpstreamConnection) -> None:
        """Wait for the slower side: the client is not read while the provider takes no more."""
        if self.whole:
            link.wait_for_client(waiting=False)
            self._client.resume_body()
        elif link.full:
            link.wait_for_client(waiting=False)
            self._client.waiting_since = 0.0
            self._client.pause_body()
            link.when_drained(self._drained)
        else:
            link.wait_for_client(waiting=True)
            self._client.waiting_since = monotonic()
            self._client.resume_body()

    def _drained(self) -> None:
        if self._link is not None:
            self._mind_pace(self._link)
