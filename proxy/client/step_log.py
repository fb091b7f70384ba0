"""Logs the steps of a request at debug level, each with the exchange's id: never a header, a key or a body."""

from __future__ import annotations

import logging
from collections.abc import Callable

from proxy.client.response_writer import ResponseWriter
from proxy.record.capture import Capture
from proxy.upstream.response_consumer import AnyHead, HeadRewrite

_log = logging.getLogger("sameweights.proxy")


def steps_are_logged() -> bool:
    """True where the log takes them; evaluated once per process, so that a request that is not logged costs nothing."""
    return _log.isEnabledFor(logging.DEBUG)


def log_step(event: str, capture: Capture, **fields: object) -> None:
    """Log one step, named as `noun_verb`."""
    _log.debug(event, extra={"exchange": capture.identity, **fields})


class HeadLog:
    """Stands before the writer of a response, and logs its head."""

    def __init__(self, writer: ResponseWriter, capture: Capture) -> None:
        self._writer = writer
        self._capture = capture

    def begin(self, head: AnyHead) -> HeadRewrite:
        """Log what may be known of a head; the writer does the rest."""
        log_step("head_received", self._capture, status=head.status, framing=head.framing.value, interim=head.interim)
        return self._writer.begin(head)

    @property
    def write(self) -> Callable[[bytes], None]:
        """What writes to the client."""
        return self._writer.write
