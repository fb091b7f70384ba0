"""Records of every kind, the same for each engine: of three days, with pairs, calls, checks, segments, routers and failures."""

import itertools
import json
import random
from collections.abc import Callable, Iterator, Sequence

from storage.judgement_rows import AlarmRow, GroupStateRow, JudgementBatch, JudgementRow, PaceRow
from storage.rows import IdentityRow, PairGroup, PairRecord, PayoffRow
from storage.store import Store
from tests.conformance import exchange_record, finding, pair_row, tool_call

BEGIN = 1_790_000_000.0
STEP = 173.25
"""Seconds between two exchanges."""
COUNT = 400
CHECKS = ("context_limit", "lost_space", "template_leak", "call_in_text", "usage", "stop")
SIGNALS = ("text", "arguments", "tool_names", "finish_reason", "first_chunk")
STATES = ("match", "differ", "differ", "not_measured")


def id_at(started: float, kind: str, number: int) -> str:
    """An id as the data plane draws it: twelve digits of milliseconds, and what makes it distinct."""
    return f"{int(started * 1_000):012x}{number:08x}{kind:0>8}"


def live(draw: random.Random, number: int):
    started = BEGIN + number * STEP
    name = id_at(started, "a", number)
    checks = draw.sample(CHECKS, 3)
    findings = tuple(
        finding(each, draw.choice(STATES), exchange_id=name, comparison="check", reason="why") for each in checks[:2]
    )
    made = exchange_record(
        name,
        started=started,
        provider=draw.choice(["near", "far", "router"]),
        model=draw.choice(["small", "large"]),
        role=draw.choice(["primary", "primary", "primary", "candidate"]),
        route=draw.choice(["default", "other"]),
        tag=draw.choice(["", "canary"]),
        conversation=draw.choice(["", f"talk-{number % 9}"]),
        status=draw.choice([200, 200, 200, 429, None]),
        failure=draw.choice(["", "", "", "client_gone"]),
        unread=draw.choice(["", "", "not_held", "request_truncated"]),
        stream=draw.random() < 0.5,
        finish_reason=draw.choice(["stop", "tool_calls", ""]),
        prompt_tokens=draw.choice([None, number, 2_000_000_000]),
        completion_tokens=draw.choice([None, 4]),
        seconds=number / 7,
        first_token=draw.choice([None, number / 9]),
        upstream=draw.choice(["", "one", "two", "unnamed"]),
        usage_state=draw.choice(["", "certain", "no_usage"]),
        fresh_tokens=draw.choice([None, 7]),
        cache_write_1h_tokens=draw.choice([None, 1]),
        output_tokens=draw.choice([None, 4]),
        reasoning_tokens=draw.choice([None, 2]),
        uncertain_tokens=draw.choice([None, 3]),
        cost=draw.choice([None, 0.25]),
        request_body=draw.choice([None, b'{"model": "m"}' * 50]),
    )
    calls = tuple(tool_call(name, position) for position in range(number % 3))
    identity = IdentityRow(
        exchange_id=name,
        started=started,
        provider=made.exchange.provider,
        model=made.exchange.model,
        identity=f"i{number % 4}",
        previous="",
        changes="[]",
        facts="{}",
    )
    identities = (identity,) if number % 11 == 0 else ()
    return made._replace(tool_calls=calls, findings=findings, passed=tuple(sorted(checks[2:])), identities=identities)


def paired(draw: random.Random, number: int, record) -> PairRecord:
    row = record.exchange
    reference, control = (id_at(row.started + 1, kind, number) for kind in ("b", "c"))
    checks = draw.sample(CHECKS, 2)
    others = tuple(
        exchange_record(
            name,
            role="shadow",
            provider="official",
            reference="",
            model=row.model,
            started=row.started + 1,
            stream=row.stream,
            status=draw.choice([200, 200, 500]),
            finish_reason=draw.choice(["stop", "tool_calls"]),
            completion_tokens=draw.choice([None, 4]),
            checks=0,
        )._replace(
            findings=tuple(finding(each, draw.choice(STATES), exchange_id=name, comparison="check") for each in checks),
            passed=("stop", "usage"),
        )
        for name in (reference, control)
    )
    segments = {"tools": draw.choice(["yes", "no"]), "language": draw.choice(["en", "de"])}
    pair = pair_row(
        row.id,
        started=row.started,
        route=row.route,
        model=row.model,
        provider=row.provider,
        conversation=row.conversation,
        request_fingerprint=draw.choice(["", f"same-{number % 6}"]),
        reference_id=reference,
        control_id=control,
        control_reason=draw.choice(["random", "tiebreak"]),
        comparable=draw.choice(["", "", "seed", "denied"]),
        shape=json.dumps({"segments": segments, "tools": draw.choice([0, 3])}),
        upstream=row.upstream,
    )
    findings = tuple(
        finding(signal, draw.choice(STATES), exchange_id=row.id, pair_id=row.id, comparison=comparison, score=0.5)
        for comparison in ("cross", "self")
        for signal in draw.sample(SIGNALS, 3)
    )
    payoffs = tuple(
        PayoffRow(pair_id=row.id, signal=signal, payoff=draw.choice([-1, 0, 1])) for signal in draw.sample(SIGNALS, 2)
    )
    excluded = draw.choice([(), (), ("seed", "cached")])
    return PairRecord(pair=pair, exchanges=others, findings=findings, payoffs=payoffs, kind="tools", excluded=excluded)


def put_records(store: Store) -> None:
    """Store them all, judge two thirds of the pairs, and leave an alarm, states and paces."""
    draw = random.Random(7)
    for number in range(COUNT):
        record = live(draw, number)
        assert store.add_exchange(record)
        if number % 2 == 0:
            assert store.add_pair(paired(draw, number, record))
    assert store.flush(60)
    judgements = store.judgements
    assert judgements.claim("me", 0.0, 1e6)
    rows = judgements.unjudged(0, 10_000)
    ruled = [JudgementRow(no=row.no, reason=draw.choice(["", "", "repeated", "caching_reference"])) for row in rows[: COUNT // 3]]
    group = PairGroup(route="default", model="small", provider="near", reference="official")
    alarm = AlarmRow(at=BEGIN, pair_id=rows[0].pair_id, group=group, old="ok", new="drift", name="text", details="{}")
    states = [GroupStateRow(group=group, last_no=3, snapshot="{}")]
    paces = [PaceRow(provider="near", model="small", measure="token", last_no=1, snapshot="{}")]
    batch = JudgementBatch(judgements=ruled, group_states=states, alarms=[alarm], paces=paces)
    assert judgements.record("me", batch)


PERIODS = (
    (0.0, 0.0),
    (BEGIN, 0.0),
    (BEGIN + 600.0, BEGIN + 1_200.0),
    (BEGIN + 1_000.5, BEGIN + 30_000.25),
    (BEGIN + 40_000.0, BEGIN + 50_000.0),
    (BEGIN + 1e6, 0.0),
)


def each_period(call: Callable[[float, float], object]) -> Iterator[object]:
    """What a query returns for periods that cut days and stretches, or hold nothing."""
    return itertools.starmap(call, PERIODS)


def by_key(rows: Sequence[object]) -> list[object]:
    """Rows in an order that does not depend on the engine."""
    return sorted(rows, key=repr)
