"""Whether a stream came where one was requested, and is laid out as clients expect: in order, in UTF-8, ended with [DONE].

Only what misleads or stops a client counts; how many tokens share an event, comments, extra fields and a role that is
repeated in every event do not. The reader notes these things while it folds the events; here they are judged.
"""

from __future__ import annotations

from shadow.findings.finding import Finding, Signal
from shadow.findings.finding_builders import match_or_differ, not_measured
from shadow.reading import response_notes
from shadow.reading.completion import Completion
from shadow.reading.lenient_json import NOT_UTF8
from shadow.reading.parsed_request import ParsedRequest

_STREAM_STRUCTURE = Signal.STREAM_STRUCTURE
_STREAM_IGNORED = Signal.STREAM_IGNORED
NO_STREAM = "not a stream"
FAULTS = (
    response_notes.NO_DONE,
    response_notes.NO_BLANK_LINE,
    NOT_UTF8,
    response_notes.NO_ROLE,
    response_notes.ROLE_AGAIN,
    response_notes.AFTER_FINISH,
    response_notes.FINISHED_TWICE,
    response_notes.CALL_INDICES,
    response_notes.SHARED_INDEX,
    response_notes.NO_CALL_INDEX,
    response_notes.CALL_ID_CHANGED,
    response_notes.WHOLE_MESSAGE,
    response_notes.UNNAMED_EVENTS,
    response_notes.NO_MESSAGE_STOP,
    response_notes.NO_MESSAGE_START,
    response_notes.UNBEGUN_BLOCK,
    response_notes.UNANNOUNCED,
    response_notes.UNLIKE_ITS_END,
)
"""Notes of the reader that name a fault of a stream's form."""
_FORMS = ("a whole answer", "a stream")


def stream_structure(_request: ParsedRequest, completion: Completion) -> Finding:
    """[DONE], the role once, contiguous indices, nothing after the finish_reason, every event valid by itself."""
    if not completion.stream:
        return not_measured(_STREAM_STRUCTURE, NO_STREAM)
    noted = set(completion.notes)
    found = [fault for fault in FAULTS if fault in noted] if noted else []
    indices = [choice.index for choice in completion.choices]
    if indices != list(range(len(indices))):
        found.append(f"the indices of the choices are {', '.join(map(str, indices[:8]))}")
    return match_or_differ(_STREAM_STRUCTURE, not found, f"{len(found)} faults of form", "", "; ".join(found)[:300])


def stream_ignored(request: ParsedRequest, completion: Completion) -> Finding:
    """A stream where one was requested, and one whole answer where none was."""
    asked, came = _FORMS[request.stream], _FORMS[completion.stream]
    reason = "" if asked is came else f"{asked} was requested, {came} came"
    return match_or_differ(_STREAM_IGNORED, not reason, came, asked, reason)
