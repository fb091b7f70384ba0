"""Errors of the broker as sentences: what was tried, what the server answered, and what to do; pure."""

from __future__ import annotations


class BrokerError(Exception):
    """The broker refuses this configuration; the message is a sentence that names the key to change."""


class BrokerAwayError(Exception):
    """The broker cannot be used now, which may pass; the message is a sentence."""


class StreamFullError(BrokerAwayError):
    """The stream has reached its limit of bytes."""


class NoTlsError(OSError):
    """The server does not require TLS, and was to be reached by nothing else; an OSError, as the client's other failures are."""


class MessageTooLargeError(Exception):
    """The broker takes no message of this size."""


class BrokerRefusal(BrokerError):  # noqa: N818 - a refusal is what it is, as JetStream's answer has it
    """JetStream answered with an error: its code and its description."""

    def __init__(self, code: int, description: str) -> None:
        super().__init__(f"the broker refuses: {description} ({code})")
        self.code = code
        self.description = description
