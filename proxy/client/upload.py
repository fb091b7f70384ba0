"""A request body on its way to a provider, piece by piece, never more of it in memory than one piece and a socket's buffer."""

from __future__ import annotations

from collections.abc import Callable

from proxy.client.client_request import ClientRequest
from proxy.errors import RequestError
from proxy.exchange import FailureKind
from proxy.record.capture import Capture
from proxy.upstream.response_head import framed
from proxy.upstream.upstream_connection import UpstreamConnection


class Upload:
    """The rest of a body of which not all had come when its request went out; `whole` is called when all of it is sent, `fault`
    is what was wrong with it.
    """

    def __init__(
        self, request: ClientRequest, connection: UpstreamConnection, capture: Capture, whole: Callable[[], None]
    ) -> None:
        self._request = request
        self._connection = connection
        self._capture = capture
        self._whole = whole
        self._chunked = request.head.chunked
        self.fault: RequestError | None = None

    def __repr__(self) -> str:
        return f"<Upload over {self._connection!r} fault={self.fault is not None}>"

    async def run(self) -> None:
        """Send until the end; a body that breaks breaks the request, which must never look complete."""
        try:
            await self._run()
        except RequestError as error:
            self.fault = error
            self._connection.fail(FailureKind.REFUSED, str(error))
        except ConnectionError:
            self._connection.fail(FailureKind.CLIENT_GONE, "while it sent its request")

    async def _run(self) -> None:
        link = self._connection
        while True:
            link.wait_for_client(waiting=True)
            piece = await self._request.read()
            link.wait_for_client(waiting=False)
            self._capture.ask(piece)
            last = not piece or self._request.content.at_eof()
            link.send(framed(piece, chunked=self._chunked, last=last), last=last)
            if last:
                self._whole()
                return
            await link.drained()
