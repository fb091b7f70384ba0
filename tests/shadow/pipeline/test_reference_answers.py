"""ReferenceAnswers: r and r' are requested once each, whichever pairs need them and when."""

import asyncio

import pytest

from proxy.exchange import Role
from shadow.pipeline.fetcher_client import FetcherLostError
from shadow.pipeline.reference_answers import ReferenceAnswers
from shadow.reading.parsed_exchange import parse_exchange
from shadow.records import exchange_record
from shadow.sampling.shadow_body import ShadowBody
from tests.exchanges import asked, exchange, said


class Reference:
    """Answers when it is let, and counts what it was sent."""

    def __init__(self) -> None:
        self.sent, self.prepared = [], 0
        self.free = asyncio.Event()
        self.lost = 0

    def prepare(self, live):
        self.prepared += 1
        return ShadowBody(body=live.request.body, alterations=())

    async def ask(self, live, body, role):
        self.sent.append(role)
        await self.free.wait()
        if self.lost:
            self.lost -= 1
            raise FetcherLostError
        return exchange(said(), role=role, request=live.request.body, provider="official")


def answers(reference, counted=None):
    def record(parsed):
        (counted if counted is not None else []).append(parsed.exchange.role)
        return exchange_record(parsed, outcomes=[], checks=[])

    return ReferenceAnswers(reference, record, parse_exchange(exchange(said(), request=asked())), control=False)


async def test_pairs_that_need_an_answer_at_once_share_one_request():
    reference = Reference()
    shared = answers(reference)
    waiting = [asyncio.create_task(shared.answer(role)) for role in (Role.SHADOW, Role.CONTROL, Role.SHADOW, Role.CONTROL)]
    await asyncio.sleep(0)
    reference.free.set()
    got = await asyncio.gather(*waiting)
    assert sorted(reference.sent) == [Role.CONTROL, Role.SHADOW]
    assert [new for _, new in got] == [True, True, False, False]
    assert got[0][0] is got[2][0]
    assert reference.prepared == 1


async def test_answer_is_checked_and_counted_once_for_all_pairs():
    reference, counted = Reference(), []
    reference.free.set()
    shared = answers(reference, counted)
    await shared.answer(Role.SHADOW)
    assert shared.record(Role.SHADOW) is shared.record(Role.SHADOW)
    assert counted == [Role.SHADOW]
    assert "answered=['shadow']" in repr(shared)


async def test_answer_that_was_lost_is_requested_again_by_the_next_pair():
    reference = Reference()
    reference.free.set()
    reference.lost = 1
    shared = answers(reference)
    with pytest.raises(FetcherLostError):
        await shared.answer(Role.SHADOW)
    _, new = await shared.answer(Role.SHADOW)
    assert (new, reference.sent) == (True, [Role.SHADOW, Role.SHADOW])
