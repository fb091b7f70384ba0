"""Reads embeddings into the normal form: vectors as float32, whether they came as numbers or as base64; total, never raises."""

from __future__ import annotations

import base64
import binascii
import sys
from array import array
from collections.abc import Mapping
from typing import Any

from shadow.reading import message_parts, response_notes
from shadow.reading.chat_response import ResponseReading
from shadow.reading.completion import Choice, Completion, Unread, UnreadReason, Vector
from shadow.reading.lenient_json import load, repaired
from shadow.reading.provider_error import carries_error, error_of_json
from shadow.reading.sse import EventStream

PLAUSIBLE = 1e6
"""The mean of a vector's components beyond which its bytes are none: embeddings are of length 1 or near it."""
_NOTHING = Choice(
    index=0,
    text=None,
    reasoning=None,
    reasoning_field="",
    refusal=None,
    tool_calls=(),
    finish_reason=None,
    logprobs=None,
    pieces=(),
)


def as_chat(body: Mapping[str, Any]) -> dict[str, Any] | Unread:
    """The request with each text of its input as the message of a user; tokens and pictures stay where they are."""
    if body.get("input") is None:
        return Unread(why=UnreadReason.WRONG_SHAPE, detail="the request has no input")
    given = body["input"]
    texts = [text for text in (given if isinstance(given, list) else [given]) if isinstance(text, str)]
    return {**body, "messages": [{"role": "user", "content": text} for text in texts]}


def read_whole(body: bytes, status: int) -> ResponseReading:
    """One JSON body with status 2xx."""
    loaded = load(body)
    value = loaded.value
    if loaded.why:
        return _unread(loaded.why, loaded.detail)
    if not isinstance(value, dict):
        return _unread(UnreadReason.WRONG_SHAPE, f"the body is a JSON {type(value).__name__}, not an object")
    data = value.get("data")
    if carries_error(value) and not data:
        error = error_of_json(status, value, in_stream=False)
        return ResponseReading(Unread(why=UnreadReason.ERROR, detail=f"an error with status {status}"), error, [], done=False)
    if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
        return _unread(UnreadReason.WRONG_SHAPE, "the body has no list of embeddings")
    if not data:
        return _unread(UnreadReason.EMPTY, "the list of embeddings is empty")
    vectors = _vectors(data)
    return (
        vectors
        if isinstance(vectors, ResponseReading)
        else ResponseReading(_completion(value, vectors, loaded.departures), None, [], done=False)
    )


def fold_events(stream: EventStream, status: int) -> ResponseReading:
    """The events of a stream with status 2xx: there is none of embeddings, but there may be an error in it."""
    walk = stream.walk()
    while event := walk.next():
        loaded = load(event.data)
        if isinstance(loaded.value, dict) and (event.event == "error" or carries_error(loaded.value)):
            error = error_of_json(status, loaded.value, in_stream=True)
            return ResponseReading(
                Unread(why=UnreadReason.ERROR, detail="the provider sent an error in the stream"), error, [], done=False
            )
    return _unread(UnreadReason.WRONG_SHAPE, "a stream came, and embeddings are none")


def _vectors(data: list[dict[str, Any]]) -> tuple[Vector, ...] | ResponseReading:
    """The vectors by index; those without one by their place."""
    found: list[Vector] = []
    given = [_decoded(item.get("embedding")) for item in data]
    of_bytes = isinstance(given[0], bytes) and _holds_bytes(given[0])
    for place, item in enumerate(data):
        packed = _packed(given[place], of_bytes=of_bytes)
        if not packed:
            return _unread(UnreadReason.WRONG_SHAPE, f"embedding {place} is neither a list of numbers nor float32 in base64")
        index = item.get("index")
        found.append(Vector(index=index if type(index) is int and abs(index) < 2**31 else place, packed=packed))
    return tuple(sorted(found, key=lambda vector: vector.index))


def _holds_bytes(packed: bytes) -> bool:
    """Whether base64 held integers of 8 bits or packed bits, which a response does not declare: they make no plausible floats."""
    if len(packed) % 4:
        return True
    sides = array("f", packed)
    if sys.byteorder == "big":
        sides.byteswap()
    return not abs(sum(sides)) <= PLAUSIBLE * max(len(sides), 1)


def _decoded(embedding: Any) -> Any:
    """The bytes of base64, none where it is not valid; anything else as it is."""
    if not isinstance(embedding, str):
        return embedding
    try:
        return base64.b64decode(embedding, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _packed(embedding: Any, *, of_bytes: bool) -> bytes:
    """The components as float32, little-endian, of a list of numbers or of bytes; empty for anything else."""
    if isinstance(embedding, bytes):
        if not of_bytes:
            return embedding if len(embedding) % 4 == 0 else b""
        embedding = list(array("b", embedding))
    if not isinstance(embedding, list):
        return b""
    try:
        numbers = array("f", embedding)
    except (TypeError, OverflowError):
        return b""
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


def _completion(value: dict[str, Any], vectors: tuple[Vector, ...], departures: tuple[str, ...]) -> Completion:
    numbered = [vector.index for vector in vectors] == list(range(len(vectors)))
    return Completion(
        id=_word(value.get("id")),
        model=_word(value.get("model")),
        fingerprint=_word(value.get("system_fingerprint")),
        provider=_word(value.get("provider")),
        stream=False,
        choices=(_NOTHING,),
        usage=message_parts.parse_usage(value.get("usage")),
        notes=departures if numbered else (*departures, response_notes.VECTOR_INDICES),
        vectors=vectors,
    )


def _word(value: Any) -> str:
    return repaired(value) if isinstance(value, str) else ""


def _unread(why: UnreadReason, detail: str) -> ResponseReading:
    return ResponseReading(response_notes.unread(why, detail), None, [], done=False)
