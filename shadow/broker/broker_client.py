"""BrokerClient: the client of NATS, which sends nothing in the clear to a server that is to be reached by TLS.

The client itself uses TLS where the server requires it, and otherwise sends the credentials, and exchanges after them, without.
It also takes a connection that ends before its first message for a server of another protocol.
"""

from __future__ import annotations

from typing import Any

from nats.aio.client import Client
from nats.errors import Error

from shadow.broker.broker_errors import NoTlsError


class BrokerClient(Client):
    """With `tls_only` each attempt to connect, also again, ends with NoTlsError where the server does not require TLS."""

    def __init__(self, *, tls_only: bool) -> None:
        super().__init__()
        self._tls_only = tls_only

    async def _process_connect_init(self) -> None:
        """Read the INFO of a server, and connect; ConnectionResetError where it ended the connection before."""
        try:
            await super()._process_connect_init()
        except Error:
            transport: Any = self._transport
            # a port of a server that starts or stops may be open with nothing behind it, as that of a container
            if not self._server_info and transport.at_eof():
                raise ConnectionResetError("the connection was closed before the server introduced itself") from None
            raise

    def _connect_command(self) -> bytes:
        """The first message to a server, whose INFO is known and whose TLS, if it requires it, has begun."""
        if self._tls_only and not self._server_info.get("tls_required"):
            transport: Any = self._transport
            transport.close()  # because the client leaves open what an attempt that fails had opened
            raise NoTlsError("no TLS")
        return super()._connect_command()
