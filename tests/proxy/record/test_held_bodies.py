"""proxy.record.held_bodies: one total for all that is kept, with what waits elsewhere among it."""

from proxy.record.held_bodies import HeldBytes


def test_the_last_byte_of_room_is_given_and_the_next_is_not():
    held = HeldBytes(100_000)
    assert held.take(100_000)
    assert not held.take(1)
    assert held.size == 100_000


def test_bytes_that_wait_elsewhere_count_against_the_room_for_bodies():
    waiting = 40_000
    held = HeldBytes(100_000, lambda: waiting)
    assert held.take(60_000)
    assert not held.take(1)
    held.give(60_000)
    assert held.size == 0


def test_what_is_given_back_is_taken_though_what_waits_elsewhere_has_grown():
    held = HeldBytes(10, lambda: 50)
    held.size = 10
    assert held.take(-10)
    assert held.size == 0


def test_what_is_held_is_shown_beside_its_limit():
    held = HeldBytes(10)
    held.take(7)
    held.give(2)
    assert repr(held) == "<HeldBytes 5 of 10>"


def test_a_body_of_nothing_is_held_though_there_is_no_room_left():
    assert HeldBytes(10, lambda: 50).take(0)
