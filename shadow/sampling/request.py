"""shadow_body(): the request as the reference gets it, every byte as sent but for the members that are changed by name."""

from __future__ import annotations

import json
from dataclasses import dataclass

from shadow.sampling.members import Member, members

REMOVED = {
    "store": "it asks the provider to keep the answer",
    "user": "it names a person to a provider that they did not choose",
    "metadata": "it belongs to the account of the live provider",
    "safety_identifier": "it names a person to a provider that they did not choose",
    "prompt_cache_key": "it steers the cache of the live provider",
    "prompt_cache_retention": "it steers the cache of the live provider",
    "prompt_cache_options": "it steers the cache of the live provider",
    "service_tier": "it is a commercial option of the live provider",
}
"""Members that never reach the reference, and why; none of them changes what a model says."""
KEEPS = "/responses"
"""The end of the path of the API that keeps every answer, unless it is told not to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowBody:
    """The body to send, and one sentence for each thing that is not as the application sent it (never with a removed value)."""

    body: bytes
    alterations: tuple[str, ...]


def shadow_body(body: bytes, model: str, target: str = "") -> ShadowBody:
    """The reference's copy of `body`, a JSON object (ValueError for anything else), asking for `model` ("" keeps it).

    Numbers of any size, escapes and white space stay as sent, because nothing is parsed and written again. `target` is where
    it was sent: the copy of a response asks for nothing to be kept, which is otherwise the rule there.
    """
    found = members(body)
    removed = [member.key for member in found if member.key in REMOVED]
    value = json.dumps(model).encode()
    renamed = [member for member in found if model and member.key == "model" and body[member.value : member.end] != value]
    told = [f"model {_shown(body, member)} sent as {value.decode()}" for member in renamed[:1]]
    told += [f"{key} removed: {REMOVED[key]}" for key in dict.fromkeys(removed)]
    new = {member.start: value for member in renamed}
    written = _written(body, found, new) if told else body
    if model and all(member.key != "model" for member in found):
        told.append(f"model {value.decode()} added: the request names none")
        written = _added(written, b"model", value)
    if target.partition("?")[0].rstrip("/").endswith(KEEPS):
        told.append("store false added: this API keeps every answer otherwise")
        written = _added(written, b"store", b"false")
    return ShadowBody(body=written, alterations=tuple(told))


def greedy(body: bytes) -> bytes:
    """`body`, a JSON object, asking for temperature 0; every other byte as sent."""
    found = members(body)
    new = {member.start: b"0" for member in found if member.key == "temperature"}
    return _written(body, found, new) if new else _added(body, b"temperature", b"0")


def _written(body: bytes, found: tuple[Member, ...], new: dict[int, bytes]) -> bytes:
    """The body without the removed members, and with new values by a member's start; a kept member keeps its separator."""
    kept = [index for index, member in enumerate(found) if member.key not in REMOVED]
    pieces = [body[: found[0].start] if found else body]
    for place, index in enumerate(kept):
        member = found[index]
        pieces.append(body[member.start : member.value] + new.get(member.start, body[member.value : member.end]))
        if place + 1 < len(kept):
            pieces.append(body[member.end : found[index + 1].start])
    return b"".join(pieces) + (body[found[-1].end :] if found else b"")


def _added(body: bytes, key: bytes, value: bytes) -> bytes:
    before, brace, after = body.partition(b"{")
    comma = b"" if after.strip() == b"}" else b", "
    return before + brace + b'"' + key + b'": ' + value + comma + after


def _shown(body: bytes, member: Member) -> str:
    text = body[member.value : member.end].decode("utf-8", "replace")
    return text if len(text) <= 200 else text[:199] + "…"
