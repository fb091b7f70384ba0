"""One answer on its way to one client: its head in our words about this hop, its body in the provider's bytes."""

from __future__ import annotations

from collections.abc import Callable

from proxy.client.client_connection import Door
from proxy.client.client_request import Arrival, own_answer
from proxy.client.flow_control import Onward
from proxy.errors import ProxyError
from proxy.upstream.response_head import AnswerHead, Framing
from proxy.upstream.response_reader import Terms


class Relay:
    """The reader of an answer that has a client; `keep` says whether the client's connection may take another request."""

    __slots__ = ("_chunked_end", "_door", "_head_only", "_old", "begun", "keep", "onward", "uploading")

    def __init__(self, arrival: Arrival, door: Door) -> None:
        self._door = door
        self._old = arrival.heading.old
        self._head_only = arrival.heading.method == "HEAD"
        self._chunked_end = False
        self.begun = False
        """True once the client has seen a status."""
        # An HTTP/1.0 client's connection is always closed: it is simpler than its keep-alive, and right.
        self.keep = not (arrival.message.should_close or self._old)
        self.uploading = False
        """True while part of the request body is still to come."""
        self.onward: Onward | None = None
        """Where the client's bytes go if the provider switches protocols."""

    @property
    def write(self) -> Callable[[bytes], None]:
        """What writes to the client; the answer asks for it once, because it is called for every piece."""
        return self._door.straight

    def begin(self, head: AnswerHead) -> Terms:
        """Rewrite a head for the client; a stream without an end of its own closes the connection after it."""
        if head.interim:
            return Terms(head=b"" if self._old or head.status == 100 else head.rewritten(chunked=False, connection=""))
        self.begun = True
        if head.framing is Framing.TUNNEL and self.onward is not None:
            # A WebSocket ends by a frame of its own, so that an orderly close of its connection ends nothing else.
            self._chunked_end, self.keep = True, False
            self._door.switch(self.onward)
            return Terms(head.switched())
        chunked = head.framing is Framing.CHUNKED
        plain = chunked and self._old
        self._chunked_end = not plain and head.framing is not Framing.CLOSE
        if (
            plain
            or self.uploading
            or head.framing is Framing.CLOSE
            or (self._door.last is not None and self._door.none_follows())
        ):
            self.keep = False
        return Terms(head.rewritten(chunked=head.chunked and not plain, connection="" if self.keep else "close"), plain)

    def uploaded(self) -> None:
        """The request body is whole: the client's connection may take another request."""
        self.uploading = False

    def refuse(self, error: ProxyError) -> None:
        """Answer in place of the provider; only before anything was sent."""
        if self.uploading:
            self.keep = False
        self.begun = True
        if not self.keep:
            self._door.let_none_follow()
        self._door.write(own_answer(error.status, error.body(), keep=self.keep, head_only=self._head_only))

    def healthy(self) -> None:
        """Answer a health check of the proxy itself."""
        self._door.write(own_answer(200, b"ok\n", keep=self.keep, head_only=self._head_only, content_type="text/plain"))

    def break_off(self) -> None:
        """End an answer that cannot be whole so that it cannot look whole."""
        self.keep = False
        if not self._chunked_end:
            # Nothing but the connection's end marks the end of this body; an orderly end would be a lie.
            self._door.break_off()
