"""Errors of the broker as sentences: what was tried, what the server answered, and what to do; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

STREAM_NOT_FOUND = 10059
STREAM_FULL, TOO_LARGE = 10077, 10054
"""A limit of the stream is reached; the message is larger than it takes."""
NO_PLACE = 10005
"""Too few servers can take the stream; its description lists what the others lack."""
NO_ROOM = frozenset({10002, 10028, 10047, 10122})
"""No server or account has so many bytes left, or takes a stream of so many."""
TOO_MANY_STREAMS = 10027
BEYOND_LIMITS = frozenset({10026, 10121})
"""The account takes no more consumers; the server takes none with so many messages that are not acknowledged."""
INVALID = 10052
"""A limit in the configuration of the servers, or in ours, excludes the stream; its status is 500 nevertheless."""
TOO_FEW_SERVERS = 10074
SUBJECTS_TAKEN, NAME_TAKEN = 10065, 10058
NO_STORAGE = "insufficient storage"
_LASTING = frozenset({STREAM_FULL, TOO_LARGE, TOO_FEW_SERVERS, INVALID, *NO_ROOM})
_PASSING = ("peer offline", "miscellaneous issue")
"""What a server lacks that has not reported its state since the leader was elected, in the words of `selectPeerError`."""


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


def refusal(error: Mapping[str, Any]) -> BrokerRefusal | BrokerAwayError:
    """The error of an answer of JetStream: BrokerAwayError for what its servers cannot do now, as long as one of them is away or
    has only just started; BrokerRefusal for what is wrong in the request or the configuration. Codes as in its `errors.json`.
    """
    code, text = int(error.get("err_code", 0)), str(error.get("description", ""))
    by_servers = int(error.get("code", 0)) >= 500 and code not in _LASTING
    if by_servers or (code == NO_PLACE and any(reason in text for reason in _PASSING)):
        return BrokerAwayError(f"the broker cannot do this now ({text})")
    return BrokerRefusal(code, text)
