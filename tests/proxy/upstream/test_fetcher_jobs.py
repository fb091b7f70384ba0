"""proxy.upstream.fetcher: jobs that are begun, given up and answered, in this process."""

import asyncio

import pytest

from proxy.exchange import FailureKind
from proxy.packing import FrameError, FrameReader, frame, unpack
from proxy.upstream import fetcher as module
from proxy.upstream.fetch_job import failed, pack
from proxy.upstream.fetcher import GIVEN_UP, JOB, Fetcher, read_frames
from tests.fetch_jobs import fetch_job

BODY = b'{"model":"m"}'


class Upstream:
    closed = False

    def close(self):
        self.closed = True


class Made:
    """A fetcher whose jobs end when the test says so, and the exchanges that it wrote."""

    def __init__(self):
        self.upstream, self.ends, self.written = Upstream(), {}, []
        self.fetcher = Fetcher(self.upstream, self)

    def write(self, data):
        ((kind, payload),) = FrameReader(100_000).feed(data)
        self.written.append((kind, unpack(payload)))

    async def run(self, upstream, job):
        assert upstream is self.upstream
        self.ends[job.identity] = asyncio.get_running_loop().create_future()
        return await self.ends[job.identity]

    async def take(self, *names):
        for name in names:
            self.fetcher.take(JOB, pack(fetch_job("http://p:1/v1", name, body=BODY)))
        await settled()


async def settled():
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
async def made(monkeypatch):
    one = Made()
    monkeypatch.setattr(module, "run", one.run)
    return one


async def test_each_job_comes_back_without_the_body_that_was_sent_when_it_ends(made):
    await made.take("a", "b")
    assert (repr(made.fetcher), made.written) == ("<Fetcher running=2>", [])
    exchange = failed(fetch_job("http://p:1/v1", "b"))
    made.ends["b"].set_result(exchange._replace(request=exchange.request._replace(body=BODY, size=13)))
    await settled()
    ((kind, back),) = made.written
    assert (kind, back.id, back.request.body, back.request.size) == (b"E", "b", b"", 13)
    assert repr(made.fetcher) == "<Fetcher running=1>"


async def test_a_job_that_is_given_up_ends_without_an_answer_and_an_unknown_one_changes_nothing(made):
    await made.take("a", "b")
    made.fetcher.take(GIVEN_UP, b"c")
    made.fetcher.take(GIVEN_UP, b"a")
    await settled()
    assert (made.ends["a"].cancelled(), made.ends["b"].done()) == (True, False)
    assert (repr(made.fetcher), made.written) == ("<Fetcher running=1>", [])


async def test_a_fault_in_a_job_is_logged_with_its_exchange_and_the_job_is_answered(made, caplog):
    await made.take("a")
    made.ends["a"].set_exception(ZeroDivisionError())
    await settled()
    ((_, back),) = made.written
    assert (back.id, back.failure.kind, back.response) == ("a", FailureKind.INTERNAL, None)
    assert [(record.getMessage(), record.exchange) for record in caplog.records] == [("fetch_failed", "a")]


async def test_a_fetcher_that_is_closed_gives_up_what_runs_and_closes_its_connections(made):
    await made.take("a", "b")
    await made.fetcher.close()
    assert ([end.cancelled() for end in made.ends.values()], made.upstream.closed) == ([True, True], True)
    assert (repr(made.fetcher), made.written) == ("<Fetcher running=0>", [])


async def test_frames_are_read_to_the_end_of_their_input_and_up_to_their_limit():
    reader = asyncio.StreamReader()
    reader.feed_data(frame(b"A", b"abc") + frame(b"G", b"x"))
    reader.feed_data(frame(b"A", b"abcd"))
    reader.feed_eof()
    frames = read_frames(reader, 3)
    assert [await anext(frames), await anext(frames)] == [(b"A", b"abc"), (b"G", b"x")]
    with pytest.raises(FrameError):
        await anext(frames)
    ended = asyncio.StreamReader()
    ended.feed_eof()
    assert [each async for each in read_frames(ended, 3)] == []
