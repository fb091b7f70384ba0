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


class Offered:
    """A store that notes by which way each record comes, and takes none."""

    def __init__(self) -> None:
        self.came = []

    def add_exchange(self, record, _settled) -> bool:
        self.came.append(("exchange", record.exchange.id))
        return False

    def add_pair(self, record, _settled) -> bool:
        self.came.append(("pair", record.pair.id))
        return False


def test_each_record_is_offered_as_what_it_is_and_followed_also_where_there_is_no_room():
    counters, store, followed = SharedCounters(), Offered(), []
    outcomes = StoredOutcomes(ExchangeLedger(counters, {}), store)
    outcomes.offer(2, exchange_record("one"), then=lambda: followed.append("one"))
    outcomes.offer(PAIRS, pair_record("two"), then=lambda: followed.append("two"))
    assert (store.came, followed) == ([("exchange", "one"), ("pair", "two")], ["one", "two"])
    assert (counters.row(2)["store_full"], counters.row(PAIRS)["store_full"]) == (1, 1)
