"""The header fields of a shadow request: those of the request it copies, in their order, without its credentials.

A copy has no mark of its own: only the key is added, and identifiers of the request are replaced by random ones. A provider that
never got the request gets no field that names the application, its account or its network.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from proxy.exchange import Headers
from proxy.routing.header_rules import bearing, is_credential

ANYWHERE = frozenset(
    {
        *("host", "content-length", "transfer-encoding", "content-type", "user-agent"),
        *("accept", "accept-encoding", "accept-language", "cache-control", "pragma", "priority", "dnt"),
        *("anthropic-version", "anthropic-beta", "anthropic-dangerous-direct-browser-access", "openai-beta"),
        *("x-request-id", "x-client-request-id", "request-id", "idempotency-key", "traceparent"),
    }
)
"""Fields that go to any provider; all other recorded fields go only to the provider that got the request."""
ANYWHERE_PREFIXES = ("x-stainless-", "sec-fetch-", "sec-ch-ua")
OF_ONE_REQUEST = frozenset({"x-request-id", "x-client-request-id", "request-id", "idempotency-key", "traceparent"})
"""Fields whose value belongs to one request: sent twice, it would mark the copy, or return a stored answer."""
BODY_FORM = frozenset({"content-encoding"})
"""Fields of a packed body: a copy is sent unpacked, since it is another body."""
_UUID = r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"
_RUN = re.compile(rf"{_UUID}|(?=[A-Za-z]*\d)[0-9A-Za-z]{{6,}}")
"""An identifier of a request: a UUID (RFC 9562), or six and more letters and digits, a digit among them."""
_KEPT_OF_UUID = (14, 19)
"""Places of the version and the variant (RFC 9562, 4.1 and 4.2)."""
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f-]+")

Choose = Callable[[str], str]
"""Draws one character of a text at random."""


def copied_headers(recorded: Headers, *, own: bool, key: str, key_field: str, usual_field: str, choose: Choose) -> Headers:
    """The fields of the copy of a request whose `recorded` fields are given, for the provider that got it (`own`) or another.

    `key` takes the place of each of the client's credentials, in its own field or in `key_field`; a request without any has it
    at the end, in `usual_field`. "" sends none. Host and the length of the body are written by the sender, where they stand.
    """
    fields: list[tuple[str, str]] = []
    borne: set[str] = set()
    for name, value in recorded:
        lower = name.lower()
        if is_credential(lower):
            field = key_field or lower
            if key and field not in borne:
                fields.append(_bearing(field, key, "" if own else name))
            borne.add(field)
        elif lower in OF_ONE_REQUEST:
            if (fresh := renewed_ids(value, choose)) != value:
                fields.append((name, fresh))
        elif lower == "transfer-encoding" and not own:
            fields.append(("Content-Length", ""))
        elif lower not in BODY_FORM and (own or _goes_anywhere(lower)):
            fields.append((name, value))
    if key and not borne:
        fields.append(_bearing(key_field or usual_field, key, ""))
    return tuple(fields)


def renewed_ids(value: str, choose: Choose) -> str:
    """`value` with each run that identifies a request replaced by a random one of the same form; unchanged without any."""
    return _RUN.sub(lambda found: _drawn(found[0], choose), value)


def _drawn(run: str, choose: Choose) -> str:
    letters = "abcdef" if _HEXADECIMAL.fullmatch(run) else "abcdefghijklmnopqrstuvwxyz"
    kept = _KEPT_OF_UUID if "-" in run else ()
    return "".join(each if place in kept else _like(each, letters, choose) for place, each in enumerate(run))


def _like(character: str, letters: str, choose: Choose) -> str:
    if character.isdigit():
        return choose("0123456789")
    if character == "-":
        return character
    return choose(letters) if character.islower() else choose(letters.upper())


def _goes_anywhere(lower: str) -> bool:
    return lower in ANYWHERE or lower.startswith(ANYWHERE_PREFIXES)


def _bearing(field: str, key: str, name: str) -> tuple[str, str]:
    """The field for the key, under the client's `name` for it where that is the same field, else under the proxy's own."""
    usual, value = bearing(key, field)
    return name if name.lower() == field else usual.decode("latin-1"), value.decode("latin-1")
