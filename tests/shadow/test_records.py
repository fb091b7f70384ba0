"""Exchanges and pairs become rows and back; without bodies no word of them is kept."""

import struct
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.exchange import ChunkTimings, Failure, FailureKind
from shadow.compare.comparators import compare
from shadow.findings.finding import Finding, FindingState, Signal
from shadow.findings.pair import ControlReason, Pair, PairKind
from shadow.reading.parsed_exchange import parse, parse_leg
from shadow.records import (
    NOT_KEPT,
    AnsweredPair,
    digest,
    exchange,
    exchange_record,
    pack_marks,
    pair_record,
    unpack_marks,
    unworded,
)
from tests.exchanges import asked, said
from tests.exchanges import exchange as made

CALL = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Quito"}'}}


def record(bodies: str, **more):
    seen = parse(made(said("A secret plan", message={"tool_calls": [CALL]}), request=asked("Another secret"), **more))
    check = Finding(signal=Signal.LOST_SPACE, state=FindingState.DIFFER, reason="'secretplan'", subject="secretplan")
    return exchange_record(seen, outcomes=["valid"], checks=[check], bodies=bodies)


def test_a_kept_exchange_comes_back_as_it_was():
    original = made(said(), request=asked(), marks=ChunkTimings([0.1, 0.2], [10, 180]))
    seen = parse(original)
    row = exchange_record(seen, outcomes=[], checks=[], bodies="full").exchange
    back = exchange(row)
    assert back.request == original.request
    assert back.response.body == original.response.body
    assert back.response.marks == original.response.marks
    assert back.response.headers == original.response.headers


def test_a_failed_exchange_comes_back_as_failed():
    failure = Failure(kind=FailureKind.RESET, detail="the provider reset the connection", after_head=True)
    row = exchange_record(parse(made(failure=failure)), outcomes=[], checks=[], bodies="full").exchange
    assert exchange(row).failure == failure
    assert row.unread


@pytest.mark.parametrize("bodies", ["hash", "none"])
def test_without_bodies_no_word_of_them_is_kept_anywhere(bodies):
    kept = repr(asdict(record(bodies)))
    for word in ("secret", "Quito", "secretplan"):
        assert word not in kept


def test_a_digest_stands_for_a_body_that_is_not_kept():
    assert record("hash").exchange.request_digest == digest(asked("Another secret"))
    assert record("full").exchange.request_digest == record("none").exchange.request_digest == ""


def test_tool_calls_are_rows_in_their_order_with_their_schema_class():
    [call] = record("full").tool_calls
    assert (call.position, call.name, call.outcome, call.arguments) == (0, "get_weather", "valid", '{"city": "Quito"}')


def test_what_sqlite_cannot_hold_is_replaced_and_what_is_endless_is_cut():
    row = record("full", model="\ud800" + "m" * 5_000).exchange
    row.model.encode()
    assert len(row.model) == 200


def record_of(body):
    return exchange_record(parse(made(body)), outcomes=[], checks=[], bodies="full").exchange


def test_an_absurd_token_count_is_no_count():
    assert record_of(said().replace(b'"prompt_tokens": 9', b'"prompt_tokens": 99999999999999999999999')).prompt_tokens is None


def test_what_a_usage_states_of_a_cache_and_of_its_cost_is_stored():
    usage = b'"prompt_tokens_details": {"cached_tokens": 5, "cache_write_tokens": 2}, "cost": 0.004, "prompt_tokens": 9'
    row = record_of(said().replace(b'"prompt_tokens": 9', usage))
    assert (row.cached_tokens, row.cache_write_tokens, row.cost) == (5, 2, 0.004)
    bare = record_of(said())
    assert (bare.cached_tokens, bare.cache_write_tokens, bare.cost) == (None, None, None)


@given(st.lists(st.tuples(st.floats(0, 1e6), st.integers(0, 2**63))), st.binary(max_size=15))
def test_marks_survive_packing_as_pairs_of_little_endian_numbers(pairs, partial):
    marks = ChunkTimings([seconds for seconds, _ in pairs], [end for _, end in pairs])
    packed = pack_marks(marks)
    assert packed == b"".join(struct.pack("<dQ", *pair) for pair in pairs)
    assert unpack_marks(packed + partial) == marks


def test_a_pair_bears_the_id_of_its_live_exchange_and_all_its_findings():
    live = parse(made(said("Yes"), request=asked(), id="a" * 32))
    shadow = parse_leg(made(said("No"), id="b" * 32, provider="official", reference=""), live)
    cross = compare(Pair(kind=PairKind.CROSS, request=live.request, subject=live.answer, reference=shadow.answer))
    made_of = pair_record(
        AnsweredPair(live=live, reference=shadow, control=None, reason=ControlReason.NONE),
        comparisons=[cross],
        payoffs=[("action", 0)],
        legs=(exchange_record(shadow, outcomes=[], checks=[], bodies="full"),),
        alterations=["key replaced"],
        bodies="full",
    )
    assert made_of.pair.id == made_of.pair.subject_id == "a" * 32
    assert made_of.pair.reference_id == "b" * 32
    assert made_of.pair.alterations == '["key replaced"]'
    assert [finding.signal for finding in made_of.findings] == [finding.signal.value for finding in cross.findings]
    assert {finding.comparison for finding in made_of.findings} == {"cross"}
    assert [payoff.signal for payoff in made_of.payoffs] == ["action"]


def fingerprint_of(secret: bytes, bodies: str, **more) -> str:
    live = parse(made(said(), request=asked(**more)))
    shadow = parse_leg(made(said(), provider="official", reference=""), live)
    cross = compare(Pair(kind=PairKind.CROSS, request=live.request, subject=live.answer, reference=shadow.answer))
    triple = AnsweredPair(live=live, reference=shadow, control=None, reason=ControlReason.NONE)
    kept = pair_record(triple, comparisons=[cross], payoffs=[], legs=(), alterations=[], bodies=bodies, secret=secret)
    return kept.pair.request_fingerprint


@pytest.mark.parametrize("bodies", ["full", "hash", "none"])
def test_a_repeated_request_has_the_fingerprint_of_the_first_whoever_it_names(bodies):
    one, again, other = (
        fingerprint_of(b"secret", bodies, **more)
        for more in ({"user": "a"}, {"user": "b", "metadata": {"x": "y"}}, {"top_p": 0.5})
    )
    assert one == again != other
    assert len(one) == 32
    assert one != fingerprint_of(b"another", bodies), "nobody without the secret can confirm a guessed request"


@pytest.mark.parametrize(
    ("why", "kept"),
    [
        ("", ""),
        ("two different APIs answered: /a and /b", NOT_KEPT),
        (
            "the reference returned no complete response (refused: context 8192): error 400 x: my prompt",
            f"the reference returned no complete response (refused: context 8192): error 400 ({NOT_KEPT})",
        ),
        (
            "the provider returned no complete response (failed): not_json: my prompt",
            f"the provider returned no complete response (failed) ({NOT_KEPT})",
        ),
        (
            "the reference gave no whole answer (barred): status 429: my prompt",
            f"the reference gave no whole answer (barred): status 429 ({NOT_KEPT})",
        ),
    ],
)
def test_of_a_reason_the_fixed_words_are_kept_whatever_is_kept_of_bodies(why, kept):
    assert unworded(why) == kept
