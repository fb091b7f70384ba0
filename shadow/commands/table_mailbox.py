"""Passes a command to the `serve` that judges as a row of its database, where several processes write one."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import orjson

from shadow.commands.mailbox import LOOK_SECONDS, PATIENCE, CommandMailbox, Mailbox, Result
from shadow.judging.judge import LeaseLostError
from storage.opening import database_path, store_url
from storage.order_table import OrderTable
from storage.storage_config import StorageConfig
from storage.store import Store, StoreError


@dataclass(frozen=True, slots=True, kw_only=True)
class TableMailbox:
    """The commands of one `kind` in one table; a command that is not for this process stays for another."""

    orders: OrderTable
    kind: str

    def send(self, command: object, *, patience: float = PATIENCE) -> object:
        """Returns the result of a command as plain JSON; StoreError when it failed, or after `patience` seconds without one."""
        number = self.orders.place_order(self.kind, orjson.dumps(command).decode())
        deadline = time.monotonic() + patience
        try:
            while time.monotonic() < deadline:
                if (answer := self.orders.order_answer(number)) is not None:
                    return _result(orjson.loads(answer))
                time.sleep(LOOK_SECONDS)
        finally:
            self.orders.withdraw_order(number)
        raise StoreError(f"no sameweights that judges this database answered within {patience:g} s: see their logs")

    def answer(self, handle: Callable[[bytes], Result]) -> list[Result | None]:
        """Answers each command that waits with what `handle` returns; one item a command, None for one that failed."""
        results: list[Result | None] = []
        with suppress(StoreError):  # a server that is away; the next look tries again
            for number, command in self.orders.waiting_orders(self.kind):
                with suppress(LeaseLostError):  # the command is for the process that judges
                    result, answer = _handled(command.encode(), handle)
                    self.orders.answer_order(number, orjson.dumps(answer).decode())
                    results.append(result)
        return results


def _handled(command: bytes, handle: Callable[[bytes], Result]) -> tuple[Result | None, dict[str, object]]:
    try:
        result = handle(command)
    except LeaseLostError:
        raise
    except (StoreError, ValueError, TypeError, OSError) as error:
        return None, {"error": str(error)}
    return result, {"result": result}


def mailbox_of(config: StorageConfig, store: Store, kind: str) -> CommandMailbox:
    """Where commands of this kind for the process that has `store` wait: in its table, or beside its file."""
    if store.orders is not None:
        return TableMailbox(orders=store.orders, kind=kind)
    return Mailbox(database=database_path(store_url(config)), kind=kind)


def _result(answer: dict[str, object]) -> object:
    if "error" in answer:
        raise StoreError(str(answer["error"]))
    return answer["result"]
