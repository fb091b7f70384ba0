"""What was delivered five times at most goes first and together; the rest goes alone, the least delivered first."""

import random

import pytest

from shadow.broker.delivery_queue import Delivery, DeliveryQueue
from tests.exchanges import asked, exchange, said


def delivery(number: int, times: int) -> Delivery:
    made = exchange(said(), request=asked(), id=f"{number:032d}")
    return Delivery(message=None, exchange=made, size=1, since=0.0, times=times)


def queue(*times: int) -> DeliveryQueue:
    made = DeliveryQueue()
    for number, count in enumerate(times):
        made.add(delivery(number, count))
    return made


def taken(waiting: DeliveryQueue) -> int | None:
    found = waiting.take()
    return None if found is None else int(found.exchange.id)


def test_exchanges_delivered_five_times_at_most_are_handed_over_in_order_and_together():
    waiting = queue(1, 5, 1)
    assert ([taken(waiting) for _ in range(4)], waiting.has_suspects) == ([0, 1, 2, None], False)


def test_exchange_delivered_six_times_waits_until_all_that_were_handed_over_are_settled():
    waiting = queue(6, 1, 5)
    assert [taken(waiting) for _ in range(3)] == [1, 2, None]
    waiting.settled(f"{1:032d}")
    assert taken(waiting) is None
    waiting.settled(f"{2:032d}")
    assert (taken(waiting), waiting.has_suspects) == (0, True)
    waiting.add(delivery(3, 1))
    assert taken(waiting) is None
    waiting.settled(f"{0:032d}")
    assert (taken(waiting), waiting.has_suspects) == (3, False)


def test_least_delivered_goes_first_and_equals_in_any_order():
    waiting = queue(9, 6, 7)
    order = []
    while (found := taken(waiting)) is not None:
        order.append(found)
        waiting.settled(f"{found:032d}")
    assert order == [1, 2, 0]
    assert {taken(queue(6, 6, 6)) for _ in range(200)} == {0, 1, 2}


def test_backlog_that_four_orderly_stops_returned_is_handed_over_together():
    waiting = queue(*[5] * 256)
    assert sum(waiting.take() is not None for _ in range(300)) == 256


@pytest.mark.parametrize("fatal", [1, 2])
def test_exchanges_that_end_each_process_are_given_up_without_those_that_came_with_them(fatal):
    random.seed(7)
    times = dict.fromkeys(range(200), 1)
    lost: list[int] = []
    while times:
        waiting = DeliveryQueue()
        for number, count in times.items():
            waiting.add(delivery(number, count))
        ended = False
        while not ended and (found := waiting.take()) is not None:
            number = int(found.exchange.id)
            if found.is_undeliverable:
                lost.append(number)
            ended = number < fatal and not found.is_undeliverable
            if not ended:
                del times[number]
                waiting.settled(found.exchange.id)
        times = {number: count + 1 for number, count in times.items()}
    assert sorted(lost) == list(range(fatal))


def test_exchange_is_given_up_at_its_thirty_first_delivery():
    assert [delivery(1, times).is_undeliverable for times in (30, 31)] == [False, True]


def test_what_waits_is_taken_at_once_in_the_end():
    waiting = queue(1, 6)
    assert [int(each.exchange.id) for each in waiting.take_all()] == [0, 1]
    assert (len(waiting), waiting.take()) == (0, None)


def test_queue_shows_what_waits_who_is_to_be_alone_and_what_was_handed_over():
    waiting = queue(1, 6, 1)
    assert repr(waiting) == "<DeliveryQueue waiting=2 suspects=1 out=0>"
    assert (taken(waiting), len(waiting)) == (0, 2)
    assert repr(waiting) == "<DeliveryQueue waiting=1 suspects=1 out=1>"
    waiting.settled(f"{0:032d}")
    waiting.settled("of another")
    assert repr(waiting) == "<DeliveryQueue waiting=1 suspects=1 out=0>"
