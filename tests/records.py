"""Pairs and exchanges put into a real store by hand, read and compared by the real rooms."""

import itertools
from dataclasses import replace
from functools import cache

from proxy.exchange import Role
from shadow.compare.comparators import compare
from shadow.drift.payoff import payoffs
from shadow.findings.finding import Finding, FindingState, Signal
from shadow.findings.pair import ControlReason, Pair, PairKind
from shadow.identity.request_shape import request_shape
from shadow.reading.parsed_exchange import parse_exchange, parse_shadow_exchange
from shadow.records import AnsweredPair, calls, exchange_record, pair_record
from storage.store import Store
from tests.exchanges import asked, exchange, said

NOW = 1_700_000_000.0
TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}]
_ids = itertools.count(int(NOW * 1_000) << 80)
"""Numbers for what must not be equal, in the form of ids."""


def _id(started: float) -> str:
    """An id of this moment, since a store may look for a period's rows by their ids."""
    return f"{int(started * 1_000):012x}{next(_ids) & (1 << 80) - 1:020x}"


def calling(city: str, name: str = "get_weather") -> dict:
    """A choice that calls a tool."""
    call = {"id": "call_1", "type": "function", "function": {"name": name, "arguments": f'{{"city": "{city}"}}'}}
    return {"message": {"content": None, "tool_calls": [call]}, "finish_reason": "tool_calls"}


def answer(what: str | dict | bytes) -> bytes:
    """A text, or a choice as `calling` makes one, or a whole body."""
    if isinstance(what, bytes):
        return what
    body = said(what) if isinstance(what, str) else said("", **what)
    # equal ids would look like an answer out of a cache
    return body.replace(b"chatcmpl-1", f"chatcmpl-{next(_ids)}".encode())


def record(seen, faults=()):
    checks = [
        Finding(
            signal=signal,
            state=FindingState.DIFFER if signal in faults else FindingState.MATCH,
            reason="seen" if signal in faults else "",
        )
        for signal in (Signal.LOST_SPACE, Signal.EMPTY_ANSWER)
    ]
    return exchange_record(seen, outcomes=["valid"] * len(calls(seen.answer)), checks=checks)


def add_live(store: Store, provider: str, what: str | dict | bytes = "Hello there", *, faults=(), **more):
    """One live exchange that no shadow follows."""
    name = _id(more.get("started", NOW))
    # each asks something else: what is asked again within a day counts once
    fields = {
        "id": name,
        "provider": provider,
        "request": asked(f"Weather? {name}", tools=TOOLS, temperature=1),
        "started": NOW,
    }
    seen = parse_exchange(exchange(answer(what), **{**fields, **more}))
    store.add_exchange(record(seen, faults))
    return seen


def add_pair(
    store: Store, provider: str, live, reference, control=None, *, faults=(), reason=ControlReason.RANDOM, tag="", **more
):
    """One live exchange with its reference answer and, where given, the control; the id of the pair. `tag` is its segment."""
    tagged = {"tag": tag} if tag else {}
    seen = add_live(store, provider, live, faults=faults, **{"conversation": f"talk-{next(_ids)}", **tagged, **more})
    shadows = [
        parse_shadow_exchange(
            exchange(answer(what), id=_id(seen.exchange.started), role=role, provider="official", reference="", started=NOW), seen
        )
        for what, role in ((reference, Role.SHADOW), (control, Role.CONTROL))
        if what is not None
    ]
    second = shadows[1] if len(shadows) > 1 else None
    pair = Pair(kind=PairKind.CROSS, request=seen.request, subject=seen.answer, reference=shadows[0].answer)
    comparisons = [compare(pair)]
    if second:
        comparisons.append(
            compare(Pair(kind=PairKind.SELF, request=seen.request, subject=shadows[0].answer, reference=second.answer))
        )
    store.add_pair(
        pair_record(
            AnsweredPair(live=seen, reference=shadows[0], control=second, reason=reason if second else ControlReason.NONE),
            comparisons=comparisons,
            payoffs=payoffs(seen.request, seen.answer, shadows[0].answer, second.answer if second else None),
            exchanges=tuple(record(each) for each in shadows),
            alterations=["the model is called otherwise there"],
            shape=request_shape(pair, tagged),
        )
    )
    return seen.exchange.id


class Bodiless:
    """Stores records without bodies, as where only metadata is kept."""

    def __init__(self, store):
        self._store = store

    def add_exchange(self, record):
        self._store.add_exchange(_bare(record))

    def add_pair(self, record):
        self._store.add_pair(replace(record, exchanges=tuple(map(_bare, record.exchanges))))


def _bare(record):
    return record._replace(exchange=record.exchange._replace(request_body=None, response_body=None))


class _Kept:
    """Takes records in the place of a store, to be stored more than once."""

    def __init__(self) -> None:
        self.exchanges, self.pairs = [], []
        self.add_exchange, self.add_pair = self.exchanges.append, self.pairs.append


@cache
def _filling() -> _Kept:
    """The records of `fill`, read and compared once for all tests of a process."""
    kept = _Kept()
    for number in range(80):
        city = f"City {number}"
        add_pair(kept, "faithful", calling(city), calling(city), calling(city) if number % 10 == 0 else None)
        wrong = number % 3 == 0
        second = calling(city) if wrong or number % 10 == 0 else None
        why = ControlReason.RANDOM if number % 10 == 0 else ControlReason.TIEBREAK
        add_pair(kept, "garbler", calling(city[:-1] if wrong else city), calling(city), second, reason=why)
        add_pair(kept, "squeezer", "Helloworld", "Hello world", faults=(Signal.LOST_SPACE,) if number % 2 else ())
    add_pair(kept, "newcomer", "Hello", "Hello")
    add_live(kept, "loner", "runtogether", faults=(Signal.LOST_SPACE,))
    return kept


def fill(store: Store) -> None:
    """A faithful provider, one that garbles arguments, one that loses spaces, one hardly and one never compared."""
    kept = _filling()
    for one in kept.exchanges:
        store.add_exchange(one)
    for one in kept.pairs:
        store.add_pair(one)
    assert store.flush(20)
