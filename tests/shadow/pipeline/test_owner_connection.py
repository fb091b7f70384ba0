"""A worker sends what it found in its order, and asks for each request of a limited budget."""

import asyncio

import pytest

from proxy.packing import frame
from shadow.pipeline.audit_messages import WORK, BudgetState, Paid, Reserve, Reserved, WorkerState, packed, unpacked
from shadow.pipeline.owner_connection import OwnerConnection, SentBudget, SentCounts, SentIdentities, SentOutcomes
from shadow.settings.top_level_config import Config
from storage.spending import ALL
from tests.conformance import exchange_record


class Wire:
    """What stands for the connection."""

    def __init__(self, owner: OwnerConnection) -> None:
        self.messages, self.closed = [], False
        owner._transport = self

    def write(self, data: bytes) -> None:
        self.messages += unpacked(data[5:])

    def close(self) -> None:
        self.closed = True


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


@pytest.mark.slow
async def test_record_that_cannot_be_prepared_is_sent_as_none(wired):
    owner, wire = wired
    outcomes = SentOutcomes(owner)
    outcomes.offer(1, exchange_record("good"))
    outcomes.offer(2, exchange_record("bad", response_body="text"))
    await asyncio.sleep(0)
    assert [(each.plane, each.record is None) for each in wire.messages] == [(1, False), (2, True)]


async def test_request_of_a_limited_budget_waits_for_its_answer(wired):
    owner, wire = wired
    budget = SentBudget(owner, limited=frozenset({ALL}), exhausted={})
    asked = asyncio.create_task(budget.reserve())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert wire.messages == [Reserve(0, "")]
    budget.answered(Reserved(0, "budget_requests"))
    assert await asked == "budget_requests"
    budget.changed({ALL: "budget_tokens"})
    assert (budget.exhausted(), budget.admit()) == ("budget_tokens", "budget_tokens")
    assert await SentBudget(owner, limited=frozenset(), exhausted={}).reserve() == ""


async def test_request_is_reserved_where_its_tenant_or_all_have_a_limit(wired):
    owner, wire = wired
    budget = SentBudget(owner, limited=frozenset({"alpha"}), exhausted={"alpha": "tenant_budget_money"})
    assert [budget.admit(1, tenant) for tenant in ("alpha", "beta", "")] == ["tenant_budget_money", "", ""]
    assert [await budget.reserve(tenant) for tenant in ("beta", "")] == ["", ""]
    asked = asyncio.create_task(budget.reserve("alpha"))
    await budget.pay([(1, 0.5)], "alpha")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert sorted(map(repr, wire.messages)) == [repr(Paid(((1, 0.5),), "alpha")), repr(Reserve(0, "alpha"))]
    budget.answered(Reserved(0, ""))
    assert await asked == ""
    budget.reload(frozenset())
    assert await budget.reserve("alpha") == ""


async def test_answer_for_a_request_whose_shadow_was_ended_is_passed_over(wired):
    owner, _ = wired
    budget = SentBudget(owner, limited=frozenset({ALL}), exhausted={})
    ended, going_on = [asyncio.create_task(budget.reserve()) for _ in range(2)]
    await asyncio.sleep(0)
    ended.cancel()
    await asyncio.gather(ended, return_exceptions=True)
    budget.answered(Reserved(0, ""))
    budget.answered(Reserved(1, ""))
    assert await going_on == ""
    assert repr(budget) == "<SentBudget limited=1 exhausted={} asked=0>"


async def test_state_that_changes_in_the_same_turn_is_sent_again(wired):
    owner, wire = wired
    running = [2]
    owner.state = lambda: WorkerState(running[0], 0, fetcher=True)

    async def shadow() -> None:
        SentCounts(owner).shadow_skipped("late")

    task = asyncio.create_task(shadow())
    task.add_done_callback(lambda _: running.pop() and running.append(1))
    for _ in range(5):
        await asyncio.sleep(0)
    states = [each.shadows for each in wire.messages if isinstance(each, WorkerState)]
    assert states[-1] == 1, "the shadow that ended runs no more"
    assert len(states) <= 2, "a state that has not changed is not sent again"


@pytest.mark.parametrize("broken", [frame(WORK, b"no message"), b"\xff" * 5])
async def test_bytes_that_are_no_message_end_the_connection(broken, logged):
    said = logged("shadow.pipeline.owner_connection")
    received = []
    owner = OwnerConnection(0, received.append, 1_000)
    wire = Wire(owner)
    owner.data_received(packed(WORK, BudgetState({})) + broken)
    assert (received, wire.closed) == ([BudgetState({})], True)
    assert [each.kwargs["event"] for each in said] == ["audit_process_unreadable"]


async def test_names_that_the_audit_process_has_forgotten_are_forgotten(wired):
    identities = SentIdentities(Config(), wired[0], clean=str)
    identities.known_names("main", "m", ("m-1",))
    assert identities.names_of("main", "m") == ("m-1",)
    identities.known_names("main", "m", ())
    assert (identities.names_of("main", "m"), identities._names) == ((), {})
