"""The notes of the readers: irregularities of a response that did not stop them, one sentence each.

A check looks a note up by its sentence, so each such sentence is defined here once.
"""

from __future__ import annotations

from collections.abc import Iterable

from shadow.reading.completion import Unread, UnreadReason
from shadow.reading.lenient_json import repaired

NO_DONE = "the stream ended without [DONE]"
NO_BLANK_LINE = "the last event has no blank line after it"
NO_ROLE = "no delta names the role"
ROLE_AGAIN = "the role came again in the middle of the stream"
AFTER_FINISH = "content came after the finish_reason"
FINISHED_TWICE = "finish_reason was sent twice and differently"
CALL_INDICES = "the indices of the tool calls are not 0, 1, 2 and so on"
SHARED_INDEX = "several tool calls share one index"
NO_CALL_INDEX = "tool call deltas came without an index"
CALL_ID_CHANGED = "the id of a tool call changed between its deltas"
WHOLE_MESSAGE = "an event carried a whole message instead of a delta"
UNNAMED_EVENTS = "the events lack the names that their clients rely on"
NO_MESSAGE_STOP = "the stream ended without message_stop"
NO_MESSAGE_START = "the stream did not begin with message_start"
UNBEGUN_BLOCK = "a delta came for a block that was not begun"
UNANNOUNCED = "a delta came for an item or a part that was not announced"
UNLIKE_ITS_END = "the final response differs from its deltas"

MODEL_CHANGED = "the model's name changed within the stream"
ID_CHANGED = "the id changed within the stream"
FINGERPRINT_CHANGED = "the system_fingerprint changed within the stream"

USAGE_IN_A_CHOICE = "usage came inside a choice"
USAGE_IN_X_GROQ = "usage came in x_groq"

FUNCTION_CALL = "function_call was sent instead of tool_calls"
COMMENTARY = "the response holds commentary beside its answer"
VECTOR_INDICES = "the indices of the embeddings are not 0, 1, 2 and so on"
UNKNOWN_STOP_REASON = "the stop_reason is no word of this API"
"""The beginning of the note; the word follows."""

MOST_NOTES = 20
LONGEST_WORD = 80
LONGEST_DETAIL = 300


def kept_notes(notes: Iterable[str]) -> tuple[str, ...]:
    """The first notes of one response, in their order; no response needs more to be understood."""
    return tuple(notes)[:MOST_NOTES]


def word(value: object) -> str:
    """A provider's word as a note quotes it, at most 80 characters; what is no text by its repr."""
    return (repaired(value) if isinstance(value, str) else repr(value))[:LONGEST_WORD]


def unread(why: UnreadReason, detail: str) -> Unread:
    """An answer that could not be read; of `detail`, which may quote it, at most 300 characters."""
    return Unread(why=why, detail=detail[:LONGEST_DETAIL])
