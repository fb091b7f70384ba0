"""A record is offered to the store in its own way, and what becomes of it is counted."""

from proxy.process.shared_counters import PAIRS, SharedCounters
from shadow.pipeline.audit_sinks import StoredOutcomes
from shadow.pipeline.exchange_ledger import ExchangeLedger
from tests.conformance import exchange_record, pair_record


def test_exchanges_and_pairs_are_stored_and_losses_counted(store):
    counters = SharedCounters()
    outcomes = StoredOutcomes(ExchangeLedger(counters, {}), store)
    outcomes.offer(2, exchange_record("one"))
    outcomes.offer(PAIRS, pair_record("one"))
    outcomes.lost(2, "error")
    assert store.flush(20)
    assert (counters.row(2)["stored"], counters.row(2)["error"], counters.row(PAIRS)["stored"]) == (1, 1, 1)
    assert store.pair("one") is not None
