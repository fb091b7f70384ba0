"""What an API cannot show is said to be so."""

from shadow.checks.registry import CHECKS
from shadow.compare.comparators import COMPARATORS, UNGATED
from shadow.findings.api_coverage import NEVER, ONLY, why_unfit
from shadow.findings.finding import Signal
from shadow.reading.apis import READERS


def test_every_rule_is_about_an_api_that_is_read_and_a_signal_that_is_measured():
    known = {signal for signal, _ in (*UNGATED, *COMPARATORS, *CHECKS)} | {Signal.CONTEXT_LIMIT, Signal.BROKEN_STREAM}
    assert set(ONLY) | set(NEVER) <= set(READERS)
    assert {signal for allowed, _ in ONLY.values() for signal in allowed} <= known
    assert {signal for rules in NEVER.values() for signal in rules} <= known


def test_vectors_are_of_embeddings_alone_and_embeddings_have_nothing_else():
    assert why_unfit(Signal.VECTOR_COSINE, "chat") == "the answers hold no vectors"
    assert not why_unfit(Signal.VECTOR_COSINE, "embeddings")
    assert why_unfit(Signal.TEXT, "embeddings")
    assert not why_unfit(Signal.TEXT, "chat")
    assert not why_unfit(Signal.LUMPY_CALLS, "chat")
    assert why_unfit(Signal.LUMPY_CALLS, "messages")
