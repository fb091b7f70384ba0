"""Rows of judgements are immutable plain values, and what they hold where nothing is stated."""

from dataclasses import FrozenInstanceError

import pytest

from storage.judgement_rows import (
    AcknowledgementRow,
    ArmPairRow,
    ArmPairsSums,
    JudgementRow,
    JudgingState,
    PayoffSum,
    segment_names,
)
from storage.rows import PairGroup


def test_judgement_rows_are_equal_by_value_and_frozen():
    row = JudgementRow(no=1, reason="")
    assert row == JudgementRow(no=1, reason="")
    with pytest.raises(FrozenInstanceError):
        row.reason = "repeated"


def test_no_process_judges_and_nothing_waits_unless_stated():
    state = JudgingState()
    assert (state.holder, state.seconds_left, state.waiting, state.waited) == ("", 0.0, 0, 0.0)


def test_route_without_pairs_has_sums_of_nothing():
    assert ArmPairsSums() == (0, 0, 0, 0)


def test_acknowledgement_that_is_new_has_no_number_and_a_sum_stands_for_one_cluster():
    group = PairGroup(route="r", model="m", provider="p", reference="o")
    assert AcknowledgementRow(after_no=1, at=2.0, answer="fixed", group=group).no == 0
    found = PayoffSum("m", "p", "o", "text", cluster=1, judgement="", pairs=2, plus=1, minus=0)
    assert found.clusters == 1


def test_pair_of_a_route_has_one_answer_of_the_reference_and_no_known_tokens_unless_stated():
    words = ("request", "role", "model", "provider", "reference", "conversation", "exchange_id", "failure")
    figures = {"no": 1, "started": 2.0, "status": 200, "first_token": None, "seconds": 3.0}
    row = ArmPairRow(**dict.fromkeys(words, ""), **figures, judgement=None, excluded=(), payoffs={})
    assert (row.control, row.tokens, row.segments) == (False, None, ())


def test_segments_are_named_by_key_and_value():
    assert segment_names('{"tools": "yes", "language": "de"}') == ("language=de", "tools=yes")
