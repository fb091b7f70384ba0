"""What every store must keep to, whatever engine is under it: one routine, and the rows it is tried with."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace

from storage.erasure_choice import ErasureChoice
from storage.rows import (
    AnswerFilter,
    ExchangeRecord,
    ExchangeRow,
    FindingRow,
    PairFilter,
    PairGroup,
    PairRecord,
    PairRow,
    PayoffPoint,
    PayoffRow,
    SignalCount,
    ToolCallRow,
    TrafficCount,
)
from storage.store import Outcome, Store
from tests.running import PATIENCE

START = 1_790_000_000.0
DAY = 86_400.0
BODY = b'data: {"choices": [{"delta": {"content": "Quito"}}]}\n\n' * 100


def offered(add: Callable[..., bool], record: ExchangeRecord | PairRecord) -> Future[bool] | None:
    """Whether the record offered by `add` comes to be stored; None where it was not taken."""
    outcome: Future[bool] = Future()
    return outcome if add(record, lambda settled: outcome.set_result(settled.on_disk)) else None


def exchange_row(name: str, **more) -> ExchangeRow:
    row = ExchangeRow(
        id=name,
        role="primary",
        started=START,
        route="default",
        provider="near",
        reference="official",
        model="qwen",
        stream=True,
        tag="",
        tenant="",
        conversation="talk-1",
        method="POST",
        target="/v1/chat/completions",
        status=200,
        failure="",
        failure_detail="",
        unread="",
        echoed_model="qwen",
        fingerprint="fp",
        finish_reason="stop",
        prompt_tokens=10,
        completion_tokens=4,
        cached_tokens=6,
        cache_write_tokens=3,
        cost=2.1e-06,
        usage_state="certain",
        fresh_tokens=1,
        cache_write_1h_tokens=2,
        output_tokens=3,
        reasoning_tokens=1,
        uncertain_tokens=0,
        seconds=1.5,
        overhead=0.001,
        head_seconds=0.2,
        first_chunk=0.25,
        first_token=0.5,
        request_headers='[["content-type", "application/json"]]',
        response_headers="[]",
        request_body=b'{"model": "qwen"}',
        request_size=17,
        request_digest="d1",
        response_body=BODY,
        response_size=len(BODY),
        response_digest="d2",
        marks=b"\x00" * 16,
    )
    return row._replace(**more)


def exchange_record(name: str, *, calls: int = 2, checks: int = 3, **more) -> ExchangeRecord:
    return ExchangeRecord(
        exchange=exchange_row(name, **more),
        tool_calls=tuple(tool_call(name, position) for position in range(calls)),
        findings=tuple(finding(f"check_{n}", "match", exchange_id=name, comparison="check") for n in range(checks)),
    )


def tool_call(exchange_id: str, position: int) -> ToolCallRow:
    arguments = '{"city": "Quito"}'
    call_id = f"call_{position}"
    return ToolCallRow(
        exchange_id=exchange_id, position=position, call_id=call_id, name="weather", arguments=arguments, outcome="valid"
    )


def finding(signal: str, state: str, *, exchange_id: str, pair_id: str = "", comparison: str = "cross", **more) -> FindingRow:
    row = FindingRow(
        exchange_id=exchange_id,
        pair_id=pair_id,
        comparison=comparison,
        signal=signal,
        state=state,
        score=None,
        reason="",
        subject="",
        reference="",
    )
    return row._replace(**more)


def pair_row(name: str, **more) -> PairRow:
    row = PairRow(
        id=name,
        started=START,
        route="default",
        model="qwen",
        provider="near",
        reference="official",
        conversation="talk-1",
        request_fingerprint="ask",
        subject_id=name,
        reference_id=f"{name}-shadow",
        control_id="",
        control_reason="",
        comparable="",
        alterations="[]",
    )
    return replace(row, **more)


def pair_record(name: str, states: dict[str, str] | None = None, payoff: int = 1, **more) -> PairRecord:
    """A pair of the exchange of the same name, and its shadow; `states` are its cross findings."""
    row = pair_row(name, **more)
    responses = [(row.reference_id, "shadow"), (row.control_id, "control")]
    return PairRecord(
        pair=row,
        exchanges=tuple(
            exchange_record(id_, role=role, provider=row.reference, reference="", started=row.started + 1)
            for id_, role in responses
            if id_
        ),
        findings=tuple(
            finding(signal, state, exchange_id=row.subject_id, pair_id=name, score=0.5, reason="why")
            for signal, state in (states or {"text": "match"}).items()
        ),
        payoffs=(PayoffRow(pair_id=name, signal="answer_kind", payoff=payoff),),
    )


def check_store(opening: Callable[[], Store]) -> None:
    """Everything that `storage.store` promises; each call of `opening` opens the same, at first empty, store again."""
    store = opening()
    _starts_empty(store)
    _takes_and_gives_back(store)
    _takes_an_id_once(store)
    _loses_only_what_is_bad(store)
    store.close()
    store.close()
    assert not store.add_exchange(exchange_record("late"))
    store = opening()
    _counts(store)
    _filters(store)
    _sweeps(store)
    _lists_faulty_answers(store)
    _keeps_passed_checks_by_name(store)
    _shares_answers_of_the_reference(store)
    store.close()


def _starts_empty(store: Store) -> None:
    assert store.writable()
    assert (store.queued, store.dropped, store.failed, store.stored) == (0, 0, 0, 0)
    assert store.flush(PATIENCE)
    assert not store.pairs(PairFilter())
    assert store.pair("absent-pair") is None
    assert store.exchange("absent") is None
    assert not [*store.tool_calls("absent"), *store.findings(), *store.signal_counts(0, 0), *store.payoffs(0, 0)]
    assert not [*store.traffic(0, 0), *store.latencies(0, 0, 10)]


def _takes_and_gives_back(store: Store) -> None:
    live, pair = exchange_record("one"), pair_record("one", {"text": "differ", "arguments": "match"}, control_id="one-control")
    taken = [offered(store.add_exchange, live), offered(store.add_pair, pair)]
    assert store.flush(PATIENCE)
    assert [future.result(PATIENCE) for future in taken if future] == [True, True]
    for record in (live, *pair.exchanges):
        assert store.exchange(record.exchange.id) == record.exchange
        assert tuple(store.tool_calls(record.exchange.id)) == record.tool_calls
        assert tuple(store.findings(exchange_id=record.exchange.id)) == record.findings
    assert store.pair("one") == pair.pair
    assert tuple(store.findings(pair_id="one")) == pair.findings
    bare = exchange_record("bare", status=None, request_body=None, response_body=b"", marks=b"", first_token=None, stream=False)
    store.add_exchange(bare)
    assert store.flush(PATIENCE)
    assert store.exchange("bare") == bare.exchange


def _takes_an_id_once(store: Store) -> None:
    before, outcomes = store.stored, []
    store.add_exchange(exchange_record("one", calls=7, model="another"), outcomes.append)
    store.add_pair(pair_record("one", {"text": "match", "more": "match"}, reference_id="another-shadow"), outcomes.append)
    assert store.flush(PATIENCE)
    assert outcomes == [Outcome.KNOWN, Outcome.KNOWN]
    assert store.stored == before
    assert store.exchange("one") == exchange_row("one")
    assert store.exchange("another-shadow") is None
    assert len(store.tool_calls("one")) == 2
    assert [found.signal for found in store.findings(pair_id="one")] == ["text", "arguments"]


def _loses_only_what_is_bad(store: Store) -> None:
    bad = [
        exchange_record("bad-1", status="two hundred"),
        exchange_record("bad-2", response_body="text"),
        exchange_record("bad-3", prompt_tokens=2**70),
        exchange_record("bad-4", route=None),
        pair_record("nobody"),
        exchange_record("bad-5")._replace(findings=(finding("text", "match", exchange_id="one"),)),
        replace(pair_record("one-bad", subject_id="one"), findings=(finding("text", "match", exchange_id="one", pair_id="one"),)),
    ]
    good = [exchange_record(f"good-{n}", started=START + n) for n in range(len(bad))]
    taken = []
    for one, other in zip(bad, good, strict=True):
        add = store.add_pair if isinstance(one, PairRecord) else store.add_exchange
        taken += [offered(add, one), offered(store.add_exchange, other)]
    assert not store.flush(PATIENCE)
    assert [future.result(PATIENCE) for future in taken if future] == [False, True] * len(bad)
    assert store.failed == len(bad)
    assert store.writable()
    for name in ("bad-1", "bad-2", "bad-3", "bad-4", "bad-5", "nobody-shadow", "one-bad-shadow"):
        assert store.exchange(name) is None
        assert not store.tool_calls(name)
    assert store.pair("nobody") is None


def _counts(store: Store) -> None:
    group = PairGroup(route="default", model="qwen", provider="near", reference="official")
    counts = store.signal_counts(START, START + 0.5)
    assert SignalCount(group=group, comparison="cross", signal="text", state="differ", control_reason="", count=1) in counts
    checked = [count for count in counts if count.comparison == "check" and count.signal == "check_0"]
    # the live exchange, the bare one and one good one; the shadows come a second later
    assert checked == [SignalCount(group=group, comparison="check", signal="check_0", state="match", control_reason="", count=3)]
    assert list(store.payoffs(0, 0)) == [PayoffPoint(group=group, signal="answer_kind", conversation="talk-1", payoff=1)]
    assert not store.payoffs(START + 1, 0)
    store.add_exchange(exchange_record("broken", failure="reset", started=START + 50, provider="far"))
    store.add_exchange(exchange_record("refused", status=429, started=START + 51, provider="far", prompt_tokens=None))
    store.add_exchange(
        exchange_record("quick", started=START + 52, provider="far", first_chunk=None, first_token=None, seconds=0.5)
    )
    assert store.flush(PATIENCE)
    far = TrafficCount(
        provider="far",
        model="qwen",
        role="primary",
        requests=3,
        asked=3,
        failures=1,
        errors=1,
        prompt_tokens=20,
        completion_tokens=12,
    )
    assert list(store.traffic(START + 50, START + 60)) == [far]
    sums = store.token_sums(START + 50, START + 60)
    assert [(each.provider, each.usage_state, each.stated, each.answers, each.tokens) for each in sums] == [
        ("far", "certain", 1, 3, (3, 18, 3, 6, 9, 3, 0))
    ]
    assert sums[0].day == START // DAY * DAY
    assert round(sums[0].cost * 1e6, 9) == 6.3
    assert not store.token_sums(START + 60, 0)
    assert list(store.latencies(START + 50, START + 60, 10)) == [("far", "qwen", "primary", "seconds", 0.5)]
    assert len(store.latencies(START, 0, 2)) == 4


def _keeps_passed_checks_by_name(store: Store) -> None:
    """A check that matched is found and counted as one with a row of its own is; rows come first."""
    failed = finding("stop", "differ", exchange_id="passing", comparison="check", reason="why")
    record = exchange_record("passing", started=START + 70, provider="passed")._replace(
        findings=(failed,), passed=("usage", "seed")
    )
    same = exchange_record("passing-too", started=START + 71, provider="passed")._replace(findings=(), passed=("usage", "seed"))
    for each in (record, same):
        store.add_exchange(each)
        store.add_pair(pair_record(each.exchange.id, started=each.exchange.started, provider="passed"))
    assert store.flush(PATIENCE)
    assert [(each.signal, each.state, each.score) for each in store.findings(exchange_id="passing")] == [
        ("stop", "differ", None),
        ("usage", "match", 1.0),
        ("seed", "match", 1.0),
    ]
    for period in ((START + 70, START + 72), (0, 0)):
        counts = {(c.signal, c.state): c.count for c in store.signal_counts(*period) if c.group.provider == "passed"}
        assert counts == {("stop", "differ"): 1, ("usage", "match"): 2, ("seed", "match"): 2, ("text", "match"): 2}
    for state, found in (("match", ["passing-too", "passing"]), ("", ["passing-too", "passing"]), ("differ", [])):
        assert [each.pair.id for each in store.pairs(PairFilter(signal="usage", state=state))] == found
    assert store.sweep(START + 30 * DAY + 72.5) > 0
    assert not [count for count in store.signal_counts(0, 0) if count.group.provider == "passed"]


def _shares_answers_of_the_reference(store: Store) -> None:
    """The pairs of several candidates hold one answer of the reference: it is stored once, and they are deleted together."""
    at = START + 80
    store.add_exchange(exchange_record("shared", started=at, conversation="shared-talk"))
    store.add_exchange(exchange_record("beside", started=at + 500))
    reference = exchange_record("shared-shadow", role="shadow", provider="official", reference="", started=at + 1)
    for name in ("shared", "shared-north", "shared-south"):
        made = pair_record(name, reference_id="shared-shadow", started=at, conversation="shared-talk", provider=name)
        own = exchange_record(name, role="candidate", provider=name, started=at, conversation="shared-talk")
        store.add_pair(replace(made, exchanges=(own, reference)))
    assert store.flush(PATIENCE)
    found = store.traffic(at, at + 10)
    roles = {(each.provider, each.role): each.requests for each in found}
    assert roles == {
        ("near", "primary"): 1,
        ("shared-north", "candidate"): 1,
        ("shared-south", "candidate"): 1,
        ("official", "shadow"): 1,
    }
    assert {summary.pair.id for summary in store.pairs(PairFilter(conversation="shared-talk"))} == {
        *("shared", "shared-north", "shared-south"),
    }
    assert store.forget(ErasureChoice(conversation="shared-talk")).exchanges == 4
    assert store.exchange("shared-shadow") is None
    assert store.exchange("beside") is not None
    assert not store.pairs(PairFilter(since=at, until=at + 10))


def _filters(store: Store) -> None:
    for n in range(6):
        name, started = f"pair-of-{n:04}", START + 100 + n // 2
        store.add_exchange(exchange_record(name, started=started))
        state = "differ" if n % 2 else "not_measured"
        store.add_pair(pair_record(name, {"finish_reason": state}, started=started, model=f"model-{n % 3}"))
    assert store.flush(PATIENCE)

    def names(**wanted) -> list[str]:
        return [summary.pair.id.removeprefix("pair-of-000") for summary in store.pairs(PairFilter(**wanted))]

    assert names(limit=3) == ["5", "4", "3"]
    assert names(limit=3, before_id="pair-of-0003") == ["2", "1", "0"]
    assert names(model="model-2") == ["5", "2"]
    assert names(provider="near", state="differ", limit=4) == ["5", "3", "1", "one"]
    assert names(provider="nobody") == []
    assert names(signal="finish_reason", state="differ") == ["5", "3", "1"]
    assert names(signal="arguments") == ["one"]
    assert names(signal="text", state="match") == []
    assert names(signal="check_2", state="match", limit=2) == ["5", "4"], "a check of the provider's answer is found as well"
    assert names(signal="check_2", state="differ") == []
    assert names(since=START + 101, until=START + 102) == ["3", "2"]
    (newest,) = store.pairs(PairFilter(limit=1))
    assert (newest.matches, newest.differs, newest.not_comparable, newest.not_measured) == (0, 1, 0, 0)
    assert newest.differing == ("finish_reason",)
    assert store.pair("pair-of-0003").id == "pair-of-0003"
    assert store.pair("pair-of-") is None, "several pairs begin so"
    assert [row.id for row in store.candidates("pair-of-", 2)] == ["pair-of-0005", "pair-of-0004"]
    assert store.pair("0003").id == "pair-of-0003"
    assert store.pair("003") is None, "three characters of an end are too few"
    assert [row.id for row in store.candidates("pair-of-0003", 2)] == ["pair-of-0003"]
    assert store.pair("one") is not None
    assert store.pair("o") is None
    assert store.pair("PAIR-OF-0003") is None


def _sweeps(store: Store) -> None:
    """Beginnings are tried here, because only one pair is left to begin so."""
    assert store.sweep(START) == 0
    gone = store.sweep(START + 30 * DAY + 102)
    assert gone == 22, "three of the first pair, eight bare or good ones, three from afar, eight of four other pairs"
    assert [summary.pair.id for summary in store.pairs(PairFilter())] == ["pair-of-0005", "pair-of-0004"]
    assert store.pair("pair-of-0004-not") is None
    assert not store.findings(pair_id="one", exchange_id="one")
    assert store.exchange("one-control") is None
    assert store.sweep(START + 60 * DAY) == 4
    assert not [*store.signal_counts(0, 0), *store.payoffs(0, 0), *store.traffic(0, 0), *store.pairs(PairFilter())]
    store.add_exchange(exchange_record("an-only-one"))
    store.add_pair(pair_record("an-only-one"))
    assert store.flush(PATIENCE)
    found = store.pair("an-only-")
    assert found is not None
    assert found.id == "an-only-one"


def _lists_faulty_answers(store: Store) -> None:
    assert not store.faulty_answers(AnswerFilter())
    failed = finding("stop", "differ", exchange_id="failed", comparison="check", reason="why")
    store.add_exchange(exchange_record("failed")._replace(findings=(failed,)))
    assert store.flush(PATIENCE)
    assert [(each.id, each.checks) for each in store.faulty_answers(AnswerFilter(signal="stop"))] == [
        ("failed", (("stop", "why"),))
    ]
    assert not store.faulty_answers(AnswerFilter(signal="usage"))
