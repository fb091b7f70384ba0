"""Pairs of which nothing but their payoffs matters, put into a real store."""

from storage.rows import PairGroup, PairRecord, PairRow, PayoffRow
from storage.store import Store
from tests.conformance import exchange_record

GROUP = PairGroup(route="default", model="m", provider="p", reference="r")


def add(
    store: Store,
    name: str,
    *,
    payoffs=(("answer_kind", 0),),
    group: PairGroup = GROUP,
    started: float = 0.0,
    fingerprint: str = "",
    conversation: str = "",
    kind: str = "",
    excluded=(),
    foreign=(),
    shape: str = "{}",
    comparable: str = "",
    upstream: str = "",
    stored: bool = True,
    flush: bool = True,
) -> None:
    """One pair `name`; without `flush` it is only offered."""
    made = exchange_record(name)
    live = made._replace(exchange=made.exchange._replace(started=started), tool_calls=(), findings=())
    row = PairRow(
        id=name,
        started=started,
        route=group.route,
        model=group.model,
        provider=group.provider,
        reference=group.reference,
        conversation=conversation,
        request_fingerprint=fingerprint,
        subject_id=name,
        reference_id="",
        control_id="",
        control_reason="",
        comparable=comparable,
        alterations="[]",
        shape=shape,
        upstream=upstream,
    )
    rows = tuple(PayoffRow(pair_id=name, signal=signal, payoff=payoff) for signal, payoff in payoffs)
    store.add_exchange(live)
    store.add_pair(
        PairRecord(pair=row, exchanges=(), findings=(), payoffs=(*rows, *foreign), kind=kind, excluded=tuple(excluded))
    )
    if flush:
        assert store.flush(20) is stored
