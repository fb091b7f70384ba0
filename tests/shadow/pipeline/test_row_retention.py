"""Rows are kept by conversation, and always for what is evidence."""

import pytest

from shadow.pipeline.row_retention import retained
from shadow.sampling.sampler import decide
from storage.rows import IdentityRow
from tests.conformance import exchange_record, finding

SECRET = bytes(32)
IDENTITY = IdentityRow(
    exchange_id="e1", started=0.0, provider="near", model="qwen", identity="a", previous="", changes="[]", facts="{}"
)


def kept(record, rate, *, sampled=False):
    return retained(record, rate, SECRET, sampled=sampled)


def plain(name="e1", **more):
    return exchange_record(name, checks=0, **more)


def test_a_rate_of_one_keeps_every_row_and_changes_nothing():
    assert kept(plain(), 1.0) == plain()


def test_a_rate_of_zero_keeps_no_row():
    found = kept(plain(), 0.0)
    assert (found.kept, found.exchange.drawn) == (False, False)


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.05, 0.5])
def test_conversations_are_kept_whole_in_the_share_of_the_rate(rate):
    drawn = [{kept(plain(f"e{n}-{turn}", conversation=f"talk {n}"), rate).kept for turn in range(3)} for n in range(4_000)]
    assert all(len(answers) == 1 for answers in drawn)
    assert abs(sum(answers == {True} for answers in drawn) / 4_000 - rate) < 4 * (rate * (1 - rate) / 4_000) ** 0.5


def test_a_request_without_a_conversation_is_drawn_by_its_id():
    drawn = [kept(plain(f"e{n}", conversation=""), 0.5).kept for n in range(400)]
    assert 140 < sum(drawn) < 260


def test_the_draw_does_not_follow_that_of_the_pairs():
    both = 0
    for n in range(4_000):
        shadowed = decide(key=f"talk {n}", request_id="", rate=0.5, control_fraction=0.0, secret=SECRET).shadow
        both += shadowed and kept(plain(conversation=f"talk {n}"), 0.5).exchange.drawn
    assert 880 < both < 1_120


@pytest.mark.parametrize(
    ("record", "sampled", "row"),
    [
        (plain(), True, True),
        (plain(), False, False),
        (plain()._replace(findings=(finding("usage", "differ", exchange_id="e1", comparison="check"),)), False, True),
        (plain()._replace(findings=(finding("usage", "not_comparable", exchange_id="e1", comparison="check"),)), False, False),
        (plain()._replace(identities=(IDENTITY,)), False, True),
    ],
    ids=["pair", "plain", "failed check", "check not comparable", "changed identity"],
)
def test_evidence_has_a_row_that_is_not_of_the_drawn_share(record, sampled, row):
    found = kept(record, 0.0, sampled=sampled)
    assert (found.kept, found.exchange.drawn) == (row, False)
