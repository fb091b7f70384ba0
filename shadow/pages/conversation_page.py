"""Renders one conversation: its requests in order, the first at which the provider acts differently, and what followed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from jinja2 import Environment

from shadow.report.evident_signals import EvidentSignals
from storage.page_rows import ConversationTurn
from storage.rows import PairFilter
from storage.store import Reader

TURNS = 500
"""Most turns of a conversation that are shown."""


class ConversationPage:
    """Renders the page; `evident` returns what is evidence by the verdicts of a period."""

    def __init__(self, reader: Reader, jinja: Environment, evident: Callable[[str], EvidentSignals]) -> None:
        self._reader, self._jinja, self._evident = reader, jinja, evident

    def __repr__(self) -> str:
        return f"<ConversationPage of {self._reader!r}>"

    def page(self, conversation: str, evident: EvidentSignals | None = None) -> str | None:
        """The page of one conversation; None when no live exchange belongs to it."""
        found = self._reader.page_queries.turns(conversation, TURNS + 1) if conversation else ()
        if not found:
            return None
        turns, waiting = found[:TURNS], ""
        if any(turn.evident for turn in turns):
            evident = evident or self._evident("all")
            turns, waiting = self._by_verdict(conversation, turns, evident), evident.waiting
        first = next((place for place, turn in enumerate(turns, start=1) if turn.evident), None)
        return self._jinja.get_template("conversation.html").render(
            conversation=conversation,
            turns=turns,
            first=first,
            waiting=waiting,
            compared=sum(bool(turn.pair_id) for turn in turns),
            more=TURNS if len(found) > TURNS else 0,
        )

    def _by_verdict(
        self, conversation: str, turns: Sequence[ConversationTurn], evident: EvidentSignals
    ) -> Sequence[ConversationTurn]:
        """The turns, evident only where the verdict about their provider rests on what differs."""
        wanted = PairFilter(conversation=conversation, evidence=True, standing=evident.standing, limit=TURNS)
        shown = {summary.pair.id for summary in self._reader.pairs(wanted)}
        return [replace(turn, evident=turn.pair_id in shown) for turn in turns]
