"""named_upstream(), upstream_name(): the server behind a router that answered, as the response names it, and as it is kept.

The name is the router's word, of any length and with any character in it: what is kept is printable, on one line and short.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from proxy.exchange import Exchange, Headers
from shadow.reading.body_decoding import decode
from shadow.reading.completion import Completion, Unread
from shadow.reading.lenient_json import load
from shadow.reading.parsed_response import ParsedResponse
from shadow.reading.sse import read_stream

HEADER = "header:"
"""The beginning of a setting that names a header field; else it names a member of the body."""
BODY_MEMBER = "provider"
"""The member in which OpenRouter names its server; the readers of responses return it."""
LONGEST = 64
"""Characters of a name that are kept."""
READ = 4 * LONGEST
EVENTS = 100
"""Events of a stream that are looked through for the member."""
UNNAMED, OTHER = "unnamed", "other"
"""The names of the group of answers without a name, and of those beyond the most names that are distinguished."""


def named_upstream(exchange: Exchange, answer: ParsedResponse, source: str) -> str:
    """The name of the server as sent, of its first `READ` characters; "" where the response names none. `source` is the setting
    `upstream_from`: "header:NAME", or a member of the body.
    """
    if exchange.response is None:
        return ""
    if source.startswith(HEADER):
        return _field(exchange.response.headers, source.removeprefix(HEADER))[:READ]
    if source == BODY_MEMBER and isinstance(answer.completion, Completion) and answer.completion.provider:
        return answer.completion.provider[:READ]
    return next(_members(exchange, source), "")[:READ]


def upstream_name(named: str) -> str:
    """The name as it is kept and compared: in lower case, on one line, with single blanks, of at most `LONGEST` characters."""
    printable = "".join(each if each.isprintable() else " " for each in named.lower())
    return " ".join(printable.split())[:LONGEST].strip()


def _field(headers: Headers, name: str) -> str:
    return next((value for field, value in headers if field.lower() == name.lower()), "")


def _members(exchange: Exchange, name: str) -> Iterator[str]:
    """The texts of the member `name` in a whole body, or in the first events of a stream."""
    response = exchange.response
    assert response is not None
    decoded = decode(response.headers, response.body, ())
    if isinstance(decoded, Unread):
        return
    body = decoded.body
    if body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        parts = [body]
    else:
        walk = read_stream(body).walk()
        parts = [event.data for event in islice(iter(walk.next, None), EVENTS)]
    needle = name.encode()
    for part in parts:
        value = load(part).value if needle in part else None
        found = value.get(name) if isinstance(value, dict) else None
        if isinstance(found, str) and found.strip():
            yield found
