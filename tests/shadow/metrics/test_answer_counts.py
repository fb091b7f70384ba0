"""What is counted of an answer is the same values wherever they are counted."""

import pickle

from prometheus_client import CollectorRegistry, generate_latest

from shadow.metrics.answer_counts import answer_counts
from shadow.metrics.observe import Metrics
from shadow.reading.parsed_exchange import parse_exchange
from shadow.settings.top_level_config import Config
from tests.exchanges import asked, exchange, said


def test_counts_sent_to_another_process_are_counted_as_the_answer_itself():
    seen = parse_exchange(exchange(said(), request=asked()))
    counts = pickle.loads(pickle.dumps(answer_counts(seen.exchange, seen.answer, ["valid"])))
    pages = []
    for count in (
        lambda metrics: metrics.exchange(seen.exchange, seen.answer, ["valid"]),
        lambda metrics: metrics.count(counts),
    ):
        registry = CollectorRegistry()
        count(Metrics(registry, Config()))
        pages.append(generate_latest(registry))
    assert pages[0] == pages[1]
    assert b'code="2xx"' in pages[0]
