"""What becomes of each message of a worker, and of exchanges at a fault and at the end; no store."""

import asyncio
import time
from types import SimpleNamespace

import pytest

from proxy.packing import pack
from proxy.provider_config import Provider, ProxyConfig
from shadow.findings.finding import FindingState, Signal
from shadow.metrics.answer_counts import answer_counts
from shadow.pipeline import audit_messages as messages
from shadow.pipeline import exchange_dispatcher
from shadow.pipeline.identity_observer import IdentityTraits
from shadow.reading.parsed_exchange import parse_exchange
from shadow.settings.top_level_config import Config
from storage.opening import record_preparer
from storage.store import Outcome
from tests.conformance import exchange_record
from tests.exchanges import asked, exchange, said
from tests.passing_clock import PassingAsyncio
from tests.running import PATIENCE, until
from tests.shadow.pipeline.test_exchange_dispatcher import Dispatching, Link

LABELS = {"provider": "near", "model": "m"}


@pytest.fixture
def dispatching():
    made = Dispatching(None)
    known = {name: Provider(base_url=f"http://{name}.example/v1", models={"m": "m"}) for name in ("near", "far")}
    made.dispatcher._metrics.reload(Config(proxy=ProxyConfig(providers=known, provider="near", reference="far")))
    return made


def packed_exchange(number=1, **more):
    return pack(exchange(said(), request=asked(), id=f"{number:032}", **more))


def value(made, name, **labels):
    return made.registry.get_sample_value(f"sameweights_{name}", {**LABELS, **labels})


def test_findings_and_checks_of_a_worker_are_counted_under_their_provider_and_model(dispatching):
    lane = dispatching.dispatcher.workers.lanes[0]
    found = (messages.FindingCount(Signal.TEXT, FindingState.DIFFER, 0.25),)
    for kind, reason in (("cross", ""), ("self", "random"), ("self", "tiebreak")):
        dispatching.dispatcher._received(lane, messages.FindingsCounted("near", "m", kind, reason, found, "0" * 32))
    dispatching.dispatcher._received(lane, messages.ChecksCounted("near", "m", (("stop", "match"),)))
    differ = {"signal": "text", "result": "differ"}
    assert value(dispatching, "comparisons_total", comparison="cross", **differ) == 1
    assert value(dispatching, "comparisons_total", comparison="self", **differ) == 1, "a tie-break is no sample of the noise"
    assert value(dispatching, "checks_total", signal="stop", result="match") == 1


def test_pair_of_an_answer_is_the_exemplar_of_its_times(dispatching):
    counted = []
    dispatching.dispatcher._metrics.count = lambda counts, *, pair_id: counted.append((counts, pair_id))
    seen = parse_exchange(exchange(said(), request=asked()))
    counts = answer_counts(seen.exchange, seen.answer, ())
    dispatching.dispatcher._received(dispatching.dispatcher.workers.lanes[0], messages.Counted(counts, "p"))
    assert counted == [(counts, "p")]


def test_message_that_no_worker_sends_is_logged(dispatching, logged):
    calls = logged("shadow.pipeline.exchange_dispatcher")
    dispatching.dispatcher._received(dispatching.dispatcher.workers.lanes[0], messages.Drained())
    assert [call.kwargs for call in calls] == [{"event": "audit_message_unknown", "message": "Drained"}]


def test_shadows_of_all_workers_are_added_up(dispatching):
    for lane, state in zip(dispatching.dispatcher.workers.lanes, ((2, 5), (1, 3)), strict=True):
        lane.state = messages.WorkerState(*state, fetcher=True)
    assert (dispatching.dispatcher.shadowing, dispatching.dispatcher.waiting) == (3, 8)


def test_exchanges_and_shadows_of_a_worker_that_was_killed_are_lost_under_that_reason(dispatching):
    lane = dispatching.dispatcher.workers.lanes[0]
    link = Link(dispatching.dispatcher, lane)
    lane.out.extend([(4, 1), (4, 1), (5, 1)])
    lane.state = messages.WorkerState(2, 1, fetcher=True)
    link.leave()
    assert [dispatching.counters.row(plane)["process_killed"] for plane in (4, 5, 6)] == [2, 1, 0]
    assert dispatching.registry.get_sample_value("sameweights_shadow_dropped_total", {"reason": "process_killed"}) == 3


def test_exchange_that_cannot_be_unpacked_is_logged_by_its_sender(dispatching, logged):
    calls = logged("shadow.pipeline.exchange_dispatcher")
    dispatching.dispatcher.place(3, b"nothing")
    [call] = calls
    assert (call.kwargs["event"], call.kwargs["worker"], bool(call.kwargs["error"])) == ("exchange_unreadable", 3, True)


def test_exchange_whose_place_ends_in_a_fault_of_ours_is_lost_logged_and_waits_no_longer(dispatching, logged, monkeypatch):
    calls = logged("shadow.pipeline.exchange_dispatcher")
    monkeypatch.setattr(exchange_dispatcher, "parse_request", lambda *_: 1 // 0)
    payload = packed_exchange()
    dispatching.dispatcher.place(3, payload)
    assert (dispatching.counters.row(3)["error"], dispatching.source.released) == (1, [len(payload)])
    assert [(call.kwargs["event"], call.kwargs["worker"]) for call in calls] == [("exchange_failed", 3)]
    assert dispatching.waiting() == [0, 0]


def traits(number, name):
    return messages.Identified(IdentityTraits(f"{number:032d}", 1.0, "near", "m", "chat", {"model": name}))


def test_names_that_a_worker_saw_reach_all_workers_once_and_the_identity_is_shown(dispatching):
    links = [Link(dispatching.dispatcher, lane) for lane in dispatching.dispatcher.workers.lanes]
    for number in range(40):
        dispatching.dispatcher._received(dispatching.dispatcher.workers.lanes[0], traits(number, "m-1" if number < 20 else "m-2"))
    names = [messages.KnownNames("near", "m", ("m-1",)), messages.KnownNames("near", "m", ("m-1", "m-2"))]
    assert [link.got for link in links] == [names, names]
    assert value(dispatching, "serving_identity_changes_total") == 1


async def test_exchanges_of_a_moment_are_placed_in_one_turn_and_those_of_a_long_one_in_several(dispatching, monkeypatch):
    held, moment = [(0, packed_exchange(number)) for number in range(6)], [0.0]

    async def take_packed():
        if not held:
            await asyncio.Event().wait()
        return held.pop()

    def clock():
        moment[0] += 0.0008
        return moment[0]

    dispatching.source.take_packed, dispatching.source.take_packed_now = take_packed, lambda: held.pop() if held else None
    monkeypatch.setattr(exchange_dispatcher.time, "perf_counter", clock)
    monkeypatch.setattr(exchange_dispatcher, "asyncio", passing := PassingAsyncio())
    running, placed = asyncio.create_task(dispatching.dispatcher.run()), []
    while sum(placed) < 6:
        await asyncio.sleep(0)
        placed.append(sum(dispatching.waiting()) - sum(placed))
    running.cancel()
    assert [count for count in placed if count] == [3, 3], "two milliseconds are over after the third"
    assert passing.pauses == [0, 0], "the next turn follows at once"


async def test_end_keeps_a_fifth_of_its_time_for_the_answer_of_the_workers(dispatching, monkeypatch):
    workers, spans = dispatching.dispatcher.workers, []

    async def note(patience):
        spans.append(patience)

    monkeypatch.setattr(workers, "empty", note)
    monkeypatch.setattr(workers, "drain", note)
    passing = PassingAsyncio()
    passing.get_running_loop = lambda: SimpleNamespace(time=lambda: 100.0)
    monkeypatch.setattr(exchange_dispatcher, "asyncio", passing)
    held = [(0, packed_exchange(number)) for number in range(2)]
    dispatching.source.take_packed_now = lambda: held.pop() if held else None
    await dispatching.dispatcher.drain(patience=5.0)
    assert spans == [4.0, 5.0]
    assert dispatching.counters.row(0)["process_killed"] == 2, "what waits for a worker at the end is lost"


async def test_workers_are_ended_with_the_audit_process(dispatching, tmp_path):
    await dispatching.dispatcher.start(str(tmp_path / "w"))
    for lane in dispatching.dispatcher.workers.lanes:
        Link(dispatching.dispatcher, lane)
    await dispatching.dispatcher.probe()
    works = dispatching.dispatcher.work()
    assert len(works) == 2
    for work in works:
        work.close()
    await dispatching.dispatcher.close()
    assert [lane.link for lane in dispatching.dispatcher.workers.lanes] == [None, None]
    with pytest.raises(OSError, match=r"refused|No such"):
        await asyncio.open_unix_connection(tmp_path / "w")


async def test_end_waits_for_reservations_that_are_under_way(dispatching):
    lane, turns = dispatching.dispatcher.workers.lanes[0], 50
    link = Link(dispatching.dispatcher, lane)
    link.drained = True

    async def slow(_):
        for _ in range(turns):
            await asyncio.sleep(0)
        return "budget_money"

    dispatching.dispatcher._account.reserve = slow
    dispatching.dispatcher._received(lane, messages.Reserve(7, ""))
    await dispatching.dispatcher.drain(patience=PATIENCE)
    assert messages.Reserved(7, "budget_money") in link.got


async def test_reservation_that_ends_in_an_error_is_logged(dispatching, logged):
    calls = logged("shadow.pipeline.exchange_dispatcher")
    link = Link(dispatching.dispatcher, dispatching.dispatcher.workers.lanes[0])

    async def broken(_):
        raise ArithmeticError("an error of ours")

    dispatching.dispatcher._account.reserve = broken
    dispatching.dispatcher._received(dispatching.dispatcher.workers.lanes[0], messages.Reserve(7, ""))
    await until(lambda: link.got)
    assert link.got == [messages.Reserved(7, "budget_unknown")]
    assert [call.kwargs["event"] for call in calls] == ["reservation_failed"]
    await asyncio.gather(*dispatching.dispatcher._spending)


class Taking:
    """A store that keeps what it is offered."""

    def __init__(self) -> None:
        self.records = []

    def add_prepared(self, record, settled) -> bool:
        self.records.append(record)
        settled(Outcome.STORED)
        return True


def test_changes_that_wait_for_a_record_that_never_comes_are_forgotten_from_the_oldest_on():
    made = Dispatching(store := Taking())
    lane = made.dispatcher.workers.lanes[0]
    for number in range(257):
        seen = IdentityTraits("", 1.0, "near", f"m-{number}", "chat", {"model": "m"})
        for again in range(20):  # the first identity is one that lasts
            made.dispatcher._received(lane, messages.Identified(seen._replace(exchange_id=f"{number:016}{again:016}")))
    for number in (0, 1, 256):
        record = record_preparer().prepare(exchange_record(f"{number:016}{19:016}"))
        made.dispatcher._received(lane, messages.Recorded(2, record))
    found = [[table for table, _ in record.exchanges[0].rows].count("identities") for record in store.records]
    assert found == [0, 1, 1]
    assert [record.source for record in store.records] == ["run/2"] * 3
    assert made.counters.row(2)["stored"] == 3


async def test_end_whose_time_is_over_waits_for_no_reservation(dispatching, monkeypatch):
    moments, limits = iter([100.0, 107.0, 107.0]), []

    async def wait(tasks, timeout):  # noqa: ASYNC109 - as that of asyncio
        limits.append((len(tasks), timeout))

    dispatcher, never = dispatching.dispatcher, asyncio.Event()
    dispatcher._account.reserve = lambda _tenant: never.wait()
    dispatcher._received(dispatcher.workers.lanes[0], messages.Reserve(7, ""))
    passing = PassingAsyncio()
    passing.wait, passing.get_running_loop = wait, lambda: SimpleNamespace(time=lambda: next(moments))
    monkeypatch.setattr(exchange_dispatcher, "asyncio", passing)
    await dispatcher.drain(patience=5.0)
    assert limits == [(1, 0.0)]
    never.set()


@pytest.mark.parametrize(("reference", "named"), [("far", True), ("", False)])
def test_fetcher_is_missed_from_the_start_where_there_is_a_reference(reference, named):
    providers = {name: Provider(base_url="http://127.0.0.1:9/v1") for name in ("near", "far")}
    dispatcher = Dispatching(None, proxy=ProxyConfig(providers=providers, provider="near", reference=reference)).dispatcher
    for lane in dispatcher.workers.lanes:
        Link(dispatcher, lane)
        lane.latest = time.monotonic() + 1e6
    assert dispatcher.why_not().startswith("a fetcher is not running") == named
