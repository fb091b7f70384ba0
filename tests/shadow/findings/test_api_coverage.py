"""What an API cannot show is said to be so."""

from shadow.checks.registry import CHECKS
from shadow.compare.comparators import COMPARATORS, FOR_ANY_PAIR
from shadow.findings.api_coverage import EXCLUDED_SIGNALS, ONLY_SIGNALS, not_applicable_reason
from shadow.findings.finding import Signal
from shadow.reading.apis import READERS


def test_every_rule_is_about_an_api_that_is_read_and_a_signal_that_is_measured():
    known = {signal for signal, _ in (*FOR_ANY_PAIR, *COMPARATORS, *CHECKS)} | {Signal.CONTEXT_LIMIT, Signal.BROKEN_STREAM}
    assert set(ONLY_SIGNALS) | set(EXCLUDED_SIGNALS) <= set(READERS)
    assert {signal for allowed, _ in ONLY_SIGNALS.values() for signal in allowed} <= known
    assert {signal for rules in EXCLUDED_SIGNALS.values() for signal in rules} <= known


def test_vectors_are_of_embeddings_alone_and_embeddings_have_nothing_else():
    assert not_applicable_reason(Signal.VECTOR_COSINE, "chat") == "the answers hold no vectors"
    assert not not_applicable_reason(Signal.VECTOR_COSINE, "embeddings")
    assert not_applicable_reason(Signal.TEXT, "embeddings")
    assert not not_applicable_reason(Signal.TEXT, "chat")
    assert not not_applicable_reason(Signal.LUMPY_CALLS, "chat")
    assert not_applicable_reason(Signal.LUMPY_CALLS, "messages")
