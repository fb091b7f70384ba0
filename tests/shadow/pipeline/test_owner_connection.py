"""A worker sends what it found in its order, and asks for each request of a limited budget."""

import asyncio

import pytest

from shadow.pipeline.audit_messages import Reserve, Reserved, unpacked
from shadow.pipeline.owner_connection import OwnerConnection, SentBudget, SentCounts, SentOutcomes
from tests.conformance import exchange_record


class Wire:
    """What stands for the connection."""

    def __init__(self, owner: OwnerConnection) -> None:
        self.messages = []
        owner._transport = self

    def write(self, data: bytes) -> None:
        self.messages += unpacked(data[5:])


@pytest.fixture
async def wired():
    owner = OwnerConnection(0, lambda _: None, 1_000)
    return owner, Wire(owner)


async def test_messages_of_a_turn_are_one_frame_in_their_order(wired):
    owner, wire = wired
    SentCounts(owner).shadow_skipped("late")
    SentOutcomes(owner).lost(3, "error")
    assert wire.messages == []
    await asyncio.sleep(0)
    assert [type(each).__name__ for each in wire.messages] == ["Skipped", "Lost"]


async def test_record_that_cannot_be_prepared_is_sent_as_none(wired):
    owner, wire = wired
    outcomes = SentOutcomes(owner)
    outcomes.offer(1, exchange_record("good"))
    outcomes.offer(2, exchange_record("bad", response_body="text"))
    await asyncio.sleep(0)
    assert [(each.plane, each.record is None) for each in wire.messages] == [(1, False), (2, True)]


async def test_request_of_a_limited_budget_waits_for_its_answer(wired):
    owner, wire = wired
    budget = SentBudget(owner, limited=True, exhausted="")
    asked = asyncio.create_task(budget.reserve())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert wire.messages == [Reserve(0)]
    budget.answered(Reserved(0, "budget_requests"))
    assert await asked == "budget_requests"
    budget.changed("budget_tokens")
    assert (budget.exhausted(), budget.admit()) == ("budget_tokens", "budget_tokens")
    assert await SentBudget(owner, limited=False, exhausted="").reserve() == ""
