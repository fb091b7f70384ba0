"""proxy.record.record_completion: exchanges reach the sink cleared, in order, in steps; none is lost uncounted."""

import asyncio

import pytest

from proxy.exchange import Exchange
from proxy.record import credential_removal
from proxy.record.record_completion import RecordCompletion
from proxy.worker_stats import WorkerStats
from tests.exchanges import exchange
from tests.running import until

SECRET = b"sk-0123456789"
LARGE = b"y" * 2_000_000 + SECRET


class Took:
    waiting = 0

    def __init__(self):
        self.exchanges: list[Exchange] = []

    def offer(self, exchange):
        self.exchanges.append(exchange)
        return True


class Raises:
    waiting = 0

    def offer(self, exchange):
        raise RuntimeError("a sink that fails")


def made(sink, limit=50_000_000):
    pulse = WorkerStats()
    return RecordCompletion(sink, pulse, limit), pulse


SECRETS = credential_removal.forms([SECRET, *[b"other-%04d" % number for number in range(20)]])


def steps(body):
    return sum(1 for _ in credential_removal.clearing(exchange(body), SECRETS))


async def test_an_ordinary_exchange_is_offered_at_once_and_cleared():
    sink = Took()
    offering, _ = made(sink)
    offering.offer(exchange(b"my key is " + SECRET), SECRETS)
    assert sink.exchanges[0].response.body == b"my key is " + b"*" * len(SECRET)


async def test_a_head_that_is_not_known_to_be_clean_is_cleared_and_one_that_is_goes_as_it_is():
    sink = Took()
    offering, _ = made(sink)
    for clean_head in (False, True):
        offering.offer(exchange(b"", tag=SECRET.decode()), SECRETS, clean_head=clean_head)
    assert [each.labels.tag for each in sink.exchanges] == ["*" * len(SECRET), SECRET.decode()]


async def test_a_large_one_is_cleared_in_steps_between_which_others_have_their_turn():
    sink = Took()
    offering, _ = made(sink)
    offering.offer(exchange(LARGE), SECRETS)
    turns = 0
    while not sink.exchanges:
        await asyncio.sleep(0)
        turns += 1
    assert turns >= steps(LARGE) >= 40
    assert SECRET not in sink.exchanges[0].response.body


async def test_one_large_exchange_after_the_other_has_its_steps():
    sink = Took()
    offering, _ = made(sink)
    for number in range(3):
        offering.offer(exchange(LARGE, tag=str(number)), SECRETS)
    offering.offer(exchange(b"", tag="small"), SECRETS)
    await until(lambda: len(sink.exchanges) == 4)
    assert [one.labels.tag for one in sink.exchanges] == ["small", "0", "1", "2"]


async def test_what_waits_is_offered_when_the_process_goes():
    sink = Took()
    offering, _ = made(sink)
    for _ in range(2):
        offering.offer(exchange(LARGE), SECRETS)
    await asyncio.sleep(0)
    offering.finish()
    assert [SECRET in one.response.body for one in sink.exchanges] == [False, False]


@pytest.mark.parametrize(("limit", "taken"), [(4_000_030, 2), (4_000_025, 1)])
async def test_beyond_the_limit_an_exchange_is_dropped_and_counted(limit, taken):
    sink = Took()
    offering, pulse = made(sink, limit)
    for _ in range(2):
        offering.offer(exchange(LARGE, request=b""), SECRETS)
    offering.finish()
    assert (len(sink.exchanges), pulse.dropped) == (taken, {} if taken == 2 else {"audit_slow": 1})


async def test_a_sink_that_raises_is_logged_and_costs_nothing_else(caplog):
    offering, _ = made(Raises())
    offering.offer(exchange(b""), SECRETS)
    assert [record.getMessage() for record in caplog.records] == ["exchange_not_handed_over"]
