"""`OrderTable`: the Protocol of commands that wait in a store for the process that judges it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class OrderTable(Protocol):
    """Commands for the process that judges, and its answers, as rows that every process of an installation reads."""

    def place_order(self, kind: str, command: str) -> int:
        """Store a command; its number."""

    def order_answer(self, number: int) -> str | None:
        """The answer to a command; None while there is none."""

    def withdraw_order(self, number: int) -> None:
        """Delete a command with its answer."""

    def waiting_orders(self, kind: str) -> Sequence[tuple[int, str]]:
        """(number, command) of those without an answer, oldest first."""

    def answer_order(self, number: int, answer: str) -> None:
        """Store the answer to a command; one that was withdrawn gets none."""
