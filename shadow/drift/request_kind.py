"""kind(): the type of a request in a few words of a closed set, by which the pairs behind an alarm are grouped."""

from __future__ import annotations

from shadow.reading.parsed_request import ParsedRequest


def kind(request: ParsedRequest) -> str:
    """Tools offered, place in the conversation, and how it is sampled; "unread" where that is not known."""
    if request.unread is not None:
        return "unread"
    return ", ".join((_tools(len(request.tools)), _turn(request), "greedy" if request.temperature == 0 else "sampled"))


def _tools(offered: int) -> str:
    if offered > 3:
        return "4 or more tools"
    return "1 to 3 tools" if offered else "no tools"


def _turn(request: ParsedRequest) -> str:
    roles = [message.get("role") for message in request.messages]
    if roles and roles[-1] == "tool":
        return "after a tool"
    return "first turn" if roles.count("user") <= 1 and "assistant" not in roles else "later turn"
