"""Commands as rows: seen by every process, answered once, and gone when they were withdrawn."""

import pytest

pytestmark = pytest.mark.slow


def test_command_waits_until_it_is_answered_and_is_gone_when_withdrawn(postgres_store):
    orders = postgres_store.orders
    one, two = orders.place_order("ack", "{1}"), orders.place_order("ack", "{2}")
    orders.place_order("else", "{3}")
    assert orders.waiting_orders("ack") == [(one, "{1}"), (two, "{2}")]
    orders.answer_order(one, "done")
    assert orders.waiting_orders("ack") == [(two, "{2}")]
    assert (orders.order_answer(one), orders.order_answer(two)) == ("done", None)
    orders.withdraw_order(one)
    orders.answer_order(one, "late")
    assert orders.order_answer(one) is None
