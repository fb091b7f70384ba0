"""Exchanges and pairs become rows and back."""

import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.exchange import ChunkTimings, Failure, FailureKind, Labels
from shadow.compare.comparators import compare
from shadow.findings.finding import Finding, FindingState, Signal
from shadow.findings.pair import ControlReason, Pair, PairKind
from shadow.reading.parsed_exchange import parse_exchange, parse_shadow_exchange
from shadow.records import (
    LABELS,
    AnsweredPair,
    exchange,
    exchange_record,
    pack_marks,
    pair_record,
    unpack_marks,
)
from tests.exchanges import asked, said
from tests.exchanges import exchange as made

CALL = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Quito"}'}}


def record(**more):
    seen = parse_exchange(made(said("A secret plan", message={"tool_calls": [CALL]}), request=asked("Another secret"), **more))
    check = Finding(signal=Signal.LOST_SPACE, state=FindingState.DIFFER, reason="'secretplan'", subject="secretplan")
    return exchange_record(seen, outcomes=["valid"], checks=[check])


def test_a_kept_exchange_comes_back_as_it_was():
    original = made(said(), request=asked(), marks=ChunkTimings([0.1, 0.2], [10, 180]))
    seen = parse_exchange(original)
    row = exchange_record(seen, outcomes=[], checks=[]).exchange
    back = exchange(row)
    assert back.request == original.request
    assert back.response.body == original.response.body
    assert back.response.marks == original.response.marks
    assert back.response.headers == original.response.headers


def test_every_label_that_is_stored_comes_back():
    labels = Labels(**{name: True if name == "stream" else f"the {name}" for name in LABELS}, conversation="the conversation")
    kept = exchange(record(labels=labels, conversation="the conversation").exchange)
    assert kept.labels == labels
    assert set(Labels._fields) - {*LABELS, "conversation"} == {"opted_out"}


ROOT = Path(__file__).resolve().parents[2]
WITH_A_REGION = """
import sys
from dataclasses import replace
from proxy.exchange import Labels
from proxy.packing import pack, unpack
from shadow.reading.parsed_exchange import parse_exchange
from shadow.records import exchange, exchange_record
from storage.opening import open_store
from storage.storage_config import StorageConfig
from tests.exchanges import asked, exchange as made, said

live = unpack(pack(made(said(), request=asked(), labels=Labels(provider="p", region="eu-north"))))
store = open_store(StorageConfig(url=sys.argv[1]))
store.add_exchange(exchange_record(parse_exchange(live), outcomes=[], checks=[]))
assert store.flush(20)
print(exchange(store.exchange(live.id)).labels.region)
"""


@pytest.mark.slow
def test_a_further_label_is_a_field_of_the_labels_and_a_column_of_the_row_and_nothing_else(tmp_path):
    for floor in ("proxy", "shadow", "storage", "tests"):
        shutil.copytree(ROOT / floor, tmp_path / floor, ignore=shutil.ignore_patterns("__pycache__", "journeys", "*.sql"))
    for place, before, after in (
        ("proxy/exchange.py", '    tag: str = ""\n', '    tag: str = ""\n    region: str = ""\n'),
        ("storage/rows.py", "    tag: str\n", "    tag: str\n    region: str\n"),
        (
            "storage/sqlite/released_tables.py",
            '            "tag": str,\n',
            '            "tag": str,\n            "region": str,\n',
        ),
    ):
        text = (tmp_path / place).read_text(encoding="utf-8")
        assert text.count(before) == 1, place
        (tmp_path / place).write_text(text.replace(before, after), encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-c", WITH_A_REGION, str(tmp_path / "a.db")],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.stdout, ran.stderr) == ("eu-north\n", "")


def test_a_failed_exchange_comes_back_as_failed():
    failure = Failure(kind=FailureKind.RESET, detail="the provider reset the connection", after_head=True)
    row = exchange_record(parse_exchange(made(failure=failure)), outcomes=[], checks=[]).exchange
    assert exchange(row).failure == failure
    assert row.unread


def test_tool_calls_are_rows_in_their_order_with_their_schema_class():
    [call] = record().tool_calls
    assert (call.position, call.name, call.outcome, call.arguments) == (0, "get_weather", "valid", '{"city": "Quito"}')


def test_what_sqlite_cannot_hold_is_replaced_and_what_is_endless_is_cut():
    row = record(model="\ud800" + "m" * 5_000).exchange
    row.model.encode()
    assert len(row.model) == 200


def record_of(body):
    return exchange_record(parse_exchange(made(body)), outcomes=[], checks=[]).exchange


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


def test_pair_has_the_id_of_its_live_exchange_and_all_its_findings():
    live = parse_exchange(made(said("Yes"), request=asked(), id="a" * 32))
    shadow = parse_shadow_exchange(made(said("No"), id="b" * 32, provider="official", reference=""), live)
    cross = compare(Pair(kind=PairKind.CROSS, request=live.request, subject=live.answer, reference=shadow.answer))
    made_of = pair_record(
        AnsweredPair(live=live, reference=shadow, control=None, reason=ControlReason.NONE),
        comparisons=[cross],
        payoffs=[("answer_kind", 0)],
        exchanges=(exchange_record(shadow, outcomes=[], checks=[]),),
        alterations=["key replaced"],
    )
    assert made_of.pair.id == made_of.pair.subject_id == "a" * 32
    assert made_of.pair.reference_id == "b" * 32
    assert made_of.pair.alterations == '["key replaced"]'
    assert [finding.signal for finding in made_of.findings] == [finding.signal.value for finding in cross.findings]
    assert {finding.comparison for finding in made_of.findings} == {"cross"}
    assert [payoff.signal for payoff in made_of.payoffs] == ["answer_kind"]


def fingerprint_of(secret: bytes, **more) -> str:
    live = parse_exchange(made(said(), request=asked(**more)))
    shadow = parse_shadow_exchange(made(said(), provider="official", reference=""), live)
    cross = compare(Pair(kind=PairKind.CROSS, request=live.request, subject=live.answer, reference=shadow.answer))
    triple = AnsweredPair(live=live, reference=shadow, control=None, reason=ControlReason.NONE)
    kept = pair_record(triple, comparisons=[cross], payoffs=[], exchanges=(), alterations=[], secret=secret)
    return kept.pair.request_fingerprint


def test_repeated_request_has_the_same_fingerprint_with_another_user():
    one, again, other = (
        fingerprint_of(b"secret", **more) for more in ({"user": "a"}, {"user": "b", "metadata": {"x": "y"}}, {"top_p": 0.5})
    )
    assert one == again != other
    assert len(one) == 32
    assert one != fingerprint_of(b"another"), "nobody without the secret can confirm a guessed request"
