"""proxy.upstream.connection_pool: when a connection is kept, used again and closed, by a clock that stands still."""

import socket
from types import SimpleNamespace

import pytest

from proxy.errors import RequestError
from proxy.exchange import FailureKind, Role
from proxy.provider_config import Limits, Timeouts
from proxy.record.capture import Capture
from proxy.record.recorded_head import RecordedHead
from proxy.routing.provider_origin import parse_base_url
from proxy.upstream import connection_pool as module
from proxy.upstream.connection_pool import ConnectionPool
from proxy.upstream.response_reader import ResponseReader
from proxy.upstream.upstream_client import DiscardingReader
from proxy.worker_stats import WorkerStats
from tests.noted_timers import NotedTimers
from tests.noted_transport import NotedTransport

ORIGIN, OTHER = parse_base_url("http://h/v1"), parse_base_url("http://other/v1")
NOW = 1_000.0


class Dialer:
    """Makes connections over transports that are noted; of an origin in `refusing` none."""

    def __init__(self, sock):
        self.sock = sock
        self.refusing = False
        self.transports = {}

    async def connect(self, origin, make):
        if self.refusing:
            raise OSError
        link = make()
        transport = self.transports[link] = NotedTransport(socket=self.sock)
        link.connection_made(transport)
        return link


@pytest.fixture
def made(monkeypatch):
    """`made(**timeouts)`: a pool whose clock stands at `made.now`, with `made.loop` for its timers."""
    near, far = socket.socketpair()
    loop = NotedTimers()

    def pool(limits=None, **timeouts):
        pool.dialer, pool.stats = Dialer(near), WorkerStats()
        return ConnectionPool(Timeouts(**timeouts), limits or Limits(), pool.stats, pool.dialer)

    pool.now, pool.loop = NOW, loop
    pool.closed = lambda link: pool.dialer.transports[link].closing
    monkeypatch.setattr(module, "monotonic", lambda: pool.now)
    monkeypatch.setattr(module, "asyncio", SimpleNamespace(get_running_loop=lambda: loop))
    with near, far:
        yield pool


async def given(pool, *, at=NOW, streamed=False, keep=0.0, origin=ORIGIN):
    """A connection that was given back at a moment, whose provider said that it keeps it so long."""
    link = await pool.dial(origin)
    link.last, link.keep_seconds = at, keep
    pool.give(link, streamed=streamed)
    return link


@pytest.mark.parametrize(("later", "kept"), [(0.0, True), (3.9, True), (4.0, False)])
async def test_an_idle_connection_serves_again_before_four_seconds_are_over(made, later, kept):
    pool = made()
    link = await given(pool)
    made.now = NOW + later
    assert (pool.idle(ORIGIN) is link, made.closed(link)) == (kept, not kept)
    assert pool.idle(ORIGIN) is None
    assert pool.idle(OTHER) is None


@pytest.mark.parametrize(("said", "later", "kept"), [(3.0, 1.9, True), (3.0, 2.0, False), (9.0, 3.9, True), (9.0, 4.0, False)])
async def test_a_connection_is_kept_a_second_less_than_its_provider_says_and_no_longer_than_is_allowed(made, said, later, kept):
    pool = made()
    link = await given(pool, keep=said)
    made.now = NOW + later
    assert (pool.idle(ORIGIN) is link) == kept


@pytest.mark.parametrize("said", [0.5, 1.0])
async def test_a_connection_whose_provider_keeps_it_for_a_second_is_closed_at_once(made, said):
    assert made.closed(await given(made(), keep=said))


@pytest.mark.parametrize(("later", "rested"), [(0.0, False), (0.09, False), (0.1, True)])
async def test_behind_an_event_stream_a_connection_rests_for_a_tenth_of_a_second(made, later, rested):
    pool = made()
    link = await given(pool, at=0.0, streamed=True)
    made.now = later
    assert (pool.idle(ORIGIN) is link) == rested
    assert not made.closed(link)


async def test_of_several_connections_the_last_given_back_serves_first_and_those_that_rest_last(made):
    pool = made()
    first, second = await given(pool), await given(pool)
    resting = await given(pool, streamed=True)
    assert [pool.idle(ORIGIN) for _ in range(3)] == [second, first, None]
    made.now = NOW + 1.0
    assert pool.idle(ORIGIN) is resting


async def test_a_connection_with_something_to_read_serves_no_more(made):
    pool = made()
    link = await given(pool)
    made.dialer.transports[link].closing = True
    assert pool.idle(ORIGIN) is None


async def ended(pool, made, age, *, streamed=False):
    """The provider closes a connection so long after it was given back."""
    link = await given(pool, at=made.now, streamed=streamed)
    made.now += age
    pool.idle(OTHER)
    link.connection_lost(None)


@pytest.mark.parametrize(
    ("ages", "keep"),
    [
        ([0.75], 0.6),
        ([0.5], 0.4),
        ([0.499], 4.0),
        ([0.25, 0.25], 0.2),
        ([0.125, 0.125], 0.1),
        ([0.75, 0.25], 0.6),
        ([0.75, 0.25, 0.25], 0.2),
        ([9.0], 4.0),
    ],
)
async def test_a_connection_is_kept_for_four_fifths_of_the_time_after_which_its_provider_closed_one(made, ages, keep):
    """A close within half a second counts once it is repeated: one may be a restart."""
    pool = made()
    for age in ages:
        await ended(pool, made, age)
        made.now += 1.0
    link = await given(pool, at=made.now)
    assert link.keep_until - link.idle_since == pytest.approx(keep)
    assert link.ready_at == link.idle_since


@pytest.mark.parametrize(("ages", "rests"), [([0.09], False), ([0.09, 0.09], True), ([0.11, 0.11], False), ([0.3, 0.05], True)])
async def test_where_a_provider_closes_within_a_tenth_of_a_second_again_every_connection_rests(made, ages, rests):
    pool = made()
    for age in ages:
        await ended(pool, made, age)
        made.now += 1.0
    link = await given(pool, at=made.now)
    assert (link.ready_at - link.idle_since) == pytest.approx(0.1 if rests else 0.0)


async def test_the_end_of_a_connection_that_rests_teaches_nothing(made):
    pool = made()
    for _ in range(3):
        await ended(pool, made, 0.05, streamed=True)
        made.now += 1.0
    link = await given(pool, at=made.now)
    assert (link.ready_at, link.keep_until) == (link.idle_since, link.idle_since + 4.0)


async def test_a_close_under_a_request_counts_from_the_moment_at_which_that_was_sent(made):
    pool = made()
    for _ in range(2):
        link = await given(pool, at=made.now)
        assert pool.idle(ORIGIN) is link
        link.last = made.now + 0.25
        made.now += 2.0
        pool.stale(link)
        made.now += 1.0
    link = await given(pool, at=made.now)
    assert link.keep_until - link.idle_since == pytest.approx(0.2)


async def test_open_connections_are_counted_until_they_end(made):
    pool = made()
    one, _ = await pool.dial(ORIGIN), await pool.dial(OTHER)
    assert made.stats.upstream_open == 2
    one.connection_lost(None)
    one.connection_lost(None)
    assert made.stats.upstream_open == 1
    assert repr(pool) == "<ConnectionPool h: 0 open, 0 ready; other: 1 open, 0 ready>"


@pytest.mark.parametrize(("most", "refused"), [(0, False), (3, False), (2, True)])
async def test_no_more_connections_are_made_than_are_allowed(made, most, refused):
    pool = made(Limits(upstream_connections=most))
    for _ in range(2):
        await pool.dial(ORIGIN)
    if refused:
        with pytest.raises(RequestError, match=r"^all 2 connections to this provider are busy$") as raised:
            await pool.dial(ORIGIN)
        assert (raised.value.status, raised.value.code) == (503, "too_many_connections")
        await pool.dial(OTHER)
    else:
        await pool.dial(ORIGIN)


async def test_one_that_rests_gives_way_to_a_new_connection_and_one_that_failed_takes_no_room(made):
    pool = made(Limits(upstream_connections=1))
    made.now = 0.0
    resting = await given(pool, at=0.0, streamed=True)
    await pool.dial(ORIGIN)
    assert (made.closed(resting), made.stats.upstream_open) == (True, 1)
    made.dialer.refusing = True
    for _ in range(2):
        with pytest.raises(OSError, match=r"^$"):
            await pool.dial(OTHER)
    made.dialer.refusing = False
    await pool.dial(OTHER)


@pytest.mark.parametrize(
    ("timeouts", "seconds"),
    [({}, 1.0), ({"idle": 2.0}, 0.5), ({"pool_idle": 1.0}, 0.5), ({"idle": 0.04}, 0.02), ({"idle": 3.0, "pool_idle": 1.0}, 0.5)],
)
async def test_connections_are_looked_after_once_a_second_or_as_often_as_their_times_need(made, timeouts, seconds):
    pool = made(**timeouts)
    await pool.dial(ORIGIN)
    await pool.dial(ORIGIN)
    assert [set_for for set_for, _ in made.loop.timers] == [seconds]


def reading(link, at):
    capture = Capture(identity="", role=Role.PRIMARY, started=0.0, begun=0.0, limit=9, head=RecordedHead("GET", "/", ()))
    answer = ResponseReader(method="GET", limit=10_000, capture=capture, reader=DiscardingReader(10_000))
    link.begin(answer, list)
    link.last = at
    return answer


@pytest.mark.parametrize(("silent", "broken"), [(600.0, False), (600.5, True)])
async def test_a_provider_may_be_silent_for_its_time_and_no_longer(made, silent, broken):
    pool = made()
    link = await pool.dial(ORIGIN)
    answer = reading(link, NOW)
    made.now = NOW + silent
    made.loop.timers[0][1]()
    assert (answer.over, made.closed(link)) == (broken, broken)
    if broken:
        assert (answer.failure.kind, answer.failure.detail) == (FailureKind.SILENCE_TIMEOUT, "no byte in 600 s")


@pytest.mark.parametrize(("later", "kept"), [(3.9, True), (4.0, False)])
async def test_an_idle_connection_is_closed_when_its_time_is_over(made, later, kept):
    pool = made()
    links = [await given(pool), await given(pool, streamed=True)]
    made.now = NOW + later
    made.loop.timers[0][1]()
    assert [made.closed(link) for link in links] == [not kept] * 2


async def test_connections_are_looked_after_as_long_as_there_are_any(made):
    pool = made()
    link = await pool.dial(ORIGIN)
    made.loop.timers[0][1]()
    assert len(made.loop.timers) == 2
    link.connection_lost(None)
    made.loop.timers[1][1]()
    assert len(made.loop.timers) == 2
    await pool.dial(ORIGIN)
    assert len(made.loop.timers) == 3


async def test_a_pool_that_closes_breaks_off_answers_and_keeps_nothing_that_is_given_back(made):
    pool = made()
    busy, idle = await pool.dial(ORIGIN), await given(pool, origin=OTHER)
    answer = reading(busy, NOW)
    pool.close()
    assert (answer.failure.kind, answer.failure.detail) == (FailureKind.STOPPED, "the proxy is stopping")
    assert (made.closed(busy), made.closed(idle), made.loop.cancelled) == (True, True, 1)
    assert made.closed(await given(pool))
    assert len(made.loop.timers) == 1
