"""One event of a stream as the JSON object that it carries, or why a client could not read it."""

from __future__ import annotations

from typing import Any

import orjson

from shadow.reading import response_notes
from shadow.reading.completion import Unread, UnreadReason
from shadow.reading.lenient_json import load_event


def event_object(data: bytes, notes: dict[str, None]) -> dict[str, Any] | Unread | None:
    """The object; None for an event without data. Irregularities that did not stop the reading are added to `notes`."""
    try:
        value = orjson.loads(data)
    except ValueError:
        if not data.strip():
            notes["an event carried no data"] = None
            return None
        loaded = load_event(data)
        if loaded.why:
            return response_notes.unread(loaded.why, f"an event is {loaded.detail}")
        notes.update(dict.fromkeys(loaded.departures))
        value = loaded.value
    if type(value) is dict:
        return value
    return Unread(why=UnreadReason.WRONG_SHAPE, detail=f"an event is a JSON {type(value).__name__}, not an object")
