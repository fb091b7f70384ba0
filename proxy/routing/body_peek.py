"""The two members that the proxy reads of a body: the model, and whether a stream is requested.

Total: any bytes, any depth, any prefix of a body; what is not there, or not understood, is the empty answer. A whole body is
read by orjson, twenty times as fast as anything written here; a prefix, what orjson refuses, and a large body that would cost it
more than some milliseconds are walked through, in steps between which the event loop may serve others.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple
from urllib.parse import quote, unquote_plus

import orjson

from proxy.exchange import Exchange
from proxy.json_scanner import Span, Steps, walking, whole

BOM = b"\xef\xbb\xbf"
"""The UTF-8 byte order mark, which some clients write before a body (RFC 8259 8.1 lets a reader ignore it)."""
_OPENING = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*+\{")
_MOST_MEMBERS, _MOST_BRACKETS = 500, 2_000
"""Members and brackets at which a walk gives up, which no body of a real client comes near."""
AT_ONCE = 64 * 1024
"""Bytes that are read at once whatever stands in them."""
_MOST_MARKS = 40_000
"""Marks (`{`, `[`, `"`, `:`, `,`) of a larger body that is read at once: 0.07 microseconds each at most."""
_QUERY_MODEL = re.compile(r"(?<=[?&])model=([^&#]*)")
LONGEST_MODEL = 512
_NAMES = {b'"model"': "model", b'"stream"': "stream"}


class PeekedBody(NamedTuple):
    """The members of a body's top level; "" for no model, or none that is a text of at most 512 bytes of JSON."""

    model: str = ""
    stream: bool = False


UNSEEN = PeekedBody()
"""Of a body that was not looked at."""
MOST_UNSEEN = 16 * 1024
"""Bytes of a body that need not be looked at on its way: the record has all of one that is no larger, nor larger than
`audit_body`.
"""


def peek(body: bytes) -> PeekedBody:
    """Read `model` and `stream` of the JSON object that `body` is, or begins; of a repeated key the last counts."""
    if len(body) > AT_ONCE:
        return whole(peeking(body))
    try:
        return _read(orjson.loads(body))
    except orjson.JSONDecodeError:
        return whole(peeking(body))


def peeking(body: bytes) -> Steps[PeekedBody]:
    """What `peek` does, in steps of about a millisecond; most bodies are one."""
    if len(body) <= AT_ONCE or marks(body) <= _MOST_MARKS:
        try:
            asked = orjson.loads(body)
        except orjson.JSONDecodeError:
            pass
        else:
            return _read(asked)
    members = yield from _walk(body)
    return PeekedBody(model=_model(body, members.get("model")), stream=_literal(body, members.get("stream")) == b"true")


def labelled(exchange: Exchange) -> Exchange:
    """The exchange with the model and the stream that its request asks for, where its body was not looked at on its way because
    the route depended on neither; one that was looked at, or is not of that kind, as it is.
    """
    request, labels = exchange.request, exchange.labels
    coded = any(name.lower() == "content-encoding" for name, _ in request.headers)
    if labels.model or labels.stream or coded or request.truncated or not 0 < len(request.body) <= MOST_UNSEEN:
        return exchange
    seen = peek(request.body)
    return exchange if seen == UNSEEN else exchange._replace(labels=labels._replace(model=seen.model, stream=seen.stream))


def _read(asked: object) -> PeekedBody:
    if not isinstance(asked, dict):
        return PeekedBody()
    model = asked.get("model")
    if not isinstance(model, str) or len(model) > LONGEST_MODEL - 2:
        model = ""
    return PeekedBody(model=model, stream=asked.get("stream") is True)


def query_model(target: str) -> str:
    """The `model` of a target's query; "" for none, or one of more than 512 characters."""
    found = _QUERY_MODEL.search(target)
    model = unquote_plus(found[1]) if found else ""
    return model if len(model) <= LONGEST_MODEL else ""


def renamed_query(target: str, name: str) -> str:
    """The same target with `name` as its query's `model`; unchanged where there is none."""
    return _QUERY_MODEL.sub(lambda found: target[found.start() : found.start(1)] + quote(name, safe=""), target)


def settling(beginning: bytes) -> Steps[bool]:
    """True when no more of a body need be awaited to route it: its `beginning` has a model, or is not that of a JSON object."""
    if _OPENING.match(beginning):
        return bool((yield from peeking(beginning)).model)
    return bool(beginning.strip(b" \t\r\n"))


def marks(body: bytes) -> int:
    """How many marks `body` has that are dear to read: one look at each byte."""
    return len(body) - len(body.translate(None, b'{[":,'))


def renamed(body: bytes, name: str) -> bytes:
    """The same bytes with `name` as the model, a text before; unchanged where there is none."""
    return whole(renaming(body, name))


def renaming(body: bytes, name: str, known: tuple[int, int] | None = None) -> Steps[bytes]:
    """What `renamed` does, in steps of about a millisecond; `known` is where the model stands, if that is known."""
    span = known or (yield from _walk(body)).get("model")
    if not _model(body, span) or span is None:
        return body
    return body[: span[0]] + json.dumps(name).encode() + body[span[1] :]


def _walk(body: bytes) -> Steps[dict[str, tuple[int, int]]]:
    """Where the values of `model` and `stream` stand."""
    spans: list[Span] = []
    start = len(BOM) if body.startswith(BOM) else 0
    yield from walking(body, spans, start=start, members=_MOST_MEMBERS, brackets=_MOST_BRACKETS)
    found: dict[str, tuple[int, int]] = {}
    for span in spans:
        name = member_name(body[span.start : span.key_end])
        if name in {"model", "stream"}:
            found[name] = span.value, span.end
    return found


def _literal(body: bytes, span: tuple[int, int] | None) -> bytes:
    return b"" if span is None else body[span[0] : span[1]]


def _model(body: bytes, span: tuple[int, int] | None) -> str:
    return model_text(_literal(body, span))


def member_name(key: bytes) -> str:
    """`model` or `stream` where the JSON text `key` is one of them; else another name or none."""
    return _text(key) if b"\\" in key else _NAMES.get(key, "")


def model_text(literal: bytes) -> str:
    """The model that a JSON value names; "" where it is no text, or one of more than LONGEST_MODEL bytes of JSON."""
    return _text(literal) if literal[:1] == b'"' and 2 < len(literal) <= LONGEST_MODEL else ""


def _text(literal: bytes) -> str:
    """The text of a JSON string; lone surrogates and bad bytes become marks, so that the text can be written anywhere."""
    if b"\\" not in literal:
        return literal[1:-1].decode(errors="replace")
    try:
        text = json.loads(literal.decode(errors="replace"), strict=False)
    except ValueError:
        return ""
    return str(text).encode(errors="replace").decode()
