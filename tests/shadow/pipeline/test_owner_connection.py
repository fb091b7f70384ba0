"""A worker sends what it found in its order, and asks for each request of a limited budget."""

import asyncio
import os

import pytest

from proxy.packing import FrameReader, frame
from shadow.findings.finding import Finding, FindingState, Signal
from shadow.pipeline.audit_messages import (
    HELLO,
    RESULT,
    WORK,
    BudgetState,
    ChecksCounted,
    FindingCount,
    FindingsCounted,
    Hello,
    Lost,
    Paid,
    Reserve,
    Reserved,
    WorkerState,
    packed,
    unpacked,
)
from shadow.pipeline.owner_connection import OwnerConnection, SentBudget, SentCounts, SentIdentities, SentOutcomes
from shadow.reading.parsed_exchange import parse_exchange
from shadow.settings.top_level_config import Config
from storage.spending import ALL
from tests.conformance import exchange_record
from tests.exchanges import asked, exchange, said
from tests.running import PATIENCE, until


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
async def test_record_that_cannot_be_prepared_is_sent_as_none(wired, logged):
    owner, wire = wired
    calls, offered = logged("shadow.pipeline.owner_connection"), []
    outcomes = SentOutcomes(owner)
    outcomes.offer(1, exchange_record("good"), lambda: offered.append("good"))
    outcomes.offer(2, exchange_record("bad", response_body="text"), lambda: offered.append("bad"))
    await asyncio.sleep(0)
    assert [(each.plane, each.record is None) for each in wire.messages] == [(1, False), (2, True)]
    assert offered == ["good", "bad"]
    assert [each.kwargs["event"] for each in calls] == ["record_not_stored"]


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


@pytest.fixture
async def linked(tmp_path):
    """The connection of worker 3, what it received, and the audit process's end of it."""
    accepted: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    server = await asyncio.start_unix_server(lambda *ends: accepted.put_nowait(ends), str(tmp_path / "s"))
    received = []
    loop = asyncio.get_running_loop()
    _, owner = await loop.create_unix_connection(lambda: OwnerConnection(3, received.append, 1_000), str(tmp_path / "s"))
    reader, writer = await accepted.get()
    yield owner, received, reader, writer
    writer.close()
    server.close()


async def messages_of(reader, count):
    frames, found = FrameReader(1_000), []
    while len(found) < count:
        data = await asyncio.wait_for(reader.read(1_000), PATIENCE)
        assert data, "the connection ended"
        found += [(kind, unpacked(payload)) for kind, payload in frames.feed(data)]
    return found


async def test_worker_introduces_itself_with_its_number_and_process_and_sends_each_turn(linked):
    owner, received, reader, writer = linked
    writer.write(packed(WORK, BudgetState({})))
    assert await messages_of(reader, 1) == [(HELLO, Hello(3, os.getpid()))]
    for plane in (1, 2):
        SentOutcomes(owner).lost(plane, "error")
        assert repr(owner) == "<OwnerConnection 3 gathered=1>"
        assert await messages_of(reader, 1) == [(RESULT, [Lost(plane, "error")])]
    await until(lambda: received == [BudgetState({})])
    assert repr(owner) == "<OwnerConnection 3 gathered=0>"


async def test_worker_whose_connection_has_ended_sends_nothing_more(linked):
    owner, _, _, writer = linked
    assert not owner.lost.done()
    writer.close()
    await asyncio.wait_for(owner.lost, PATIENCE)
    owner.connection_lost(None)
    owner.add(Lost(1, "error"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert repr(owner) == "<OwnerConnection 3 gathered=1>"


async def test_process_of_another_user_is_sent_nothing(tmp_path, monkeypatch, logged):
    calls = logged("shadow.pipeline.owner_connection")
    monkeypatch.setattr(os, "geteuid", lambda: -1)
    got: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def accept(reader, writer) -> None:
        got.set_result(await reader.read())
        writer.close()

    server = await asyncio.start_unix_server(accept, str(tmp_path / "s"))
    loop = asyncio.get_running_loop()
    _, owner = await loop.create_unix_connection(lambda: OwnerConnection(0, lambda _: None, 1_000), str(tmp_path / "s"))
    owner.add(Lost(1, "error"))
    await asyncio.wait_for(owner.lost, PATIENCE)
    assert await asyncio.wait_for(got, PATIENCE) == b""
    assert [each.kwargs for each in calls] == [{"event": "audit_socket_refused", "reason": "another user's"}]
    server.close()


async def test_answer_and_its_findings_are_sent_as_what_is_counted_of_them(wired):
    owner, wire = wired
    seen = parse_exchange(exchange(said(), request=asked()))
    findings = [Finding(signal=Signal.TEXT, state=FindingState.DIFFER, score=0.25)]
    sent = SentCounts(owner)
    sent.exchange(seen.exchange, seen.answer, ("valid",), pair_id="p")
    sent.findings("main", "m", "check", "", findings, pair_id="p")
    sent.findings("main", "m", "pair", "random", findings, pair_id="p")
    SentIdentities(Config(), owner, clean=str).observe(seen.exchange, seen.answer)
    await asyncio.sleep(0)
    counted, checks, pairs, identified = wire.messages
    assert (counted.counts.provider, counted.counts.outcomes, counted.pair_id) == ("candidate", ("valid",), "p")
    assert checks == ChecksCounted("main", "m", (("text", "differ"),))
    found = (FindingCount(Signal.TEXT, FindingState.DIFFER, 0.25),)
    assert pairs == FindingsCounted("main", "m", "pair", "random", found, "p")
    assert (identified.traits.provider, identified.traits.model) == ("candidate", "pretend-small")
