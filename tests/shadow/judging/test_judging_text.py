"""The sentence about who judges."""

from shadow.judging.judging_text import judging_sentence
from storage.judgement_rows import JudgingState


def test_sentence_counts_the_pairs_that_wait_and_for_how_long():
    assert judging_sentence("this process judges", JudgingState()) == "this process judges; no pair waits"
    waiting = judging_sentence("no process judges", JudgingState(waiting=12_000, waited=61.4))
    assert waiting == "no process judges; 12,000 pairs wait for a judgement, the oldest for 61 s"
    one = judging_sentence("no process judges", JudgingState(waiting=1, waited=1_234.0))
    assert one == "no process judges; 1 pair waits for a judgement, the oldest for 1,234 s"
