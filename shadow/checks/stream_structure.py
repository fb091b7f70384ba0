"""Whether a stream came where one was requested, and is laid out as clients expect: in order, in UTF-8, ended with [DONE].

Only what misleads or stops a client counts; how many tokens share an event, comments, extra fields and a role that is
repeated in every event do not. The reader notes these things while it folds the events; here they are judged.
"""

from __future__ import annotations

from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import match_or_differ, not_measured
from shadow.reading.completion import Completion
from shadow.reading.message_blocks import UNBEGUN_BLOCK
from shadow.reading.messages_response import NO_MESSAGE_START, NO_MESSAGE_STOP, UNNAMED_EVENTS
from shadow.reading.parsed_request import ParsedRequest
from shadow.reading.responses_stream import UNANNOUNCED, UNLIKE_ITS_END

FAULTS = (
    "the stream ended without [DONE]",
    "the last event has no blank line after it",
    "the body holds bytes that are not UTF-8",
    "no delta names the role",
    "the role came again in the middle of the stream",
    "content came after the finish_reason",
    "finish_reason was sent twice and differently",
    "the indices of the tool calls are not 0, 1, 2 and so on",
    "several tool calls share one index",
    "tool call deltas came without an index",
    "the id of a tool call changed between its deltas",
    "an event carried a whole message instead of a delta",
    *(UNNAMED_EVENTS, NO_MESSAGE_STOP, NO_MESSAGE_START, UNBEGUN_BLOCK),
    *(UNANNOUNCED, UNLIKE_ITS_END),
)
"""Notes of the reader that name a fault of a stream's form."""
_FORMS = ("a whole answer", "a stream")


def stream_structure(_ask: ParsedRequest, completion: Completion) -> Finding:
    """[DONE], the role once, contiguous indices, nothing after the finish_reason, every event valid by itself."""
    if not completion.stream:
        return not_measured(Signal.STREAM_STRUCTURE, "not a stream")
    noted = set(completion.notes)
    found = [fault for fault in FAULTS if fault in noted] if noted else []
    indices = [choice.index for choice in completion.choices]
    if indices != list(range(len(indices))):
        found.append(f"the indices of the choices are {', '.join(map(str, indices[:8]))}")
    return match_or_differ(Signal.STREAM_STRUCTURE, not found, f"{len(found)} faults of form", "", "; ".join(found)[:300])


def stream_ignored(request: ParsedRequest, completion: Completion) -> Finding:
    """A stream where one was asked for, and one whole answer where none was."""
    asked, came = _FORMS[request.stream], _FORMS[completion.stream]
    reason = "" if asked is came else f"{asked} was requested, {came} came"
    return match_or_differ(Signal.STREAM_IGNORED, not reason, came, asked, reason)
