"""The states of a client connection: each with what it means, and what ends it.

Everything else that a connection knows is data. What a state does with bytes, with the client's end and with time is a row of
the table in `proxy.client.client_connection`.
"""

from __future__ import annotations

from enum import Enum


class ClientState(Enum):
    """Where a client connection stands in its requests."""

    IDLE = "idle"
    """Between two requests: nothing of the next one has come."""
    HEAD = "head"
    """Part of a request head has come."""
    BODY = "body"
    """A request is being prepared: as much of its body is awaited as its route depends on."""
    CONNECT = "connect"
    """A connection to the provider is being made."""
    EXCHANGE = "exchange"
    """The request went out, or goes; its response comes."""
    TUNNEL = "tunnel"
    """The client's bytes are another protocol's, and so is the response."""
    TURN = "turn"
    """The response is over; the next request has come already, and is taken up in a later turn of the event loop."""
    DISCARD = "discard"
    """The response is over; the rest of the request's body is read and dropped."""
    LINGER = "linger"
    """The last response has been written and our side ended; what the client still sends is read and dropped for a moment."""
    CLOSED = "closed"
    """The connection is closed, or closes behind what is still to be written."""

    @property
    def answering(self) -> bool:
        """True while a request is in progress."""
        return self in _ANSWERING


_ANSWERING = frozenset({ClientState.BODY, ClientState.CONNECT, ClientState.EXCHANGE, ClientState.TUNNEL})
