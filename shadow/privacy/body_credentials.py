"""credentials_of(): the credentials in the body of a request, found by the names of its members; pure.

The forwarder reads fields and queries; bodies are read here, before anything is stored, compared or sent to a reference. Settings
are searched (the headers of an MCP server, the key of a search index), never what the model is to read: a password in a prompt is
the application's own choice, and a copy without it would be another prompt.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping

import orjson

from proxy.exchange import Exchange, Request
from proxy.secret_names import is_secret, secrets_in
from shadow.reading.body_decoding import DecodedBody, decode

CONTENT = frozenset(
    {
        *("messages", "input", "prompt", "system", "instructions", "contents", "documents", "query", "suffix", "prediction"),
        *("parameters", "input_schema", "schema", "json_schema", "functions", "arguments", "text", "content", "description"),
    }
)
"""Members that hold what the model reads; an object is searched all the same if it is `parameters` outside a function."""
NO_CREDENTIALS = frozenset({"session_id", "session", "code"})
"""Names of members that hold no credential: `session_id` names a conversation (OpenRouter), `code` is a program or an error."""
MEMBERS = 20_000
"""Members that are looked at, the outer ones first; settings have a few dozen."""
LARGEST = 1024 * 1024
"""Bytes of a JSON body of no audited API that are read."""
_NAME = b'name="'
_PART = re.compile(rb'name="([^"\r\n]{1,200})"[^\r\n]{0,200}\r\n(?:[^\r\n]{1,400}\r\n){0,8}\r\n([^\r\n]{0,8192})')
_PARTS = 200


def credentials_of(exchange: Exchange, sent: Mapping[str, object]) -> list[bytes]:
    """The credentials in the body of a request; `sent` is the JSON object that it is, empty where it has not been read."""
    if sent:
        return _in_object(sent)
    plain = plain_body(exchange.request)
    kind = next((value.lower() for name, value in exchange.request.headers if name.lower() == "content-type"), "")
    if "form-urlencoded" in kind:
        return secrets_in("?" + plain.decode("latin-1"))
    if "multipart/" in kind:
        return _in_parts(plain)
    return _in_object(_loaded(plain)) if len(plain) <= LARGEST else []


def plain_body(request: Request) -> bytes:
    """The body without its content coding; unchanged if that cannot be removed."""
    decoded = decode(request.headers, request.body, ())
    return decoded.body if isinstance(decoded, DecodedBody) else request.body


def without_coding(request: Request, plain: bytes) -> Request:
    """The request as if its body had been sent unpacked."""
    if plain is request.body:
        return request
    headers = tuple(field for field in request.headers if field[0].lower() != "content-encoding")
    return request._replace(headers=headers, body=plain, size=len(plain) + request.size - len(request.body))


def _in_object(found: object) -> list[bytes]:
    secrets: list[bytes] = []
    waiting: deque[tuple[object, bool]] = deque([(found, False)])
    for _ in range(MEMBERS):
        if not waiting:
            break
        value, within = waiting.popleft()
        if isinstance(value, dict):
            waiting += [
                (below, within or _names_credential(name)) for name, below in value.items() if not _is_content(value, name)
            ]
        elif isinstance(value, list):
            waiting += [(below, within) for below in value]
        elif isinstance(value, str):
            secrets += _in_text(value, named=within)
    return secrets


def _names_credential(name: object) -> bool:
    return isinstance(name, str) and name.lower() not in NO_CREDENTIALS and is_secret(name)


def _is_content(holder: Mapping[str, object], name: object) -> bool:
    """Whether a member is the model's to read; `parameters` of a data source (Azure) are settings."""
    return name in CONTENT and not (name == "parameters" and "name" not in holder)


def _in_text(text: str, *, named: bool) -> list[bytes]:
    """The credentials in one value: all of it and each of its words, or those of the address that it is."""
    if named:
        whole = text.encode("utf-8", "surrogatepass")
        return [whole, *whole.split()]
    return secrets_in(text) if "://" in text[:16] else []


def _in_parts(body: bytes) -> list[bytes]:
    """The values of a multipart form (RFC 7578) whose names are those of credentials."""
    secrets, at = [], body.find(_NAME)
    for _ in range(_PARTS):
        if at < 0:
            break
        found = _PART.match(body, at)
        if found and _names_credential(found[1].decode("latin-1")):
            secrets.append(found[2])
        at = body.find(_NAME, at + 1)
    return secrets


def _loaded(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
