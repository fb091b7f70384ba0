"""One parsed exchange: the value that the worker and its shadow runs share."""

from __future__ import annotations

from typing import NamedTuple

from proxy.exchange import Exchange
from proxy.named_tuples import maker
from proxy.routing.body_peek import labelled
from shadow.reading.completion import Unread, UnreadReason
from shadow.reading.parsed_request import ParsedRequest, parse_request
from shadow.reading.parsed_response import ParsedResponse, parse_response

LONGEST_MODEL = 510
"""Characters of a model's name, as the forwarder counts them; a longer one is none."""


class ParsedExchange(NamedTuple):
    """Both directions of one exchange, read; `conversation` is the key of the conversation it belongs to, "" for none, and
    `upstream` the server behind a router that answered.
    """

    exchange: Exchange
    request: ParsedRequest
    answer: ParsedResponse
    conversation: str
    upstream: str = ""


new_parsed_exchange = maker(ParsedExchange)


def parse_exchange(exchange: Exchange) -> ParsedExchange:
    """Read a live exchange, of the conversation that its header names; total, since both readers are."""
    exchange = labelled(exchange)
    request = exchange.request
    parsed = parse_request(request.target, request.headers, request.body, request.truncated)
    if exchange.unheld and parsed.unread and parsed.unread.why is UnreadReason.TRUNCATED:
        parsed = parsed._replace(
            unread=Unread(why=UnreadReason.NOT_HELD, detail=f"there was no room to hold its {request.size} bytes")
        )
    if not exchange.labels.model and parsed.model and len(parsed.model) <= LONGEST_MODEL:
        # behind a picture of more than `peek_body` bytes the forwarder did not see it
        exchange = exchange._replace(
            labels=exchange.labels._replace(model=parsed.model, stream=exchange.labels.stream or parsed.stream)
        )
    return new_parsed_exchange(
        exchange=exchange, request=parsed, answer=parse_response(exchange), conversation=exchange.labels.conversation
    )


def parse_shadow_exchange(exchange: Exchange, original: ParsedExchange) -> ParsedExchange:
    """Reads a shadow of `original`: it is compared with what the client requested, not with the altered copy that was sent."""
    return ParsedExchange(
        exchange=exchange, request=original.request, answer=parse_response(exchange), conversation=original.conversation
    )
