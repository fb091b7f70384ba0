"""The body of a shadow request, every byte as sent but for the members that are changed by name."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from dataclasses import dataclass

from proxy.json_members import JsonMember, members
from proxy.routing.request_fitting import shown_value
from shadow.reading.apis import PATHS

REMOVED = {
    "store": "it makes the provider keep the answer",
    "user": "it names a person to a provider that they did not choose",
    "metadata": "it belongs to the account of the live provider",
    "safety_identifier": "it names a person to a provider that they did not choose",
    "prompt_cache_key": "it steers the cache of the live provider",
    "prompt_cache_retention": "it steers the cache of the live provider",
    "prompt_cache_options": "it steers the cache of the live provider",
    "service_tier": "it is a commercial option of the live provider",
    "session_id": "it names a session of the application to a provider that did not serve it",
}
"""Members that never reach the reference, and why; none of them changes what a model writes."""
KEEPS = PATHS["responses"]
"""The end of the path of the API that keeps every answer, unless `store` is false."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowBody:
    """The body to send, and one sentence for each change from what the application sent (never with a removed value).

    `of_live` has the sentences on what was changed of the application's own request on its way to the live provider.
    """

    body: bytes
    alterations: tuple[str, ...]
    of_live: tuple[str, ...] = ()


def shadow_body(body: bytes, model: str, target: str = "", *, removed: Mapping[str, str] = REMOVED) -> ShadowBody:
    """The copy of `body`, a JSON object (ValueError for anything else), with its model set to `model` ("" keeps it), without
    `removed`.

    Numbers of any size, escapes and white space stay as sent, because nothing is parsed and written again. `target` is where it
    was sent: the copy of a response sets `store` to false, because that API stores answers by default.
    """
    found = members(body)
    keeps = target.partition("?")[0].rstrip("/").endswith(KEEPS)
    gone = dict.fromkeys(member.key for member in found if member.key in removed)
    values = {"model": json.dumps(model).encode()} if model else {}
    values |= {"store": b"false"} if keeps and "store" not in removed else {}
    changed = [member for member in found if member.key in values and values[member.key] != body[member.value : member.end]]
    first = {member.key: member for member in reversed(changed)}
    changes = [
        f"{key} {shown_value(body[member.value : member.end])} sent as {values[key].decode()}" for key, member in first.items()
    ]
    changes += [f"{key} removed: {removed[key]}" for key in gone]
    new = {member.start: values[member.key] for member in changed}
    written = _written(body, found, new, removed) if changes else body
    kept = {member.key for member in found} - gone.keys()
    if model and "model" not in kept:
        changes.append(f"model {values['model'].decode()} added: the request names none")
        written = _added(written, b"model", values["model"])
    if keeps and "store" not in kept:
        changes.append("store false added: this API keeps every answer otherwise")
        written = _added(written, b"store", b"false")
    return ShadowBody(body=written, alterations=tuple(changes))


def greedy_body(body: bytes) -> bytes:
    """`body`, a JSON object, with temperature 0; every other byte as sent."""
    found = members(body)
    new = {member.start: b"0" for member in found if member.key == "temperature"}
    return _written(body, found, new, ()) if new else _added(body, b"temperature", b"0")


def _written(body: bytes, found: tuple[JsonMember, ...], new: dict[int, bytes], removed: Container[str]) -> bytes:
    """The body without the `removed` members, and with new values by a member's start; a kept member keeps its separator."""
    kept = [index for index, member in enumerate(found) if member.key not in removed]
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
