"""Rows are immutable plain values."""

from dataclasses import FrozenInstanceError, asdict, is_dataclass

import pytest

from storage import rows
from tests.conformance import exchange_record, exchange_row, pair_row


def test_every_row_is_a_frozen_slotted_value():
    kinds = [kind for kind in vars(rows).values() if is_dataclass(kind)]
    assert len(kinds) > 10
    for kind in kinds:
        assert kind.__dataclass_params__.frozen
        assert "__slots__" in vars(kind)


def test_rows_of_the_same_values_are_equal_and_cannot_be_changed():
    assert exchange_row("one") == exchange_row("one")
    assert hash(pair_row("one")) == hash(pair_row("one"))
    with pytest.raises(FrozenInstanceError):
        pair_row("one").model = "another"


@pytest.mark.parametrize("kind", [rows.PairFilter, rows.AnswerFilter])
def test_a_filter_takes_the_first_fifty_of_any_unless_told_otherwise(kind):
    assert {name: value for name, value in asdict(kind()).items() if value} == {"limit": 50}


def test_an_exchange_is_drawn_and_has_a_row_unless_told_otherwise():
    assert exchange_row("one").drawn
    assert exchange_record("one").kept


def test_the_tokens_of_a_sum_are_its_seven_classes_in_order():
    classes = {"fresh": 1, "cache_read": 2, "cache_write_5m": 3, "cache_write_1h": 4, "output": 5, "reasoning": 6, "uncertain": 7}
    row = rows.TokenSum(
        day=0, provider="p", model="m", role="primary", usage_state="certain", stated=8, answers=9, cost=1.5, **classes
    )
    assert row.tokens == (1, 2, 3, 4, 5, 6, 7)
