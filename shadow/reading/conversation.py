"""Which conversation a request belongs to, so that sampling takes a conversation whole or not at all."""

from __future__ import annotations

from shadow.reading.ask import Ask, digest

_OPENING = ("system", "developer", "user")


def conversation_key(ask: Ask) -> str:
    """32 hex digits over the model, the instructions and the first user message, which every later turn repeats.

    "" when the request could not be read or opens with nothing of the kind.
    """
    opening = []
    for message in ask.messages:
        role = message.get("role")
        if role in _OPENING:
            opening.append([role, message.get("content")])
        if role == "user":
            break
    return digest([ask.model, opening]) if opening and not ask.unread else ""
