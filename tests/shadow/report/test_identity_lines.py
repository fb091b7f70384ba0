"""Three tables from a real store: who serves, how prompts are written, in which requests it differs."""

import json
import random
from dataclasses import replace

import pytest

from shadow.findings.pair import PairKind
from shadow.report.check_rates import wilson
from shadow.report.figures import SegmentLine
from shadow.report.identity_lines import greedy_lines, identity_lines, segment_lines, stands_out, template_lines
from storage.rows import IdentityRow, PairFilter, PairGroup, SignalCount
from tests.conformance import START, exchange_record, pair_record


def identity(name, started, previous=""):
    return IdentityRow(
        exchange_id=name,
        started=started,
        provider="near",
        model="qwen",
        identity=f"hash-{name}",
        previous=previous,
        changes=json.dumps(["server: b is new (before: a)"] if previous else []),
        facts='{"server": ["a", "b"]}',
    )


def keep_shape(store, name, *, state="match", tools=0, offset=0, conversation="", started=START, own="", control="random"):
    segments = {"tools": "yes" if tools else "no"}
    sizes = {"tool_characters": 100 * tools, "schema_characters": 60 * tools, "text_characters": 40 + len(name)}
    reasoning = {"reasoning_turns": 0, "reasoning_characters": 0}
    asked = 100 + 7 * sum(map(ord, name)) % 89
    tokens = {"provider_tokens": asked + offset, "reference_tokens": asked, "provider_completion": 4, "reference_completion": 4}
    counts = {"messages": 1, "system": 0, "tools": tools, **sizes, **reasoning, **tokens, "same_text": 0}
    shape = json.dumps({"segments": segments, **counts})
    record = pair_record(name, {"text": state}, shape=shape, conversation=conversation, started=started)
    if own:
        controlled = replace(record.pair, control_reason=control)
        selves = tuple(found._replace(comparison="self", state=own) for found in record.findings)
        record = replace(record, pair=controlled, findings=(*record.findings, *selves))
    store.add_exchange(exchange_record(name, started=started))
    store.add_pair(record)


def test_the_present_identity_stands_with_the_changes_of_the_period(store):
    for row in (identity("one", START), identity("two", START + 5, "hash-one")):
        store.add_exchange(exchange_record(row.exchange_id)._replace(identities=(row,)))
    assert store.flush(20)
    (line,) = identity_lines(store, START, 0.0)
    assert (line.identity, line.since, line.changes) == ("hash-two", START + 5, 1)
    assert line.latest == ("server: b is new (before: a)",)
    assert line.facts == {"server": ("a", "b")}
    assert identity_lines(store, START + 6, 0.0)[0].changes == 0


def test_a_hidden_prompt_is_named_from_the_kept_shapes(store):
    for number in range(30):
        keep_shape(store, f"p{number:03}", offset=41)
    assert store.flush(20)
    (line,) = template_lines(store, 0.0, 0.0)
    assert (line.causes, line.fault, line.samples) == (("hidden_system_prompt",), True, 30)
    group = store.pairs(PairFilter())[0].pair
    assert (line.provider, line.model, line.reference) == (group.provider, group.model, group.reference)
    assert len({line.provider, line.model, line.reference}) == 3
    assert line.sentence == "puts about 41 tokens before the messages (a hidden prompt); 100% of 30 pairs"


def test_a_fault_that_sticks_to_requests_with_tools_stands_out(store):
    for number in range(60):
        tools = number % 2
        state = "differ" if tools and number % 4 == 1 else "match"
        keep_shape(store, f"p{number:03}", tools=tools, state=state, conversation="c")
    assert store.flush(20)
    lines = segment_lines(store, 0.0, 0.0)
    assert {(line.segment, line.value, line.differs, line.pairs, line.conversations, line.elsewhere) for line in lines} == {
        ("tools", "yes", 15, 30, 1, 0.0),
        ("tools", "no", 0, 30, 0, 0.5),
    }
    assert [line.value for line in lines if stands_out(line)] == ["yes"]


def lines_of(store):
    assert store.flush(20)
    return {line.value: line for line in segment_lines(store, 0.0, 0.0)}


@pytest.mark.slow
def test_the_reference_against_itself_stands_beside_each_segment_and_a_difference_beyond_it_is_marked(store):
    for number in range(80):
        tools = number % 2
        keep_shape(store, f"p{number:03}", tools=tools, state="differ" if tools else "match", own="match")
    lines = lines_of(store)
    assert [(lines[value].noise_differs, lines[value].noise_pairs, lines[value].noise) for value in ("yes", "no")] == [
        (0, 40, 0.0)
    ] * 2
    assert lines["yes"].beyond_noise
    assert not lines["no"].beyond_noise


def test_what_the_reference_does_as_often_is_not_marked_nor_what_no_control_was_sent_for(store):
    for number in range(80):
        tools = number % 2
        keep_shape(store, f"p{number:03}", tools=tools, state="differ", own="differ" if tools else "")
    lines = lines_of(store)
    assert (lines["yes"].noise, lines["no"].noise) == (1.0, None)
    assert not any(line.beyond_noise for line in lines.values())


def test_only_controls_sent_at_random_are_noise(store):
    for number in range(40):
        keep_shape(store, f"p{number:03}", state="differ", own="match", control="tiebreak")
    assert lines_of(store)["no"].noise is None


def test_hardly_any_segment_of_a_faithful_provider_is_marked():
    rng = random.Random(1)
    marked = 0
    for _ in range(3_000):
        share, pairs, controls = rng.random() * 0.6, rng.randint(20, 300), rng.randint(5, 60)
        counts = [sum(rng.random() < share for _ in range(number)) for number in (pairs, controls)]
        _, high = wilson(counts[1], controls, 3.0)
        marked += wilson(counts[0], pairs, 3.0)[0] > high
    assert marked <= 1


def test_times_are_no_matter_of_segments(store):
    for number in range(3):
        record = pair_record(f"p{number}", {"total": "differ", "text": "match"}, shape='{"segments": {"tools": "no"}}')
        store.add_exchange(exchange_record(f"p{number}"))
        store.add_pair(record)
    assert store.flush(20)
    assert {line.signal for line in segment_lines(store, 0.0, 0.0)} == {"text"}


def segment(differs, pairs, elsewhere):
    return SegmentLine(
        provider="p",
        model="m",
        reference="r",
        signal="text",
        segment="tools",
        value="yes",
        differs=differs,
        pairs=pairs,
        conversations=1,
        elsewhere=elsewhere,
    )


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (segment(10, 20, 0.2), True),
        (segment(10, 20, 0.3), False),
        (segment(1, 25, 0.0), False),
        (segment(9, 19, 0.0), False),
        (segment(9, 20, None), False),
    ],
)
def test_standing_out_is_twice_as_often_and_five_points_more(line, expected):
    assert stands_out(line) is expected


def test_greedy_pairs_are_counted_by_themselves():
    group = PairGroup(route="", model="m", provider="p", reference="r")
    counts = [
        SignalCount(group=group, comparison=comparison, signal="text", state=state, control_reason="", count=count)
        for comparison, state, count in (
            (PairKind.GREEDY.value, "differ", 3),
            (PairKind.GREEDY.value, "match", 5),
            (PairKind.GREEDY.value, "not_measured", 9),
            ("cross", "differ", 7),
        )
    ]
    (line,) = greedy_lines(counts)
    assert (line.signal, line.differs, line.pairs) == ("text", 3, 8)


def test_an_empty_store_has_no_line(store):
    assert identity_lines(store, 0.0, 0.0) == template_lines(store, 0.0, 0.0) == segment_lines(store, 0.0, 0.0) == ()
