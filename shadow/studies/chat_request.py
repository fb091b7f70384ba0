"""ChatRequest: one request of a study before it is fitted to a provider, as an exchange that the pipeline can copy. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache

from proxy.exchange import Exchange, Headers, Labels, Request, Role
from shadow.reading.parsed_exchange import ParsedExchange
from shadow.reading.parsed_request import ParsedRequest, parse_request
from shadow.reading.parsed_response import ParsedResponse, parse_response

CHAT = "/v1/chat/completions"
JSON_BODY: Headers = (("Content-Type", "application/json"),)
LATEST = 64
"""Requests that are kept read, because each provider of a study needs the same one in turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """A request as a row or a conversation has it; `cluster` names what it is repeated with: its prompt or conversation.

    `tenant` is that of a recorded request, whose rules hold for the answers to it; "" for none.
    """

    body: bytes
    path: str = CHAT
    headers: Headers = ()
    cluster: str = ""
    tenant: str = ""

    @property
    def parsed(self) -> ParsedRequest:
        """The request read."""
        return _parsed(self.path, self._fields, self.body)

    @property
    def _fields(self) -> Headers:
        return (*JSON_BODY, *self.headers)

    def as_exchange(self, *, route: str, reference: str, identity: str) -> Exchange:
        """The request as if an application had sent it, to no provider in particular; the copies for each are made of it."""
        parsed = self.parsed
        labels = Labels(
            route=route,
            reference=reference,
            model=parsed.model,
            stream=parsed.stream,
            conversation=self.cluster,
            tenant=self.tenant,
        )
        request = Request(method="POST", target=self.path, headers=self._fields, body=self.body, size=len(self.body))
        return Exchange(
            id=identity,
            role=Role.PRIMARY,
            started=0.0,
            labels=labels,
            request=request,
            response=None,
            failure=None,
            seconds=0.0,
            overhead=0.0,
        )


@lru_cache(maxsize=LATEST)
def _parsed(path: str, fields: Headers, body: bytes) -> ParsedRequest:
    return parse_request(path, fields, body, truncated=False)


def parsed_answer(exchange: Exchange, request: ParsedRequest) -> ParsedExchange:
    """An answer read against the request as its row has it, whatever was altered for its provider."""
    return answer_to(request, parse_response(exchange))


def answer_to(request: ParsedRequest, answer: ParsedResponse) -> ParsedExchange:
    """The same of an answer that was read already."""
    exchange = answer.exchange
    return ParsedExchange(exchange=exchange, request=request, answer=answer, conversation=exchange.labels.conversation)


def is_json(value: object) -> bool:
    """Whether a value that a file has can be sent: JSON has no NaN and no infinity (RFC 8259, section 6)."""
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return True
