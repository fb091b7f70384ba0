"""What waits for its turn at the reference goes in order, and is bounded in number, bytes and age."""

import pytest

from shadow.pipeline.shadow_queue import MOST_BYTES, ShadowQueue, body_bytes
from shadow.reading.parsed_exchange import parse_exchange
from shadow.sampling.sampler import SamplingDecision
from tests.exchanges import asked, exchange, said

SAMPLED = SamplingDecision(shadow=True, control=False, why="")


def seen(number: int = 0, size: int = 0, **more):
    request = asked(f"Question {number} " + "x" * size)
    return parse_exchange(exchange(said(), request=request, id=f"{number:032d}", **{"started": 1_000.0, "seconds": 0.0, **more}))


@pytest.fixture
def skipped():
    return []


def waiting(skipped, most: int = 3, patience: float = 30.0) -> ShadowQueue:
    return ShadowQueue(most=most, patience=patience, skipped=skipped.append)


def test_queued_shadows_leave_in_the_order_of_their_arrival(skipped):
    queue = waiting(skipped)
    for number in range(3):
        queue.add(seen(number), SAMPLED, 0.0)
    assert [queue.next(0.0, 1_000.0).parsed.exchange.id[-1] for _ in range(3)] == ["0", "1", "2"]
    assert queue.next(0.0, 1_000.0) is None
    assert skipped == []


def test_as_many_fit_as_were_configured_and_not_one_more(skipped):
    queue = waiting(skipped, most=2)
    queue.add(seen(), SAMPLED, 0.0)
    assert queue.fits(seen())
    queue.add(seen(), SAMPLED, 0.0)
    assert not queue.fits(seen())


@pytest.mark.slow
def test_what_is_large_fits_alone_and_its_bytes_are_free_when_it_has_gone(skipped):
    queue = waiting(skipped, most=10)
    large = seen(size=67_108_864)
    assert queue.fits(large)
    queue.add(large, SAMPLED, 0.0)
    assert not queue.fits(seen())
    queue.next(0.0, 1_000.0)
    assert queue.fits(seen())


@pytest.mark.slow
@pytest.mark.parametrize(("over", "begins"), [(0, True), (1, False)])
def test_at_most_64_mib_are_in_flight_and_the_next_request_starts_when_one_ends(skipped, over, begins):
    assert MOST_BYTES == 67_108_864
    queue = waiting(skipped)
    size = 67_108_864 // 2 - len(seen().exchange.request.body) - len(seen().exchange.response.body)
    for number, more in enumerate((0, over)):
        queue.add(seen(number, size=size + more), SAMPLED, 0.0)
    first = queue.next(0.0, 1_000.0)
    assert (queue.next(0.0, 1_000.0) is not None) is begins
    if not begins:
        queue.done(first)
        assert queue.next(0.0, 1_000.0).parsed.exchange.id[-1] == "1"
    assert skipped == []


@pytest.mark.slow
def test_request_larger_than_the_limit_is_in_flight_alone(skipped):
    queue = waiting(skipped)
    for number in range(2):
        queue.add(seen(number, size=67_108_864 + 1), SAMPLED, 0.0)
    first = queue.next(0.0, 1_000.0)
    assert queue.next(0.0, 1_000.0) is None
    queue.done(first)
    assert queue.next(0.0, 1_000.0) is not None


def test_a_smaller_request_behind_one_that_does_not_fit_waits_with_it(skipped, monkeypatch):
    sizes = [len(each.exchange.request.body) + len(each.exchange.response.body) for each in (seen(), seen(1, size=500))]
    monkeypatch.setattr("shadow.pipeline.shadow_queue.MOST_BYTES", sum(sizes) - 1)
    queue = waiting(skipped)
    for each in (seen(), seen(1, size=500), seen(2)):
        queue.add(each, SAMPLED, 0.0)
    first = queue.next(0.0, 1_000.0)
    assert queue.next(0.0, 1_000.0) is None
    queue.done(first)
    assert queue.next(0.0, 1_000.0).parsed.exchange.id[-1] == "1"


@pytest.mark.parametrize(
    ("monotonic", "wall", "late"),
    [(30.0, 1_030.0, False), (30.001, 1_030.0, True), (30.0, 1_030.001, True), (30.0, 400.0, False), (31.0, 400.0, True)],
    ids=["in time", "late here", "late since its answer", "the clock was set back", "and it waited too long"],
)
def test_a_queued_shadow_is_late_after_thirty_seconds_by_either_clock(skipped, monotonic, wall, late):
    queue = waiting(skipped)
    queue.add(seen(), SAMPLED, 0.0)
    assert (queue.next(monotonic, wall) is None) is late
    assert skipped == ["late"] * late


def test_the_late_ones_go_although_no_place_becomes_free(skipped):
    queue = waiting(skipped, most=2)
    queue.add(seen(1), SAMPLED, 0.0)
    queue.add(seen(2, started=1_020.0), SAMPLED, 20.0)
    queue.drop_late(31.0, 1_031.0)
    assert (len(queue), skipped, queue.fits(seen())) == (1, ["late"], True)


def test_a_stop_skips_all_of_them(skipped):
    queue = waiting(skipped)
    queue.add(seen(1), SAMPLED, 0.0)
    queue.add(seen(2), SAMPLED, 0.0)
    queue.clear("stopped")
    assert (len(queue), skipped) == (0, ["stopped", "stopped"])


def test_repr_shows_what_waits(skipped):
    queue = waiting(skipped)
    queue.add(seen(), SAMPLED, 0.0)
    assert repr(queue).startswith("<ShadowQueue waiting=1/")


def sized(count: int, **more):
    """An exchange whose two bodies have so many bytes, which are not read."""
    parsed = seen(**more)
    response = parsed.exchange.response._replace(body=b"")
    request = parsed.exchange.request._replace(body=bytes(count))
    return parsed._replace(exchange=parsed.exchange._replace(request=request, response=response))


MOST = 67_108_864


@pytest.mark.parametrize(("size", "fits"), [(MOST - 1_000, True), (MOST - 999, False)])
def test_waiting_requests_have_64_mib_at_most(skipped, size, fits):
    queue = waiting(skipped)
    queue.add(sized(1_000), SAMPLED, 0.0)
    assert queue.fits(sized(size)) is fits


@pytest.mark.parametrize(("size", "begins"), [(MOST - 1_000, True), (MOST - 999, False)])
def test_requests_in_flight_have_64_mib_at_most_and_room_again_when_one_has_ended(skipped, size, begins):
    queue = waiting(skipped)
    for one in (sized(1_000), sized(size)):
        queue.add(one, SAMPLED, 0.0)
    first = queue.next(0.0, 1_000.0)
    assert (queue.next(0.0, 1_000.0) is not None) is begins
    if not begins:
        queue.done(first)
        assert queue.next(0.0, 1_000.0) is not None


def test_a_request_larger_than_all_others_may_be_fits_and_begins_where_it_is_alone(skipped):
    queue = waiting(skipped)
    assert queue.fits(sized(2 * MOST))
    queue.add(sized(2 * MOST), SAMPLED, 0.0)
    assert not queue.fits(sized(1))
    assert queue.next(0.0, 1_000.0) is not None
    assert queue.fits(sized(MOST))


def test_queue_shows_what_waits_and_what_is_in_flight(skipped):
    queue = waiting(skipped)
    assert repr(queue) == "<ShadowQueue waiting=0/3 bytes=0 bytes_running=0>"
    queue.add(sized(5), SAMPLED, 0.0)
    queue.add(sized(7), SAMPLED, 0.0)
    first = queue.next(0.0, 1_000.0)
    assert repr(queue) == "<ShadowQueue waiting=1/3 bytes=7 bytes_running=5>"
    queue.done(first)
    queue.clear("stopped")
    assert repr(queue) == "<ShadowQueue waiting=0/3 bytes=0 bytes_running=0>"
    assert skipped == ["stopped"]


@pytest.mark.parametrize(("wall", "late"), [(1_032.0, False), (1_032.5, True)])
def test_age_counts_from_the_end_of_the_live_answer_and_is_at_most_the_patience(skipped, wall, late):
    queue = waiting(skipped, patience=30.0)
    queue.add(sized(1, seconds=2.0), SAMPLED, 0.0)
    queue.drop_late(0.0, wall)
    assert (len(queue), skipped) == ((0, ["late"]) if late else (1, []))


def test_bytes_of_an_exchange_without_a_response_are_those_of_its_request():
    made = parse_exchange(exchange(request=b"12345", answered=False))
    assert body_bytes(made) == 5
    assert body_bytes(parse_exchange(exchange(b"123", request=b"12345"))) == 8
