"""`PostgresOrders`: commands for the process that judges, and its answers, as rows that every process reads."""

from __future__ import annotations

from collections.abc import Sequence

from storage.postgres.result_rows import RunTransaction

PLACE = "INSERT INTO orders (kind, command) VALUES (%s, %s) RETURNING no"
ANSWER_OF = "SELECT answer FROM orders WHERE no = %s"
WITHDRAW = "DELETE FROM orders WHERE no = %s"
WAITING = "SELECT no, command FROM orders WHERE kind = %s AND answer IS NULL ORDER BY no"
ANSWER = "UPDATE orders SET answer = %s WHERE no = %s"


class PostgresOrders:
    """Commands and answers, read at the primary; a sweep deletes those that are a day old."""

    def __init__(self, query: RunTransaction, run: RunTransaction) -> None:
        self._query = query
        self._run = run

    def place_order(self, kind: str, command: str) -> int:
        """Store a command; its number."""
        return self._run(lambda conn: next(int(no) for (no,) in conn.execute(PLACE, (kind, command))))

    def order_answer(self, number: int) -> str | None:
        """The answer to a command; None while there is none."""
        return self._query(lambda conn: next((answer for (answer,) in conn.execute(ANSWER_OF, (number,))), None))

    def withdraw_order(self, number: int) -> None:
        """Delete a command with its answer."""
        self._run(lambda conn: conn.execute(WITHDRAW, (number,)).rowcount)

    def waiting_orders(self, kind: str) -> Sequence[tuple[int, str]]:
        """(number, command) of those without an answer, oldest first."""
        return self._query(lambda conn: [(int(no), str(command)) for no, command in conn.execute(WAITING, (kind,))])

    def answer_order(self, number: int, answer: str) -> None:
        """Store the answer to a command; one that was withdrawn gets none."""
        self._run(lambda conn: conn.execute(ANSWER, (answer, number)).rowcount)
