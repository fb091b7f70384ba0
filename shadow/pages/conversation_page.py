"""Renders one conversation: its requests in order, the first at which the provider acts otherwise, and what followed."""

from __future__ import annotations

from jinja2 import Environment

from storage.store import Reader

TURNS = 500
"""Most turns of a conversation that are shown."""


class ConversationPage:
    """Renders the page."""

    def __init__(self, reader: Reader, jinja: Environment) -> None:
        self._reader, self._jinja = reader, jinja

    def __repr__(self) -> str:
        return f"<ConversationPage of {self._reader!r}>"

    def page(self, conversation: str) -> str | None:
        """The page of one conversation; None when no live exchange belongs to it."""
        found = self._reader.page_queries.turns(conversation, TURNS + 1) if conversation else ()
        if not found:
            return None
        turns = found[:TURNS]
        first = next((place for place, turn in enumerate(turns, start=1) if turn.evident), None)
        return self._jinja.get_template("conversation.html").render(
            conversation=conversation,
            turns=turns,
            first=first,
            compared=sum(bool(turn.pair_id) for turn in turns),
            more=TURNS if len(found) > TURNS else 0,
        )
