"""One answer on its way to one client: its head in our words about this hop, its body in the provider's bytes."""

from __future__ import annotations

from collections.abc import Callable

from proxy.client.client_connection import ClientConnection
from proxy.client.client_request import ClientRequest, own_answer
from proxy.client.flow_control import TunnelSink
from proxy.errors import ProxyError
from proxy.upstream.response_consumer import AnyHead, HeadRewrite
from proxy.upstream.response_head import BodyFraming


class ResponseWriter:
    """The reader of an answer that has a client; `keep`: whether the client's connection may take another request."""

    __slots__ = ("_chunked_end", "_connection", "_request", "begun", "keep", "onward", "write")

    def __init__(self, request: ClientRequest, connection: ClientConnection, *, keep: bool) -> None:
        self._connection = connection
        self._request = request
        self._chunked_end = False
        self.write: Callable[[bytes], None] = connection.straight
        """Writes to the client; the answer resolves it once, because it is called for every piece."""
        self.begun = False
        """True once the client has seen a status."""
        self.keep = keep
        self.onward: TunnelSink | None = None
        """Where the client's bytes go if the provider switches protocols."""

    def __repr__(self) -> str:
        return f"<ResponseWriter begun={self.begun} keep={self.keep}>"

    def begin(self, head: AnyHead) -> HeadRewrite:
        """Rewrite a head for the client; a stream without an end of its own closes the connection after it."""
        request = self._request
        if head.interim:
            unread = request.head.old or head.status == 100
            return HeadRewrite(head=b"" if unread else head.rewritten(chunked=False, connection=""))
        self.begun = True
        if head.framing is BodyFraming.TUNNEL and self.onward is not None:
            # A WebSocket ends by a frame of its own, so that an orderly close of its connection ends nothing else.
            self._chunked_end, self.keep = True, False
            self._connection.switch(self.onward)
            return HeadRewrite(head.switched())
        plain = head.framing is BodyFraming.CHUNKED and request.head.old
        self._chunked_end = not plain and head.framing is not BodyFraming.CLOSE
        if plain or head.framing is BodyFraming.CLOSE or request.unread:
            # A body that is still to come is not waited for behind an early answer: the next request could not begin.
            self.keep = False
        return HeadRewrite(head.rewritten(chunked=head.chunked and not plain, connection="" if self.keep else "close"), plain)

    def refuse(self, error: ProxyError) -> None:
        """Answer in place of the provider; only before anything was sent."""
        if self._request.unread:
            self.keep = False
        self.begun = True
        head_only = self._request.head.method == "HEAD"
        self._connection.write(own_answer(error.status, error.body(), keep=self.keep, head_only=head_only))

    def healthy(self) -> None:
        """Answer a health check of the proxy itself."""
        head_only = self._request.head.method == "HEAD"
        self._connection.write(own_answer(200, b"ok\n", keep=self.keep, head_only=head_only, content_type="text/plain"))

    def break_off(self) -> None:
        """End an answer that cannot be whole so that it cannot look whole."""
        self.keep = False
        if not self._chunked_end:
            # Nothing but the connection's end marks the end of this body; an orderly end would be a lie.
            self._connection.break_off()
