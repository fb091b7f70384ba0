"""Renders one exchange as it was received: status, header fields and chunks; and its checks."""

from __future__ import annotations

from jinja2 import Environment

from shadow.presentation.raw_answer import raw_answer
from shadow.privacy.privacy_policy import row_of
from shadow.reading.body_decoding import decode
from shadow.reading.completion import Unread
from shadow.records import exchange as exchange_of
from storage.store import Reader

RAW_LIMIT = 16 * 1024 * 1024
"""Bytes of a raw body that are shown, after decompression."""


class ExchangePage:
    """Renders the page, and returns the bodies as they are."""

    def __init__(self, reader: Reader, jinja: Environment) -> None:
        self._reader, self._jinja = reader, jinja

    def __repr__(self) -> str:
        return f"<ExchangePage of {self._reader!r}>"

    def page(self, exchange_id: str) -> str | None:
        """The page of one exchange; None when there is none."""
        row = row_of(self._reader, exchange_id)
        if row is None:
            return None
        exchange = exchange_of(row)
        kept = row.response_body is not None and exchange.response is not None
        return self._jinja.get_template("exchange.html").render(
            row=row,
            raw=raw_answer(exchange.response) if kept and exchange.response else None,
            checks=[check for check in self._reader.findings(exchange_id=exchange_id) if check.state == "differ"],
            pair=self._reader.pair(exchange_id),
        )

    def body(self, exchange_id: str, side: str) -> bytes | str:
        """The body of one side without its content-encoding, or a sentence why there is none."""
        row = row_of(self._reader, exchange_id)
        if row is None:
            return "This exchange is unknown or was deleted."
        if (row.request_body if side == "request" else row.response_body) is None:
            return "This exchange has no body, or its body was not kept."
        exchange = exchange_of(row)
        half = exchange.request if side == "request" else exchange.response
        if half is None:
            return "This exchange has no response."
        decoded = decode(half.headers, half.body, (), RAW_LIMIT)
        return half.body if isinstance(decoded, Unread) else decoded.body
